"""The connections of a journal to PostgreSQL: several transactions at once, with a bound.

Not here: one connection (`postgres`), the pool of SQLAlchemy (`engine`).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from prefect.exceptions import StoreError, StoreLockedError, StoreUnavailableError
from prefect.server.database.exclusion import Exclusion
from prefect.server.database.options import DatabaseOptions
from prefect.server.database.postgres import PostgresConnection
from prefect.server.database.postgres_opening import bring_to_head, is_rolled_back, store_error
from prefect.server.database.urls import PostgresDatabase


class PostgresConnections:
    """Connections to one PostgreSQL store, whose schema is made or upgraded first where needed.

    Raises:
        prefect.exceptions.StoreError: the store cannot be opened.
        ConfigurationError: psycopg is not installed.
    """

    serial = False
    errors: tuple[type[Exception], ...] = (psycopg.Error,)
    faults: tuple[type[Exception], ...] = (
        ValueError,
        TypeError,
        OverflowError,
        psycopg.DataError,
        psycopg.IntegrityError,
        psycopg.ProgrammingError,
        # a text too long for an index
        psycopg.errors.ProgramLimitExceeded,
    )

    def __init__(self, database: PostgresDatabase, options: DatabaseOptions) -> None:
        bring_to_head(database, options)
        self.location = database
        self.exclusion: Exclusion | None = Exclusion(database, options)
        self._options = options
        self._free: list[PostgresConnection] = []
        self._slots = threading.BoundedSemaphore(options.journal_connections)
        self._closed = False

    @contextmanager
    def taken(self) -> Iterator[PostgresConnection]:
        """A connection that nobody else uses meanwhile.

        Raises:
            StoreLockedError: all are in use for too long.
            StoreUnavailableError: the server cannot be reached.
        """
        wait = self._options.pool_timeout_seconds
        if not self._slots.acquire(timeout=wait):
            raise StoreLockedError(self.location, f"no connection became free within {wait} seconds")
        try:
            connection = self._free_or_new()
            try:
                yield connection
            finally:
                self._give_back(connection)
        finally:
            self._slots.release()

    def _free_or_new(self) -> PostgresConnection:
        try:
            # the one used last: in quiet times the others may be closed by whatever lies between
            return self._free.pop()
        except IndexError:
            pass
        try:
            return PostgresConnection(self.location, self._options)
        except StoreUnavailableError as error:
            error.passes = True
            raise

    def _give_back(self, connection: PostgresConnection) -> None:
        if connection.broken:
            # the others are most likely broken by the same
            self._close_free()
        if connection.broken or connection.in_transaction or self._closed:
            connection.close()
        else:
            self._free.append(connection)

    def trouble(self, error: BaseException, committing: bool) -> StoreError | None:
        """The trouble of the store that an error of psycopg stands for."""
        if isinstance(error, StoreError):
            return error
        translated = store_error(error, self.location)
        if isinstance(translated, StoreUnavailableError):
            translated.is_unsure, translated.passes = committing, not committing
        elif translated is not None:
            translated.passes = is_rolled_back(error)
        return translated

    def close(self) -> None:
        """Give all connections up; those in use, when they are given back."""
        self._closed = True
        self._close_free()
        if self.exclusion is not None:
            self.exclusion.close()

    def _close_free(self) -> None:
        free: list[Any] = []
        free, self._free = self._free, free
        for connection in free:
            connection.close()

"""A store of records, open: the journal that the states of runs are written through, and connections for the rest.

Whoever needs a store, the client of this process and the server alike, opens it here and closes it again. Not
here: what is read and written (`server/models`), which store the settings name (`client/orchestration/local`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from prefect.server.database.connections import Connections, SqliteConnections
from prefect.server.database.holders import this_holder
from prefect.server.database.journal import Journal
from prefect.server.database.notifications import Notifications, notifications_of
from prefect.server.database.options import DatabaseOptions, options_of
from prefect.server.database.postgres_opening import driver
from prefect.server.database.urls import Database, SqliteDatabase, parse_database_url
from prefect.settings import get_current_settings

if TYPE_CHECKING:
    import sqlalchemy as sa


def open_store(
    url: str,
    *,
    options: DatabaseOptions | None = None,
    holder: str | None = None,
    flush_seconds: float = 0.1,
    max_queued: int = 8_000,
    lease_seconds: float = 30.0,
) -> Store:
    """Open the store that a database URL names; it is made or upgraded where needed.

    Args:
        url: a connection URL, in any of the documented spellings.
        options: how to connect to PostgreSQL; default: as the settings say.
        holder: who this process is in its leases; default: what others can see of it.
        flush_seconds: how long a state of a task run may wait to be written.
        max_queued: how many of them may wait.
        lease_seconds: how long a lease lasts without renewal.

    Raises:
        ValueError: the URL is malformed or names a database of another kind.
        ConfigurationError: the driver of PostgreSQL is not installed.
        prefect.exceptions.StoreError: the store cannot be opened; the error says why and what to do.
    """
    database = parse_database_url(url)
    options = options or options_of(get_current_settings())
    journal = Journal(
        connections_to(database, options),
        holder or this_holder(),
        flush_seconds=flush_seconds,
        max_queued=max_queued,
        lease_seconds=lease_seconds,
    )
    return Store(database, journal, options)


def connections_to(database: Database, options: DatabaseOptions) -> Connections:
    """What a journal needs to write a store, which is made or upgraded where needed.

    Raises:
        ConfigurationError, prefect.exceptions.StoreError: as `open_store`.
    """
    if isinstance(database, SqliteDatabase):
        return SqliteConnections(database.location)
    driver()
    # here, since psycopg need not be installed
    from prefect.server.database.postgres_pool import PostgresConnections

    return PostgresConnections(database, options)


class Store:
    """An open store.

    Attributes:
        database: which one it is.
        journal: the writer of the states of runs.
    """

    def __init__(self, database: Database, journal: Journal, options: DatabaseOptions | None = None) -> None:
        self.database = database
        self.journal = journal
        self._options = options or DatabaseOptions()
        self._engine: sa.Engine | None = None
        self._notifications: Notifications | None = None
        self._opening = threading.Lock()

    @classmethod
    def over(cls, journal: Journal) -> Store:
        """The SQLite store that a journal writes."""
        return cls(SqliteDatabase(journal.location), journal)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection for queries that sees everything recorded before, as of its first query.

        Raises:
            prefect.exceptions.StoreError: the store has trouble.
        """
        from prefect.server.database.engine import reading

        self.journal.flush()
        with reading(self.engine) as connection:
            yield connection

    @contextmanager
    def writing(self, apart: bool = False) -> Iterator[sa.Connection]:
        """A connection in one write transaction that follows everything recorded before.

        On SQLite the threads of this process take turns: it lets one write at a time, and makes those that wait
        sleep. On PostgreSQL many write at once; a transaction whose outcome would depend on that is given up, with
        an error that `passes`: do it again (`repeating`).

        Args:
            apart: locks and unique indexes keep what is written apart from what others write; see `engine.writing`.

        Raises:
            prefect.exceptions.StoreError: the store has trouble; nothing of the block was kept.
            RuntimeError: this thread is in a write transaction already.
        """
        from prefect.server.database.engine import writing

        engine = self.engine
        self.journal.flush()
        turn = self.journal.writers.held() if self.journal.connections.serial else nullcontext()
        with turn, writing(engine, apart) as connection:
            yield connection

    @property
    def engine(self) -> sa.Engine:
        """What `reading` and `writing` take their connections from."""
        if self._engine is None:
            from prefect.server.database import engine

            with self._opening:
                if self._engine is None:
                    self._engine = (
                        engine.sqlite_engine(self.database.location)
                        if isinstance(self.database, SqliteDatabase)
                        else engine.postgres_engine(self.database, self._options)
                    )
        return self._engine

    def listen(self, channel: str, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake`, from another thread, when something may be new on a channel; returns what ends that.

        On SQLite that is whenever anything was written by anybody; see `notifications`.
        """
        with self._opening:
            if self._notifications is None:
                self._notifications = notifications_of(self.database, self._options)
        return self._notifications.listen(channel, wake)

    def usable(self) -> bool:
        """Whether the store is open, and opened by this process: a forked child needs one of its own."""
        return self.journal.usable()

    def flush(self) -> None:
        """Store everything recorded so far.

        Raises:
            prefect.exceptions.StoreError: it cannot be; it is kept, and tried again later.
        """
        self.journal.flush()

    def close(self) -> None:
        """Store everything recorded so far and close the store. Closing twice is allowed."""
        if self._notifications is not None:
            self._notifications.close()
        try:
            self.journal.close()
        finally:
            if self._engine is not None:
                self._engine.dispose()

"""The connections a journal writes through: the port, and SQLite's side of it.

The journal and the models write SQL in words that both databases understand (`statements`). A connection takes
and gives ids as bytes, moments as microseconds, JSON as text, whatever the database has for them. The two differ
in what stands here. Not here: PostgreSQL's side (`postgres`), what is written (`journal`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from prefect.exceptions import StoreError
from prefect.server.database.errors import store_error
from prefect.server.database.exclusion import Exclusion
from prefect.server.database.opening import Location, open_sqlite


class Connection(Protocol):
    """A connection, spoken to in SQL with `?` for a value; `BEGIN IMMEDIATE` begins a transaction.

    What only PostgreSQL is to read stands in a comment: `SELECT ... /*postgresql FOR UPDATE */`.
    """

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction was begun and has not ended."""
        ...

    def execute(self, sql: str, values: Sequence[Any] = (), /) -> Any:
        """Carry out a statement; a cursor with what it found."""
        ...

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]], /) -> Any:
        """Carry out a statement once for each row of values."""
        ...

    def lock(self, sql: str, values: Sequence[Any] = (), /) -> None:
        """Within a transaction: carry out a statement that locks something; in vain where there is one writer."""
        ...

    def settle(self) -> None:
        """Raise the errors of what was carried out so far, where the database has not told them yet."""
        ...


class Connections(Protocol):
    """The connections of a journal to its store."""

    location: Any
    """Where the store is, as errors show it."""

    serial: bool
    """Whether there is one connection only, and one writer in all the world."""

    errors: tuple[type[Exception], ...]
    """Errors that the database raises."""

    faults: tuple[type[Exception], ...]
    """Errors that an entry meets which holds something that no store takes."""

    exclusion: Exclusion | None
    """What only one process may do, where the database has locks of its own for that."""

    def taken(self) -> AbstractContextManager[Any]:
        """A connection that nobody else uses meanwhile; with one connection only, the caller sees to that."""
        ...

    def trouble(self, error: BaseException, committing: bool) -> StoreError | None:
        """The trouble of the store that an error of the database stands for."""
        ...

    def close(self) -> None:
        """Give all connections up."""
        ...


class SqliteConnections:
    """The one connection to a SQLite store, which is made when absent.

    Raises:
        prefect.exceptions.StoreError: the store cannot be opened.
    """

    serial = True
    exclusion: Exclusion | None = None
    errors: tuple[type[Exception], ...] = (sqlite3.Error,)
    faults: tuple[type[Exception], ...] = (
        ValueError,
        TypeError,
        OverflowError,
        sqlite3.InterfaceError,
        sqlite3.ProgrammingError,
        sqlite3.IntegrityError,
    )

    def __init__(self, location: Location) -> None:
        self.location = location
        self.connection: Connection = open_sqlite(location)

    @contextmanager
    def taken(self) -> Iterator[Any]:
        yield self.connection

    def trouble(self, error: BaseException, committing: bool) -> StoreError | None:
        return store_error(error, self.location) if isinstance(error, sqlite3.Error) else None

    def close(self) -> None:
        self.connection.close()  # type: ignore[attr-defined]

"""Opening a SQLite store: made when absent, checked, brought up to date, ready for short transactions.

No SQLAlchemy here, so that a script pays about a millisecond. Not here: writing runs (`journal`), reading
them through SQLAlchemy (`engine`), what a connection URL means (`urls`).
"""

from __future__ import annotations

import sqlite3
import time
import uuid
from pathlib import Path
from typing import Any

from prefect.exceptions import StoreCorruptError
from prefect.server.database.errors import store_errors
from prefect.server.database.filesystems import network_filesystem
from prefect.server.database.schema import HEAD_REVISION, known_revision, statements

Location = Path | str
"""Where a SQLite store is: a path, ":memory:" (seen by one connection only), or `memory_location()`."""

BUSY_TIMEOUT_SECONDS = 60.0
"""How long a connection waits for another writer. Transactions take milliseconds; a minute means trouble."""

_PRAGMAS = (
    # with a write-ahead log a killed process loses nothing; only a power cut may take the last moments
    "PRAGMA synchronous = NORMAL",
    "PRAGMA temp_store = MEMORY",
    # a negative number counts KiB
    "PRAGMA cache_size = -16384",
    # fewer, longer checkpoints: 16 MiB of log between two
    "PRAGMA wal_autocheckpoint = 4096",
    "PRAGMA journal_size_limit = 67108864",
)
_POLL_SECONDS = 0.005


def memory_location() -> str:
    """A new location in memory that several connections of this process see, until the last one closes."""
    return f"file:/prefect-{uuid.uuid4().hex}?vfs=memdb"


def open_sqlite(location: Location) -> SqliteConnection:
    """A connection to the store at `location`, which is made or upgraded first where needed.

    The connection is in autocommit mode (transactions begin and end by SQL) and may pass between threads.

    Raises:
        prefect.exceptions.StoreCorruptError: the file is damaged or not a store of this project.
        prefect.exceptions.StoreTooNewError: a later version wrote it.
        prefect.exceptions.StoreReadOnlyError, StoreFullError, StoreLockedError, StoreUnavailableError: what
            their names say.
    """
    connection = connect(location)
    try:
        with store_errors(location):
            _bring_to_head(connection, location)
    except BaseException:
        connection.close()
        raise
    return connection


def connect(location: Location) -> SqliteConnection:
    """A connection with the settings of this project, to whatever is at `location`.

    Raises:
        prefect.exceptions.StoreError: as `open_sqlite`, apart from what it says of revisions.
    """
    with store_errors(location):
        if isinstance(location, Path):
            location.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(
            location,
            timeout=BUSY_TIMEOUT_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
            uri=isinstance(location, str),
            factory=SqliteConnection,
        )
        try:
            _set_journal_mode(connection, location)
            for pragma in _PRAGMAS:
                connection.execute(pragma)
        except BaseException:
            connection.close()
            raise
    return connection


class SqliteConnection(sqlite3.Connection):
    """A connection that takes any text a program can have.

    File names that are no text come to Python as lone surrogates, which UTF-8 cannot say: they are stored as
    escapes.
    """

    def execute(self, sql: str, parameters: Any = ()) -> sqlite3.Cursor:
        try:
            return super().execute(sql, parameters)
        except UnicodeEncodeError:
            return super().execute(sql, [_encodable(value) for value in parameters])

    def lock(self, sql: str, parameters: Any = ()) -> None:
        """Nothing to do: a transaction that writes has the whole store."""

    def settle(self) -> None:
        """Nothing to do: SQLite tells errors at once."""


def _encodable(value: Any) -> Any:
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


def _set_journal_mode(connection: sqlite3.Connection, location: Location) -> None:
    """Write ahead, so that readers and the writer never wait for each other.

    The mode is kept in the file. A network file system lacks the shared memory it needs: there the slower
    rollback journal stays.
    """
    if not isinstance(location, Path) or connection.execute("PRAGMA journal_mode").fetchone() == ("wal",):
        return
    if network_filesystem(location) is not None:
        return
    # SQLite does not wait by itself here when two processes meet on a new file
    deadline = time.monotonic() + BUSY_TIMEOUT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() > deadline:
                raise
            time.sleep(_POLL_SECONDS)


# --- revisions ------------------------------------------------------------------------------------------


def revision_of(connection: sqlite3.Connection) -> str | None:
    """The revision of the schema, or None when there is none."""
    try:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.OperationalError as error:
        if "no such table" not in str(error):
            raise
        return None
    return str(row[0]) if row else None


def _bring_to_head(connection: sqlite3.Connection, location: Location) -> None:
    revision = known_revision(revision_of(connection), location)
    if revision is None:
        _create(connection, location)
    elif revision != HEAD_REVISION:
        from prefect.server.database.upgrading import changing_sqlite, upgrade

        with changing_sqlite(connection) as borrowed:
            upgrade(borrowed)


def _create(connection: sqlite3.Connection, location: Location) -> None:
    """Make the schema, unless another process does so first: one wins the write lock, the others see it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        if revision_of(connection) is None:
            if connection.execute("SELECT count(*) FROM sqlite_master").fetchone() != (0,):
                raise StoreCorruptError(location, "it holds tables, but not those of a Prefect store")
            for statement in statements():
                connection.execute(statement)
        connection.execute("COMMIT")
    except BaseException:
        # on some errors, a full disk among them, SQLite has rolled back by itself
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise

"""SQLAlchemy over the store: what `server/models` reads and writes through.

`reading` gives a consistent view that blocks nobody; `writing` takes SQLite's write lock at once, so that two
writers queue instead of failing in the middle. PostgreSQL has many writers, and sees to it that the outcome is as
if they had queued: one that cannot be so is given up, with an error that `passes` (see `repeating`). On these
connections references are enforced.
Not here: the hot path (`journal`), making the schema (`opening`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import ExceptionContext
from sqlalchemy.pool import QueuePool

from prefect.server.database.errors import store_error
from prefect.server.database.opening import Location, connect
from prefect.server.database.options import DatabaseOptions
from prefect.server.database.postgres_opening import connect as connect_postgres
from prefect.server.database.postgres_opening import is_rolled_back
from prefect.server.database.postgres_opening import store_error as postgres_error
from prefect.server.database.urls import PostgresDatabase

_LONGEST_WAIT_SECONDS = 3_600.0


def sqlite_engine(location: Location) -> sa.Engine:
    """An engine over the SQLite store at `location`, which must have been opened (`open_sqlite`) before.

    Connections are made when needed; `engine.dispose()` closes them. ":memory:" cannot be shared: take
    `memory_location()` for a store in memory.

    Raises:
        ValueError: `location` is ":memory:".
    """
    if location == ":memory:":
        raise ValueError("':memory:' is seen by one connection only; use memory_location() for an engine")

    def make() -> sqlite3.Connection:
        connection = connect(location)
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    engine = sa.create_engine("sqlite://", creator=make, poolclass=QueuePool, pool_size=5, max_overflow=20)
    sa.event.listen(engine, "begin", _begin)
    sa.event.listen(engine, "handle_error", _naming(location), retval=True)
    return engine


def postgres_engine(database: PostgresDatabase, options: DatabaseOptions) -> sa.Engine:
    """An engine over a PostgreSQL store, whose schema has been brought to the current revision before."""
    engine = sa.create_engine(
        "postgresql+psycopg://",
        creator=lambda: _connected(database, options),
        use_native_hstore=False,
        poolclass=QueuePool,
        pool_size=options.pool_size,
        max_overflow=options.max_overflow,
        pool_timeout=options.pool_timeout_seconds or _LONGEST_WAIT_SECONDS,
        pool_recycle=options.pool_recycle_seconds,
    )
    sa.event.listen(engine, "handle_error", _naming_postgres(database), retval=True)
    return engine


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection that sees the store as it was at its first query, however long it reads.

    Raises:
        prefect.exceptions.StoreError: the store has trouble.
    """
    with engine.connect() as connection:
        if _is_postgresql(engine):
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        yield connection


@contextmanager
def writing(engine: sa.Engine, apart: bool = False) -> Iterator[sa.Connection]:
    """A connection in one write transaction: committed at the end, rolled back on an error.

    Args:
        apart: what is written is kept apart from what others write, by locks (`lock_row`, `lock_key`) and by unique
            indexes: PostgreSQL need not see to it.

    Raises:
        prefect.exceptions.StoreError: the store has trouble; nothing of the block was kept.
    """
    with engine.connect() as connection:
        if not _is_postgresql(engine):
            connection = connection.execution_options(prefect_writes=True)
        elif not apart:
            connection = connection.execution_options(isolation_level="SERIALIZABLE")
        with connection.begin():
            yield connection


def lock_row(connection: sa.Connection, table: sa.Table, id: UUID) -> None:
    """Within a write transaction: nobody else changes that row before its end; queries that follow see it as it is."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(table.c.id).where(table.c.id == id).with_for_update())


def lock_key(connection: sa.Connection, *parts: object) -> None:
    """Within a write transaction: nobody else passes here with the same key before its end.

    For what no row stands for yet, and no unique index.
    """
    if connection.dialect.name == "postgresql":
        digest = sha256("|".join(map(str, parts)).encode()).digest()
        number = int.from_bytes(digest[:8], "big", signed=True)
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(number)))


def _is_postgresql(engine: sa.Engine) -> bool:
    return engine.dialect.name == "postgresql"


def _begin(connection: sa.Connection) -> None:
    # the driver would begin at the first change only, too late to wait for another writer
    writes = connection.get_execution_options().get("prefect_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _naming(location: Location) -> Any:
    """Replace the driver's errors by the store errors that users can act on."""

    def handle(context: ExceptionContext) -> BaseException | None:
        return store_error(context.original_exception, location)

    return handle


def _connected(database: PostgresDatabase, options: DatabaseOptions) -> Any:
    from prefect.server.database.postgres_values import store_anything

    connection = connect_postgres(database, options)
    connection.autocommit = False
    store_anything(connection)
    return connection


def _naming_postgres(database: PostgresDatabase) -> Any:
    def handle(context: ExceptionContext) -> BaseException | None:
        error = postgres_error(context.original_exception, database)
        if error is not None:
            error.passes = is_rolled_back(context.original_exception) or context.is_disconnect
        return error

    return handle

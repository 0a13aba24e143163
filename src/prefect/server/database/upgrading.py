"""Changing the schema of a store with Alembic: one transaction, under the lock of its database.

Not here: whether that is needed (`opening` and `postgres_opening` tell from a plain constant), what an operator may
ask for (`administration`).
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from prefect.server.database.postgres_opening import milliseconds

if TYPE_CHECKING:
    import psycopg
    from alembic.config import Config

MIGRATIONS = Path(__file__).with_name("migrations")

_SCHEMA_LOCK = 0x7072656665637401
"""The advisory lock of PostgreSQL that whoever changes the schema holds."""

_one_command = threading.Lock()
"""Alembic keeps the command under way in globals of its modules: the threads of a process take turns."""


# --- one transaction, under a lock ----------------------------------------------------------------------


@contextmanager
def changing_sqlite(plain: sqlite3.Connection) -> Iterator[sa.Connection]:
    """SQLAlchemy over a plain connection, in one transaction that every other writer waits for.

    So of several processes that find an old store one upgrades, the others wait and find nothing left to do.
    """
    with _borrowed("sqlite://", plain) as connection:
        plain.execute("BEGIN IMMEDIATE")
        yield connection


@contextmanager
def changing_postgres(
    plain: psycopg.Connection[Any], lock_seconds: float | None = None, statement_seconds: float | None = None
) -> Iterator[sa.Connection]:
    """SQLAlchemy over a plain connection, in one transaction that everybody waits for who changes the schema.

    Args:
        lock_seconds: how long to wait for a lock; None: without end.
        statement_seconds: how long one statement may take; None: without end.
    """
    plain.autocommit = False
    with _borrowed("postgresql+psycopg://", plain) as connection:
        plain.execute(
            "SELECT set_config('lock_timeout', %s, true), set_config('statement_timeout', %s, true)",
            (milliseconds(lock_seconds), milliseconds(statement_seconds)),
        )
        plain.execute("SELECT pg_advisory_xact_lock(%s)", (_SCHEMA_LOCK,))
        yield connection


@contextmanager
def _borrowed(kind: str, plain: Any) -> Iterator[sa.Connection]:
    """SQLAlchemy over a plain connection, which it does not close; committed at the end, rolled back on an error.

    Errors of the database are its driver's, as they are without SQLAlchemy: what they mean is told from them.

    Locks are taken within: SQLAlchemy ends the transaction of a connection that it sees for the first time.
    """
    engine = sa.create_engine(kind, creator=lambda: plain, poolclass=StaticPool)
    try:
        with engine.connect() as connection:
            yield connection
            connection.commit()
    except sa.exc.DBAPIError as error:
        raise (error.orig or error) from error


# --- migrations -----------------------------------------------------------------------------------------


def configuration(connection: sa.Connection | None = None) -> Config:
    """Alembic's configuration for this project; no ini file is needed."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def upgrade(connection: sa.Connection, revision: str = "head") -> None:
    """Run the migrations up to `revision`, in the transaction of `connection`.

    Raises:
        Exception: a migration failed; the caller's transaction must be rolled back.
    """
    from alembic import command

    with _one_command:
        command.upgrade(configuration(connection), revision)


def downgrade(connection: sa.Connection, revision: str) -> None:
    """Run the migrations back to `revision`; what only later revisions could hold is lost."""
    from alembic import command

    with _one_command:
        command.downgrade(configuration(connection), revision)

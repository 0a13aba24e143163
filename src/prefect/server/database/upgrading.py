"""Bringing a store to the current revision with Alembic: the only code that imports it.

Not here: whether that is needed (`opening` decides it from a plain constant).
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

if TYPE_CHECKING:
    import psycopg
    from alembic.config import Config

MIGRATIONS = Path(__file__).with_name("migrations")

_one_command = threading.Lock()
"""Alembic keeps the command under way in globals of its modules: the threads of a process take turns."""


def configuration(connection: sa.Connection | None = None) -> Config:
    """Alembic's configuration for this project; no ini file is needed."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def upgrade_sqlite(connection: sqlite3.Connection) -> None:
    """Bring the store behind a plain connection to the current revision, in one transaction.

    The write lock is taken first: of several processes that find an old store one upgrades, the others wait
    and find nothing left to do.
    """
    try:
        # StaticPool: the engine borrows this one connection and never closes it
        engine = sa.create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
        with engine.connect() as borrowed:
            # not before: SQLAlchemy ends the transaction of a connection that it sees for the first time
            connection.execute("BEGIN IMMEDIATE")
            upgrade(borrowed)
            borrowed.commit()
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def upgrade(connection: sa.Connection, revision: str = "head") -> None:
    """Run the migrations up to `revision`, in the transaction of `connection`.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: a migration failed; the caller's transaction must be rolled back.
    """
    from alembic import command

    with _one_command:
        command.upgrade(configuration(connection), revision)


def downgrade(connection: sa.Connection, revision: str) -> None:
    """Run the migrations back to `revision`; what only later revisions could hold is lost."""
    from alembic import command

    with _one_command:
        command.downgrade(configuration(connection), revision)


def upgrade_postgres(connection: psycopg.Connection[Any], is_needed: Callable[[], bool]) -> None:
    """Bring the store behind a plain connection to the current revision, in one transaction.

    Args:
        is_needed: asked within the transaction, where it may wait for a lock.
    """
    connection.autocommit = False
    # StaticPool: the engine borrows this one connection and never closes it
    engine = sa.create_engine("postgresql+psycopg://", creator=lambda: connection, poolclass=StaticPool)
    with engine.connect() as borrowed:
        if is_needed():
            upgrade(borrowed)
        borrowed.commit()

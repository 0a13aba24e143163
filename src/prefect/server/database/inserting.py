"""INSERTs that leave out what is there already, in the words of each database. Not here: any table."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa


def insert_ignoring(connection: sa.Connection, table: sa.Table) -> Any:
    """An INSERT that leaves out rows whose key is taken, also by somebody who writes at the same time."""
    # each dialect is loaded only where it is spoken
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table).on_conflict_do_nothing()
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table).on_conflict_do_nothing()

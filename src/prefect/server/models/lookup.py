"""Finding a run or a flow by what a person types: an id, the beginning of one, or a name; and who runs it.

Not here: filters (`filters`), what to say when several are meant.
"""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prefect.server.database.tables import flow, flow_run, lease, task_run

SHORTEST_PREFIX = 4
"""Digits that the beginning of an id must have to be taken for one."""

_TABLES = {"flow": flow, "flow run": flow_run, "task run": task_run}
_DIGITS = 32


def ids_meant(connection: sa.Connection, noun: str, text: str, limit: int) -> list[UUID]:
    """The ids of those that `text` can mean, newest first: that id, else of that name, else starting so.

    Args:
        noun: "flow", "flow run" or "task run".
        limit: at most so many are looked for.
    """
    table, digits = _TABLES[noun], text.strip().replace("-", "").lower()
    if not re.fullmatch("[0-9a-f]*", digits):
        return _ids(connection, table.c.id, table.c.name == text, limit)
    if len(digits) == _DIGITS:
        return _ids(connection, table.c.id, table.c.id == UUID(digits), limit)
    named = _ids(connection, table.c.id, table.c.name == text, limit)
    if named or not SHORTEST_PREFIX <= len(digits) < _DIGITS:
        return named
    first, last = UUID(digits.ljust(_DIGITS, "0")), UUID(digits.ljust(_DIGITS, "f"))
    return _ids(connection, table.c.id, table.c.id.between(first, last), limit)


def _ids(
    connection: sa.Connection, id: sa.ColumnElement[Any], condition: sa.ColumnElement[bool], limit: int
) -> list[UUID]:
    return list(connection.execute(sa.select(id).where(condition).order_by(id.desc()).limit(limit)).scalars())


def holder_of(connection: sa.Connection, kind: str, id: UUID) -> str | None:
    """The holder of the lease on a run, as `server/database/holders` writes it; None when nobody holds one.

    Args:
        kind: "flow_run" or "task_run".
    """
    query = sa.select(lease.c.holder).where(lease.c.kind == kind, lease.c.resource_id == id)
    return connection.execute(query).scalar()

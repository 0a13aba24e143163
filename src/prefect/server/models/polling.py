"""Noting that somebody has just asked for runs of a deployment, or in a queue. Not here: what that tells."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

import sqlalchemy as sa

from prefect.schemas.bases import now


def mark_polled(connection: sa.Connection, table: sa.Table, ids: Collection[UUID]) -> None:
    """Note it in these rows of `deployment` or `work_queue`.

    Nobody waits for it: rows that somebody else holds, most of all who asks for the same, are left out.
    """
    free = sa.select(table.c.id).where(table.c.id.in_(list(ids))).with_for_update(skip_locked=True)
    polled = list(connection.execute(free).scalars())
    connection.execute(sa.update(table).where(table.c.id.in_(polled)).values(last_polled=now()))

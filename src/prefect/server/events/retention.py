"""Removing events that are too old to keep, a bounded number at a time. Not here: when (`server/services`)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa

from prefect.server.database.tables import event, event_resource


def remove_old_events(
    connection: sa.Connection,
    now: datetime,
    period: timedelta,
    periods_by_name: Mapping[str, timedelta],
    limit: int,
) -> int:
    """Delete events that are older than they are kept, and return how many those were.

    Args:
        period: how long events are kept.
        periods_by_name: how long those of a name are kept instead, where that is shorter.
        limit: at most so many are deleted.
    """
    too_old = [event.c.occurred < now - period]
    too_old += [
        sa.and_(event.c.event == name, event.c.occurred < now - kept)
        for name, kept in periods_by_name.items()
        if kept < period
    ]
    query = sa.select(event.c.id).where(sa.or_(*too_old)).order_by(event.c.occurred).limit(limit)
    ids = list(connection.execute(query).scalars())
    if ids:
        connection.execute(sa.delete(event_resource).where(event_resource.c.event_id.in_(ids)))
        connection.execute(sa.delete(event).where(event.c.id.in_(ids)))
    return len(ids)

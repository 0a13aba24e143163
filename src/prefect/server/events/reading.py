"""Reading events: by filter, a page at a time, and by id. Not here: what a filter selects (`filtering`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from prefect.schemas.event_filters import EventFilter, EventOrder
from prefect.schemas.events import ReceivedEvent, RelatedResource, Resource
from prefect.server.database.tables import event
from prefect.server.events.filtering import conditions
from prefect.types import DateTime


class Place(NamedTuple):
    """Where in the order of events a page ends: the event that it ends with."""

    occurred: DateTime
    id: UUID


def read_events(
    connection: sa.Connection, filter: EventFilter, limit: int, after: Place | None = None
) -> list[ReceivedEvent]:
    """The events that a filter selects, in its order.

    Args:
        limit: at most so many.
        after: only those that come after that place.
    """
    descending = filter.order is EventOrder.DESC
    columns = (event.c.occurred, event.c.id)
    query = sa.select(event).where(*conditions(filter), *_distinct(filter))
    if after is not None:
        here = sa.tuple_(*columns)
        there = sa.tuple_(*(sa.literal(at, column.type) for at, column in zip(after, columns, strict=True)))
        query = query.where(here < there if descending else here > there)
    query = query.order_by(*(column.desc() if descending else column.asc() for column in columns))
    return [event_from(row) for row in connection.execute(query.limit(limit))]


def count_events(connection: sa.Connection, filter: EventFilter) -> int:
    """How many events a filter selects."""
    query = sa.select(sa.func.count()).select_from(event).where(*conditions(filter), *_distinct(filter))
    return connection.execute(query).scalar_one()


def events_of(connection: sa.Connection, ids: Sequence[UUID]) -> list[ReceivedEvent]:
    """The events with these ids, in that order; those that are not stored are left out."""
    if not ids:
        return []
    rows = connection.execute(sa.select(event).where(event.c.id.in_(ids)))
    found = {row.id: event_from(row) for row in rows}
    return [found[id] for id in dict.fromkeys(ids) if id in found]


def _distinct(filter: EventFilter) -> list[Any]:
    """Only the latest of the selected events of each resource, where that is asked for."""
    if filter.resource is None or not filter.resource.distinct:
        return []
    order = (event.c.occurred.desc(), event.c.id.desc())
    rank = sa.func.row_number().over(partition_by=event.c.resource_id, order_by=order).label("rank")
    ranked = sa.select(event.c.id, rank).where(*conditions(filter)).subquery()
    return [event.c.id.in_(sa.select(ranked.c.id).where(ranked.c.rank == 1))]


def event_from(row: Any) -> ReceivedEvent:
    """A row of `event`. The store vouches for its values: they were checked when they came."""
    return ReceivedEvent.model_construct(
        occurred=row.occurred,
        event=row.event,
        resource=Resource.model_construct(row.resource),
        related=[RelatedResource.model_construct(labels) for labels in row.related or ()],
        payload=row.payload or {},
        id=row.id,
        follows=row.follows,
        received=row.received,
    )

"""Keeping events: each once, by its id, with a row for every resource it involves.

Not here: bounds (`bounds`), reading (`reading`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prefect.schemas.bases import now
from prefect.schemas.events import Event, ReceivedEvent
from prefect.server.database.inserting import insert_ignoring
from prefect.server.database.tables import event, event_resource

_MOST_IDS = 500
"""So many values one query is asked with."""

_LONGEST_INDEXED = 2000
"""Bytes; PostgreSQL refuses to index more than about 2700. Names and tags of users' runs are part of events."""


def store_events(connection: sa.Connection, events: Sequence[Event]) -> list[UUID]:
    """Store the events that are not stored yet, and return their ids, in the order given."""
    new = _new(connection, events)
    if not new:
        return []
    recorded = now()
    connection.execute(insert_ignoring(connection, event), [_event_row(one, recorded) for one in new])
    resources = [row for one in new for row in _resource_rows(one)]
    connection.execute(insert_ignoring(connection, event_resource), resources)
    return [one.id for one in new]


def _new(connection: sa.Connection, events: Sequence[Event]) -> list[Event]:
    by_id = {one.id: one for one in events}
    ids = list(by_id)
    for start in range(0, len(ids), _MOST_IDS):
        some = ids[start : start + _MOST_IDS]
        for known in connection.execute(sa.select(event.c.id).where(event.c.id.in_(some))).scalars():
            del by_id[known]
    return list(by_id.values())


def _event_row(one: Event, recorded: Any) -> dict[str, Any]:
    return {
        "id": one.id,
        "occurred": one.occurred,
        "event": _indexed(one.event),
        "resource_id": _indexed(one.resource.id),
        "resource": one.resource.root,
        "related": [related.root for related in one.related] or None,
        "payload": one.payload or None,
        "follows": one.follows,
        "received": one.received if isinstance(one, ReceivedEvent) else recorded,
        "recorded": recorded,
    }


def _resource_rows(one: Event) -> list[dict[str, Any]]:
    """The primary resource, which has no role, and then the related ones."""
    return [
        {
            "event_id": one.id,
            "position": position,
            "occurred": one.occurred,
            "resource_id": _indexed(resource.id),
            "resource_role": resource.get("prefect.resource.role") if position else None,
            "resource": resource.root,
        }
        for position, resource in enumerate(one.involved_resources)
    ]


def _indexed(text: str) -> str:
    """A text as far as it can be looked for."""
    if 4 * len(text) <= _LONGEST_INDEXED:
        return text
    return text.encode("utf-8", "replace")[:_LONGEST_INDEXED].decode(errors="ignore")

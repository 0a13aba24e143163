"""`emit_event`: telling what happened, from anywhere, without waiting. Not here: sending (`worker`)."""

from __future__ import annotations

import datetime
from typing import Any
from uuid import UUID

import orjson

from prefect.exceptions import EventTooLarge
from prefect.logging import get_logger
from prefect.schemas.bases import now
from prefect.schemas.events import Event, RelatedResource
from prefect.settings import get_current_settings

__all__ = ["TIGHT_TIMING", "emit_event"]

TIGHT_TIMING = datetime.timedelta(minutes=5)
"""Events follow each other only when they happen within this time."""


def emit_event(
    event: str,
    resource: dict[str, str],
    occurred: datetime.datetime | None = None,
    related: list[dict[str, str]] | list[RelatedResource] | None = None,
    payload: dict[str, Any] | None = None,
    id: UUID | None = None,
    follows: Event | None = None,
    **kwargs: dict[str, Any] | None,
) -> Event | None:
    """Tell that something happened. The event is sent in the background: to the server that the settings name,
    or to the store.

    Args:
        event: its name, such as `invoice.paid`.
        resource: labels of what it happened to; `prefect.resource.id` must be among them.
        occurred: when it happened; default: now.
        related: labels of what else is involved; `prefect.resource.id` and `prefect.resource.role` must be among
            them. The run that emits the event, its flow and tags are added.
        payload: what else there is to say, as JSON can say it.
        id: of the event; default: a new one.
        follows: the event that this one comes after, if it happened within five minutes.

    Returns:
        The event; None when it was not a valid one, which is logged.

    Raises:
        EventTooLarge: as JSON it is larger than PREFECT_EVENTS_MAXIMUM_SIZE_BYTES.
    """
    fields: dict[str, Any] = {"event": event, "resource": resource, "occurred": occurred or now(), **kwargs}
    told = {"related": related, "payload": payload, "id": id}
    fields.update((name, value) for name, value in told.items() if value is not None)
    try:
        emitted = Event.model_validate(fields)
        # as JSON has it: what becomes of the payload afterwards does not concern the event, which waits to be sent
        emitted.payload = orjson.loads(emitted.model_dump_json(include={"payload"}))["payload"]
    except ValueError:
        get_logger("events").exception("An event could not be emitted: %.200s", event)
        return None
    if follows is not None and abs(emitted.occurred - follows.occurred) < TIGHT_TIMING:
        emitted.follows = follows.id
    size, most = emitted.size_bytes, get_current_settings().server.events.maximum_size_bytes
    if size > most:
        raise EventTooLarge(size, most)
    from prefect.events.worker import EventsWorker

    EventsWorker.instance().send(emitted)
    return emitted

"""How large an event may be: the bounds that the settings state. Not here: what an event is (`prefect.schemas`)."""

from __future__ import annotations

from collections.abc import Iterable

from prefect.schemas.events import Event
from prefect.settings import get_current_settings


def check(events: Iterable[Event]) -> None:
    """Hold events to the bounds.

    Raises:
        ValueError: one is out of bounds; the error names it and the setting.
    """
    bounds = get_current_settings().server.events
    for event in events:
        if len(event.event) > bounds.maximum_event_name_length:
            raise ValueError(
                f"The name of event {event.id} has {len(event.event)} characters; at most "
                f"{bounds.maximum_event_name_length} are kept (PREFECT_SERVER_EVENTS_MAXIMUM_EVENT_NAME_LENGTH)."
            )
        if len(event.related) > bounds.maximum_related_resources:
            raise ValueError(
                f"Event {event.id} has {len(event.related)} related resources; at most "
                f"{bounds.maximum_related_resources} are kept "
                "(PREFECT_SERVER_EVENTS_MAXIMUM_RELATED_RESOURCES)."
            )
        labels = max(len(resource.root) for resource in event.involved_resources)
        if labels > bounds.maximum_labels_per_resource:
            raise ValueError(
                f"A resource of event {event.id} has {labels} labels; at most "
                f"{bounds.maximum_labels_per_resource} are kept "
                "(PREFECT_SERVER_EVENTS_MAXIMUM_LABELS_PER_RESOURCE)."
            )
        size = event.size_bytes
        if size > bounds.maximum_size_bytes:
            raise ValueError(
                f"Event {event.id} has {size} bytes; at most {bounds.maximum_size_bytes} are kept "
                "(PREFECT_SERVER_EVENTS_MAXIMUM_SIZE_BYTES). Store what is large elsewhere, and name it."
            )

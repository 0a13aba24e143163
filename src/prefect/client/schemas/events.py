"""Pages of events under their documented import path. Home: `prefect.schemas.event_pages`."""

from prefect.schemas.event_pages import EventPage

__all__ = [
    "EventPage",
]

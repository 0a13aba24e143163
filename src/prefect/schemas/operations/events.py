# mypy: disable-error-code="empty-body"
"""Operations on events."""

from typing import Annotated

from prefect.schemas.event_filters import EventFilter
from prefect.schemas.event_pages import Countable, EventCount, EventPage, TimeUnit
from prefect.schemas.events import Event
from prefect.schemas.operations.declaring import operation, wire

MOST_EVENTS = 50
"""The largest page of events."""

PageSize = Annotated[int, wire(at_least=0, at_most=MOST_EVENTS)]


@operation("POST", "/events", status=204)
def create_events(events: Annotated[list[Event], wire(whole=True)]) -> None:
    """Keep events; those that are kept already, by their id, stay as they are.

    Raises:
        ValueError: one is larger than the settings allow; none was kept.
    """


@operation("POST", "/events/filter")
def read_events(filter: EventFilter | None = None, limit: PageSize = MOST_EVENTS) -> EventPage:
    """The first page of the events that meet the filter, the latest first unless it says otherwise."""


@operation("GET", "/events/filter/next")
def read_next_events(page_token: Annotated[str, wire("page-token")]) -> EventPage:
    """The page of events that the token of the page before asks for."""


@operation("POST", "/events/count-by/{countable}")
def count_events(
    countable: Countable,
    filter: EventFilter,
    time_unit: TimeUnit = TimeUnit.day,
    time_interval: Annotated[float, wire(at_least=0.01)] = 1.0,
) -> list[EventCount]:
    """How many events that meet the filter there are, by name, by resource, or by spans of time.

    Args:
        time_unit, time_interval: the length of a span: so many units.
    """

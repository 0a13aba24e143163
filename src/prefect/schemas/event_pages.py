"""What questions for events answer: a page of them with the way to the next one, and counts of them."""

import datetime
from typing import Any

from pydantic import AnyHttpUrl

from prefect.schemas.bases import PrefectBaseModel
from prefect.schemas.events import ReceivedEvent
from prefect.types import DateTime
from prefect.utilities.collections import AutoEnum


class EventPage(PrefectBaseModel):
    """Some of the events a query found; `next_page` is None on the last page."""

    events: list[ReceivedEvent]
    total: int
    next_page: AnyHttpUrl | None

    async def get_next_page(self, client: Any) -> "EventPage | None":
        """The page after this one, read by a `PrefectClient`; None when this is the last."""
        return await client.read_events_page(str(self.next_page)) if self.next_page else None

    def get_next_page_sync(self, client: Any) -> "EventPage | None":
        """The page after this one, read by a `SyncPrefectClient`; None when this is the last."""
        return client.read_events_page(str(self.next_page)) if self.next_page else None


class Countable(AutoEnum):
    """What events can be counted by."""

    day = "day"
    time = "time"
    event = "event"
    resource = "resource"


class TimeUnit(AutoEnum):
    """A unit of time that events are counted by."""

    week = "week"
    day = "day"
    hour = "hour"
    minute = "minute"
    second = "second"

    @property
    def length(self) -> datetime.timedelta:
        """How long it is."""
        return datetime.timedelta(**{f"{self.value}s": 1})


class EventCount(PrefectBaseModel):
    """How many events there are of one kind, and when they happened.

    Attributes:
        value: the kind: a name of events, the id of a resource, the number of a span of time.
        label: the kind in words.
        start_time, end_time: of a span of time; else the first and the last of these events.
    """

    value: str
    label: str
    count: int
    start_time: DateTime
    end_time: DateTime

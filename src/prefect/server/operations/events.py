"""What operations on events do."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

import sqlalchemy as sa
from pydantic import AnyHttpUrl

from prefect.schemas.event_filters import EventFilter
from prefect.schemas.event_pages import Countable, EventCount, EventPage, TimeUnit
from prefect.schemas.events import Event
from prefect.schemas.operations.events import MOST_EVENTS
from prefect.server.events import bounds
from prefect.server.events.counting import count_by
from prefect.server.events.pages import NextPage, page_from
from prefect.server.events.reading import Place
from prefect.server.events.reading import count_events as count
from prefect.server.events.reading import read_events as read
from prefect.server.events.receiving import take_in
from prefect.server.operations.doing import Store, on_store, reads
from prefect.server.operations.paging import api_url


@on_store
def create_events(store: Store, events: Sequence[Event]) -> None:
    bounds.check(events)
    if events:
        with store.writing(apart=True) as connection:
            take_in(connection, events)


@reads
def read_events(connection: sa.Connection, filter: EventFilter | None, limit: int) -> EventPage:
    wanted = filter or EventFilter()
    return _page(connection, NextPage(wanted, count(connection, wanted), limit, None))


@reads
def read_next_events(connection: sa.Connection, page_token: str) -> EventPage:
    return _page(connection, page_from(page_token, MOST_EVENTS))


def _page(connection: sa.Connection, page: NextPage) -> EventPage:
    # one more than wanted: whether there is a next page is known then
    found = read(connection, page.filter, page.size + 1, page.after)
    events, more = found[: page.size], len(found) > page.size
    next_page = None
    if more:
        after = Place(events[-1].occurred, events[-1].id) if events else page.after
        query = urlencode({"page-token": page._replace(after=after).token()})
        next_page = AnyHttpUrl(f"{api_url()}/events/filter/next?{query}")
    return EventPage.model_construct(events=events, total=page.total, next_page=next_page)


@reads
def count_events(
    connection: sa.Connection,
    countable: Countable,
    filter: EventFilter,
    time_unit: TimeUnit,
    time_interval: float,
) -> list[EventCount]:
    return count_by(connection, filter, countable, time_unit, time_interval)

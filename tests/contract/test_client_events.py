"""Events through clients: kept, found a page at a time, counted."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest

from prefect.schemas.bases import now
from prefect.schemas.event_filters import EventFilter
from prefect.schemas.event_pages import Countable, TimeUnit
from prefect.schemas.events import Event


def an_event(name: str, resource: str = "thing.1", **values: Any) -> Event:
    told = {"event": name, "resource": {"prefect.resource.id": resource, "prefect.resource.name": resource}}
    return Event.model_validate({**told, **values})


def named(name: str, **criteria: Any) -> EventFilter:
    span = {"since": now() - timedelta(days=1), "until": now() + timedelta(hours=1)}
    return EventFilter.model_validate({"event": {"prefix": [name]}, "occurred": span, **criteria})


def kept(client: Any, name: str, number: int) -> list[Event]:
    """Events of that name, one a second, read back when they are there: the original stores them later."""
    start = now() - timedelta(minutes=1)
    events = [
        an_event(f"{name}.{index % 2}", f"thing.{index}", occurred=start + timedelta(seconds=index))
        for index in range(number)
    ]
    client.create_events(events)
    for _ in range(600):
        if client.read_events(named(name)).total == number:
            return events
    pytest.fail("the events are not there")


def test_events_are_kept_and_found(client: Any, name: str) -> None:
    events = kept(client, name, 3)
    page = client.read_events(named(name, order="ASC"))
    assert [event.id for event in page.events] == [event.id for event in events]
    assert (page.total, page.next_page) == (3, None)
    assert page.events[0].model_dump(exclude={"received"}) == events[0].model_dump()


def test_an_event_is_kept_once(client: Any, name: str) -> None:
    events = kept(client, name, 1)
    client.create_events(events)
    assert client.read_events(named(name)).total == 1


def test_pages_lead_on(client: Any, name: str) -> None:
    events = kept(client, name, 5)
    page = client.read_events(named(name), limit=2)
    seen = [event.id for event in page.events]
    while page.next_page:
        page = client.read_events_page(str(page.next_page))
        assert page.total == 5
        seen += [event.id for event in page.events]
    assert seen == [event.id for event in reversed(events)]


def test_events_are_counted(client: Any, name: str) -> None:
    kept(client, name, 3)
    by_name = client.count_events(Countable.event, named(name))
    assert [(one.value, one.label, one.count) for one in by_name] == [
        (f"{name}.0", f"{name}.0", 2),
        (f"{name}.1", f"{name}.1", 1),
    ]
    by_resource = client.count_events(Countable.resource, named(name))
    assert {one.value: one.count for one in by_resource} == {f"thing.{index}": 1 for index in range(3)}
    by_time = client.count_events(Countable.time, named(name), TimeUnit.hour, 1.0)
    assert sum(one.count for one in by_time) == 3
    assert {two.start_time - one.start_time for one, two in pairwise(by_time)} == {timedelta(hours=1)}
    by_day = client.count_events(Countable.day, named(name))
    assert [one.start_time.hour for one in by_day] == [0] * len(by_day)


@pytest.mark.parametrize("unit", [TimeUnit.second, TimeUnit.minute])
def test_too_many_spans_are_refused(client: Any, name: str, unit: TimeUnit) -> None:
    with pytest.raises(Exception, match="1000"):
        client.count_events(Countable.time, named(name), unit, 1.0)


def test_related_resources_narrow(client: Any, name: str) -> None:
    mine = {"prefect.resource.id": f"owner.{uuid4()}", "prefect.resource.role": "owner"}
    theirs = {"prefect.resource.id": f"owner.{uuid4()}", "prefect.resource.role": "owner"}
    both = an_event(f"{name}.both", related=[mine, theirs])
    client.create_events([both, an_event(f"{name}.one", related=[mine])])
    wanted = [{"id": [one["prefect.resource.id"]]} for one in (mine, theirs)]
    for _ in range(600):
        if client.read_events(named(name)).total == 2:
            break
    assert [event.id for event in client.read_events(named(name, related=wanted)).events] == [both.id]
    assert client.read_events(named(name, related=wanted[0])).total == 2

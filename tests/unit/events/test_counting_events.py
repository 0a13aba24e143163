from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from event_samples import an_event, seconds
from prefect.schemas.event_filters import EventFilter
from prefect.schemas.event_pages import Countable, TimeUnit
from prefect.server.database.store import Store
from prefect.server.events.counting import MOST_SPANS, count_by, spans_between, start_of
from prefect.server.events.retention import remove_old_events
from prefect.server.events.storing import store_events


def counts(store: Store, countable: str, unit: str = "second", interval: float = 1, **criteria: Any) -> Any:
    filter = EventFilter.model_validate({"occurred": {"since": seconds(0), "until": seconds(9)}, **criteria})
    with store.reading() as connection:
        return count_by(connection, filter, Countable(countable), TimeUnit(unit), interval)


@pytest.fixture
def filled(store: Store) -> Store:
    with store.writing() as connection:
        named = {"prefect.resource.id": "thing.1", "prefect.resource.name": "One"}
        plain = {"prefect.resource.id": "thing.2"}
        store_events(connection, [an_event(1, "a", resource=named), an_event(3, "b", resource=plain)])
        store_events(connection, [an_event(8, "a", resource=named, occurred=seconds(8.5))])
    return store


def test_counting_by_name(filled: Store) -> None:
    found = counts(filled, "event")
    assert [(one.value, one.label, one.count) for one in found] == [("a", "a", 2), ("b", "b", 1)]
    assert (found[0].start_time, found[0].end_time) == (seconds(1), seconds(8.5))


def test_counting_by_resource_tells_its_name(filled: Store) -> None:
    found = counts(filled, "resource")
    assert [(one.value, one.label, one.count) for one in found] == [
        ("thing.1", "One", 2),
        ("thing.2", "thing.2", 1),
    ]


def test_counting_by_time_shows_empty_spans_too(filled: Store) -> None:
    found = counts(filled, "time", interval=2.5)
    assert [(one.value, one.count) for one in found] == [("0", 1), ("1", 1), ("2", 0), ("3", 1)]
    assert found[1].start_time == seconds(2.5)
    assert found[1].end_time == seconds(5) - timedelta(microseconds=1)
    assert found[1].label == "2026-01-02T12:00:02.500000+00:00"


def test_days_are_whole(filled: Store) -> None:
    (day,) = counts(filled, "day", "hour", 1)
    assert (day.start_time.hour, day.count) == (0, 3)
    assert day.end_time - day.start_time == timedelta(days=1) - timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("unit", "start"),
    [
        (TimeUnit.second, datetime(2026, 7, 2, 13, 14, 15, tzinfo=UTC)),
        (TimeUnit.minute, datetime(2026, 7, 2, 13, 14, tzinfo=UTC)),
        (TimeUnit.hour, datetime(2026, 7, 2, 13, tzinfo=UTC)),
        (TimeUnit.day, datetime(2026, 7, 2, tzinfo=UTC)),
        (TimeUnit.week, datetime(2026, 6, 29, tzinfo=UTC)),
    ],
)
def test_spans_begin_where_their_unit_does(unit: TimeUnit, start: datetime) -> None:
    assert start_of(unit, datetime(2026, 7, 2, 13, 14, 15, 16, tzinfo=UTC)) == start


def test_too_many_spans_are_refused_with_their_number() -> None:
    length = timedelta(seconds=1)
    assert len(spans_between(seconds(0), seconds(MOST_SPANS - 1), length)) == MOST_SPANS
    with pytest.raises(ValueError, match=f"{MOST_SPANS + 1} spans.*time_interval"):
        spans_between(seconds(0), seconds(MOST_SPANS), length)


def test_old_events_are_removed_a_few_at_a_time(filled: Store) -> None:
    def remove(at: float, limit: int = 10) -> int:
        with filled.writing() as connection:
            kept = {"b": timedelta(seconds=1)}
            return remove_old_events(connection, seconds(at), timedelta(seconds=5), kept, limit)

    assert remove(at=3.5) == 0
    assert remove(at=4.5) == 1
    assert [one.value for one in counts(filled, "event")] == ["a"]
    assert (remove(at=100, limit=1), remove(at=100), remove(at=100)) == (1, 1, 0)

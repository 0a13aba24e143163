"""What is stored is found again, by every criterion, as the same criterion finds it in memory."""

from __future__ import annotations

from typing import Any

import pytest

from event_samples import an_event, related, seconds
from prefect.schemas.event_filters import EventFilter
from prefect.server.database.store import Store
from prefect.server.events.reading import Place, count_events, events_of, read_events
from prefect.server.events.storing import store_events

ALWAYS = {"since": seconds(-1000), "until": seconds(1000)}

EVENTS = [
    an_event(1, "flow.started", related=[related("flow.a", "flow"), related("tag.x", "tag")]),
    an_event(2, "flow.ended", payload={"reason": "It was done, naïvely"}, follows="0" * 31 + "1"),
    an_event(3, "task.started", resource={"prefect.resource.id": "task.1", "kind": "quick", "team": "a b"}),
    an_event(4, "task.ended", resource={"prefect.resource.id": "task.1", "kind": "slow"}),
    an_event(5, "flow.started", related=[related("flow.b", "flow", owner="me"), related("flow.a", "tag")]),
    an_event(6, 'odd "name" 50%', resource={"prefect.resource.id": "task_1", "kind": "slower"}),
]

FILTERS: list[dict[str, Any]] = [
    {},
    {"occurred": {"since": seconds(2), "until": seconds(4)}},
    {"id": {"id": [str(EVENTS[0].id), str(EVENTS[3].id)]}},
    {"event": {"name": ["flow.started"]}},
    {"event": {"exclude_name": ["flow.started"]}},
    {"event": {"prefix": ["flow.", "odd"]}},
    {"event": {"prefix": ["flow."], "exclude_prefix": ["flow.s"]}},
    {"event": {"prefix": ["odd _name_"]}},
    {"resource": {"id": ["task.1"]}},
    {"resource": {"id_prefix": ["task."]}},
    {"resource": {"id_prefix": ["task_"]}},
    {"resource": {"labels": {"kind": "slow"}}},
    {"resource": {"labels": {"kind": "slow*"}}},
    {"resource": {"labels": {"kind": ["quick", "slow"]}}},
    {"resource": {"labels": {"kind": "!slow"}}},
    {"resource": {"labels": {"kind": "!slow*"}}},
    {"resource": {"labels": {"kind": "*", "team": "a*"}}},
    {"resource": {"labels": {"kind": "!!slow"}}},
    {"resource": {"labels": {"kind": "!" * 2000}}},
    {"resource": {"labels": {"kind": "SLOW*"}}},
    {"resource": {"labels": {"kind": ["!", "nothing"]}}},
    {"resource": {"id_prefix": ["Task."]}},
    {"event": {"prefix": ["FLOW."]}},
    {"event": {"exclude_prefix": ["FLOW."]}},
    {"related": {"id": ["flow.a"]}},
    {"related": {"id": ["flow.a"], "role": ["flow"]}},
    {"related": {"role": ["flow"], "labels": {"owner": "me"}}},
    {"related": [{"id": ["flow.b"]}, {"id": ["flow.a"]}]},
    {"related": [{"id": ["flow.a"]}, {"id": ["tag.x"]}]},
    {"related": {"resources_in_roles": [("flow.a", "tag"), ("tag.x", "flow")]}},
    {"related": {}},
    {"any_resource": {"id": ["flow.a", "task.1"]}},
    {"any_resource": {"id_prefix": ["flow.", "task_"]}},
    {"any_resource": {"labels": {"owner": "*"}}},
    {"any_resource": [{"id": ["flow.a"]}, {"id": ["thing.5"]}]},
]


@pytest.fixture
def filled(store: Store) -> Store:
    with store.writing() as connection:
        store_events(connection, EVENTS)
    return store


def wanted(**criteria: Any) -> EventFilter:
    return EventFilter.model_validate({"occurred": ALWAYS, **criteria})


def numbers(store: Store, filter: EventFilter, **options: Any) -> list[int]:
    with store.reading() as connection:
        return [event.id.int for event in read_events(connection, filter, **{"limit": 50, **options})]


@pytest.mark.parametrize("criteria", FILTERS, ids=lambda criteria: str(criteria)[:80])
def test_the_store_and_the_filter_itself_agree(filled: Store, criteria: dict[str, Any]) -> None:
    filter = wanted(**{**criteria, "order": "ASC"})
    expected = [event.id.int for event in EVENTS if filter.includes(event)]
    assert numbers(filled, filter) == expected
    with filled.reading() as connection:
        assert count_events(connection, filter) == len(expected)


def test_an_event_is_read_as_it_was_stored(filled: Store) -> None:
    with filled.reading() as connection:
        assert read_events(connection, wanted(order="ASC"), 50) == EVENTS


def test_an_event_is_stored_once(filled: Store) -> None:
    with filled.writing() as connection:
        assert store_events(connection, [EVENTS[0], an_event(7), an_event(7)]) == [an_event(7).id]
    assert numbers(filled, wanted()) == [7, 6, 5, 4, 3, 2, 1]


def test_what_is_too_long_for_an_index_is_stored_and_found_by_its_beginning(store: Store) -> None:
    # of no pattern, so that no database compresses it
    long = "é" + "".join(map(str, range(20_000)))
    event = an_event(1, long, resource={"prefect.resource.id": long}, related=[related(long, "tag")])
    with store.writing() as connection:
        store_events(connection, [event])
    with store.reading() as connection:
        (stored,) = read_events(connection, wanted(any_resource={"id_prefix": [long[:1000]]}), 50)
    assert stored.resource == event.resource
    assert stored.related == event.related
    assert stored.event == long[:1999]


def test_the_latest_event_of_each_resource(filled: Store) -> None:
    assert numbers(filled, wanted(resource={"distinct": True})) == [6, 5, 4, 2, 1]
    # of the events that are selected
    assert numbers(filled, wanted(resource={"distinct": True}, event={"name": ["task.started"]})) == [3]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("naïvely", [2]),
        ("FLOW", [5, 2, 1]),
        ("slow", [6, 4]),
        ("+slow -slower", [4]),
        ('"a b"', [3]),
        ("-flow", [6, 4, 3]),
        ("50%", [6]),
        ("nothing-like-it", []),
    ],
)
def test_words_are_looked_for_everywhere(filled: Store, query: str, found: list[int]) -> None:
    assert numbers(filled, wanted(text={"query": query})) == found


def test_events_of_one_moment_come_on_one_page_each(store: Store) -> None:
    """The order is total: no event is left out or given twice between pages."""
    with store.writing() as connection:
        store_events(connection, [an_event(number, occurred=seconds(0)) for number in range(1, 8)])
    for order, expected in (("ASC", [1, 2, 3, 4, 5, 6, 7]), ("DESC", [7, 6, 5, 4, 3, 2, 1])):
        seen: list[int] = []
        with store.reading() as connection:
            after = None
            while page := read_events(connection, wanted(order=order), 3, after):
                seen += [event.id.int for event in page]
                after = Place(page[-1].occurred, page[-1].id)
        assert seen == expected


def test_events_by_id_come_in_the_order_asked(filled: Store) -> None:
    ids = [EVENTS[3].id, EVENTS[0].id, an_event(99).id, EVENTS[3].id]
    with filled.reading() as connection:
        assert [event.id.int for event in events_of(connection, ids)] == [4, 1]

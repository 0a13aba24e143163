"""What clients get who ask for events in this process."""

from __future__ import annotations

import base64
from typing import Any
from uuid import UUID

import pytest

from event_samples import an_event, related, seconds
from prefect.schemas.event_filters import EventFilter
from prefect.schemas.event_pages import EventPage
from prefect.schemas.events import Event
from prefect.schemas.operations import OPERATIONS
from prefect.server.database.store import Store
from prefect.server.events.pages import InvalidPageToken, NextPage, page_from
from prefect.server.events.reading import Place
from prefect.server.operations import do
from prefect.settings import temporary_settings

FILTER = EventFilter.model_validate(
    {"occurred": {"since": seconds(0), "until": seconds(1000)}, "order": "ASC"}
)


def ask(store: Store, operation: str, *args: Any, **kwargs: Any) -> Any:
    return do(store, OPERATIONS[operation](*args, **kwargs))


def token(page: EventPage) -> str:
    return dict(page.next_page.query_params())["page-token"] if page.next_page else ""


def test_pages_lead_to_the_end(store: Store) -> None:
    ask(store, "create_events", [an_event(number) for number in range(1, 8)])
    page = ask(store, "read_events", FILTER, limit=3)
    assert page.total == 7
    seen = [event.id.int for event in page.events]
    while page.next_page:
        # what is added to the front does not move the pages
        ask(store, "create_events", [an_event(100 + len(seen), occurred=seconds(0.5))])
        page = ask(store, "read_next_events", token(page))
        assert page.total == 7
        seen += [event.id.int for event in page.events]
    assert seen == [1, 2, 3, 4, 5, 6, 7]


def test_a_page_of_nothing_leads_on(store: Store) -> None:
    ask(store, "create_events", [an_event(1)])
    page = ask(store, "read_events", FILTER, limit=0)
    assert (page.events, page.total) == ([], 1)
    assert token(page)


@pytest.mark.parametrize(
    "given",
    ["", "abc", "%%%", "e30=", "bnVsbA==", "WzFd", NextPage(FILTER, 1, 51, None).token(), "ê"],
)
def test_a_made_up_token_is_forbidden(given: str) -> None:
    with pytest.raises(InvalidPageToken):
        page_from(given, 50)


PAGE = NextPage(FILTER, 777, 5, Place(seconds(1), UUID(int=1)))


def test_a_token_says_what_page_it_asks_for() -> None:
    assert page_from(PAGE.token(), 50) == PAGE


@pytest.mark.parametrize(
    ("genuine", "forged"),
    [
        ("777", "Infinity"),
        ("777", "-1"),
        (f'"{UUID(int=1)}"', "5"),
        (f'"{UUID(int=1)}"', "[]"),
        ("2026-01-02T12:00:01Z", "0001-01-01T00:00:00+14:00"),
    ],
)
def test_a_forged_token_is_forbidden(genuine: str, forged: str) -> None:
    text = base64.urlsafe_b64decode(PAGE.token()).decode().replace("+00:00", "Z")
    assert genuine in text
    with pytest.raises(InvalidPageToken):
        page_from(base64.urlsafe_b64encode(text.replace(genuine, forged).encode()).decode(), 50)


@pytest.mark.parametrize(
    ("values", "setting"),
    [
        ({"event": "e" * 1025}, "MAXIMUM_EVENT_NAME_LENGTH"),
        ({"related": [related(f"thing.{n}", "r") for n in range(101)]}, "MAXIMUM_RELATED_RESOURCES"),
        ({"payload": {"x": "y" * 1_500_000}}, "MAXIMUM_SIZE_BYTES"),
    ],
)
def test_too_large_an_event_is_refused_and_nothing_kept(
    store: Store, values: dict[str, Any], setting: str
) -> None:
    large = Event.model_validate({**an_event(2).model_dump(), **values})
    with pytest.raises(ValueError, match=setting):
        ask(store, "create_events", [an_event(1), large])
    assert ask(store, "read_events", FILTER).total == 0


def test_the_bounds_are_settings(store: Store) -> None:
    with (
        temporary_settings({"server.events.maximum_labels_per_resource": 1}),
        pytest.raises(ValueError, match=r"2 labels.*PREFECT_SERVER_EVENTS_MAXIMUM_LABELS_PER_RESOURCE"),
    ):
        ask(store, "create_events", [an_event(1)])

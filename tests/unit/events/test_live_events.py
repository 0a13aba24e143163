"""What is announced reaches those who watch: the hub, what each wants, and the services that feed it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from event_samples import an_event, seconds
from prefect._clock import VirtualClock, use_clock
from prefect.exceptions import StoreLockedError
from prefect.schemas.bases import now, uuid7
from prefect.schemas.event_filters import EventFilter
from prefect.schemas.events import Event
from prefect.schemas.filters.logs import LogFilter
from prefect.schemas.logs import Log
from prefect.schemas.runs import TaskRun
from prefect.schemas.states import State, StateType
from prefect.server.database.store import Store, open_store
from prefect.server.database.tables import event, event_outbox, lease, live_message
from prefect.server.events.feed import (
    EVENT,
    LISTENING_SECONDS,
    LOG,
    SWEEP_SECONDS,
    UNWATCHED_SECONDS,
    WATCHED_SECONDS,
    Feed,
)
from prefect.server.events.hub import Hub, Message, Subscription
from prefect.server.events.live import newest_number, reader_from_now, sweep
from prefect.server.events.storing import store_events
from prefect.server.events.telling import is_anything_to_tell
from prefect.server.events.watching import EVER, event_wanted, live_filter, log_wanted
from prefect.server.services.event_persister import (
    IDLE_SECONDS,
    RESTS,
    RESTS_AFTERWARDS,
    EventPersister,
    EventVacuum,
)
from prefect.settings import get_current_settings


class Monotonic:
    """A clock of waits that stands still until it is moved."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def a_subscription(kind: str = EVENT, wants: Callable[[Any], bool] = lambda item: True, **bounds: int) -> Any:
    return Subscription(kind, wants, lambda: None, **bounds)


# --- the hub --------------------------------------------------------------------------------------------


def test_each_gets_what_it_wants_in_order_and_texts_are_made_once() -> None:
    hub, made = Hub(), []

    def text(event: Event) -> str:
        made.append(event.id.int)
        return f"text {event.id.int}"

    everything, odd = a_subscription(), a_subscription(wants=lambda event: event.id.int % 2)
    logs = a_subscription(LOG)
    for one in (everything, odd, logs):
        hub.add(one)
    hub.publish(EVENT, [an_event(number) for number in (1, 2, 3)], text)
    assert [message.text for message in everything.take()] == ["text 1", "text 2", "text 3"]
    assert [message.id.int for message in odd.take()] == [1, 3]
    assert (logs.take(), made) == ([], [1, 2, 3])
    hub.remove(everything)
    hub.publish(EVENT, [an_event(4)], text)
    assert (everything.take(), made, hub.watched()) == ([], [1, 2, 3], {EVENT, LOG})


@pytest.mark.parametrize("bounds", [{"most": 2}, {"most_characters": 8}])
def test_who_does_not_read_holds_no_memory(bounds: dict[str, int]) -> None:
    slow = a_subscription(**bounds)
    for number in (1, 2):
        slow.offer(Message(uuid7(), f"{number:04}"))
    assert not slow.overflowed
    slow.offer(Message(uuid7(), "0003"))
    assert slow.overflowed
    slow.offer(Message(uuid7(), "0004"))
    assert slow.take() == []


# --- what is wanted -------------------------------------------------------------------------------------


def test_a_filter_without_an_end_has_none_live() -> None:
    moment = now()
    live = live_filter(EventFilter(), moment, timedelta(minutes=15))
    assert live.includes(an_event(1, occurred=moment + timedelta(days=9)))
    assert (live.occurred.since, live.occurred.until) == (moment - timedelta(minutes=15), EVER)
    # an end that has passed can only be a mistake: it would be the end of the stream
    past = EventFilter.model_validate({"occurred": {"until": moment - timedelta(hours=1)}})
    assert live_filter(past, moment, timedelta(minutes=15)).occurred.until == EVER


def test_an_end_that_was_given_is_kept() -> None:
    end = now() + timedelta(hours=1)
    given = EventFilter.model_validate({"occurred": {"until": end}})
    assert live_filter(given, now(), timedelta(minutes=15)).occurred.until == end


@pytest.mark.parametrize(
    ("criteria", "numbers"),
    [
        ({}, [1, 2]),
        ({"event": {"name": ["thing.happened"]}}, [1]),
        ({"text": {"query": "CAT -dog"}}, [2]),
        ({"text": {"query": '+"a dog"'}}, [1]),
        ({"text": {"query": "payload related []"}}, []),
    ],
)
def test_events_that_are_wanted(criteria: dict[str, Any], numbers: list[int]) -> None:
    events = [an_event(1, payload={"saw": "a dog and a cat"}), an_event(2, "cat.came")]
    span = {"occurred": {"since": seconds(0), "until": seconds(10)}}
    wanted = event_wanted(EventFilter.model_validate({**span, **criteria}))
    assert [one.id.int for one in events if wanted(one)] == numbers


RUN = uuid7()


@pytest.mark.parametrize(
    ("criteria", "wanted"),
    [
        ({}, True),
        ({"level": {"ge_": 30}}, True),
        ({"level": {"ge_": 31}}, False),
        ({"level": {"ge_": 10, "le_": 29}}, False),
        ({"flow_run_id": {"any_": [RUN]}}, True),
        ({"flow_run_id": {"any_": []}}, False),
        ({"task_run_id": {"any_": [RUN]}}, False),
        ({"timestamp": {"after_": seconds(0), "before_": seconds(1)}}, True),
        ({"timestamp": {"after_": seconds(2)}}, False),
        ({"text": {"query": "burnt -toast"}}, False),
        ({"text": {"query": "burnt"}}, True),
        ({"operator": "or_", "level": {"ge_": 50}, "flow_run_id": {"any_": [RUN]}}, True),
        ({"operator": "or_", "level": {"ge_": 50}, "task_run_id": {"any_": [RUN]}}, False),
    ],
)
def test_log_records_that_are_wanted(criteria: dict[str, Any], wanted: bool) -> None:
    record = Log(
        name="prefect", level=30, message="The toast is burnt", timestamp=seconds(1), flow_run_id=RUN
    )
    assert log_wanted(LogFilter.model_validate(criteria))(record) is wanted
    assert log_wanted(None)(record)


# --- messages in the store ------------------------------------------------------------------------------


def messages(store: Store) -> int:
    with store.reading() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(live_message)).scalar_one()


def keep(store: Store, *numbers: int) -> None:
    with store.writing() as connection:
        store_events(connection, [an_event(number) for number in numbers])


def test_messages_are_read_once_from_where_one_came(store: Store) -> None:
    feed = Feed(store)
    feed.watch(EVENT)
    keep(store, 1)
    with store.reading() as connection:
        reader = reader_from_now(connection)
    keep(store, 2, 3, 4)
    read = []
    for _ in range(3):
        with store.reading() as connection:
            read.append([item.id.int for item in reader.read(connection, 2)])
    assert read == [[2, 3], [4], []]


def test_what_is_committed_later_than_it_was_numbered_is_not_missed(postgres_url: str) -> None:
    """On PostgreSQL one may write before another and be seen after it."""
    store = open_store(postgres_url)
    Feed(store).watch(EVENT)
    read = []

    def look() -> None:
        with store.reading() as connection:
            read.append([item.id.int for item in reader.read(connection, 10)])

    with store.reading() as connection:
        reader = reader_from_now(connection)
    with store.engine.connect() as slow, slow.begin():
        store_events(slow, [an_event(1)])
        keep(store, 2)
        look()
        keep(store, 3)
        look()
    look()
    keep(store, 4)
    look()
    look()
    store.close()
    assert read == [[2], [3], [1], [4], []]


def test_what_was_swept_is_not_remembered_while_somebody_writes_for_long(postgres_url: str) -> None:
    store = open_store(postgres_url)
    Feed(store).watch(EVENT)
    with store.reading() as connection:
        reader = reader_from_now(connection)
    with store.engine.connect() as slow, slow.begin():
        store_events(slow, [an_event(1)])
        for number in range(2, 6):
            keep(store, number)
            with store.writing() as connection:
                assert len(reader.read(connection, 10)) == 1
                sweep(connection, newest_number(connection))
        assert len(vars(reader)["_had"]) <= 1
    store.close()


# --- the services ---------------------------------------------------------------------------------------


def watching(feed: Feed, kind: str) -> Subscription:
    """As a socket does."""
    subscription = a_subscription(kind)
    feed.hub.add(subscription)
    feed.watch(kind)
    return subscription


def test_events_of_any_writer_reach_who_watches(store: Store) -> None:
    feed = Feed(store)
    keep(store, 1)
    subscription = watching(feed, EVENT)
    keep(store, 2)
    assert feed.step() == WATCHED_SECONDS
    keep(store, 3)
    feed.step()
    assert [message.id.int for message in subscription.take()] == [2, 3]


def test_who_comes_while_the_feed_looks_is_not_forgotten(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = Feed(store)
    subscription = a_subscription()
    look = feed.hub.watched

    def come() -> None:
        feed.hub.add(subscription)
        feed.watch(EVENT)

    comer = threading.Thread(target=come)

    def look_and_come() -> frozenset[str]:
        found = look()
        if comer.ident is None:
            comer.start()
            if not feed._lock.locked():
                comer.join()
        return found

    monkeypatch.setattr(feed.hub, "watched", look_and_come)
    feed.step()
    comer.join()
    keep(store, 1)
    feed.step()
    assert [message.id.int for message in subscription.take()] == [1]


def test_who_comes_and_the_feed_that_reads_do_not_wait_for_each_other(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a store in memory nobody can write while somebody reads."""
    feed = Feed(store)
    watching(feed, LOG)
    trouble: list[Exception] = []

    def come() -> None:
        try:
            feed.watch(EVENT)
        except StoreLockedError as error:
            trouble.append(error)

    comer = threading.Thread(target=come)

    def look_and_come(connection: sa.Connection) -> bool:
        found = is_anything_to_tell(connection)
        comer.start()
        while not feed._lock.locked():
            comer.join(0.001)
        return found

    monkeypatch.setattr("prefect.server.events.feed.is_anything_to_tell", look_and_come)
    feed.step()
    comer.join()
    assert trouble == []


def test_what_was_read_is_handed_over_when_the_store_can_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = Feed(store)
    events, logs = watching(feed, EVENT), watching(feed, LOG)
    keep(store, 1)
    store.journal.record_log("prefect.flow_runs", 20, "Hello", seconds(1), RUN, None)
    store.flush()
    with monkeypatch.context() as patch, pytest.raises(StoreLockedError):
        patch.setattr("prefect.server.events.feed._logs_of", raises_locked)
        feed.step()
    feed.step()
    feed.step()
    assert (len(events.take()), len(logs.take())) == (1, 1)


def raises_locked(*arguments: Any) -> Any:
    raise StoreLockedError("locked")


def test_log_records_reach_who_watches(store: Store) -> None:
    feed = Feed(store)
    subscription = watching(feed, LOG)
    store.journal.record_log("prefect.flow_runs", 20, "Hello", seconds(1), RUN, None)
    feed.step()
    (message,) = subscription.take()
    assert '"message":"Hello"' in message.text
    assert message.text.startswith('{"type":"log","log":{')


def test_what_nobody_watches_is_not_even_announced(store: Store) -> None:
    feed = Feed(store)
    assert feed.step() == UNWATCHED_SECONDS
    keep(store, 1)
    store.journal.record_log("prefect.flow_runs", 20, "Hello", seconds(1), RUN, None)
    store.flush()
    assert messages(store) == 0


def test_listening_is_renewed_before_it_ends(store: Store) -> None:
    clock = Monotonic()
    feed = Feed(store, monotonic=clock)

    def expiries() -> set[Any]:
        with store.reading() as connection:
            query = sa.select(lease.c.resource_id, lease.c.expires_at).where(lease.c.kind == "service")
            return set(connection.execute(query).all())

    feed.step()
    first = expiries()
    assert len(first) == 1
    clock.seconds = LISTENING_SECONDS / 4
    feed.step()
    assert expiries() == first
    clock.seconds = LISTENING_SECONDS / 2
    feed.step()
    assert expiries() != first


def test_listening_is_renewed_when_the_machine_has_slept(store: Store) -> None:
    feed = Feed(store, monotonic=Monotonic())

    def expiry() -> datetime:
        with store.reading() as connection:
            return connection.execute(
                sa.select(lease.c.expires_at).where(lease.c.kind == "service")
            ).scalar_one()

    with use_clock(VirtualClock()) as clock:
        feed.step()
        clock.sleep(LISTENING_SECONDS)
        feed.step()
        assert expiry() > clock.now()


def test_messages_are_swept_when_everybody_has_read_them(store: Store) -> None:
    clock = Monotonic()
    feed = Feed(store, monotonic=clock)
    watching(feed, EVENT)
    keep(store, 1, 2)
    feed.step()
    clock.seconds = SWEEP_SECONDS - 1
    keep(store, 3)
    feed.step()
    assert messages(store) == 3
    clock.seconds = SWEEP_SECONDS + 1
    feed.step()
    assert messages(store) == 1


def a_state(store: Store) -> None:
    run = TaskRun(id=uuid7(), name="r", task_key="k", dynamic_key="1")
    store.journal.record_task_run(run, State(type=StateType.RUNNING))
    store.flush()


def count(store: Store, table: sa.Table) -> int:
    with store.reading() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def test_states_are_reported_and_told_and_what_is_told_comes_live(store: Store) -> None:
    feed, woken = Feed(store), []
    persister = EventPersister(store, told=lambda: woken.append("feed"))
    feed.states_came = lambda: woken.append("persister")
    feed.step()
    subscription = watching(feed, EVENT)
    a_state(store)
    feed.step()
    assert woken == ["persister"]
    persister.step()
    assert woken == ["persister", "feed"]
    feed.step()
    assert (len(subscription.take()), count(store, event_outbox), count(store, event)) == (1, 0, 1)


def test_a_server_that_does_not_tell_states_does_not_ask_for_them(store: Store) -> None:
    Feed(store, tells_states=False).step()
    a_state(store)
    assert count(store, event_outbox) == 0


def test_telling_rests_while_it_is_behind(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a flood of states does not slow down who writes them."""
    monkeypatch.setattr("prefect.server.services.event_persister.SLICE", 2)
    Feed(store).step()
    for _ in range(5):
        a_state(store)
    # of each slice: the work before and after
    times = iter([10.0, 10.5, 20.0, 20.5, 30.0, 30.5])
    persister = EventPersister(store, worked=lambda: next(times))
    assert persister.step() == persister.rest_seconds == pytest.approx(RESTS * 0.5)
    assert persister.step() == persister.rest_seconds == pytest.approx(RESTS_AFTERWARDS * 0.5)
    # the last one: whoever comes now is told after the rest
    assert persister.step() == IDLE_SECONDS
    assert persister.rest_seconds == pytest.approx(RESTS_AFTERWARDS * 0.5)


def test_old_events_are_removed(store: Store) -> None:
    kept = an_event(2, occurred=now())
    with store.writing() as connection:
        store_events(connection, [an_event(1), kept])
    settings = get_current_settings()
    assert EventVacuum(store, settings).step() == settings.server.services.db_vacuum.loop_seconds
    assert count(store, event) == 1

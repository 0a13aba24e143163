"""Slots of limits on tags, taken and given back by the states that are proposed for task runs."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest

from prefect._clock import VirtualClock, use_clock
from prefect.schemas.actions.concurrency import ConcurrencyLimitCreate
from prefect.schemas.actions.runs import TaskRunCreate
from prefect.schemas.actions.states import StateCreate
from prefect.schemas.states import State, StateType
from prefect.server.database.store import Store, open_store
from prefect.server.models.concurrency_limits import create_tag_limit, read_tag_limit
from prefect.server.models.concurrency_slots import take_slots
from prefect.server.models.creation import create_task_run
from prefect.server.models.tag_slots import tag_limit_rows, take_tag_slots
from prefect.server.models.task_transitions import propose_task_run_state
from prefect.server.models.transitions import Outcome
from prefect.settings import get_current_settings
from prefect.states import Cancelled, Cancelling, Completed, Crashed, Failed, Pending, Running, Scheduled


@pytest.fixture(autouse=True)
def clock() -> Iterator[VirtualClock]:
    clock = VirtualClock()
    with use_clock(clock):
        yield clock


@pytest.fixture
def limit(store: Store) -> Any:
    def limit(tag: str, most: int) -> None:
        with store.writing() as connection:
            create_tag_limit(connection, ConcurrencyLimitCreate(tag=tag, concurrency_limit=most))

    return limit


@pytest.fixture
def make(store: Store) -> Any:
    """A task run outside of flows, pending."""

    def make(*tags: str, **told: Any) -> UUID:
        told = {"state": StateCreate(type=StateType.PENDING), **told}
        with store.writing() as connection:
            run = create_task_run(
                connection, TaskRunCreate(task_key="t", dynamic_key="0", tags=list(tags), **told)
            )
        return run.id

    return make


@pytest.fixture
def propose(store: Store) -> Any:
    def propose(run: UUID, state: State[Any], force: bool = False, on: Store = store) -> Outcome:
        with on.writing(apart=True) as connection:
            return propose_task_run_state(connection, run, state, force)

    return propose


@pytest.fixture
def holders(store: Store) -> Any:
    def holders(tag: str) -> list[UUID]:
        with store.reading() as connection:
            return read_tag_limit(connection, tag).active_slots

    return holders


def test_a_run_takes_a_slot_of_each_tag_or_waits(limit: Any, make: Any, propose: Any, holders: Any) -> None:
    limit("a", 2)
    limit("b", 1)
    first, second = make("a", "b", "free"), make("a", "b")
    assert propose(first, Running()).status == "ACCEPT"
    outcome = propose(second, Running())
    assert outcome.status == "WAIT"
    assert "'b'" in outcome.reason
    wait = get_current_settings().server.tasks.tag_concurrency_slot_wait_seconds
    assert wait / 2 <= outcome.delay_seconds <= wait * 3 / 2
    assert (holders("a"), holders("b")) == ([first], [first])


def test_a_limit_of_0_lets_nothing_start(limit: Any, make: Any, propose: Any) -> None:
    limit("a", 0)
    outcome = propose(make("a"), Running())
    assert outcome.status == "ABORT"
    assert "'a' is 0" in outcome.reason


@pytest.mark.parametrize("end", [Completed, Failed, Crashed, Cancelled, Scheduled, Pending])
@pytest.mark.parametrize("force", [False, True])
def test_whoever_stops_gives_the_slot_back(
    limit: Any, make: Any, propose: Any, holders: Any, end: Any, force: bool
) -> None:
    limit("a", 1)
    run, other = make("a"), make("a")
    propose(run, Running())
    assert propose(run, end(), force).status == "ACCEPT"
    assert holders("a") == []
    assert propose(other, Running()).status == "ACCEPT"


def test_a_run_that_is_being_cancelled_keeps_its_slot(
    limit: Any, make: Any, propose: Any, holders: Any
) -> None:
    limit("a", 1)
    run = make("a")
    propose(run, Running())
    propose(run, Cancelling())
    assert holders("a") == [run]


def test_a_forced_state_takes_no_slot(limit: Any, make: Any, propose: Any, holders: Any) -> None:
    limit("a", 0)
    assert propose(make("a"), Running(), force=True).status == "ACCEPT"
    assert holders("a") == []


def test_a_slot_that_the_engine_took_is_enough(
    limit: Any, make: Any, propose: Any, holders: Any, store: Store
) -> None:
    limit("a", 1)
    run = make("a")
    with store.writing() as connection:
        take_tag_slots(connection, tag_limit_rows(connection, ["a"]), run)
    assert propose(run, Running()).status == "ACCEPT"
    assert holders("a") == [run]


def test_a_run_that_goes_on_after_it_was_taken_for_dead_holds_one_slot(
    limit: Any, make: Any, propose: Any, holders: Any, store: Store, fill_state: Any
) -> None:
    limit("a", 2)
    run = make("a")
    propose(run, Running())
    fill_state(run, "CRASHED")
    assert holders("a") == []
    assert propose(run, Running()).status == "ACCEPT"
    assert holders("a") == [run]
    assert propose(make("a"), Running()).status == "ACCEPT"


@pytest.fixture
def fill_state(store: Store) -> Any:
    """Ends a run as whoever reaps it does, who asks no rule."""

    def fill(run: UUID, type: str) -> None:
        with store.journal.transaction() as connection:
            connection.execute("UPDATE task_run SET state_type = ? WHERE id = ?", (type, run.bytes))

    return fill


def test_slots_taken_by_name_count_each(limit: Any, make: Any, propose: Any, store: Store) -> None:
    limit("a", 3)
    with store.writing() as connection:
        take_slots(connection, ["tag:a"], 2, "concurrency")
    assert propose(make("a"), Running()).status == "ACCEPT"
    assert propose(make("a"), Running()).status == "WAIT"


def test_servers_give_no_slot_twice(
    limit: Any, make: Any, propose: Any, holders: Any, store_url: str
) -> None:
    limit("a", 2)
    limit("b", 5)
    runs = [make("a", "b") for _ in range(8)]
    stores = [open_store(store_url) for _ in range(3)]
    # that both limits are locked in one order
    with ThreadPoolExecutor(len(runs)) as pool:
        answers = pool.map(
            lambda turn: propose(turn[1], Running(), on=stores[turn[0] % 3]).status, enumerate(runs)
        )
        statuses = sorted(answers)
    for one in stores:
        one.close()
    assert statuses == ["ACCEPT"] * 2 + ["WAIT"] * 6
    assert (len(holders("a")), len(holders("b"))) == (2, 2)

"""Two processes over one store, several threads each, all after the same thing: as if they had queued."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from prefect.schemas.actions import FlowCreate, FlowRunCreate, StateCreate, TaskRunCreate
from prefect.schemas.bases import uuid7
from prefect.schemas.operations import flow_runs, flows, task_runs
from prefect.schemas.runs import FlowRun
from prefect.schemas.states import StateType
from prefect.server.database.repeating import repeated
from prefect.server.database.store import Store, open_store
from prefect.server.models import locks, transitions
from prefect.server.operations.doing import do
from prefect.states import Cancelling, Completed, Crashed, Pending, Running

THREADS = 6
PATIENCE_SECONDS = 120.0


@pytest.fixture
def stores(store_url: str) -> Iterator[list[Store]]:
    pair = [open_store(store_url, holder=f"holder-{number}|boot|{number}|1") for number in range(2)]
    yield pair
    for store in pair:
        store.close()


def at_once(stores: list[Store], act: Callable[[Store, int], Any]) -> list[Any]:
    """What each of several threads gets that do something at the same moment; an error is raised."""
    barrier = threading.Barrier(THREADS)
    answers: list[Any] = []
    errors: list[BaseException] = []

    def run(number: int) -> None:
        try:
            barrier.wait(PATIENCE_SECONDS)
            answers.append(act(stores[number % len(stores)], number))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    if errors:
        raise errors[0]
    return answers


def begun(store: Store) -> FlowRun:
    run = FlowRun(name="run", flow_id=transitions.flow_id(store.journal, "flow"))
    transitions.create_flow_run(store.journal, run, Pending(), begin=True)
    return run


def read(store: Store, query: str, *values: Any) -> list[tuple[Any, ...]]:
    with store.journal.reading() as connection:
        found: list[tuple[Any, ...]] = connection.execute(query, values).fetchall()
        return found


def test_proposals_for_one_run_are_decided_one_after_the_other(stores: list[Store]) -> None:
    run = begun(stores[0])
    proposed = [Running(), Completed(), Running(name="Again"), Crashed(), Cancelling(), Running()]
    propose = transitions.propose_flow_run_state
    outcomes = at_once(
        stores, lambda store, number: repeated(lambda: propose(store.journal, run.id, proposed[number]))
    )
    query = "SELECT id, type, timestamp FROM flow_run_state WHERE flow_run_id = ? ORDER BY timestamp, id"
    history = read(stores[0], query, run.id.bytes)
    moments = [timestamp for *_, timestamp in history]
    assert len(set(moments)) == len(moments)
    known = {id for id, *_ in history}
    assert {one.state.id.bytes for one in outcomes if one.state is not None} <= known
    accepted = [one for one in outcomes if one.status == "ACCEPT"]
    assert len(history) >= 1 + len(accepted)
    current = "SELECT state_id, state_type, state_timestamp, run_count FROM flow_run WHERE id = ?"
    [(*state, count)] = read(stores[0], current, run.id.bytes)
    assert tuple(state) == history[-1], "the run is in the state that it entered last"
    assert count <= sum(type == "RUNNING" for _, type, _ in history)


def test_a_lock_is_taken_by_one(stores: list[Store]) -> None:
    for key in map(str, range(5)):
        taken = at_once(
            stores,
            lambda store, number, key=key: repeated(  # type: ignore[misc]
                lambda: locks.try_lock(store.journal, key, f"thread-{number}", 60)
            ),
        )
        assert taken.count(True) == 1


def test_an_attempt_is_begun_by_one(stores: list[Store]) -> None:
    run = begun(stores[0])
    propose = transitions.propose_flow_run_state
    propose(stores[0].journal, run.id, Crashed(), force=True)
    answers = at_once(
        stores,
        lambda store, _: repeated(
            lambda: propose(store.journal, run.id, Pending(name="AwaitingRetry"), begin=True, force=True)
        ),
    )
    attempts = sorted(one.attempt for one in answers if one.status == "ACCEPT")
    assert attempts == sorted(set(attempts)), "each attempt has a number of its own"
    [(holder, attempt)] = read(
        stores[0], "SELECT holder, attempt FROM lease WHERE resource_id = ?", run.id.bytes
    )
    assert attempt == attempts[-1]
    assert holder.startswith("holder-")


def test_what_is_made_once_is_made_once(stores: list[Store]) -> None:
    made = at_once(stores, lambda store, _: do(store, flows.create_flow(flow=FlowCreate(name="etl"))).id)
    assert len(set(made)) == 1
    flow_id = made[0]

    def create(store: Store, _: int) -> Any:
        asked = FlowRunCreate(flow_id=flow_id, idempotency_key="k", state=StateCreate(type=StateType.PENDING))
        return do(store, flow_runs.create_flow_run(flow_run=asked)).id

    runs = at_once(stores, create)
    assert len(set(runs)) == 1

    def create_task(store: Store, _: int) -> Any:
        asked = TaskRunCreate(flow_run_id=runs[0], task_key="t", dynamic_key="0")
        return do(store, task_runs.create_task_run(task_run=asked)).id

    assert len(set(at_once(stores, create_task))) == 1


def test_labels_that_several_add_are_all_kept(stores: list[Store]) -> None:
    run = begun(stores[0])

    def label(store: Store, number: int) -> None:
        labels = {f"thread-{number}": str(uuid7())}
        do(store, flow_runs.update_flow_run_labels(flow_run_id=run.id, labels=labels))

    at_once(stores, label)
    labels = do(stores[0], flow_runs.read_flow_run(flow_run_id=run.id)).labels
    assert {f"thread-{number}" for number in range(THREADS)} <= set(labels)

"""States become events in the original's words, whoever wrote them, each once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from event_samples import an_event, seconds
from prefect.schemas.actions.runs import FlowRunCreate
from prefect.schemas.bases import now, uuid7
from prefect.schemas.event_filters import EventFilter
from prefect.schemas.events import ReceivedEvent
from prefect.schemas.operations import OPERATIONS
from prefect.schemas.runs import TaskRun
from prefect.schemas.states import State, StateType
from prefect.server.database.announcing import TO_STATES
from prefect.server.database.store import Store
from prefect.server.database.tables import event_outbox, flow_run_state
from prefect.server.events.live import listen
from prefect.server.events.reading import read_events
from prefect.server.events.run_events import StateFacts, histories
from prefect.server.events.storing import store_events
from prefect.server.events.telling import tell
from prefect.server.models.transitions import flow_id
from prefect.server.operations import do


@pytest.fixture
def listening(store: Store) -> Store:
    with store.writing() as connection:
        listen(connection, [TO_STATES], "tests", now(), now() + timedelta(hours=1))
    return store


def ask(store: Store, operation: str, *args: Any, **kwargs: Any) -> Any:
    return do(store, OPERATIONS[operation](*args, **kwargs))


def told(store: Store, limit: int = 100) -> int:
    with store.writing() as connection:
        return tell(connection, limit)


def events(store: Store) -> list[ReceivedEvent]:
    span = {"since": seconds(0), "until": now() + timedelta(hours=1)}
    filter = EventFilter.model_validate({"occurred": span, "order": "ASC"})
    with store.reading() as connection:
        return read_events(connection, filter, 100)


def enter(store: Store, run: TaskRun, type: StateType, at: float, **values: Any) -> State[Any]:
    """As the embedded engine records it."""
    state: State[Any] = State(type=type, timestamp=seconds(at), **values)
    store.journal.record_task_run(run, state)
    return state


def a_flow_run(store: Store, **values: Any) -> Any:
    asked = FlowRunCreate(flow_id=flow_id(store.journal, "etl"), name="my-run", **values)
    return ask(store, "create_flow_run", asked)


def test_nothing_is_announced_when_nobody_listens(store: Store) -> None:
    a_flow_run(store)
    assert told(store) == 0


def test_nothing_is_announced_when_the_listener_has_gone(store: Store) -> None:
    with store.writing() as connection:
        listen(connection, [TO_STATES], "gone", now(), now() - timedelta(seconds=2))
    a_flow_run(store)
    assert told(store) == 0


def test_a_flow_run_is_told_as_the_original_tells_it(listening: Store) -> None:
    run = a_flow_run(listening, tags=["nightly"])
    ask(listening, "set_flow_run_state", run.id, State(type=StateType.RUNNING, message="Off we go"))
    assert told(listening) == 2
    pending, running = events(listening)
    assert pending.follows is None
    assert running.id == ask(listening, "read_flow_run", run.id).state_id
    assert running.model_dump(mode="json", exclude={"id", "received", "occurred"}) == {
        "event": "prefect.flow-run.Running",
        "resource": {
            "prefect.resource.id": f"prefect.flow-run.{run.id}",
            "prefect.resource.name": "my-run",
            "prefect.run-count": "1",
            "prefect.state-message": "Off we go",
            "prefect.state-name": "Running",
            "prefect.state-timestamp": running.occurred.isoformat(),
            "prefect.state-type": "RUNNING",
        },
        "related": [
            {
                "prefect.resource.id": f"prefect.flow.{run.flow_id}",
                "prefect.resource.role": "flow",
                "prefect.resource.name": "etl",
            },
            {"prefect.resource.id": "prefect.tag.nightly", "prefect.resource.role": "tag"},
        ],
        "payload": {
            "intended": {"from": "PENDING", "to": "RUNNING"},
            "initial_state": {"type": "PENDING", "name": "Pending"},
            "validated_state": {"type": "RUNNING", "name": "Running", "message": "Off we go"},
        },
        "follows": str(pending.id),
    }


def test_a_task_run_is_told_as_the_original_tells_it(listening: Store) -> None:
    flow_run = a_flow_run(listening)
    run = TaskRun(
        id=uuid7(), name="add-1", task_key="add-x", dynamic_key="1", flow_run_id=flow_run.id, tags=["t"]
    )
    enter(listening, run, StateType.PENDING, 1)
    running = enter(listening, run, StateType.RUNNING, 2)
    completed = enter(listening, run, StateType.COMPLETED, 5)
    listening.flush()
    assert told(listening) == 4
    one = next(event for event in events(listening) if event.id == completed.id)
    assert (one.event, one.follows) == ("prefect.task-run.Completed", running.id)
    assert one.resource.root == {
        "prefect.resource.id": f"prefect.task-run.{run.id}",
        "prefect.resource.name": "add-1",
        "prefect.run-count": "1",
        "prefect.state-message": "",
        "prefect.state-name": "Completed",
        "prefect.state-timestamp": seconds(5).isoformat(),
        "prefect.state-type": "COMPLETED",
        "prefect.orchestration": "client",
    }
    assert [related.id.rpartition(".")[0] for related in one.related] == [
        "prefect.tag", "prefect.flow-run", "prefect.flow",
    ]  # fmt: skip
    assert one.payload == {
        "intended": {"from": "RUNNING", "to": "COMPLETED"},
        "initial_state": {"type": "RUNNING", "name": "Running", "message": "", "state_details": {}},
        "validated_state": {
            "type": "COMPLETED", "name": "Completed", "message": "", "state_details": {}, "data": None,
        },
        "task_run": {
            "name": "add-1",
            "task_key": "add-x",
            "dynamic_key": "1",
            "flow_run_run_count": 0,
            "empirical_policy": {},
            "tags": ["t"],
            "labels": {},
            "task_inputs": {},
            "run_count": 1,
            "expected_start_time": seconds(1).isoformat(),
            "start_time": seconds(2).isoformat(),
            "end_time": seconds(5).isoformat(),
            "total_run_time": 3.0,
        },
    }  # fmt: skip


def test_counters_are_those_of_the_state_not_of_now() -> None:
    def state(number: int, type: str, at: float) -> StateFacts:
        return StateFacts(UUID(int=number), seconds(at), type, type.capitalize(), None, {}, None)

    chain = [state(1, "PENDING", 0), state(2, "RUNNING", 1), state(3, "SCHEDULED", 3)]
    chain += [state(4, "RUNNING", 10), state(5, "FAILED", 14)]
    found = histories(chain)
    assert [found[one.id].run_count for one in chain] == [0, 1, 1, 2, 2]
    assert [found[one.id].ran.total_seconds() for one in chain] == [0, 0, 2, 2, 6]
    assert found[UUID(int=5)].start == seconds(1)
    assert [found[one.id].end for one in chain] == [None] * 4 + [seconds(14)]


def test_states_are_told_a_slice_at_a_time_in_order(listening: Store) -> None:
    run = TaskRun(id=uuid7(), name="r", task_key="k", dynamic_key="1")
    ids = [enter(listening, run, StateType.RUNNING, number).id for number in range(5)]
    listening.flush()
    assert [told(listening, 2) for _ in range(4)] == [2, 2, 1, 0]
    assert [event.id for event in events(listening)] == ids


def test_what_a_client_has_told_is_not_told_again(listening: Store) -> None:
    run = TaskRun(id=uuid7(), name="r", task_key="k", dynamic_key="1")
    state = enter(listening, run, StateType.RUNNING, 1)
    listening.flush()
    own = an_event(1, "prefect.task-run.Running", id=state.id)
    with listening.writing() as connection:
        store_events(connection, [own])
    assert told(listening) == 1
    assert events(listening) == [own]


def test_a_failure_leaves_the_states_to_be_told(listening: Store) -> None:
    a_flow_run(listening)
    with pytest.raises(RuntimeError, match="killed"), listening.writing() as connection:
        tell(connection, 10)
        raise RuntimeError("killed")
    assert events(listening) == []
    assert told(listening) == 1


def test_a_run_deleted_in_the_meantime_is_left_out(listening: Store) -> None:
    run = a_flow_run(listening)
    ask(listening, "delete_flow_run", run.id)
    assert told(listening) == 1
    assert events(listening) == []


def test_every_writer_announces(listening: Store) -> None:
    """A row put in by hand, past all of our code, is announced too."""
    row = {"id": uuid7(), "flow_run_id": uuid7(), "timestamp": now(), "type": "RUNNING", "name": "Running"}
    with listening.writing() as connection:
        connection.execute(flow_run_state.insert(), row)
        announced = connection.execute(sa.select(event_outbox)).one()
    assert (announced.kind, announced.run_id, announced.state_id) == (
        "flow-run",
        row["flow_run_id"],
        row["id"],
    )

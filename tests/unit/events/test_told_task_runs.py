"""Task runs that foreign clients tell of by events: recorded once, in order, whatever the order of arrival."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from event_samples import an_event, related, seconds
from prefect.schemas.events import ReceivedEvent
from prefect.server.database.store import Store
from prefect.server.database.tables import task_run, task_run_state
from prefect.server.events.receiving import take_in
from prefect.server.events.task_runs import told_state

RUN, FLOW_RUN = UUID(int=77), UUID(int=88)


def told(number: int, type: str, name: str | None = None, run: UUID = RUN, **fields: Any) -> ReceivedEvent:
    """The event that a client sends when its task run enters a state; `number` is its place in the history."""
    name = name or type.capitalize()
    task = {"name": "add-1", "task_key": "add-x", "dynamic_key": "1", "run_count": number, "tags": ["t"]}
    return an_event(
        number,
        f"prefect.task-run.{name}",
        resource={"prefect.resource.id": f"prefect.task-run.{run}", "prefect.orchestration": "client"},
        related=[related(f"prefect.flow-run.{FLOW_RUN}", "flow-run")],
        payload={
            "validated_state": {"type": type, "name": name, "message": "m", "state_details": {}},
            "task_run": {**task, "total_run_time": 1.5, "task_inputs": {"x": []}, **fields},
        },
    )


EVENTS = [
    told(1, "PENDING"),
    told(2, "RUNNING", start_time=seconds(2).isoformat()),
    told(3, "SCHEDULED", "AwaitingRetry", start_time=seconds(2).isoformat()),
    told(4, "RUNNING", "Retrying", start_time=seconds(2).isoformat()),
    told(5, "COMPLETED", start_time=seconds(2).isoformat(), end_time=seconds(5).isoformat()),
]


def receive(store: Store, *events: ReceivedEvent) -> None:
    with store.writing() as connection:
        take_in(connection, events)


def recorded(store: Store) -> Any:
    with store.reading() as connection:
        return connection.execute(sa.select(task_run).where(task_run.c.id == RUN)).one()


def states(store: Store) -> list[str]:
    query = sa.select(task_run_state.c.name).order_by(task_run_state.c.timestamp)
    with store.reading() as connection:
        return list(connection.execute(query).scalars())


def test_a_run_is_what_its_last_state_says(store: Store) -> None:
    receive(store, *EVENTS)
    run = recorded(store)
    assert states(store) == ["Pending", "Running", "AwaitingRetry", "Retrying", "Completed"]
    assert (run.state_name, run.state_type, run.state_id) == ("Completed", "COMPLETED", EVENTS[-1].id)
    assert (run.run_count, run.total_run_time) == (5, timedelta(seconds=1.5))
    assert (run.start_time, run.end_time) == (seconds(2), seconds(5))
    assert (run.name, run.task_key, run.tags, run.flow_run_id) == ("add-1", "add-x", ["t"], FLOW_RUN)


@pytest.mark.parametrize("order", list(itertools.permutations(range(5)))[::13], ids=str)
def test_the_order_of_arrival_does_not_matter(store: Store, order: tuple[int, ...]) -> None:
    for index in order:
        receive(store, EVENTS[index], EVENTS[index])
    run = recorded(store)
    assert states(store) == ["Pending", "Running", "AwaitingRetry", "Retrying", "Completed"]
    assert (run.state_name, run.run_count, run.end_time) == ("Completed", 5, seconds(5))


def test_a_run_that_has_ended_does_not_go_on(store: Store) -> None:
    receive(store, *EVENTS)
    receive(store, told(9, "RUNNING"))
    assert recorded(store).state_name == "Completed"


def test_a_run_that_has_ended_may_end_otherwise(store: Store) -> None:
    """A task whose transaction is rolled back had completed before."""
    receive(store, *EVENTS)
    receive(store, told(9, "COMPLETED", "RolledBack"))
    assert recorded(store).state_name == "RolledBack"


def test_runs_of_one_batch_are_told_apart(store: Store) -> None:
    receive(store, told(1, "PENDING"), told(2, "RUNNING", run=UUID(int=99)), told(3, "RUNNING"))
    query = sa.select(task_run.c.id, task_run.c.state_name).order_by(task_run.c.id)
    with store.reading() as connection:
        assert connection.execute(query).all() == [(RUN, "Running"), (UUID(int=99), "Running")]


@pytest.mark.parametrize(
    "values",
    [
        {"event": "prefect.flow-run.Running"},
        {"resource": {"prefect.resource.id": f"prefect.task-run.{RUN}"}},
        {"resource": {"prefect.resource.id": "prefect.task-run.abc", "prefect.orchestration": "client"}},
        {"payload": {}},
        {"payload": {"task_run": [], "validated_state": {}}},
        {"payload": {"task_run": {"name": "x"}, "validated_state": {"type": "RUNNING"}}},
        {"payload": {**EVENTS[0].payload, "validated_state": {"type": "DANCING"}}},
        {"related": [related("prefect.flow-run.nonsense", "flow-run")]},
    ],
)
def test_what_tells_of_no_task_run_is_only_an_event(store: Store, values: dict[str, Any]) -> None:
    event = ReceivedEvent.model_validate({**EVENTS[0].model_dump(), **values})
    assert told_state(event) is None
    receive(store, event)
    assert states(store) == []

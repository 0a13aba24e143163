"""What the journal writes by hand and what the models read through SQLAlchemy is the same thing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from prefect.schemas.bases import uuid7
from prefect.schemas.fields import CreatedBy
from prefect.schemas.filters.logs import LogFilter
from prefect.schemas.runs import (
    Constant,
    FlowRun,
    FlowRunPolicy,
    FlowRunResult,
    Parameter,
    TaskRun,
    TaskRunPolicy,
    TaskRunResult,
)
from prefect.schemas.states import State, StateDetails, StateType
from prefect.server.database.holders import HostFacts, this_holder
from prefect.server.database.journal import Journal
from prefect.server.database.store import Store
from prefect.server.models import transitions
from prefect.server.models.flow_runs import read_flow_run
from prefect.server.models.flows import read_flow_by_name
from prefect.server.models.logs import read_logs
from prefect.server.models.recovery import reap
from prefect.server.models.states import read_task_run_states
from prefect.server.models.task_runs import read_task_run

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def journal(store: Store) -> Journal:
    return store.journal


@pytest.fixture
def connection(store: Store) -> Iterator[sa.Connection]:
    # as of now at each query, not as of the first
    with store.engine.connect() as connection:
        yield connection.execution_options(isolation_level="AUTOCOMMIT")


def state(type: StateType, at: datetime = NOW, **details: Any) -> State[Any]:
    return State(type=type, message="Grüße 🙂?", timestamp=at, state_details=StateDetails(**details))


def test_a_flow_run(journal: Journal, connection: sa.Connection) -> None:
    run = FlowRun(
        name="ünïcode", flow_id=transitions.flow_id(journal, "etl"), flow_version="2", tags=["a", "b"],
        parameters={"x": [1.5, None, {"deep": True}], "when": "2026"}, context={"c": 1}, labels={"l": 1.5},
        empirical_policy=FlowRunPolicy(retries=3, retry_delay=2.5, pause_keys={"k"}), idempotency_key="once",
        job_variables={"env": {"A": "b"}}, created_by=CreatedBy(id=uuid7(), type="USER"),
        parent_task_run_id=uuid7(), infrastructure_pid="host:1", auto_scheduled=True,
    )  # fmt: skip
    due = NOW + timedelta(days=1)
    transitions.create_flow_run(journal, run, state(StateType.SCHEDULED, scheduled_time=due), begin=False)
    read = read_flow_run(connection, run.id)
    given = {
        "name", "flow_id", "flow_version", "tags", "parameters", "context", "labels", "empirical_policy",
        "idempotency_key", "job_variables", "created_by", "parent_task_run_id", "infrastructure_pid",
        "auto_scheduled",
    }  # fmt: skip
    assert read.model_dump(include=given) == run.model_dump(include=given)
    assert read.expected_start_time == read.next_scheduled_start_time == due
    assert read.state is not None
    assert (read.state.message, read.state.timestamp) == ("Grüße 🙂?", NOW)
    assert read.state.state_details == StateDetails(flow_run_id=run.id, scheduled_time=due)
    assert read_flow_by_name(connection, "etl").id == run.flow_id


def test_a_task_run_and_its_states(journal: Journal, connection: sa.Connection) -> None:
    run = TaskRun(
        name="double", flow_run_id=uuid7(), task_key="double-1", dynamic_key="7", tags=["t"], labels={"l": 1},
        empirical_policy=TaskRunPolicy(retries=2, retry_delay=[1, 2.5], retry_jitter_factor=0.5), run_count=2,
        task_inputs={"x": [TaskRunResult(id=uuid7()), FlowRunResult(id=uuid7())], "y": [Parameter(name="p")],
                     "z": [Constant(type="int")], "none": []},
        start_time=NOW, end_time=NOW + SECOND, total_run_time=SECOND,
    )  # fmt: skip
    journal.record_task_run(run, state(StateType.PENDING))
    expiry = NOW + timedelta(hours=1)
    journal.record_task_run(
        run, state(StateType.COMPLETED, NOW + SECOND, cache_key="c", cache_expiration=expiry)
    )
    journal.flush()
    read = read_task_run(connection, run.id)
    given = {
        "name", "flow_run_id", "task_key", "dynamic_key", "tags", "labels", "empirical_policy", "run_count",
        "task_inputs", "start_time", "end_time", "total_run_time",
    }  # fmt: skip
    assert read.model_dump(include=given) == run.model_dump(include=given)
    assert (read.cache_key, read.cache_expiration) == ("c", expiry)
    states = read_task_run_states(connection, run.id)
    assert [one.type for one in states] == [StateType.PENDING, StateType.COMPLETED]
    assert states[1] == read.state
    assert states[1].state_details == StateDetails(
        flow_run_id=run.flow_run_id, task_run_id=run.id, cache_key="c", cache_expiration=expiry
    )


def test_a_log_record(journal: Journal, connection: sa.Connection) -> None:
    flow_run, task_run = uuid7(), uuid7()
    journal.record_log("prefect.task_runs", 30, "said\n'this'", NOW, flow_run, task_run)
    journal.flush()
    [log] = read_logs(connection, LogFilter.model_validate({"task_run_id": {"any_": [str(task_run)]}}))
    assert (log.name, log.level, log.message, log.timestamp) == ("prefect.task_runs", 30, "said\n'this'", NOW)
    assert (log.flow_run_id, log.task_run_id) == (flow_run, task_run)


def test_a_run_whose_process_is_gone_is_read_as_crashed(journal: Journal, connection: sa.Connection) -> None:
    run = FlowRun(name="lost", flow_id=transitions.flow_id(journal, "etl"))
    transitions.create_flow_run(journal, run, state(StateType.PENDING), begin=True)
    journal.record_task_run(
        TaskRun(name="t", flow_run_id=run.id, task_key="t", dynamic_key="0"), state(StateType.RUNNING)
    )
    host, boot, _, _ = this_holder().split("|")
    with journal.reading() as plain:
        reaped = reap(plain, NOW + SECOND, HostFacts(host, boot, lambda pid: None))
    assert [one.kind for one in reaped] == ["flow_run", "task_run"]
    read = read_flow_run(connection, run.id)
    assert read.state == reaped[0].state.model_copy(
        update={"timestamp": NOW + SECOND, "state_details": StateDetails(flow_run_id=run.id)}
    )
    assert read.state_type is StateType.CRASHED

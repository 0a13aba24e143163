"""A list that is written as JSON straight from rows says what the models of the same rows say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import TypeAdapter

from prefect._clock import Clock, use_clock
from prefect.schemas.bases import uuid7
from prefect.schemas.runs import FlowRun, TaskRun
from prefect.server.database import tables
from prefect.server.models import flow_runs, task_runs

EXTREMES: list[Any] = [
    {},
    {"x": [1, None, 2.5, "é\u2028", {"y": {}}]},
    {"nan": float("nan"), "big": 2**60, "text": 'NaN and Infinity, "quoted" \x00 <b>{{ x }}</b>'},
]


def minutes(number: float) -> datetime:
    """So many minutes after a moment."""
    return datetime(2026, 1, 2, 12, 0, tzinfo=UTC) + timedelta(minutes=number)


class StillClock(Clock):
    """It is ten hours later."""

    def now(self) -> datetime:
        return minutes(600)


@pytest.fixture(autouse=True)
def _time_stands_still() -> Iterator[None]:
    with use_clock(StillClock()):
        yield


def as_models(noun: Any, found: list[Any]) -> Any:
    """What the models say in JSON."""
    return json.loads(TypeAdapter(list[noun]).dump_json(found))


@pytest.mark.parametrize("state", ["Completed", "Running", "Scheduled/Late", "Failed", "Pending", None])
@pytest.mark.parametrize("value", EXTREMES)
def test_flow_runs(connection: sa.Connection, fill: Any, state: str | None, value: Any) -> None:
    flow = fill.flow()
    fill.flow_run(flow, "bare", state)
    pool = fill.insert(tables.work_pool, name="pool", type="process")
    queue = fill.insert(tables.work_queue, name="q", work_pool_id=pool)
    filled = {
        "parameters": value, "context": value, "labels": {"l": True, "n": 1.5}, "tags": ["a", "b"],
        "empirical_policy": {"retries": 2, "pause_keys": ["k"], "retry_type": "reschedule"},
        "job_variables": value, "created_by": {"type": "USER", "id": str(uuid7())}, "run_count": 3,
        "work_queue_id": queue, "work_queue_name": "q", "deployment_id": uuid7(), "deployment_version": "v",
        "flow_version": "7", "idempotency_key": "key", "parent_task_run_id": uuid7(),
        "infrastructure_document_id": uuid7(), "infrastructure_pid": "12", "auto_scheduled": True,
        "next_scheduled_start_time": minutes(3.0001), "message": "why \"so\"\n",
        "details": {"pause_reschedule": True, "scheduled_time": "2026-01-02T12:00:00Z", "cache_key": "c"},
    }  # fmt: skip
    fill.flow_run(flow, "filled", state, **filled)
    written = json.loads(flow_runs.read_flow_runs_as_json(connection))
    for ours, theirs in zip(written, as_models(FlowRun, flow_runs.read_flow_runs(connection)), strict=True):
        assert {name: (ours[name], theirs[name]) for name in theirs if ours[name] != theirs[name]} == {}
        assert ours.keys() == theirs.keys()
    assert [one["name"] for one in written] == ["filled", "bare"]


@pytest.mark.parametrize("state", ["Completed", "Running", "Scheduled", "Failed"])
def test_task_runs(connection: sa.Connection, fill: Any, state: str) -> None:
    run = fill.flow_run(fill.flow())
    fill.task_run(run, "bare", state)
    inputs = {
        "x": [{"input_type": "task_run", "id": str(uuid7())}, {"input_type": "constant", "type": "int"}],
        "y": [{"input_type": "parameter", "name": "p"}, {"input_type": "flow_run", "id": str(uuid7())}],
        "z": [],
    }
    fill.task_run(
        None, "filled", state, task_inputs=inputs, cache_key="c", cache_expiration=minutes(9), tags=["t"],
        empirical_policy={"retries": 1, "retry_delay": [1, 2.5], "retry_jitter_factor": 0.5}, run_count=2,
        flow_run_run_count=1, labels={"a": "b"}, task_version="v", details={"retriable": False},
    )  # fmt: skip
    written = json.loads(task_runs.read_task_runs_as_json(connection))
    assert written == as_models(TaskRun, task_runs.read_task_runs(connection))


def test_states_with_data_and_runs_without_history(connection: sa.Connection, fill: Any) -> None:
    run = fill.flow_run(fill.flow())
    data = {"type": "unknown", "value": [1, float("inf")]}
    query = sa.update(tables.flow_run_state).where(tables.flow_run_state.c.flow_run_id == run)
    connection.execute(query.values(data=data, message="m"))
    fill.insert(
        tables.flow_run, name="projected", flow_id=uuid7(), state_id=uuid7(), state_type="COMPLETED",
        state_name="Completed", state_timestamp=minutes(1), total_run_time=minutes(1) - minutes(0),
    )  # fmt: skip
    written = json.loads(flow_runs.read_flow_runs_as_json(connection))
    assert written == as_models(FlowRun, flow_runs.read_flow_runs(connection))


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_what_the_journal_writes_of_numbers_that_json_has_not(connection: sa.Connection, fill: Any) -> None:
    run = fill.flow_run(fill.flow())
    connection.exec_driver_sql("UPDATE flow_run SET parameters = ? WHERE id = ?", ('{"x": NaN}', run.bytes))
    (written,) = json.loads(flow_runs.read_flow_runs_as_json(connection))
    assert written["parameters"] == {"x": None}


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1" + 400 * "0"])
def test_numbers_beyond_json_spoil_no_list(connection: sa.Connection, fill: Any, number: str) -> None:
    run = fill.flow_run(fill.flow())
    text = f'{{"retries":1,"retry_delay":{number},"x":NaN}}'
    connection.exec_driver_sql(
        "UPDATE flow_run SET parameters = ?, empirical_policy = ? WHERE id = ?", (text, text, run.bytes)
    )
    (written,) = json.loads(flow_runs.read_flow_runs_as_json(connection))
    told = int(number) if number.isdigit() else None
    assert written["parameters"] == {"retries": 1, "retry_delay": told, "x": None}
    assert written["empirical_policy"]["retry_delay"] == told

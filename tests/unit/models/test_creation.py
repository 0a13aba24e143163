"""What creating a run answers is what reading it answers: it is told from what was stored, not read again."""

from __future__ import annotations

import json
from datetime import timedelta, timezone
from typing import Any

import pytest
from tests.unit.models.conftest import T0, Filler

from prefect.schemas.actions.runs import FlowRunCreate, TaskRunCreate
from prefect.schemas.bases import uuid7
from prefect.server.database.store import Store
from prefect.server.models.creation import create_flow_run, create_task_run
from prefect.server.models.flow_runs import read_flow_run
from prefect.server.models.task_runs import read_task_run

NOT_IN_UTC = T0.astimezone(timezone(timedelta(hours=5, minutes=30)))

SCHEDULED = {
    "type": "SCHEDULED",
    "name": "Later",
    "message": "soon\x00 or never",
    "state_details": {"scheduled_time": NOT_IN_UTC, "pause_key": "k"},
}
RETURNED = {"type": "COMPLETED", "data": {"type": "reference", "storage_key": "a/b", "expiration": None}}
UNSTORED = {"type": "COMPLETED", "data": {"type": "unpersisted"}}
STATES: list[Any] = [None, SCHEDULED, RETURNED, UNSTORED, {"type": "RUNNING"}]


def told(run: Any) -> dict[str, Any]:
    """All that is told of a run, but for what goes on with the clock."""
    fields: dict[str, Any] = json.loads(run.model_dump_json())
    return {name: value for name, value in fields.items() if not name.startswith("estimated_")}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("full", [False, True])
def test_a_flow_run_is_answered_as_it_is_read(store: Store, state: Any, full: bool) -> None:
    everything = {
        "name": "n\x00",
        "deployment_id": uuid7(),
        "flow_version": "v",
        "parameters": {"x": [1, 2.5, 1e22, float("nan"), None, {"when": "later"}], "ü": "😀"},
        "context": {"a": {"b": [True]}},
        "parent_task_run_id": uuid7(),
        "infrastructure_document_id": uuid7(),
        "empirical_policy": {"retries": 3, "retry_delay": 7},
        "tags": ["b", "a"],
        "idempotency_key": "once",
        "labels": {"team": "x", "size": 1.5},
        "work_queue_name": "somewhere",
        "job_variables": {"image": "i"},
    }
    with store.writing() as connection:
        flow = Filler(connection).flow(labels={"of": "flow"})
        asked = FlowRunCreate.model_validate(
            {"flow_id": flow, "state": state, **(everything if full else {})}
        )
        created = create_flow_run(connection, asked)
        queries_of_another = create_flow_run(connection, asked) if full else created
    with store.reading() as connection:
        read = read_flow_run(connection, created.id)
    assert told(created) == told(read) == told(queries_of_another)
    assert created == read.model_copy(
        update={
            "estimated_run_time": created.estimated_run_time,
            "estimated_start_time_delta": created.estimated_start_time_delta,
        }
    )


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("full", [False, True])
def test_a_task_run_is_answered_as_it_is_read(store: Store, state: Any, full: bool) -> None:
    everything = {
        "id": uuid7(),
        "name": "n",
        "cache_key": "c",
        "cache_expiration": NOT_IN_UTC,
        "task_version": "v",
        "empirical_policy": {"retries": 3, "retry_delay": [1, 2]},
        "tags": ["b", "a"],
        "labels": {"team": "x"},
        "task_inputs": {"x": [{"input_type": "task_run", "id": uuid7()}], "y": []},
    }
    with store.writing() as connection:
        filler = Filler(connection)
        of = {"flow_run_id": filler.flow_run(filler.flow(), labels={"of": "run"})} if full else {}
        asked = TaskRunCreate.model_validate(
            {"task_key": "t", "dynamic_key": "1", "state": state, **of, **(everything if full else {})}
        )
        created = create_task_run(connection, asked)
    with store.reading() as connection:
        assert told(created) == told(read_task_run(connection, created.id))

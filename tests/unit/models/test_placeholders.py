"""The task run that stands for a subflow run goes where that goes, for clients that leave this to the server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from prefect.schemas.actions.runs import FlowRunCreate, TaskRunCreate
from prefect.schemas.actions.states import StateCreate
from prefect.schemas.operations import OPERATIONS
from prefect.schemas.states import StateType
from prefect.server.database.store import Store, open_store
from prefect.server.models.transitions import flow_id
from prefect.server.operations import do


@pytest.fixture
def store() -> Iterator[Store]:
    store = open_store("sqlite://")
    yield store
    store.close()


def ask(store: Store, operation: str, *args: Any, **kwargs: Any) -> Any:
    return do(store, OPERATIONS[operation](*args, **kwargs))


def enter(store: Store, run: Any, type: StateType, **values: Any) -> Any:
    return ask(store, "set_flow_run_state", run.id, StateCreate(type=type, **values))


def test_a_placeholder_goes_where_its_flow_run_goes(store: Store) -> None:
    flow = flow_id(store.journal, "etl")
    caller = ask(store, "create_flow_run", FlowRunCreate(flow_id=flow))
    asked = TaskRunCreate(flow_run_id=caller.id, task_key="sub", dynamic_key="0")
    placeholder = ask(store, "create_task_run", asked)
    run = ask(store, "create_flow_run", FlowRunCreate(flow_id=flow, parent_task_run_id=placeholder.id))

    enter(store, run, StateType.RUNNING)
    running = ask(store, "read_task_run", placeholder.id)
    assert (running.state_name, running.run_count) == ("Running", 1)
    assert running.state.state_details.child_flow_run_id == run.id

    enter(store, run, StateType.FAILED, message="It was not to be")
    # asked again, since the answer got lost
    enter(store, run, StateType.FAILED, message="It was not to be")
    failed = ask(store, "read_task_run", placeholder.id)
    assert (failed.state_name, failed.state.message) == ("Failed", "It was not to be")
    assert failed.total_run_time > running.total_run_time
    states = ask(store, "read_task_run_states", placeholder.id)
    assert [state.name for state in states] == ["Pending", "Running", "Failed"]


def test_other_flow_runs_have_none(store: Store) -> None:
    run = ask(store, "create_flow_run", FlowRunCreate(flow_id=flow_id(store.journal, "etl")))
    assert enter(store, run, StateType.RUNNING).status == "ACCEPT"

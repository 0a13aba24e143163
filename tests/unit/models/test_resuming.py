"""Resuming a paused run: once, together with what it waits for, and with the run that stands for it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest

from prefect.exceptions import ObjectNotFound
from prefect.schemas.actions.deployments import DeploymentCreate
from prefect.schemas.actions.flows import FlowCreate
from prefect.schemas.actions.runs import DeploymentFlowRunCreate, FlowRunCreate, TaskRunCreate
from prefect.schemas.actions.states import StateCreate
from prefect.schemas.filters.flow_runs import FlowRunFilter
from prefect.schemas.operations import OPERATIONS
from prefect.schemas.responses import SetStateStatus
from prefect.schemas.states import StateDetails, StateType
from prefect.server.database.store import Store
from prefect.server.models import flow_runs
from prefect.server.operations import do


@pytest.fixture
def ask(store: Store) -> Any:
    return lambda operation, *args, **kwargs: do(store, OPERATIONS[operation](*args, **kwargs))


@pytest.fixture
def flow_id(ask: Any) -> UUID:
    return ask("create_flow", FlowCreate(name="flow")).id


def enter(ask: Any, run: Any, type: StateType, **details: Any) -> None:
    state = StateCreate(type=type, state_details=StateDetails(**details))
    assert ask("set_flow_run_state", run.id, state).status is SetStateStatus.ACCEPT


def paused(ask: Any, run: Any, **details: Any) -> Any:
    enter(ask, run, StateType.RUNNING)
    enter(ask, run, StateType.PAUSED, **details)
    return run


def test_an_answer_is_there_when_the_run_goes_on(
    ask: Any, flow_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {"run_input_keyset": {"response": "NO KEY OF AN INPUT"}}
    run = paused(ask, ask("create_flow_run", FlowRunCreate(flow_id=flow_id)), **asked)
    with pytest.raises(ValueError, match="key"):
        ask("resume_flow_run", run.id, {"x": 1})
    # neither of the two happened
    assert ask("read_flow_run", run.id).state_type is StateType.PAUSED


def test_a_later_answer_takes_the_place_of_an_earlier_one(ask: Any, flow_id: UUID) -> None:
    run = ask("create_flow_run", FlowRunCreate(flow_id=flow_id))
    for answer in (1, 2):
        paused(ask, run, pause_key=str(answer), run_input_keyset={"response": "answer"})
        assert ask("resume_flow_run", run.id, {"x": answer}).status is SetStateStatus.ACCEPT
    assert ask("read_flow_run_input", run.id, "answer") == '{"x": 2}'


def test_a_run_goes_on_once(ask: Any, flow_id: UUID) -> None:
    deployment = ask("create_deployment", DeploymentCreate(name="d", flow_id=flow_id))
    run = ask("create_flow_run_from_deployment", deployment.id, DeploymentFlowRunCreate())
    enter(ask, run, StateType.PENDING)
    paused(ask, run, pause_reschedule=True)
    with ThreadPoolExecutor(4) as pool:
        answers = pool.map(lambda number: ask("resume_flow_run", run.id, None).status.value, range(4))
        statuses = sorted(answers)
    assert statuses == ["ABORT"] * 3 + ["ACCEPT"]
    assert [one.name for one in ask("read_flow_run_states", run.id)].count("Resuming") == 1


def test_what_stands_for_a_run_goes_on_with_it(ask: Any, flow_id: UUID) -> None:
    caller = ask("create_flow_run", FlowRunCreate(flow_id=flow_id))
    asked = TaskRunCreate(flow_run_id=caller.id, task_key="sub", dynamic_key="0")
    placeholder = ask("create_task_run", asked)
    run = ask("create_flow_run", FlowRunCreate(flow_id=flow_id, parent_task_run_id=placeholder.id))
    paused(ask, run)
    assert ask("read_task_run", placeholder.id).state_type is StateType.PAUSED
    ask("resume_flow_run", run.id, None)
    assert ask("read_task_run", placeholder.id).state_type is StateType.RUNNING


def test_a_run_that_is_deleted_meanwhile_does_not_spoil_setting_many(
    ask: Any, flow_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [ask("create_flow_run", FlowRunCreate(flow_id=flow_id)) for _ in range(3)]
    found = [ask("read_flow_run", run.id) for run in runs]
    ask("delete_flow_run", runs[1].id)
    monkeypatch.setattr(flow_runs, "read_flow_runs", lambda *args, **kwargs: found)
    answer = ask("bulk_set_flow_run_state", StateCreate(type=StateType.RUNNING), FlowRunFilter())
    assert [one.flow_run_id for one in answer.results] == [runs[0].id, runs[2].id]


def test_there_has_to_be_a_run_to_resume(ask: Any, flow_id: UUID) -> None:
    with pytest.raises(ObjectNotFound):
        ask("resume_flow_run", flow_id, None)

"""Runs, their policies and inputs: JSON there and back, defaults, cheap construction, equality."""

import datetime
import subprocess
import sys
from uuid import uuid4

import pytest
from pydantic import ValidationError

from prefect.schemas.runs import (
    Constant,
    FlowRun,
    FlowRunPolicy,
    FlowRunResult,
    Parameter,
    TaskRun,
    TaskRunPolicy,
    TaskRunResult,
    trusted_flow_run,
    trusted_task_run,
)
from prefect.schemas.states import State, StateType


def full_flow_run() -> FlowRun:
    return FlowRun(
        name="brave-fox",
        flow_id=uuid4(),
        parameters={"x": [1, {"y": None}]},
        tags=["a"],
        labels={"count": 1, "on": True, "rate": 0.5, "text": "1"},
        empirical_policy=FlowRunPolicy(retries=2, retry_delay=3, pause_keys={"k"}),
        state=State(type=StateType.RUNNING),
        start_time=datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC),
        total_run_time=datetime.timedelta(seconds=1.5),
    )


def full_task_run() -> TaskRun:
    inputs = [TaskRunResult(id=uuid4()), FlowRunResult(id=uuid4()), Parameter(name="p"), Constant(type="int")]
    return TaskRun(
        name="t-0",
        task_key="t",
        dynamic_key="0",
        task_inputs={"x": inputs},
        state=State(type=StateType.COMPLETED, data=3),
        total_run_time=datetime.timedelta(seconds=0.25),
    )


@pytest.mark.parametrize("run", [full_flow_run(), full_task_run()], ids=["flow run", "task run"])
def test_runs_survive_json(run: FlowRun | TaskRun) -> None:
    copy = type(run).model_validate_json(run.model_dump_json())

    assert copy == run
    assert copy.id == run.id
    assert copy.state == run.state


def test_labels_keep_their_types_through_json() -> None:
    run = full_flow_run()
    labels = FlowRun.model_validate_json(run.model_dump_json()).labels
    assert {name: type(value) for name, value in labels.items()} == {
        "count": int,
        "on": bool,
        "rate": float,
        "text": str,
    }


def test_durations_are_seconds_on_the_wire() -> None:
    assert full_flow_run().model_dump(mode="json")["total_run_time"] == 1.5
    assert FlowRun(flow_id=uuid4(), name="x", total_run_time=90).total_run_time == datetime.timedelta(
        minutes=1.5
    )


def test_a_moment_without_zone_is_utc() -> None:
    run = FlowRun(flow_id=uuid4(), name="x", start_time="2026-01-02T03:04:05")
    assert run.start_time == datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)


def test_a_state_given_is_the_state_held() -> None:
    state = State(type=StateType.PENDING)
    assert FlowRun(flow_id=uuid4(), name="x", state=state).state is state


def test_inputs_are_told_apart_by_their_type() -> None:
    run = TaskRun(
        name="t",
        task_key="t",
        dynamic_key="0",
        task_inputs={
            "x": [{"input_type": "constant", "type": "int"}, {"input_type": "parameter", "name": "p"}]
        },
    )
    assert run.task_inputs["x"] == [Constant(type="int"), Parameter(name="p")]


def test_inputs_are_immutable_members_of_sets() -> None:
    id = uuid4()
    assert len({TaskRunResult(id=id), TaskRunResult(id=id), FlowRunResult(id=id)}) == 2
    with pytest.raises(ValidationError, match="frozen"):
        TaskRunResult(id=id).id = uuid4()


def test_flow_runs_that_differ_in_estimates_only_are_equal() -> None:
    run = full_flow_run()
    hour = datetime.timedelta(hours=1)
    assert run == run.model_copy(update={"estimated_run_time": hour, "estimated_start_time_delta": hour})
    assert run != run.model_copy(update={"total_run_time": hour})
    assert run != run.name


@pytest.mark.parametrize("policy", [FlowRunPolicy, TaskRunPolicy])
@pytest.mark.parametrize(
    "options",
    [{"retries": 2**63}, {"retries": "1" * 400}, {"retry_delay": float("nan")}, {"max_retries": 10**20}],
)
def test_policies_hold_only_what_can_be_stored(
    policy: type[FlowRunPolicy] | type[TaskRunPolicy], options: dict[str, object]
) -> None:
    with pytest.raises(ValidationError):
        policy.model_validate(options)


@pytest.mark.parametrize("policy", [FlowRunPolicy, TaskRunPolicy])
def test_old_names_of_policies_are_taken_over(policy: type[FlowRunPolicy] | type[TaskRunPolicy]) -> None:
    taken = policy(max_retries=3, retry_delay_seconds=4.5)
    assert (taken.retries, taken.retry_delay) == (3, 4.5)
    kept = policy(retries=1, retry_delay=2, max_retries=3, retry_delay_seconds=4)
    assert (kept.retries, kept.retry_delay) == (1, 2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"retry_delay": [1] * 51}, "more than 50 retry delays"),
        ({"retry_jitter_factor": -0.1}, "must be >= 0"),
    ],
)
def test_impossible_retries_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        TaskRunPolicy.model_validate(options)


def test_trusted_construction_fills_every_field() -> None:
    flow_run = trusted_flow_run(name="f", flow_id=uuid4(), empirical_policy=FlowRunPolicy())
    task_run = trusted_task_run(name="t", task_key="t", dynamic_key="0", empirical_policy=TaskRunPolicy())

    for run in (flow_run, task_run):
        assert set(run.__dict__) == set(type(run).model_fields)
        assert type(run).model_validate_json(run.model_dump_json()) == run
    assert flow_run == FlowRun(name="f", flow_id=flow_run.flow_id)


def test_trusted_runs_share_no_containers() -> None:
    first, second = (
        trusted_task_run(name="t", task_key="t", dynamic_key="0", empirical_policy=TaskRunPolicy())
        for _ in range(2)
    )
    first.tags.append("x")
    first.labels["x"] = "y"
    first.task_inputs["x"] = []
    assert (second.tags, second.labels, second.task_inputs) == ([], {}, {})


def test_runs_load_nothing_heavier_than_pydantic() -> None:
    """They are on the import path of `from prefect import flow`."""
    heavy = "sqlalchemy fastapi httpx rich typer jinja2 yaml fsspec cloudpickle orjson croniter dateutil"
    code = f"import sys, prefect.schemas.runs; print([m for m in {heavy.split()} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

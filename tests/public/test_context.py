"""What running code can know about itself: contexts and `prefect.runtime`."""

from datetime import datetime
from typing import Any

import pytest

from prefect import flow, runtime, tags, task
from prefect.context import FlowRunContext, TagsContext, TaskRunContext, get_run_context
from prefect.exceptions import MissingContextError
from prefect.settings import PREFECT_TASK_DEFAULT_RETRIES, temporary_settings


def test_there_is_no_context_outside_a_run() -> None:
    assert FlowRunContext.get() is None
    assert TaskRunContext.get() is None
    with pytest.raises(MissingContextError):
        get_run_context()


def test_a_flow_runs_in_its_context() -> None:
    @flow
    def asks(x: int) -> Any:
        context = get_run_context()
        assert isinstance(context, FlowRunContext)
        return context.flow.name, context.parameters, str(context.flow_run.id) == runtime.flow_run.id

    assert asks(1) == ("asks", {"x": 1}, True)


def test_a_task_runs_in_both() -> None:
    @task
    def asks(x: int) -> Any:
        context = get_run_context()
        assert isinstance(context, TaskRunContext)
        outer = FlowRunContext.get()
        assert context.task_run.flow_run_id == outer.flow_run.id
        return context.task.name, context.parameters, str(context.task_run.id) == runtime.task_run.id

    assert flow(lambda: asks(1), name="around")() == ("asks", {"x": 1}, True)


def test_contexts_end_with_their_run() -> None:
    @task
    def inner() -> None: ...

    @flow
    def outer() -> bool:
        inner()
        return isinstance(get_run_context(), FlowRunContext)

    assert outer() is True
    assert FlowRunContext.get() is None


def test_tags_end_with_their_block() -> None:
    with tags("a"):
        assert TagsContext.get().current_tags == {"a"}
    assert TagsContext.get().current_tags == set()


def test_settings_reach_tasks_in_threads() -> None:
    @task
    def asks() -> int:
        return PREFECT_TASK_DEFAULT_RETRIES.value()

    with temporary_settings({PREFECT_TASK_DEFAULT_RETRIES: 4}):
        assert flow(lambda: asks.submit().result(), name="around")() == 4


# --- runtime --------------------------------------------------------------------------------------------


def test_runtime_in_a_flow() -> None:
    @flow(name="known", version="v1")
    def asks(x: int) -> dict[str, Any]:
        names = ("flow_name", "flow_version", "parameters", "run_count", "parent_flow_run_id")
        return {name: getattr(runtime.flow_run, name) for name in names}

    assert asks(1) == {
        "flow_name": "known",
        "flow_version": "v1",
        "parameters": {"x": 1},
        "run_count": 1,
        "parent_flow_run_id": None,
    }


def test_runtime_in_a_task() -> None:
    @task(name="known", tags={"t"})
    def asks(x: int) -> dict[str, Any]:
        names = ("task_name", "parameters", "run_count", "tags")
        return {name: getattr(runtime.task_run, name) for name in names}

    assert flow(lambda: asks(1), name="around")() == {
        "task_name": "known",
        "parameters": {"x": 1},
        "run_count": 1,
        "tags": ["t"],
    }


def test_runtime_outside_a_run() -> None:
    assert runtime.flow_run.id is None
    assert runtime.flow_run.name is None
    assert runtime.flow_run.tags == []
    assert runtime.flow_run.parameters == {}
    assert runtime.flow_run.run_count == 0
    assert isinstance(runtime.flow_run.scheduled_start_time, datetime)
    assert runtime.task_run.id is None
    assert runtime.task_run.tags == []
    assert runtime.deployment.id is None


def test_runtime_can_be_mocked_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT__RUNTIME__FLOW_RUN__NAME", "mocked")
    monkeypatch.setenv("PREFECT__RUNTIME__FLOW_RUN__RUN_COUNT", "3")
    assert runtime.flow_run.name == "mocked"
    assert runtime.flow_run.run_count in (3, "3")


def test_runtime_knows_its_fields() -> None:
    assert {"id", "name", "tags", "parameters"} <= set(dir(runtime.flow_run))
    with pytest.raises(AttributeError):
        _ = runtime.flow_run.nothing

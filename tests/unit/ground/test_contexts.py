"""Contexts by themselves: entering and leaving, copies, what they give to others, opening a store late."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from prefect import context as contexts
from prefect import flow, task
from prefect.context import (
    ContextModel,
    EngineContext,
    FlowRunContext,
    SettingsContext,
    TagsContext,
    TaskRunContext,
    get_run_context,
    get_settings_context,
    hydrated_context,
    root_settings_context,
    serialize_context,
    tags,
    use_profile,
    with_context,
)
from prefect.exceptions import MissingContextError, MissingProfileError
from prefect.results import ResultStore
from prefect.schemas.bases import uuid7
from prefect.schemas.runs import FlowRun, TaskRun
from prefect.settings import PREFECT_TASK_DEFAULT_RETRIES, get_current_settings, temporary_settings
from prefect.settings.profiles import Profile


@pytest.fixture(autouse=True)
def no_context_left_behind() -> Iterator[None]:
    yield
    assert FlowRunContext.get() is None
    assert TaskRunContext.get() is None
    assert TagsContext.get().current_tags == set()


@task
def a_task() -> None: ...


@flow
def a_flow() -> None: ...


def flow_run_context(**given: Any) -> EngineContext:
    run = FlowRun(name="run", flow_id=uuid7())
    return EngineContext(flow=a_flow, flow_run=run, parameters={}, **given)


def task_run_context(**given: Any) -> TaskRunContext:
    run = TaskRun(name="run", task_key="key", dynamic_key="0")
    return TaskRunContext(**{"task": a_task, "task_run": run, "parameters": {}, **given})


# --- entering and leaving -------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [flow_run_context, task_run_context])
def test_a_context_is_found_while_it_is_entered(make: Any) -> None:
    outer, inner = make(), make()
    kind = type(outer)
    with outer as entered:
        assert entered is outer
        with inner:
            assert kind.get() is inner
        assert kind.get() is outer
    assert kind.get() is None


def test_a_context_is_left_when_the_block_fails() -> None:
    with pytest.raises(ZeroDivisionError), flow_run_context():
        _ = 1 / 0


@pytest.mark.parametrize("make", [flow_run_context, task_run_context, TagsContext, get_settings_context])
def test_a_context_is_entered_once_and_a_copy_once_more(make: Any) -> None:
    context = make()
    with context:
        with pytest.raises(RuntimeError, match="model_copy"):
            context.__enter__()
        with context.model_copy() as copy:
            assert copy is not context


@pytest.mark.parametrize("make", [flow_run_context, task_run_context, TagsContext, get_settings_context])
def test_a_context_can_be_entered_again_after_it_was_left(make: Any) -> None:
    context = make()
    for _ in range(2):
        with context:
            pass


@pytest.mark.parametrize("make", [flow_run_context, task_run_context, TagsContext, get_settings_context])
def test_what_was_not_entered_cannot_be_left(make: Any) -> None:
    with pytest.raises(RuntimeError, match="entered"):
        make().__exit__(None, None, None)


def test_a_copy_may_differ() -> None:
    context = flow_run_context()
    assert context.model_copy(update={"log_prints": True}).log_prints is True
    assert context.log_prints is False


def test_unknown_fields_are_refused() -> None:
    with pytest.raises(ValidationError):
        EngineContext(unknown=1)


def test_each_kind_has_a_variable_of_its_own() -> None:
    class Own(ContextModel):
        __var__ = contextvars.ContextVar("own")
        x: int

    with Own(x=1), flow_run_context():
        found = Own.get()
        assert found is not None
        assert found.x == 1
        assert TaskRunContext.get() is None


def test_contexts_of_threads_are_their_own_unless_carried() -> None:
    seen: list[Any] = []

    def look() -> None:
        seen.append(FlowRunContext.get())

    with flow_run_context() as context:
        for target in (look, with_context(look)):
            thread = threading.Thread(target=target)
            thread.start()
            thread.join()
    assert seen == [None, context]


def test_a_carried_function_runs_in_a_copy_each_time() -> None:
    variable: contextvars.ContextVar[int] = contextvars.ContextVar("number", default=0)

    def count(by: int, *, also: int = 0) -> int:
        variable.set(variable.get() + by + also)
        return variable.get()

    carried = with_context(count)
    assert [carried(1, also=1), carried(1)] == [2, 1]
    assert variable.get() == 0


def test_coroutines_that_run_at_once_have_contexts_of_their_own() -> None:
    async def tagged(tag: str) -> set[str]:
        with tags(tag):
            await asyncio.sleep(0)
            return TagsContext.get().current_tags

    async def main() -> list[set[str]]:
        return await asyncio.gather(tagged("a"), tagged("b"))

    assert asyncio.run(main()) == [{"a"}, {"b"}]


# --- the run around the caller --------------------------------------------------------------------------


def test_the_task_run_is_nearer_than_the_flow_run() -> None:
    with flow_run_context() as outer:
        assert get_run_context() is outer
        with task_run_context() as inner:
            assert get_run_context() is inner


def test_without_a_run_there_is_an_error_that_says_so() -> None:
    with pytest.raises(MissingContextError, match="no run context"):
        get_run_context()


def test_the_engine_context_is_the_flow_run_context() -> None:
    assert FlowRunContext is EngineContext


# --- tags -----------------------------------------------------------------------------------------------


def test_tags_accumulate_and_end_with_their_block() -> None:
    with tags("a", "b") as outer:
        assert outer == {"a", "b"}
        with tags("b", "c") as inner:
            assert inner == {"a", "b", "c"} == TagsContext.get().current_tags
        assert TagsContext.get().current_tags == {"a", "b"}


def test_no_tags_are_tags_too() -> None:
    with tags() as none:
        assert none == set()


# --- settings -------------------------------------------------------------------------------------------


def test_the_settings_in_force_are_those_of_the_context() -> None:
    with temporary_settings({PREFECT_TASK_DEFAULT_RETRIES: 7}):
        context = get_settings_context()
        assert context.settings is get_current_settings()
        assert context.settings.tasks.default_retries == 7
    assert root_settings_context().settings.tasks.default_retries == 0


def test_entering_a_settings_context_puts_its_settings_in_force() -> None:
    with temporary_settings({PREFECT_TASK_DEFAULT_RETRIES: 7}):
        context = get_settings_context().model_copy()
    with context as entered:
        assert PREFECT_TASK_DEFAULT_RETRIES.value() == 7
        assert SettingsContext.get() is entered
    assert PREFECT_TASK_DEFAULT_RETRIES.value() == 0


def test_settings_contexts_are_hashed_by_their_settings() -> None:
    assert hash(get_settings_context()) == hash(get_settings_context())


def test_a_profile_is_in_force_for_the_block() -> None:
    profile = Profile(name="mine", settings={PREFECT_TASK_DEFAULT_RETRIES: 3})
    with use_profile(profile) as context:
        assert context.profile.name == "mine"
        assert context is SettingsContext.get()
        assert PREFECT_TASK_DEFAULT_RETRIES.value() == 3
    assert PREFECT_TASK_DEFAULT_RETRIES.value() == 0


def test_a_profile_has_to_exist() -> None:
    with pytest.raises(MissingProfileError, match="nobody"), use_profile("nobody"):
        pass


def test_the_settings_of_the_process_have_a_documented_name() -> None:
    assert contexts.GLOBAL_SETTINGS_CONTEXT.settings is root_settings_context().settings
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = contexts.no_such_name


# --- the result store of a run --------------------------------------------------------------------------


@pytest.mark.parametrize("make", [flow_run_context, task_run_context])
def test_a_result_store_is_opened_when_it_is_first_asked_for(make: Any) -> None:
    context = make()
    assert "result_store" not in context.__dict__
    store = context.result_store
    assert isinstance(store, ResultStore)
    assert context.result_store is store


@pytest.mark.parametrize("make", [flow_run_context, task_run_context])
def test_a_result_store_can_be_given(make: Any) -> None:
    store = ResultStore()
    assert make(result_store=store).result_store is store


def test_a_task_keeps_its_results_where_its_flow_does(tmp_path: Path) -> None:
    kept = flow(result_storage=tmp_path, persist_result=True)(lambda: None)
    context = EngineContext(flow=kept, flow_run=FlowRun(name="run", flow_id=uuid7()))
    with context:
        inner = task_run_context().result_store
    assert inner.result_storage == context.result_store.result_storage


def test_other_names_are_no_attributes() -> None:
    with pytest.raises(AttributeError):
        _ = flow_run_context().no_such_name


# --- as plain values ------------------------------------------------------------------------------------


def test_what_is_not_there_is_not_carried() -> None:
    assert set(serialize_context()) == {"settings_context"}


def test_nothing_is_entered_for_nothing() -> None:
    with hydrated_context(), hydrated_context({}):
        assert FlowRunContext.get() is None


def test_contexts_travel_as_values() -> None:
    client = object()
    with (
        temporary_settings({PREFECT_TASK_DEFAULT_RETRIES: 5}),
        tags("a"),
        flow_run_context(log_prints=True, persist_result=True) as outer,
        task_run_context(parameters={"x": 1}) as inner,
    ):
        carried = serialize_context()
    with hydrated_context(carried, client=client):
        flow_run, task_run = FlowRunContext.get(), TaskRunContext.get()
        assert flow_run is not None
        assert task_run is not None
        assert flow_run.flow_run == outer.flow_run
        assert (flow_run.log_prints, flow_run.persist_result, flow_run.detached) == (True, True, True)
        assert flow_run.start_time == outer.start_time
        assert flow_run.task_runner is None
        assert (task_run.task_run, task_run.parameters) == (inner.task_run, {"x": 1})
        assert flow_run.client is task_run.client is client
        assert TagsContext.get().current_tags == {"a"}
        assert PREFECT_TASK_DEFAULT_RETRIES.value() == 5
    assert PREFECT_TASK_DEFAULT_RETRIES.value() == 0

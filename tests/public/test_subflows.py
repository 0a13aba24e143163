"""Flows called in flows: child runs, their placeholders, what they inherit."""

import asyncio
from typing import Any

import pytest

from prefect import flow, runtime, tags, task
from prefect.client.schemas.objects import StateType
from prefect.exceptions import UnfinishedRun


@task
def identity(x: Any) -> Any:
    return x


@task
def broken() -> None:
    raise ValueError("broken")


@flow
def child(x: int = 1) -> int:
    return x + 1


@flow
def failing_child() -> None:
    raise ValueError("child")


def run(body: Any, **options: Any) -> Any:
    """Id of the run of a flow with this body."""
    return flow(body, name="parent", **options)(return_state=True).state_details.flow_run_id


def test_a_call_gives_the_value() -> None:
    assert flow(lambda: child(2), name="parent")() == 3


def test_a_child_run_is_recorded_with_its_placeholder(store: Any) -> None:
    flow_run_id = run(lambda: identity(child(2)))
    (subflow,) = store.subflow_runs(flow_run_id)
    placeholder, _ = store.task_runs(flow_run_id, 2)
    assert subflow.parent_task_run_id == placeholder.id
    assert subflow.state_type == placeholder.state_type == "COMPLETED"
    assert (placeholder.name, placeholder.dynamic_key) == ("child-0", "0")
    last = store.states(placeholder.id)[-1]
    assert str(last.state_details["child_flow_run_id"]) == str(subflow.id)


def test_placeholders_are_counted(store: Any) -> None:
    flow_run_id = run(lambda: [child(1), child(2)])
    runs = store.task_runs(flow_run_id, 2)
    assert [one.dynamic_key for one in runs] == ["0", "1"]
    assert [one.name for one in runs] == ["child-0", "child-1"]


def test_a_child_knows_its_parent() -> None:
    @flow
    def asks() -> Any:
        return runtime.flow_run.parent_flow_run_id, runtime.flow_run.root_flow_run_id

    @flow
    def parent() -> Any:
        return {"own": runtime.flow_run.id, "told": asks()}

    result = parent()
    assert result["told"] == (result["own"], result["own"])


def test_a_failing_child_fails_its_parent_unless_caught() -> None:
    with pytest.raises(ValueError, match="child"):
        flow(lambda: failing_child(), name="parent")()

    @flow
    def careful() -> str:
        return failing_child(return_state=True).name + "!"

    assert careful() == "Failed!"


def test_a_failed_child_is_recorded_as_failed(store: Any) -> None:
    flow_run_id = run(lambda: failing_child(return_state=True) and None)
    (subflow,) = store.subflow_runs(flow_run_id)
    (placeholder,) = store.task_runs(flow_run_id, 1)
    assert subflow.state_type == placeholder.state_type == "FAILED"


def test_a_returned_child_state_decides() -> None:
    state = flow(lambda: failing_child(return_state=True), name="parent")(return_state=True)
    assert state.type is StateType.FAILED


def test_inputs_of_a_child_are_tracked(store: Any) -> None:
    @task
    def makes() -> Any:
        return {"x": 1}

    @flow
    def takes(x: Any) -> Any:
        return x

    flow_run_id = run(lambda: takes(makes()) and None)
    runs = {one.name.rpartition("-")[0]: one for one in store.task_runs(flow_run_id, 2)}
    assert [one.id for one in runs["takes"].task_inputs["x"]] == [runs["makes"].id]


def test_futures_are_resolved_for_a_child() -> None:
    assert flow(lambda: child(identity.submit(5)), name="parent")() == 6


def test_a_child_waits_for_others() -> None:
    order = []

    @task
    def first() -> None:
        order.append("first")

    @flow
    def second() -> None:
        order.append("second")

    flow(lambda: second(wait_for=[first.submit()]), name="parent")()
    assert order == ["first", "second"]


def test_a_child_with_a_failed_upstream_does_not_run() -> None:
    calls = []

    @flow
    def downstream(x: Any = None) -> None:
        calls.append(x)

    def body() -> None:
        state = downstream(broken.submit(), return_state=True)
        assert (state.type.value, state.name) == ("PENDING", "NotReady")
        with pytest.raises(UnfinishedRun):
            downstream(wait_for=[broken.submit()])

    flow(body, name="parent")()
    assert calls == []


def test_results_of_a_child_are_remembered(store: Any) -> None:
    @flow
    def makes() -> Any:
        return {"x": 1}

    flow_run_id = run(lambda: identity(makes()) and None)
    (subflow,) = store.subflow_runs(flow_run_id)
    (recorded,) = [one for one in store.task_runs(flow_run_id, 2) if one.task_key == identity.task_key]
    found = [(one.input_type, one.id) for one in recorded.task_inputs["x"]]
    assert found == [("flow_run", subflow.id)]


def test_tags_in_the_context_reach_a_child() -> None:
    @flow
    def asks() -> list[str]:
        return sorted(runtime.flow_run.tags)

    @flow
    def parent() -> Any:
        plain = asks()
        with tags("a"):
            return plain, asks()

    assert parent() == ([], ["a"])


def test_children_of_children() -> None:
    @flow
    def middle(x: int) -> int:
        return child(child(x))

    assert flow(lambda: middle(1), name="parent")() == 3


def test_a_flow_may_call_itself() -> None:
    @flow
    def down(x: int) -> int:
        return x if x == 0 else down(x - 1)

    assert down(2) == 0


def test_a_flow_in_a_task_is_a_child(store: Any) -> None:
    @task
    def outer() -> int:
        return child(2)

    @flow
    def parent() -> int:
        return outer()

    state = parent(return_state=True)
    assert state.result() == 3
    assert len(store.subflow_runs(state.state_details.flow_run_id)) == 1


def test_an_async_child() -> None:
    @flow
    async def later(x: int) -> int:
        await asyncio.sleep(0)
        return x + 1

    @flow
    async def parent() -> Any:
        one = await later(1)
        several = await asyncio.gather(later(1), later(2))
        return {"one": one, "several": several}

    assert asyncio.run(parent()) == {"one": 2, "several": [2, 3]}


def test_a_child_has_a_name_of_its_own() -> None:
    @flow(flow_run_name="child of {x}")
    def named(x: int) -> str:
        return runtime.flow_run.name

    assert flow(lambda: named(3), name="parent")() == "child of 3"


def test_a_completed_child_is_not_run_again_by_a_retry_of_its_parent() -> None:
    calls, tries = [], []

    @flow(persist_result=True)
    def once() -> int:
        calls.append(1)
        return len(calls)

    @flow(retries=1)
    def parent() -> int:
        value = once()
        tries.append(1)
        if len(tries) == 1:
            raise ValueError("again")
        return value

    assert parent() == 1
    assert len(calls) == 1


def test_a_failed_child_is_run_again_by_a_retry_of_its_parent() -> None:
    calls = []

    @flow
    def flaky() -> int:
        calls.append(1)
        if len(calls) == 1:
            raise ValueError("again")
        return len(calls)

    @flow(retries=1)
    def parent() -> int:
        return flaky()

    assert parent() == 2
    assert len(calls) == 2

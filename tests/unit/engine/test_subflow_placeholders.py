"""The task run that stands for a call of a subflow, and what a later attempt of the parent takes over."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from prefect import flow
from prefect.context import EngineContext, TaskRunContext
from prefect.engine.resumption import Resumption
from prefect.engine.subflows import Child, Placeholder
from prefect.results import ResultRecordMetadata
from prefect.schemas.bases import uuid7
from prefect.schemas.runs import FlowRun, TaskRun, TaskRunResult
from prefect.schemas.states import State
from prefect.serializers import JSONSerializer
from prefect.states import Completed, Failed, Pending, Running


class Notes:
    """A client that notes the states of task runs."""

    def __init__(self) -> None:
        self.states: list[tuple[TaskRun, State[Any]]] = []

    def record_task_run(self, run: TaskRun, state: State[Any]) -> None:
        assert run.state is state
        self.states.append((run, state))

    @property
    def names(self) -> list[str]:
        return [str(state.name) for _, state in self.states]


@flow
def child(x: int = 0) -> int:
    return x


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def parent() -> EngineContext:
    run = FlowRun(name="parent", flow_id=uuid7(), run_count=1)
    return EngineContext(flow_run=run, resumption=Resumption(run.id))


def another_attempt(parent: EngineContext) -> EngineContext:
    return parent.model_copy(update={"task_run_dynamic_keys": {}})


def child_run(**given: Any) -> FlowRun:
    return FlowRun(name="child-run", flow_id=uuid7(), parameters={"x": 0}, **given)


def place(parent: EngineContext, notes: Notes, x: int = 0, inputs: Any = None) -> Placeholder:
    return Placeholder(child, parent, notes, inputs or {}, {"x": x})


def test_calls_are_numbered_by_flow(parent: EngineContext, notes: Notes) -> None:
    other = flow(lambda: None, name="other")
    runs = [place(parent, notes).run, place(parent, notes).run]
    runs.append(Placeholder(other, parent, notes, {}, {}).run)
    assert [run.name for run in runs] == ["child-0", "child-1", "other-0"]
    assert [run.dynamic_key for run in runs] == ["0", "1", "0"]
    assert [run.task_key for run in runs] == ["child", "child", "other"]
    assert notes.names == ["Pending"] * 3


def test_a_placeholder_belongs_to_its_parent_and_has_inputs(parent: EngineContext, notes: Notes) -> None:
    inputs = {"x": [TaskRunResult(id=uuid7())]}
    run = place(parent, notes, inputs=inputs).run
    assert (run.flow_run_id, run.flow_run_run_count) == (parent.flow_run.id, 1)
    assert run.task_inputs == inputs
    assert run.expected_start_time is not None


def test_it_follows_the_child_through_its_states(parent: EngineContext, notes: Notes) -> None:
    placeholder, run = place(parent, notes), child_run()
    states = [Pending(), Running(message="said"), Completed(data=5)]
    for state in states:
        placeholder.follow(run, state, 5)
    assert notes.names == ["Pending", "Pending", "Running", "Completed"]
    copies = [state for _, state in notes.states[1:]]
    for state, copy in zip(states, copies, strict=True):
        assert (copy.type, copy.message, copy.data) == (state.type, state.message, state.data)
        assert copy.id != state.id
        details = copy.state_details
        assert (details.flow_run_id, details.task_run_id) == (parent.flow_run.id, placeholder.run.id)
        assert details.child_flow_run_id == run.id
    followed = placeholder.run
    assert (followed.run_count, followed.start_time) == (1, copies[1].timestamp)
    assert followed.end_time == copies[2].timestamp
    assert followed.total_run_time == copies[2].timestamp - copies[1].timestamp


def test_its_timestamps_strictly_increase(parent: EngineContext, notes: Notes) -> None:
    placeholder, moment = place(parent, notes), datetime(2000, 1, 1).astimezone()
    for state in (Pending(timestamp=moment), Running(timestamp=moment), Completed(timestamp=moment)):
        placeholder.follow(child_run(), state, None)
    moments = [state.timestamp for _, state in notes.states]
    assert moments == sorted(set(moments))


def test_a_later_attempt_finds_child_and_placeholder_at_the_same_place(
    parent: EngineContext, notes: Notes
) -> None:
    first, run = place(parent, notes), child_run()
    place(parent, notes)
    first.follow(run, Failed(), None)
    again = another_attempt(parent)
    found = place(again, notes)
    assert found.run is first.run
    earlier = found.earlier_child()
    assert earlier is not None
    assert (earlier.run, earlier.state.name) == (run, "Failed")
    assert place(again, notes).earlier_child() is None


def test_a_completed_child_of_a_call_with_other_parameters_is_another_one(
    parent: EngineContext, notes: Notes
) -> None:
    first = place(parent, notes)
    first.follow(child_run(), Completed(data=0), 0)
    other = place(another_attempt(parent), notes, x=1)
    assert other.run is not first.run
    assert other.earlier_child() is None
    assert other.run.dynamic_key == first.run.dynamic_key


def test_calls_of_tasks_are_counted_apart(parent: EngineContext, notes: Notes) -> None:
    def inside(step: str) -> Any:
        run = TaskRun(name="task", flow_run_id=parent.flow_run.id, task_key="k", dynamic_key="0")
        return TaskRunContext(task=SimpleNamespace(), task_run=run, parameters={}, step=step)

    own = place(parent, notes)
    with inside("step:0"):
        one = place(parent, notes)
    with inside("step:1"):
        other = place(parent, notes)
    assert [placeholder.run.name for placeholder in (own, one, other)] == ["child-0", "child-1", "child-2"]
    assert len({placeholder.key for placeholder in (own, one, other)}) == 3
    again = another_attempt(parent)
    with inside("step:1"):
        assert place(again, notes).key == other.key


# --- what can be taken over -----------------------------------------------------------------------------


def past(**told: Any) -> Resumption:
    return Resumption(uuid7(), **told)


def of(state: State[Any], value: Any = None) -> Child:
    return Child(TaskRun(name="p", task_key="k", dynamic_key="0"), child_run(), state, value)


def test_a_child_that_completed_with_a_value_is_usable() -> None:
    assert of(Completed(data=5), 5).is_usable(past())


@pytest.mark.parametrize("state", [Failed(), Pending(), Running()], ids=str)
def test_a_child_that_did_not_complete_is_not(state: State[Any]) -> None:
    assert not of(state).is_usable(past())


def test_a_value_is_read_when_it_is_not_known() -> None:
    found = of(Completed(data=5))
    assert found.is_usable(past())
    assert found.value == 5


def test_a_result_that_is_gone_is_not_usable() -> None:
    metadata = ResultRecordMetadata(
        storage_key="/nowhere/at/all", expiration=None, serializer=JSONSerializer(), prefect_version="0"
    )
    assert not of(Completed(data=metadata)).is_usable(past())


def test_a_child_from_before_a_renewal_is_not_usable() -> None:
    state = Completed(data=5)
    later = int((state.timestamp + timedelta(seconds=1)).timestamp() * 1e6)
    found = of(state, 5)
    assert not found.is_usable(past(revisits={found.run.id: later}))
    assert found.is_usable(past(revisits={found.run.id: later - 10_000_000}))

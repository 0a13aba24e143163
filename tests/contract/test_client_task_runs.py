"""Task runs and their states, asked for through clients."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from prefect import task
from prefect.exceptions import ObjectNotFound
from prefect.schemas.filters import FlowRunFilter, FlowRunFilterId, TaskRunFilter, TaskRunFilterName
from prefect.schemas.responses import SetStateStatus
from prefect.schemas.runs import Parameter, TaskRun, TaskRunResult
from prefect.schemas.sorting import TaskRunSort
from prefect.schemas.states import StateType
from prefect.states import Completed, Failed, Pending, Running

ACCEPT, REJECT, ABORT = (SetStateStatus[name] for name in ("ACCEPT", "REJECT", "ABORT"))


@task(tags={"own"}, retries=1, retry_delay_seconds=[600])
def work() -> None: ...


def inside(flow_run: Any) -> FlowRunFilter:
    return FlowRunFilter(id=FlowRunFilterId(any_=[flow_run.id]))


def test_a_task_run_is_made_and_read(client: Any, flow_run: Any) -> None:
    other = TaskRunResult(id=uuid4())
    inputs = {"x": [Parameter(name="p"), other], "y": []}
    made = client.create_task_run(work, flow_run.id, "7", extra_tags=["more"], task_inputs=inputs)
    found = client.read_task_run(made.id)
    assert isinstance(found, TaskRun)
    assert found.id == made.id
    assert (found.name, found.flow_run_id, found.dynamic_key) == ("work-7", flow_run.id, "7")
    assert found.task_key == work.task_key
    assert set(found.tags) == {"own", "more"}
    assert found.task_inputs == inputs
    assert (found.empirical_policy.retries, found.state_type) == (1, StateType.PENDING)


def test_the_same_keys_make_one_run(client: Any, flow_run: Any) -> None:
    first, second = (client.create_task_run(work, flow_run.id, "0") for _ in range(2))
    assert first.id == second.id


def test_a_task_run_outside_flows(client: Any) -> None:
    made = client.create_task_run(work, None, uuid4().hex)
    assert client.read_task_run(made.id).flow_run_id is None


def test_the_id_may_be_chosen(client: Any, flow_run: Any) -> None:
    chosen = uuid4()
    assert client.create_task_run(work, flow_run.id, "0", id=chosen).id == chosen


def test_unknown_task_runs(client: Any) -> None:
    for method in ("read_task_run", "delete_task_run"):
        with pytest.raises(ObjectNotFound):
            getattr(client, method)(uuid4())
    with pytest.raises(ObjectNotFound):
        client.set_task_run_state(uuid4(), Running())
    with pytest.raises(ObjectNotFound):
        client.set_task_run_name(uuid4(), "x")
    assert client.read_task_run_states(uuid4()) == []


def test_task_runs_are_filtered_sorted_and_counted(client: Any, flow_run: Any) -> None:
    for key in "bac":
        client.create_task_run(work, flow_run.id, key)
    by_name = client.read_task_runs(flow_run_filter=inside(flow_run), sort=TaskRunSort.NAME_ASC)
    assert [run.name for run in by_name] == ["work-a", "work-b", "work-c"]
    one = TaskRunFilter(name=TaskRunFilterName(any_=["work-b"]))
    found = client.read_task_runs(flow_run_filter=inside(flow_run), task_run_filter=one)
    assert [run.dynamic_key for run in found] == ["b"]
    assert client.count_task_runs(flow_run_filter=inside(flow_run)) == 3


@pytest.mark.beyond_original
def test_a_page_of_task_runs(client: Any, flow_run: Any) -> None:
    for key in "bac":
        client.create_task_run(work, flow_run.id, key)
    page = client.paginate_task_runs(flow_run_filter=inside(flow_run), limit=2, sort=TaskRunSort.NAME_ASC)
    assert ([run.dynamic_key for run in page.results], page.pages) == (["a", "b"], 2)


def test_a_task_run_goes_through_its_states(client: Any, flow_run: Any, task_run: Any) -> None:
    client.set_flow_run_state(flow_run.id, Running())
    for state in (Running(), Completed(message="done")):
        result = client.set_task_run_state(task_run.id, state)
        assert result.status is ACCEPT
        assert result.state.type is state.type
    found = client.read_task_run(task_run.id)
    assert (found.state_type, found.run_count) == (StateType.COMPLETED, 1)
    assert found.total_run_time == found.end_time - found.start_time
    states = client.read_task_run_states(task_run.id)
    assert [state.name for state in states] == ["Pending", "Running", "Completed"]
    assert states[0].state_details.task_run_id == task_run.id
    assert client.read_task_run_state(states[2].id) == states[2]


def test_a_failed_task_run_with_retries_left_is_scheduled_again(client: Any, flow_run: Any) -> None:
    client.set_flow_run_state(flow_run.id, Running())
    run = client.create_task_run(work, flow_run.id, "0")
    client.set_task_run_state(run.id, Running())
    result = client.set_task_run_state(run.id, Failed(message="why"))
    assert result.status is REJECT
    assert (result.state.type, result.state.name) == (StateType.SCHEDULED, "AwaitingRetry")
    due = client.read_task_run(run.id).next_scheduled_start_time
    assert timedelta(seconds=500) < due - datetime.now(UTC) <= timedelta(seconds=600)


def test_a_task_runs_only_while_its_flow_does(client: Any, task_run: Any) -> None:
    result = client.set_task_run_state(task_run.id, Running())
    assert (result.status, result.state.name) == (ABORT, "Pending")
    assert client.set_task_run_state(task_run.id, Running(), force=True).status is ACCEPT


def test_a_cached_state_is_taken_over(client: Any, flow_run: Any) -> None:
    client.set_flow_run_state(flow_run.id, Running())
    key = uuid4().hex
    first, second = (client.create_task_run(work, flow_run.id, dynamic) for dynamic in "12")
    client.set_task_run_state(first.id, Running())
    client.set_task_run_state(first.id, with_cache_key(Completed(), key))
    result = client.set_task_run_state(second.id, with_cache_key(Running(), key))
    assert result.status is REJECT
    assert (result.state.type, result.state.name) == (StateType.COMPLETED, "Cached")


def with_cache_key(state: Any, key: str) -> Any:
    state.state_details.cache_key = key
    return state


def test_a_task_run_is_renamed_and_deleted(client: Any, task_run: Any) -> None:
    client.set_task_run_name(task_run.id, "other")
    assert client.read_task_run(task_run.id).name == "other"
    client.delete_task_run(task_run.id)
    with pytest.raises(ObjectNotFound):
        client.read_task_run(task_run.id)


def test_history(client: Any, flow_run: Any, task_run: Any) -> None:
    expected, hour = task_run.expected_start_time, timedelta(hours=1)
    start = expected - hour / 2
    history = client.task_run_history(start, start + hour, hour, flow_run_filter=inside(flow_run))
    assert [[(one.state_name, one.count_runs) for one in part.states] for part in history] == [
        [(Pending().name, 1)]
    ]

"""The states that runs are recorded to have gone through, and the times that follow from them."""

import asyncio
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from prefect import flow, task
from prefect.states import Completed


@task
def fine() -> int:
    return 1


@task
def broken() -> None:
    raise ValueError("broken")


@task
def identity(x: Any) -> Any:
    return x


def run(body: Any, **options: Any) -> Any:
    """Id of a run of a flow with this body."""
    return flow(body, name="recorded", **options)(return_state=True).state_details.flow_run_id


def fails() -> None:
    raise ValueError("no good")


def test_a_flow_that_completes(store: Any) -> None:
    assert store.history(run(lambda: 1)) == ["Pending", "Running", "Completed"]


def test_a_flow_that_fails(store: Any) -> None:
    flow_run_id = run(fails)
    assert store.history(flow_run_id) == ["Pending", "Running", "Failed"]
    assert "no good" in store.states(flow_run_id)[-1].message


def test_a_flow_that_fails_with_retries(store: Any) -> None:
    assert store.history(run(fails, retries=2)) == [
        *("Pending", "Running", "AwaitingRetry"),
        *("Running", "AwaitingRetry"),
        *("Running", "Failed"),
    ]


def test_a_flow_that_times_out(store: Any) -> None:
    async def forever() -> None:
        await asyncio.sleep(20)

    state = asyncio.run(flow(forever, timeout_seconds=0.05)(return_state=True))
    assert store.history(state.state_details.flow_run_id) == ["Pending", "Running", "TimedOut"]


def test_a_flow_whose_parameters_do_not_fit(store: Any) -> None:
    @flow
    def takes(x: int) -> None: ...

    state = takes("three", return_state=True)  # type: ignore[call-overload]
    flow_run_id = state.state_details.flow_run_id
    assert store.history(flow_run_id) == ["Pending", "Failed"]
    assert store.flow_run(flow_run_id).run_count == 0


def test_a_flow_that_ends_as_the_user_says(store: Any) -> None:
    assert store.history(run(lambda: Completed(name="Mine"))) == ["Pending", "Running", "Mine"]


def test_a_child_whose_upstream_failed(store: Any) -> None:
    ids = []
    child = flow(lambda x: x, name="child")

    def body() -> None:
        ids.append(child(broken.submit(), return_state=True).state_details.flow_run_id)

    run(body)
    assert store.history(ids[0]) == ["Pending", "NotReady"]


def history_of_a_task(store: Any, body: Any) -> list[str]:
    state = flow(lambda: {"state": body()}, name="around")()["state"]
    return store.history(state.state_details.task_run_id)


def test_a_task_that_completes(store: Any) -> None:
    assert history_of_a_task(store, lambda: fine(return_state=True)) == ["Pending", "Running", "Completed"]


def test_a_submitted_task_that_completes(store: Any) -> None:
    history = history_of_a_task(store, lambda: fine.submit(return_state=True))
    assert history == ["Pending", "Running", "Completed"]


def test_a_task_that_fails(store: Any) -> None:
    assert history_of_a_task(store, lambda: broken(return_state=True)) == ["Pending", "Running", "Failed"]


def test_a_task_whose_upstream_failed(store: Any) -> None:
    history = history_of_a_task(store, lambda: identity.submit(broken.submit(), return_state=True))
    assert history == ["Pending", "NotReady"]


def test_a_task_outside_a_flow(store: Any) -> None:
    state = fine(return_state=True)
    assert store.history(state.state_details.task_run_id) == ["Pending", "Running", "Completed"]


def test_a_cached_task(store: Any) -> None:
    cached = fine.with_options(name="cached", persist_result=True)
    history = history_of_a_task(store, lambda: cached() and cached(return_state=True))
    assert history == ["Pending", "Running", "Cached"]


def test_times_of_a_flow_run(store: Any) -> None:
    flow_run = store.flow_run(run(lambda: 1))
    assert flow_run.start_time is not None
    assert flow_run.end_time >= flow_run.start_time
    assert flow_run.expected_start_time <= flow_run.start_time
    assert flow_run.run_count == 1
    total = flow_run.total_run_time
    assert (total if isinstance(total, timedelta) else timedelta(microseconds=total)) >= timedelta(0)


def test_every_task_run_is_recorded(store: Any) -> None:
    flow_run_id = run(lambda: [fine() for _ in range(3)] and fine.map([]) and None)
    runs = store.task_runs(flow_run_id, 3)
    assert [one.state_name for one in runs] == ["Completed"] * 3
    assert len({one.id for one in runs}) == 3
    assert len({one.name for one in runs}) == 3


def test_task_runs_have_keys(store: Any) -> None:
    (recorded,) = store.task_runs(run(lambda: fine()), 1)
    assert recorded.task_key == fine.task_key
    assert recorded.dynamic_key


@pytest.mark.parametrize("body", [lambda: 1, fails])
def test_timestamps_strictly_increase(store: Any, body: Any) -> None:
    moments = [state.timestamp for state in store.states(run(body, retries=1))]
    assert all(earlier < later for earlier, later in pairwise(moments))

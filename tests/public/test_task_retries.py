"""Retries of tasks and of flows: how often, when, on what condition, and how they are recorded."""

import asyncio
from typing import Any

import pytest

from prefect import flow, runtime, task


class Flaky:
    """Fails a number of times, then gives the number of tries."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.tries = 0

    def __call__(self) -> int:
        self.tries += 1
        if self.tries <= self.failures:
            raise ValueError(f"try {self.tries}")
        return self.tries


def run_task(flaky: Flaky, **options: Any) -> Any:
    @task(**options)
    def attempt() -> int:
        return flaky()

    return flow(lambda: {"state": attempt(return_state=True)}, name="around")()["state"]


# --- tasks ----------------------------------------------------------------------------------------------


def test_a_task_is_tried_once_unless_told() -> None:
    flaky = Flaky(1)
    assert run_task(flaky).is_failed()
    assert flaky.tries == 1


@pytest.mark.parametrize(("failures", "succeeds"), [(0, True), (2, True), (3, False)])
def test_a_task_is_tried_retries_times_more(failures: int, succeeds: bool) -> None:
    flaky = Flaky(failures)
    state = run_task(flaky, retries=2)
    assert state.is_completed() is succeeds
    assert flaky.tries == min(failures + 1, 3)


def test_the_last_failure_is_the_one_reported() -> None:
    state = run_task(Flaky(9), retries=2)
    with pytest.raises(ValueError, match="try 3"):
        state.result()


def test_retries_are_one_run_with_a_count() -> None:
    seen: list[tuple[Any, int]] = []

    @task(retries=2)
    def attempt() -> None:
        seen.append((runtime.task_run.id, runtime.task_run.run_count))
        if len(seen) < 3:
            raise ValueError

    flow(lambda: attempt(), name="around")()
    assert len({run_id for run_id, _ in seen}) == 1
    assert [count for _, count in seen] == [1, 2, 3]


def test_submitted_and_mapped_tasks_retry() -> None:
    flaky = Flaky(1)

    @task(retries=1)
    def attempt(_: int = 0) -> int:
        return flaky()

    @flow
    def parent() -> Any:
        first = attempt.submit().result()
        flaky.tries = 0
        return first, attempt.map([1]).result()

    assert parent() == (2, [2])


def test_async_tasks_retry() -> None:
    flaky = Flaky(2)

    @task(retries=2)
    async def attempt() -> int:
        return flaky()

    @flow
    async def parent() -> int:
        return await attempt()

    assert asyncio.run(parent()) == 3


def test_delays_may_be_a_list() -> None:
    flaky = Flaky(3)
    assert run_task(flaky, retries=3, retry_delay_seconds=[0.001, 0.002]).is_completed()
    assert flaky.tries == 4


def test_an_async_task_waits_for_its_retry() -> None:
    flaky = Flaky(1)

    @task(retries=1, retry_delay_seconds=0.001)
    async def attempt() -> int:
        return flaky()

    @flow
    async def parent() -> int:
        return await attempt()

    assert asyncio.run(parent()) == 2


def test_a_condition_decides_with_task_run_and_state() -> None:
    seen: list[Any] = []

    def condition(task: Any, task_run: Any, state: Any) -> bool:
        seen.append((task.name, task_run.name, state.type.value))
        return False

    flaky = Flaky(1)
    assert run_task(flaky, retries=3, retry_condition_fn=condition, name="conditional").is_failed()
    assert flaky.tries == 1
    assert seen[0][0] == "conditional"
    assert seen[0][2] == "FAILED"


def test_a_condition_may_be_async() -> None:
    async def condition(task: Any, task_run: Any, state: Any) -> bool:
        return True

    @task(retries=1, retry_condition_fn=condition)
    async def attempt() -> int:
        return flaky()

    flaky = Flaky(1)

    @flow
    async def parent() -> int:
        return await attempt()

    assert asyncio.run(parent()) == 2


def test_a_condition_may_look_at_the_exception() -> None:
    def only_values(task: Any, task_run: Any, state: Any) -> bool:
        return isinstance(state.result(raise_on_failure=False), ValueError)

    assert run_task(Flaky(1), retries=1, retry_condition_fn=only_values).is_completed()


def test_a_condition_that_fails_means_no_retry() -> None:
    def condition(task: Any, task_run: Any, state: Any) -> bool:
        raise RuntimeError("condition")

    flaky = Flaky(1)
    state = run_task(flaky, retries=3, retry_condition_fn=condition)
    assert state.is_failed()
    assert flaky.tries == 1


def test_retried_runs_are_recorded_as_retrying(store: Any) -> None:
    state = run_task(Flaky(2), retries=2)
    assert store.history(state.state_details.task_run_id) == [
        "Pending",
        "Running",
        "Retrying",
        "Retrying",
        "Completed",
    ]


def test_a_delay_is_recorded_as_waiting(store: Any) -> None:
    state = run_task(Flaky(1), retries=1, retry_delay_seconds=0.001)
    history = store.history(state.state_details.task_run_id)
    assert history == ["Pending", "Running", "AwaitingRetry", "Retrying", "Completed"]


def test_the_recorded_count_is_the_number_of_tries(store: Any) -> None:
    @task(retries=2)
    def attempt() -> int:
        return flaky()

    flaky = Flaky(2)
    state = flow(lambda: attempt(), name="around")(return_state=True)
    (run,) = store.task_runs(state.state_details.flow_run_id, 1)
    assert run.run_count == 3


# --- flows ----------------------------------------------------------------------------------------------


def run_flow(flaky: Flaky, **options: Any) -> Any:
    return flow(flaky.__call__, name="flaky", **options)(return_state=True)


@pytest.mark.parametrize(("failures", "succeeds"), [(0, True), (2, True), (3, False)])
def test_a_flow_is_tried_retries_times_more(failures: int, succeeds: bool) -> None:
    flaky = Flaky(failures)
    state = run_flow(flaky, retries=2)
    assert state.is_completed() is succeeds
    assert flaky.tries == min(failures + 1, 3)


def test_retries_of_a_flow_are_one_run(store: Any) -> None:
    state = run_flow(Flaky(1), retries=1)
    flow_run_id = state.state_details.flow_run_id
    history = ["Pending", "Running", "AwaitingRetry", "Running", "Completed"]
    assert store.history(flow_run_id) == history
    assert store.flow_run(flow_run_id).run_count == 2


def test_a_flow_waits_for_its_retry(store: Any) -> None:
    state = run_flow(Flaky(1), retries=1, retry_delay_seconds=0)
    assert state.is_completed()
    waiting = store.states(state.state_details.flow_run_id)[2]
    assert "try 1" in waiting.message


def test_async_flows_retry() -> None:
    flaky = Flaky(1)

    @flow(retries=1)
    async def attempt() -> int:
        return flaky()

    assert asyncio.run(attempt()) == 2


def test_the_run_count_of_a_flow_is_visible_inside() -> None:
    seen = []

    @flow(retries=1)
    def attempt() -> None:
        seen.append(runtime.flow_run.run_count)
        if len(seen) == 1:
            raise ValueError

    attempt()
    assert seen == [1, 2]


def test_a_returned_failed_state_is_retried_too() -> None:
    from prefect.states import Completed, Failed

    tries = []

    @flow(retries=1)
    def says_so() -> Any:
        tries.append(1)
        return Failed() if len(tries) == 1 else Completed()

    assert says_so(return_state=True).is_completed()
    assert len(tries) == 2


def test_tasks_run_again_in_a_retried_flow() -> None:
    calls = []

    @task
    def note() -> None:
        calls.append(1)

    @flow(retries=1)
    def attempt() -> None:
        note()
        if len(calls) == 1:
            raise ValueError

    attempt()
    assert len(calls) == 2

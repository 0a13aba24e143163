"""Time limits of flows and tasks, sync and async."""

import asyncio
import time
from typing import Any

import pytest

from prefect import flow, task
from prefect.flow_engine import FlowRunTimeoutError
from prefect.task_engine import TaskRunTimeoutError

LIMIT_SECONDS = 0.1


def busy() -> None:
    """Takes far too long, in steps short enough to be interrupted between them."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        time.sleep(0.002)


@task(timeout_seconds=LIMIT_SECONDS)
def slow() -> None:
    busy()


@task(timeout_seconds=LIMIT_SECONDS)
async def slow_later() -> None:
    await asyncio.sleep(120)


def took_less_than_the_work(started: float) -> bool:
    return time.monotonic() - started < 60


def state_of(body: Any) -> Any:
    return flow(lambda: {"state": body()}, name="around")()["state"]


@pytest.mark.parametrize("kind", ["call", "submit"])
def test_a_sync_task_times_out(kind: str) -> None:
    started = time.monotonic()
    run = slow if kind == "call" else slow.submit
    state = state_of(lambda: run(return_state=True))
    assert took_less_than_the_work(started)
    assert (state.type.value, state.name) == ("FAILED", "TimedOut")
    assert str(LIMIT_SECONDS) in state.message
    with pytest.raises(TimeoutError):
        state.result()


def test_an_async_task_times_out() -> None:
    @flow
    async def parent() -> Any:
        return {"state": await slow_later(return_state=True)}

    state = asyncio.run(parent())["state"]
    assert state.name == "TimedOut"


def test_a_timeout_is_an_error_of_its_own_kind() -> None:
    assert issubclass(TaskRunTimeoutError, TimeoutError)
    assert issubclass(FlowRunTimeoutError, TimeoutError)
    with pytest.raises(TaskRunTimeoutError):
        state_of(slow)


def test_a_sync_flow_times_out() -> None:
    started = time.monotonic()
    state = flow(busy, timeout_seconds=LIMIT_SECONDS)(return_state=True)
    assert took_less_than_the_work(started)
    assert (state.type.value, state.name) == ("FAILED", "TimedOut")
    assert str(LIMIT_SECONDS) in state.message
    with pytest.raises(FlowRunTimeoutError):
        state.result()


def test_an_async_flow_times_out() -> None:
    @flow(timeout_seconds=LIMIT_SECONDS)
    async def parent() -> None:
        await asyncio.sleep(120)

    state = asyncio.run(parent(return_state=True))
    assert state.name == "TimedOut"


def test_an_async_flow_stops_in_the_middle_of_a_task() -> None:
    reached = []

    @task
    async def sleeps() -> None:
        await asyncio.sleep(120)
        reached.append("end of task")

    @flow(timeout_seconds=LIMIT_SECONDS)
    async def parent() -> None:
        await sleeps()
        reached.append("end of flow")

    started = time.monotonic()
    assert asyncio.run(parent(return_state=True)).name == "TimedOut"
    assert took_less_than_the_work(started)
    assert reached == []


@pytest.mark.parametrize("limit", [None, 0])
def test_no_limit(limit: Any) -> None:
    assert flow(lambda: 1, timeout_seconds=limit)() == 1
    assert state_of(task(lambda: 1, timeout_seconds=limit)) == 1


def test_what_ends_in_time_is_not_touched() -> None:
    assert flow(lambda: 1, timeout_seconds=10)() == 1
    assert state_of(task(lambda: 1, timeout_seconds=10)) == 1


@pytest.mark.beyond_original("any TimeoutError is taken for the limit's own")
def test_a_timeout_error_of_the_user_is_an_ordinary_failure() -> None:
    def raises() -> None:
        raise TimeoutError("mine")

    for state in (
        state_of(lambda: task(raises, timeout_seconds=10)(return_state=True)),
        flow(raises, timeout_seconds=10)(return_state=True),
    ):
        assert state.name == "Failed"
        assert "mine" in state.message


def test_a_task_is_tried_again_after_a_timeout() -> None:
    tries = []

    # more retries than needed: on a busy machine even nothing may take too long
    @task(retries=5, timeout_seconds=LIMIT_SECONDS)
    def slow_at_first() -> str:
        tries.append(1)
        if len(tries) == 1:
            busy()
        return "fast"

    assert state_of(slow_at_first) == "fast"
    assert len(tries) >= 2


@pytest.mark.beyond_original("the run stays in AwaitingRetry and UnfinishedRun is raised")
def test_a_flow_is_tried_again_after_a_timeout() -> None:
    tries = []

    @flow(retries=5, timeout_seconds=LIMIT_SECONDS)
    def slow_at_first() -> str:
        tries.append(1)
        if len(tries) == 1:
            busy()
        return "fast"

    assert slow_at_first() == "fast"
    assert len(tries) >= 2


def test_cleanup_runs_when_the_time_is_up() -> None:
    cleaned = []

    @task(timeout_seconds=10 * LIMIT_SECONDS)
    def tidy() -> None:
        try:
            busy()
        finally:
            cleaned.append(True)

    assert state_of(lambda: tidy(return_state=True)).name == "TimedOut"
    assert cleaned == [True]

"""Pausing, suspending and resuming flow runs, through the documented API alone."""

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel

import prefect.runtime
from prefect import flow, get_client, pause_flow_run, resume_flow_run, suspend_flow_run, task
from prefect.exceptions import FlowPauseTimeout, NotPausedError
from prefect.flow_runs import wait_for_flow_run
from prefect.states import Cancelling

PATIENCE_SECONDS = 60


def this_run() -> UUID:
    return UUID(str(prefect.runtime.flow_run.id))


def read_run(run_id: UUID) -> Any:
    with get_client(sync_client=True) as client:
        return client.read_flow_run(run_id)


def once_paused(run_id: UUID, act: Callable[[Any], object]) -> threading.Thread:
    """Act on the run's paused state, from another thread, as soon as it is in one."""

    def wait_and_act() -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (run := read_run(run_id)).state.is_paused():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        act(run)

    thread = threading.Thread(target=wait_and_act)
    thread.start()
    return thread


def resume(run_id: UUID, run_input: dict[str, Any] | None = None) -> Any:
    with get_client(sync_client=True) as client:
        return client.resume_flow_run(run_id, run_input)


def test_a_paused_run_goes_on_when_it_is_resumed() -> None:
    @flow
    def pauses() -> UUID:
        run_id = this_run()
        resuming = once_paused(run_id, lambda run: resume(run.id))
        assert pause_flow_run(timeout=PATIENCE_SECONDS, poll_interval=1) is None
        resuming.join()
        return run_id

    run = read_run(pauses())
    assert run.state.is_completed()
    assert run.run_count == 2


def test_an_async_flow_pauses() -> None:
    @flow
    async def pauses() -> str:
        once_paused(this_run(), lambda run: resume(run.id))
        await pause_flow_run(timeout=PATIENCE_SECONDS, poll_interval=1)
        return "went on"

    assert asyncio.run(pauses()) == "went on"


def test_the_paused_state_says_when_it_ends_and_what_it_is_called() -> None:
    seen: list[Any] = []

    @flow
    def pauses() -> None:
        def look(run: Any) -> None:
            seen.append(run.state)
            resume(run.id)

        once_paused(this_run(), look)
        pause_flow_run(timeout=PATIENCE_SECONDS, poll_interval=1)

    pauses()
    (state,) = seen
    assert (state.name, state.state_details.pause_key, state.state_details.pause_reschedule) == (
        "Paused",
        "1",
        False,
    )
    left = (state.state_details.pause_timeout - state.timestamp).total_seconds()
    assert left == pytest.approx(PATIENCE_SECONDS, abs=PATIENCE_SECONDS / 2)


def test_nobody_resumes() -> None:
    @flow
    def pauses() -> None:
        pause_flow_run(timeout=1, poll_interval=1)

    with pytest.raises(FlowPauseTimeout):
        pauses()


def test_a_key_that_was_used_passes_at_once() -> None:
    @flow
    def pauses() -> str:
        resuming = once_paused(this_run(), lambda run: resume(run.id))
        pause_flow_run(timeout=PATIENCE_SECONDS, poll_interval=1, key="k")
        resuming.join()
        pause_flow_run(timeout=PATIENCE_SECONDS, poll_interval=1, key="k")
        return "went on"

    assert pauses() == "went on"


class Order(BaseModel):
    number: int
    urgent: bool = False


@pytest.mark.parametrize(
    ("wanted", "given", "got"),
    [(int, {"value": 3}, 3), (Order, {"number": 2}, Order(number=2))],
    ids=["int", "model"],
)
def test_what_is_asked_for_is_returned(wanted: Any, given: dict[str, Any], got: Any) -> None:
    refused: list[Any] = []

    @flow
    def asks() -> Any:
        def answer(run: Any) -> None:
            refused.append(resume(run.id, {}))
            resume(run.id, given)

        once_paused(this_run(), answer)
        return pause_flow_run(wait_for_input=wanted, timeout=PATIENCE_SECONDS, poll_interval=1)

    assert dict(asks()) == dict(got) if isinstance(got, Order) else asks() == got
    assert refused[0].status.value == "REJECT"


def test_there_is_nothing_to_pause_outside_of_flows() -> None:
    with pytest.raises(RuntimeError):
        pause_flow_run(timeout=1, poll_interval=1)


@pytest.mark.beyond_original("there a task that pauses its flow waits for itself")
def test_a_task_does_not_pause_its_flow() -> None:
    @task
    def pauses() -> None:
        pause_flow_run(timeout=1, poll_interval=1)

    @flow
    def calls() -> None:
        pauses()

    with pytest.raises(RuntimeError):
        calls()


def test_what_is_not_paused_cannot_be_resumed() -> None:
    @flow
    def plain() -> UUID:
        return this_run()

    with pytest.raises(NotPausedError):
        resume_flow_run(plain())


def test_a_flow_that_nothing_could_start_again_is_not_suspended() -> None:
    @flow
    def suspends() -> None:
        suspend_flow_run()

    with pytest.raises(RuntimeError):
        suspends()


def test_a_run_that_has_ended_can_be_waited_for() -> None:
    @flow
    def plain() -> UUID:
        return this_run()

    run = asyncio.run(wait_for_flow_run(plain(), timeout=PATIENCE_SECONDS, poll_interval=1))
    assert run.state is not None
    assert run.state.is_completed()


def test_what_has_ended_cannot_be_cancelled() -> None:
    @flow
    def plain() -> UUID:
        return this_run()

    with get_client(sync_client=True) as client:
        assert client.set_flow_run_state(plain(), Cancelling()).status.value == "ABORT"

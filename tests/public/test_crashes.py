"""What is no ordinary exception: interrupts, exits and cancellation crash the run and go on upwards."""

import asyncio
from typing import Any

import pytest

from prefect import flow, task


class Odd(BaseException):
    """Neither an Exception nor one of Python's own."""


CAUSES = [KeyboardInterrupt, SystemExit, Odd]


class Heard:
    def __init__(self) -> None:
        self.runs: list[Any] = []
        self.states: list[Any] = []

    def __call__(self, subject: Any, run: Any, state: Any) -> None:
        self.runs.append(run)
        self.states.append(state)


@pytest.mark.parametrize("cause", CAUSES)
def test_a_flow_crashes_and_the_cause_goes_on(cause: type[BaseException], store: Any) -> None:
    heard = Heard()

    def body() -> None:
        raise cause

    with pytest.raises(cause):
        flow(body, name="crashing", on_crashed=[heard], on_failure=[heard])()
    assert [state.type.value for state in heard.states] == ["CRASHED"]
    assert store.history(heard.runs[0].id) == ["Pending", "Running", "Crashed"]


def test_return_state_does_not_hide_a_crash() -> None:
    def body() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        flow(body, name="crashing")(return_state=True)


def test_a_crash_is_not_retried() -> None:
    tries = []

    def body() -> None:
        tries.append(1)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        flow(body, name="crashing", retries=2)()
    assert len(tries) == 1


@pytest.mark.parametrize("cause", CAUSES)
def test_a_crash_in_a_task_crashes_its_flow(cause: type[BaseException], store: Any) -> None:
    heard = Heard()

    def body() -> None:
        raise cause

    crashing = task(body, name="crashing")

    with pytest.raises(cause):
        flow(lambda: crashing(), name="around", on_crashed=[heard])()
    flow_run_id = heard.runs[0].id
    assert store.history(flow_run_id)[-1] == "Crashed"
    assert [run.state_name for run in store.task_runs(flow_run_id, 1)] == ["Crashed"]


def test_a_crash_in_a_subflow_crashes_both(store: Any) -> None:
    heard = Heard()

    def body() -> None:
        raise KeyboardInterrupt

    child = flow(body, name="child", on_crashed=[heard])
    with pytest.raises(KeyboardInterrupt):
        flow(lambda: child(), name="parent", on_crashed=[heard])()
    assert [store.history(run.id)[-1] for run in heard.runs] == ["Crashed", "Crashed"]


def test_the_message_says_what_happened() -> None:
    heard = Heard()

    def body() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        flow(body, name="crashing", on_crashed=[heard])()
    assert "interrupt" in heard.states[0].message


def test_a_cancelled_async_flow_crashes(store: Any) -> None:
    heard = Heard()

    @flow(on_crashed=[heard])
    async def sleeps() -> None:
        started.set()
        await asyncio.sleep(20)

    async def main() -> None:
        global started
        started = asyncio.Event()
        running = asyncio.create_task(sleeps())
        await started.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(main())
    assert [state.type.value for state in heard.states] == ["CRASHED"]
    assert store.history(heard.runs[0].id)[-1] == "Crashed"


started: asyncio.Event

"""Hooks of flows and tasks: when they are called, with what, and that they change nothing."""

import asyncio
from typing import Any

import pytest

from prefect import flow, task
from prefect.states import Cancelled, Completed, Crashed, Failed


class Heard:
    """A hook that remembers what it was called with."""

    def __init__(self, name: str = "hook", log: list[str] | None = None) -> None:
        self.__name__ = name
        self.calls: list[tuple[Any, Any, Any]] = []
        self.log = log if log is not None else []

    def __call__(self, subject: Any, run: Any, state: Any) -> None:
        self.calls.append((subject, run, state))
        self.log.append(self.__name__)

    @property
    def states(self) -> list[str]:
        return [state.name for _, _, state in self.calls]


def fails() -> None:
    raise ValueError("no good")


EVERY_FLOW_HOOK = ["on_completion", "on_failure", "on_cancellation", "on_crashed", "on_running"]


def run_flow(body: Any, **options: Any) -> dict[str, list[str]]:
    """Names of the states that each kind of hook heard."""
    hooks = {event: Heard(event) for event in EVERY_FLOW_HOOK}
    flow(body, name="hooked", **{event: [hook] for event, hook in hooks.items()}, **options)(
        return_state=True
    )
    return {event: hook.states for event, hook in hooks.items() if hook.calls}


def run_task(body: Any, **options: Any) -> dict[str, list[str]]:
    hooks = {event: Heard(event) for event in ("on_completion", "on_failure", "on_running")}
    hooked = task(body, name="hooked", **{event: [hook] for event, hook in hooks.items()}, **options)
    flow(lambda: hooked(return_state=True) and None, name="around")()
    return {event: hook.states for event, hook in hooks.items() if hook.calls}


# --- when -----------------------------------------------------------------------------------------------


def test_hooks_of_a_flow_that_completes() -> None:
    assert run_flow(lambda: 1) == {"on_completion": ["Completed"], "on_running": ["Running"]}


def test_hooks_of_a_flow_that_fails() -> None:
    assert run_flow(fails) == {"on_failure": ["Failed"], "on_running": ["Running"]}


def test_hooks_of_a_flow_with_retries_hear_of_the_end_only() -> None:
    heard = run_flow(fails, retries=1)
    assert heard["on_failure"] == ["Failed"]
    assert heard["on_running"] == ["Running", "Running"]


def test_hooks_hear_of_states_made_by_the_user() -> None:
    assert run_flow(lambda: Failed(name="Mine"))["on_failure"] == ["Mine"]
    assert run_flow(lambda: Completed(name="Mine"))["on_completion"] == ["Mine"]
    assert run_flow(lambda: Crashed(name="Mine"))["on_crashed"] == ["Mine"]


@pytest.mark.beyond_original("hooks hear of Cancelling, not of Cancelled")
def test_cancellation_hooks_hear_of_a_cancelled_state_made_by_the_user() -> None:
    assert run_flow(lambda: Cancelled(name="Mine"))["on_cancellation"] == ["Mine"]


def test_parameters_that_do_not_fit_are_a_failure() -> None:
    heard = Heard()

    @flow(on_failure=[heard], on_running=[heard])
    def takes(x: int) -> None: ...

    takes("three", return_state=True)  # type: ignore[call-overload]
    assert heard.states == ["Failed"]


def test_a_timeout_is_a_failure() -> None:
    async def forever() -> None:
        await asyncio.sleep(20)

    heard = Heard()
    asyncio.run(flow(forever, timeout_seconds=0.05, on_failure=[heard])(return_state=True))
    assert heard.states == ["TimedOut"]


def test_hooks_of_tasks() -> None:
    assert run_task(lambda: 1) == {"on_completion": ["Completed"], "on_running": ["Running"]}
    assert run_task(fails) == {"on_failure": ["Failed"], "on_running": ["Running"]}


def test_hooks_of_a_task_hear_of_the_last_failure_only() -> None:
    assert run_task(fails, retries=2)["on_failure"] == ["Failed"]


def test_hooks_of_submitted_and_mapped_tasks() -> None:
    heard = Heard()
    hooked = task(lambda x: x, name="hooked", on_completion=[heard])

    @flow
    def parent() -> None:
        hooked.submit(1).wait()
        hooked.map([1, 2]).wait()

    parent()
    assert len(heard.calls) == 3


def test_hooks_of_subflows() -> None:
    heard = Heard()
    child = flow(fails, name="child", on_failure=[heard])
    flow(lambda: child(return_state=True) and None, name="parent")()
    assert heard.states == ["Failed"]


# --- with what ------------------------------------------------------------------------------------------


def test_a_flow_hook_gets_the_flow_the_run_and_the_state() -> None:
    heard = Heard()
    hooked = flow(lambda: 5, name="hooked", on_completion=[heard])
    state = hooked(return_state=True)
    ((subject, run, heard_state),) = heard.calls
    assert subject.name == "hooked"
    assert run.id == state.state_details.flow_run_id
    assert heard_state.result() == 5


def test_a_task_hook_gets_the_task_the_run_and_the_state() -> None:
    heard = Heard()
    hooked = task(fails, name="hooked", on_failure=[heard])
    state = flow(lambda: {"state": hooked(return_state=True)}, name="around")()["state"]
    ((subject, run, heard_state),) = heard.calls
    assert subject is hooked
    assert run.id == state.state_details.task_run_id
    assert isinstance(heard_state.result(raise_on_failure=False), ValueError)


# --- order and trouble ----------------------------------------------------------------------------------


def test_hooks_are_called_in_order() -> None:
    log: list[str] = []
    hooks = [Heard(name, log) for name in ("first", "second", "third")]
    flow(lambda: 1, name="hooked", on_completion=hooks)()
    assert log == ["first", "second", "third"]


@pytest.mark.parametrize("make", [flow, task])
def test_a_failing_hook_changes_nothing(make: Any) -> None:
    def breaks(subject: Any, run: Any, state: Any) -> None:
        raise RuntimeError("hook")

    after = Heard()
    hooked = make(lambda: 1, name="hooked", on_completion=[breaks, after])
    state = hooked(return_state=True)
    assert state.is_completed()
    assert len(after.calls) == 1


@pytest.mark.parametrize("make", [flow, task])
def test_hooks_may_be_async(make: Any) -> None:
    heard = []

    async def later(subject: Any, run: Any, state: Any) -> None:
        await asyncio.sleep(0)
        heard.append(state.name)

    make(lambda: 1, name="hooked", on_completion=[later])()
    assert heard == ["Completed"]


def test_sync_and_async_hooks_of_an_async_flow() -> None:
    log: list[str] = []

    async def later(flow: Any, flow_run: Any, state: Any) -> None:
        log.append("async")

    async def body() -> None: ...

    asyncio.run(flow(body, name="hooked", on_completion=[Heard("sync", log), later])())
    assert log == ["sync", "async"]


def test_hooks_added_by_decorator_are_called() -> None:
    heard = Heard()
    hooked = flow(lambda: 1, name="hooked")
    hooked.on_completion(heard)
    hooked()
    assert heard.states == ["Completed"]


def test_a_hook_may_be_used_for_several_ends() -> None:
    heard = Heard()
    flow(fails, name="hooked", on_completion=[heard], on_failure=[heard])(return_state=True)
    assert heard.states == ["Failed"]

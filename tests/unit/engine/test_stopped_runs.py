"""Flow runs that somebody stops: what reaches their code, what becomes of all that was under way in them."""

from __future__ import annotations

import asyncio
import contextvars
import math
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest

from prefect import flow, get_client, task
from prefect._time_limits import Interruption
from prefect.client.orchestration.local import local_client
from prefect.context import FlowRunContext
from prefect.engine import watching
from prefect.exceptions import CancelledRun, FlowRunStopped
from prefect.schemas.states import State
from prefect.settings import PREFECT_ENGINE_CANCELLATION_GRACE_SECONDS, temporary_settings
from prefect.states import Cancelled, Cancelling, Completed, Crashed, Failed

pytestmark = pytest.mark.usefixtures("store")

PATIENCE_SECONDS = 60.0


def flow_run_id() -> UUID:
    context = FlowRunContext.get()
    assert context is not None
    found: UUID = context.flow_run.id
    return found


def cancel(run_id: UUID, state: State[Any] | None = None, force: bool = False) -> None:
    """What another process does; then this one is made to look."""
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(run_id, state or Cancelling(message="By a test."), force=force)
    watching.watch.look(math.inf)


def block() -> None:
    """Wait where nobody calls back; the main thread is interrupted in it."""
    threading.Event().wait(PATIENCE_SECONDS)
    raise AssertionError("nobody has interrupted this")


def nap() -> None:
    """Wait in many short calls: code that can be interrupted in any thread."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < ends:
        time.sleep(0.001)
    raise AssertionError("nobody has interrupted this")


def in_another_thread(call: Callable[[], Any]) -> Any:
    outcome: list[Any] = []
    thread = threading.Thread(target=lambda: outcome.append(call()))
    thread.start()
    thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive()
    return outcome[0]


def run_of(state: State[Any]) -> UUID:
    assert state.state_details.flow_run_id is not None
    return state.state_details.flow_run_id


def test_a_flow_in_the_main_thread(store: Any) -> None:
    seen: list[tuple[str, str | None]] = []

    @flow(on_cancellation=[lambda flow, run, state: seen.append((state.name, state.message))])
    def blocks() -> None:
        cancel(flow_run_id())
        block()

    state = blocks(return_state=True)
    assert state.is_cancelled()
    assert state.message == "The run was cancelled. By a test."
    assert seen == [("Cancelled", "The run was cancelled. By a test.")]
    assert store.history(run_of(state)) == ["Pending", "Running", "Cancelling", "Cancelled"]
    assert store.rows("SELECT count(*) FROM lease") == [(0,)]


def test_the_caller_meets_an_ordinary_error() -> None:
    @flow
    def blocks() -> None:
        cancel(flow_run_id())
        block()

    with pytest.raises(CancelledRun, match="By a test"):
        blocks()


def test_a_flow_in_another_thread() -> None:
    @flow
    def naps() -> None:
        cancel(flow_run_id())
        nap()

    assert in_another_thread(lambda: naps(return_state=True)).is_cancelled()


def test_an_async_flow_and_the_loop_goes_on() -> None:
    @flow
    async def waits() -> None:
        await asyncio.to_thread(cancel, flow_run_id())
        await asyncio.sleep(PATIENCE_SECONDS)

    async def main() -> str:
        state: Any = await waits(return_state=True)
        assert state.is_cancelled()
        await asyncio.sleep(0)
        return "went on"

    assert asyncio.run(main()) == "went on"


def test_code_that_swallows_the_interruption_is_cancelled_all_the_same(store: Any) -> None:
    @flow
    def swallows() -> str:
        try:
            cancel(flow_run_id())
            block()
        except FlowRunStopped:
            return "done"
        raise AssertionError

    state = swallows(return_state=True)
    assert store.history(run_of(state)) == ["Pending", "Running", "Cancelling", "Cancelled"]


def test_code_that_ends_before_anybody_looks_is_cancelled_and_hooks_are_called_once(store: Any) -> None:
    seen: list[str] = []

    @flow(on_cancellation=[lambda flow, run, state: seen.append(state.name)])
    def returns() -> str:
        local_client().propose_flow_run_state(flow_run_id(), Cancelling())
        return "done"

    state = returns(return_state=True)
    assert store.history(run_of(state)) == ["Pending", "Running", "Cancelling", "Cancelled"]
    assert seen == ["Cancelled"]


@pytest.mark.parametrize("given", [Cancelled(), Failed(message="enough"), Crashed(), Completed()])
def test_a_run_that_is_ended_from_outside_stops_and_keeps_that_end(store: Any, given: State[Any]) -> None:
    @flow
    def blocks() -> None:
        cancel(flow_run_id(), given, force=True)
        block()

    state = blocks(return_state=True)
    assert (state.type, state.message) == (given.type, given.message)
    assert store.history(run_of(state)) == ["Pending", "Running", given.name]


# --- what is inside -------------------------------------------------------------------------------------


def test_a_subflow_in_the_same_thread_is_cancelled_with_its_parent(store: Any) -> None:
    runs: dict[str, UUID] = {}

    @flow
    def child() -> None:
        runs["child"] = flow_run_id()
        cancel(runs["parent"])
        block()

    @flow
    def parent() -> None:
        runs["parent"] = flow_run_id()
        child()

    assert parent(return_state=True).is_cancelled()
    assert store.history(runs["child"]) == ["Pending", "Running", "Cancelled"]
    assert store.task_histories(runs["parent"]) == [["Pending", "Pending", "Running", "Cancelled"]]


def test_a_subflow_alone_is_cancelled_and_its_parent_may_go_on() -> None:
    @flow
    def child() -> None:
        cancel(flow_run_id())
        block()

    @flow
    def parent() -> str:
        try:
            child()
        except CancelledRun:
            return "went on"
        raise AssertionError

    assert parent() == "went on"


def test_async_subflows_are_cancelled_wherever_they_wait(store: Any) -> None:
    runs: dict[str, UUID] = {}
    forgotten: list[asyncio.Task[Any]] = []

    @flow
    async def child(name: str) -> None:
        runs[name] = flow_run_id()
        if len(runs) == 4:
            await asyncio.to_thread(cancel, runs["parent"])
        await asyncio.sleep(PATIENCE_SECONDS)

    @flow
    async def parent() -> None:
        runs["parent"] = flow_run_id()
        forgotten.append(asyncio.create_task(child("forgotten")))
        await asyncio.gather(child("first"), child("second"))

    async def main() -> Any:
        state = await parent(return_state=True)
        await asyncio.wait(forgotten, timeout=PATIENCE_SECONDS)
        assert isinstance(forgotten[0].exception(), CancelledRun)
        return state

    assert asyncio.run(main()).is_cancelled()
    for name in ("first", "second", "forgotten"):
        assert store.history(runs[name])[-1] == "Cancelled"


def test_tasks_that_run_are_interrupted_and_those_that_wait_are_not_begun(store: Any) -> None:
    running = threading.Barrier(4)

    @task
    def naps() -> None:
        running.wait(PATIENCE_SECONDS)
        nap()

    @task
    async def waits() -> None:
        running.wait(PATIENCE_SECONDS)
        await asyncio.sleep(PATIENCE_SECONDS)

    @task(retries=5)
    def stubborn() -> None:
        running.wait(PATIENCE_SECONDS)
        try:
            nap()
        except BaseException as error:
            raise ValueError("no") from error

    @task
    def later(upstream: Any) -> None:
        raise AssertionError

    @flow
    def submits() -> None:
        first = naps.submit()
        waits.submit()
        stubborn.submit()
        last = later.submit(first)
        running.wait(PATIENCE_SECONDS)
        cancel(flow_run_id())
        last.wait()

    state = submits(return_state=True)
    assert state.is_cancelled()
    assert store.task_histories(run_of(state)) == [
        ["Pending", "Running", "Cancelled"],
        ["Pending", "Running", "Cancelled"],
        ["Pending", "Running", "Failed"],
        ["Pending", "Cancelled"],
    ]


def test_the_rest_of_a_map_is_not_begun(store: Any) -> None:
    begun = threading.Event()

    @task
    def naps(number: int) -> None:
        begun.set()
        nap()

    @flow
    def maps() -> None:
        from prefect.task_runners import ThreadPoolTaskRunner

        assert isinstance(FlowRunContext.get().task_runner, ThreadPoolTaskRunner)  # type: ignore[union-attr]
        naps.map(range(20))
        assert begun.wait(PATIENCE_SECONDS)
        cancel(flow_run_id())
        block()

    from prefect.task_runners import ThreadPoolTaskRunner

    state = maps.with_options(task_runner=ThreadPoolTaskRunner(max_workers=2))(return_state=True)
    histories = store.task_histories(run_of(state))
    assert len(histories) == 20
    assert all(history[-1] == "Cancelled" for history in histories)
    assert sum("Running" in history for history in histories) <= 2


def test_a_task_called_in_the_flow_is_cancelled_too(store: Any) -> None:
    @task
    def blocks() -> None:
        cancel(flow_run_id())
        block()

    @flow
    def calls() -> None:
        blocks()

    state = calls(return_state=True)
    assert store.task_histories(run_of(state)) == [["Pending", "Running", "Cancelled"]]


def test_nothing_new_is_begun_by_code_that_goes_on(store: Any) -> None:
    @task
    def never() -> None:
        raise AssertionError

    @flow
    def child() -> None:
        raise AssertionError

    refused: list[str] = []

    @flow
    def stubborn() -> None:
        try:
            cancel(flow_run_id())
            block()
        except FlowRunStopped:
            for call in (never, child):
                try:
                    call()
                except FlowRunStopped:
                    refused.append(call.name)

    state = stubborn(return_state=True)
    assert state.is_cancelled()
    assert refused == ["never", "child"]
    assert store.task_histories(run_of(state)) == [["Pending", "Cancelled"]]


# --- waiting --------------------------------------------------------------------------------------------


def test_a_run_that_waits_to_be_tried_again(store: Any) -> None:
    @flow(retries=1, retry_delay_seconds=600)
    def fails() -> None:
        context = FlowRunContext.get()
        assert context is not None
        threading.Thread(target=cancel_in, args=("AwaitingRetry", context.flow_run.id)).start()
        raise ValueError

    def cancel_in(name: str, run_id: UUID) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while store.history(run_id)[-1] != name and time.monotonic() < deadline:
            time.sleep(0.01)
        cancel(run_id)

    state = fails(return_state=True)
    assert store.history(run_of(state)) == ["Pending", "Running", "AwaitingRetry", "Cancelled"]


# --- what cannot be stopped -----------------------------------------------------------------------------


@pytest.fixture
def out_of_reach(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Threads cannot be interrupted, as if all of them were in a library that never comes back."""
    monkeypatch.setattr(Interruption, "strike", lambda self: None)
    with temporary_settings({PREFECT_ENGINE_CANCELLATION_GRACE_SECONDS: 0.01}):
        yield


def test_code_that_cannot_be_stopped_does_not_hold_up_the_end(store: Any, out_of_reach: None) -> None:
    released, hooked = threading.Event(), threading.Event()
    seen: list[str] = []

    def hook(flow: Any, flow_run: Any, state: State[Any]) -> None:
        seen.append(str(state.message))
        hooked.set()

    @flow(on_cancellation=[hook])
    def deaf() -> None:
        cancel(flow_run_id())
        released.wait(PATIENCE_SECONDS)

    outcome: list[Any] = []
    context = contextvars.copy_context()
    thread = threading.Thread(target=lambda: outcome.append(context.run(deaf, return_state=True)))
    thread.start()
    assert hooked.wait(PATIENCE_SECONDS)
    released.set()
    thread.join(PATIENCE_SECONDS)
    (state,) = outcome
    assert state.is_cancelled()
    assert "still alive" in state.message
    assert seen == [state.message]
    assert store.history(run_of(state)) == ["Pending", "Running", "Cancelling", "Cancelled"]

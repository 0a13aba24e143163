"""Pauses and suspensions from inside a flow: waiting, answers, ends, and what a later attempt makes of them."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel

from prefect import flow, get_client, pause_flow_run, resume_flow_run, suspend_flow_run, task
from prefect._clock import VirtualClock, use_clock
from prefect.client.orchestration.local import local_client
from prefect.context import FlowRunContext
from prefect.engine import watching
from prefect.engine.pauses import recorded_pause
from prefect.exceptions import (
    CancelledRun,
    FlowPauseTimeout,
    FlowRunWaitTimeout,
    NotPausedError,
    ObjectNotFound,
    Pause,
)
from prefect.flow_runs import retry_flow_run, wait_for_flow_run
from prefect.schemas.states import State
from prefect.states import Cancelling, Completed, Crashed, Failed, Paused, Running, Scheduled, Suspended

pytestmark = pytest.mark.usefixtures("store")

PATIENCE_SECONDS = 60.0


class Waiting(VirtualClock):
    """Time that passes at once; while somebody waits, things happen."""

    def __init__(self) -> None:
        super().__init__(datetime.now(UTC))
        self.meanwhile: list[Callable[[], object]] = []

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self.meanwhile:
            self.meanwhile.pop(0)()


@pytest.fixture(autouse=True)
def clock() -> Iterator[Waiting]:
    clock = Waiting()
    with use_clock(clock):
        yield clock


def flow_run_id() -> UUID:
    context = FlowRunContext.get()
    assert context is not None
    found: UUID = context.flow_run.id
    return found


def resume(run_id: UUID, run_input: dict[str, Any] | None = None) -> None:
    with get_client(sync_client=True) as client:
        client.resume_flow_run(run_id, run_input)


def run_of(state: State[Any]) -> UUID:
    assert state.state_details.flow_run_id is not None
    return state.state_details.flow_run_id


def test_a_paused_run_waits_until_it_is_resumed(store: Any, clock: Waiting) -> None:
    @flow
    def pauses() -> int:
        run_id = flow_run_id()
        clock.meanwhile = [lambda: None, lambda: None, lambda: resume(run_id)]
        assert pause_flow_run(timeout=100) is None
        context = FlowRunContext.get()
        assert context is not None
        assert context.flow_run.state.is_running()
        return int(context.flow_run.run_count)

    state = pauses(return_state=True)
    assert store.history(run_of(state)) == ["Pending", "Running", "Paused", "Running", "Completed"]
    assert state.result() == 2
    assert store.rows("SELECT run_count FROM flow_run WHERE id = ?", run_of(state).bytes) == [(2,)]


def test_an_async_flow_pauses(store: Any, clock: Waiting) -> None:
    @flow
    async def pauses() -> str:
        run_id = flow_run_id()
        clock.meanwhile = [lambda: resume(run_id)]
        await pause_flow_run(timeout=100)
        return "went on"

    assert asyncio.run(pauses()) == "went on"


def test_nobody_resumes(store: Any, clock: Waiting) -> None:
    @flow
    def pauses() -> None:
        runs.append(flow_run_id())
        pause_flow_run(timeout=5, poll_interval=2)

    runs: list[UUID] = []
    with pytest.raises(FlowPauseTimeout, match="nobody resumed"):
        pauses()
    assert store.history(runs[0]) == ["Pending", "Running", "Paused", "Failed"]
    assert sum(clock.slept) == pytest.approx(5, abs=0.1)


def test_looks_are_at_most_the_poll_interval_apart(clock: Waiting) -> None:
    @flow
    def pauses() -> None:
        pause_flow_run(timeout=2, poll_interval=0.25)

    pauses(return_state=True)
    assert clock.slept
    assert max(clock.slept) <= 0.25


def test_a_key_that_was_used_passes_at_once(store: Any, clock: Waiting) -> None:
    @flow
    def pauses() -> None:
        run_id = flow_run_id()
        clock.meanwhile = [lambda: resume(run_id)]
        pause_flow_run(key="once")
        pause_flow_run(key="once")

    state = pauses(return_state=True)
    assert store.history(run_of(state)).count("Paused") == 1


def test_pauses_without_a_key_are_counted(store: Any, clock: Waiting) -> None:
    @flow
    def pauses() -> None:
        run_id = flow_run_id()
        for _ in range(2):
            clock.meanwhile = [lambda: resume(run_id)]
            pause_flow_run()

    state = pauses(return_state=True)
    policy = store.rows("SELECT empirical_policy FROM flow_run WHERE id = ?", run_of(state).bytes)
    assert '"pause_keys":["1","2"]' in policy[0][0].replace(" ", "")


def test_only_a_flow_pauses() -> None:
    with pytest.raises(RuntimeError, match="flow"):
        pause_flow_run()
    with pytest.raises(RuntimeError, match="flow"):
        suspend_flow_run()

    @task
    def pauses() -> None:
        pause_flow_run()

    @flow
    def calls() -> None:
        pauses()

    with pytest.raises(RuntimeError, match="task run"):
        calls()


def test_a_paused_run_is_cancelled_where_it_waits(store: Any, clock: Waiting) -> None:
    @flow
    def pauses() -> None:
        run_id = flow_run_id()

        def cancel() -> None:
            with get_client(sync_client=True) as client:
                client.set_flow_run_state(run_id, Cancelling())

        clock.meanwhile = [cancel]
        pause_flow_run()

    with pytest.raises(CancelledRun):
        pauses()


def test_a_subflow_pauses_and_its_placeholder_follows(store: Any, clock: Waiting) -> None:
    @flow
    def child() -> None:
        run_id = flow_run_id()
        clock.meanwhile = [lambda: resume(run_id)]
        pause_flow_run()

    @flow
    def parent() -> None:
        child()

    state = parent(return_state=True)
    assert store.task_histories(run_of(state)) == [
        ["Pending", "Pending", "Running", "Paused", "Running", "Completed"]
    ]


# --- answers --------------------------------------------------------------------------------------------


class Order(BaseModel):
    number: int
    urgent: bool = False


def test_an_answer_is_given_as_the_type_that_is_asked_for(clock: Waiting) -> None:
    @flow
    def asks() -> tuple[Any, Any]:
        run_id = flow_run_id()
        clock.meanwhile = [lambda: resume(run_id, {"number": 3})]
        order = pause_flow_run(wait_for_input=Order)
        clock.meanwhile = [lambda: resume(run_id, {"value": 4})]
        return order, pause_flow_run(wait_for_input=int)

    assert asks() == (Order(number=3), 4)


def test_an_answer_that_lacks_something_is_refused_and_the_run_waits_on(clock: Waiting) -> None:
    refused: list[str] = []

    @flow
    def asks() -> Any:
        run_id = flow_run_id()

        def wrong() -> None:
            with pytest.raises(RuntimeError, match="number") as caught:
                resume_flow_run(run_id, {"urgent": True}, _sync=True)  # type: ignore[call-arg]
            refused.append(str(caught.value))

        clock.meanwhile = [wrong, lambda: resume(run_id, {"number": 1})]
        return pause_flow_run(wait_for_input=Order)

    assert asks() == Order(number=1)
    assert len(refused) == 1


def test_a_used_key_gives_the_stored_answer_again(clock: Waiting) -> None:
    @flow
    def asks() -> list[Any]:
        run_id = flow_run_id()
        clock.meanwhile = [lambda: resume(run_id, {"value": 4})]
        return [pause_flow_run(wait_for_input=int, key="same") for _ in range(2)]

    assert asks() == [4, 4]


# --- resuming -------------------------------------------------------------------------------------------


def test_what_is_not_paused_cannot_be_resumed() -> None:
    @flow
    def plain() -> UUID:
        return flow_run_id()

    with pytest.raises(NotPausedError):
        resume_flow_run(plain())
    with pytest.raises(ObjectNotFound):
        resume_flow_run(UUID(int=1))


def test_a_pause_that_is_over_cannot_be_resumed(clock: Waiting) -> None:
    met: list[str] = []

    @flow
    def pauses() -> None:
        run_id = flow_run_id()

        def too_late() -> None:
            clock.sleep(100)
            with pytest.raises(FlowPauseTimeout) as caught:
                resume_flow_run(run_id)
            met.append(str(caught.value))

        clock.meanwhile = [too_late]
        pause_flow_run(timeout=10)

    assert pauses(return_state=True).is_failed()
    assert len(met) == 1


# --- suspending -----------------------------------------------------------------------------------------

done: list[str] = []


@task(persist_result=True, result_storage_key="step-{flow_run.id}")
def step() -> str:
    done.append("step")
    return "kept"


@flow
def suspends() -> str:
    value = step()
    suspend_flow_run(timeout=100, key="away")
    return value


def test_a_suspended_run_leaves_and_comes_back(store: Any) -> None:
    done.clear()
    with pytest.raises(Pause) as caught:
        suspends()
    assert isinstance(caught.value, SystemExit)
    assert not caught.value.code
    assert caught.value.state is not None
    run_id = run_of(caught.value.state)
    assert store.rows("SELECT count(*) FROM lease") == [(0,)]
    resume_flow_run(run_id)
    assert retry_flow_run(run_id, flow=suspends) == "kept"
    assert done == ["step"]
    states = ["Pending", "Running", "Suspended", "Resuming", "Pending", "Running", "Completed"]
    assert store.history(run_id) == states
    assert store.rows("SELECT run_count FROM flow_run WHERE id = ?", run_id.bytes) == [(1,)]


def test_what_nothing_could_start_again_is_not_suspended() -> None:
    @flow
    def local() -> None:
        suspend_flow_run()

    with pytest.raises(RuntimeError, match="not in a file"):
        local()


def test_a_subflow_is_not_suspended() -> None:
    @flow
    def parent() -> None:
        suspends()

    with pytest.raises(RuntimeError, match="subflow"):
        parent()


def test_another_run_is_suspended_and_its_code_stops(store: Any) -> None:
    def suspend(run_id: UUID) -> None:
        suspend_flow_run(flow_run_id=run_id)
        watching.watch.look(math.inf)

    @task
    def under_way() -> None:
        raise AssertionError

    @flow
    def blocks() -> None:
        thread = threading.Thread(target=suspend, args=(flow_run_id(),))
        thread.start()
        threading.Event().wait(PATIENCE_SECONDS)

    with pytest.raises(Pause) as caught:
        blocks()
    assert caught.value.state is not None
    assert store.history(run_of(caught.value.state)) == ["Pending", "Running", "Suspended"]


def test_a_run_that_is_over_is_not_suspended() -> None:
    @flow
    def plain() -> UUID:
        return flow_run_id()

    with pytest.raises(RuntimeError, match="cannot be suspended"):
        suspend_flow_run(flow_run_id=plain())


# --- pauses of others -----------------------------------------------------------------------------------


def test_in_a_pause_of_others_nothing_is_begun(store: Any, clock: Waiting) -> None:
    order: list[str] = []

    @task
    def follows() -> None:
        order.append("task")

    @flow
    def child() -> None:
        order.append("subflow")

    @flow
    def held() -> None:
        run_id = flow_run_id()

        def go_on() -> None:
            order.append("resumed")
            resume(run_id)

        for call in (follows, child):
            with get_client(sync_client=True) as client:
                client.set_flow_run_state(run_id, Paused(timeout_seconds=100))
            watching.watch.look(math.inf)
            clock.meanwhile = [go_on]
            call()

    state = held(return_state=True)
    assert state.is_completed(), state.message
    assert order == ["resumed", "task", "resumed", "subflow"]


# --- after a crash --------------------------------------------------------------------------------------

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
LATER = MOMENT + timedelta(hours=1)


def pause(key: str) -> State[Any]:
    return Paused(pause_expiration_time=LATER, pause_key=key)


@pytest.mark.parametrize(
    ("history", "found", "answered"),
    [
        ([Running(), pause("1"), Crashed(), Running()], True, False),
        ([Running(), pause("1"), Running(), Crashed(), Running()], True, True),
        ([Running(), pause("1"), Scheduled(name="Resuming"), Crashed(), Running()], True, True),
        ([Running(), pause("2"), Crashed(), Running()], False, False),
        ([Running(), pause("1"), Running(), Failed(), Running()], False, False),
        ([Running(), pause("1"), Running(), Scheduled(name="AwaitingRetry"), Running()], False, False),
        ([Running(), pause("1"), Crashed(), pause("1"), Running(), Crashed()], True, True),
        ([Running(), pause("1"), Running(), Completed(), Running()], True, True),
        ([], False, False),
    ],
)
def test_what_is_known_of_a_pause(history: list[State[Any]], found: bool, answered: bool) -> None:
    state, is_answered = recorded_pause(history, "1")
    assert (state is not None, is_answered) == (found, answered)


@flow
def waits_long() -> str:
    pause_flow_run(timeout=3600, key="long")
    return "went on"


def test_the_rest_of_a_pause_is_waited_after_a_crash(store: Any, clock: Waiting) -> None:
    class Killed(BaseException):
        pass

    def die() -> None:
        raise Killed

    clock.meanwhile = [lambda: clock.sleep(600), die]
    begun = clock.now()
    with pytest.raises(Killed):
        waits_long()
    run_id = UUID(bytes=store.rows("SELECT id FROM flow_run ORDER BY id DESC LIMIT 1")[0][0])
    assert store.history(run_id)[-2:] == ["Paused", "Crashed"]
    with pytest.raises(FlowPauseTimeout):
        retry_flow_run(run_id, flow=waits_long)
    assert (clock.now() - begun).total_seconds() == pytest.approx(3600, abs=10)


def test_an_answer_outlives_a_crash(store: Any, clock: Waiting) -> None:
    attempts: list[str] = []

    @flow
    def crashes_once() -> Any:
        run_id = flow_run_id()
        clock.meanwhile = [lambda: resume(run_id, {"value": 4})]
        value = pause_flow_run(wait_for_input=int, key="asked")
        attempts.append("attempt")
        if len(attempts) == 1:
            raise KeyboardInterrupt
        return value

    with pytest.raises(KeyboardInterrupt):
        crashes_once()
    run_id = UUID(bytes=store.rows("SELECT id FROM flow_run ORDER BY id DESC LIMIT 1")[0][0])
    assert retry_flow_run(run_id, flow=crashes_once) == 4
    assert store.history(run_id).count("Paused") == 1


def test_the_rest_of_a_retry_delay_is_waited_after_a_crash(store: Any, clock: Waiting) -> None:
    begun: list[datetime] = []

    @flow(retries=1, retry_delay_seconds=3600)
    def fails_once() -> str:
        begun.append(clock.now())
        if len(begun) == 1:
            raise ValueError
        return "went on"

    def die() -> None:
        clock.sleep(600)
        raise KeyboardInterrupt

    clock.meanwhile = [die]
    with pytest.raises(KeyboardInterrupt):
        fails_once()
    run_id = UUID(bytes=store.rows("SELECT id FROM flow_run ORDER BY id DESC LIMIT 1")[0][0])
    assert store.history(run_id)[-2:] == ["AwaitingRetry", "Crashed"]
    # the sleep that was interrupted has passed in full by this clock: what is left is waited by the recorded time
    store_due(clock.now() + timedelta(seconds=1000))
    waited = len(clock.slept)
    assert retry_flow_run(run_id, flow=fails_once) == "went on"
    assert sum(clock.slept[waited:]) == pytest.approx(1000, abs=2)


def store_due(due: datetime) -> None:
    """Let a retry be due at another time."""
    query = "UPDATE flow_run_state SET state_details = json_set(state_details, '$.scheduled_time', ?) WHERE name = ?"
    with local_client().journal.transaction() as connection:
        connection.execute(query, (due.isoformat(), "AwaitingRetry"))


# --- waiting for a run ----------------------------------------------------------------------------------


def test_the_end_of_a_run_is_waited_for(clock: Waiting) -> None:
    @flow
    def plain() -> UUID:
        return flow_run_id()

    run = asyncio.run(wait_for_flow_run(plain()))
    assert run.state is not None
    assert run.state.is_completed()


def test_waiting_has_an_end(clock: Waiting) -> None:
    @flow
    def waited_for() -> None:
        run_id = flow_run_id()
        thread_errors: list[BaseException] = []

        def wait() -> None:
            try:
                asyncio.run(wait_for_flow_run(run_id, timeout=7, poll_interval=5))
            except FlowRunWaitTimeout as error:
                thread_errors.append(error)

        thread = threading.Thread(target=wait)
        thread.start()
        thread.join(PATIENCE_SECONDS)
        assert len(thread_errors) == 1

    waited_for()
    assert clock.slept[0] == pytest.approx(5)
    assert clock.slept[1] == pytest.approx(2, abs=0.1)


def test_suspended_is_what_it_says() -> None:
    assert Suspended().state_details.pause_reschedule
    assert local_client().look_seconds > 0

"""The life of a task run against a client that only notes: sequences of states, counts, retries, interruptions."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import inspect
import itertools
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from prefect import get_run_logger, task
from prefect._clock import VirtualClock
from prefect._steps import generate_awaiting, generate_blocking, run_awaiting, run_blocking
from prefect.context import TaskRunContext, tags
from prefect.engine import observer
from prefect.engine.naming import RunNameError
from prefect.engine.task_run import TaskRunLife, TaskRunTimeoutError
from prefect.exceptions import Abort, PrefectException
from prefect.futures import PrefectConcurrentFuture
from prefect.schemas.bases import uuid7
from prefect.schemas.runs import TaskRun, TaskRunResult
from prefect.schemas.states import State, StateType
from prefect.states import Cancelled, Completed, Crashed, Failed, Pending
from prefect.transactions import BaseTransaction, Transaction
from prefect.utilities.annotations import allow_failure, quote

pytestmark = pytest.mark.usefixtures("virtual_clock")


class Notes:
    """A client that notes what it is told, as it is at that moment."""

    def __init__(self) -> None:
        self.states: list[State[Any]] = []
        self.counts: list[int] = []
        self.flushed_after: list[int] = []
        self.lost = False
        self.is_slow = False

    def record_task_run(self, run: TaskRun, state: State[Any]) -> None:
        assert run.state is state
        assert (run.state_id, run.state_type, run.state_name) == (state.id, state.type, state.name)
        assert (state.state_details.task_run_id, state.state_details.flow_run_id) == (run.id, run.flow_run_id)
        self.states.append(state)
        self.counts.append(run.run_count)

    def flush(self) -> None:
        self.flushed_after.append(len(self.states))

    def usable(self) -> bool:
        return True

    def superseded(self, flow_run_id: UUID | None) -> bool:
        return self.lost

    @property
    def names(self) -> list[str]:
        return [str(state.name) for state in self.states]


@pytest.fixture
def notes() -> Notes:
    return Notes()


def lived(life: TaskRunLife) -> TaskRunLife:
    """Live the life in the colour of its task; what it raises is for the caller."""
    if life.task.isasync:
        asyncio.run(run_awaiting(life.live()))
    else:
        run_blocking(life.live())
    return life


def in_both_colours(fn: Callable[..., Any]) -> list[Callable[..., Any]]:
    """A function and an async function that does the same after a turn of the event loop."""

    async def async_fn(*args: Any, **kwargs: Any) -> Any:
        await asyncio.sleep(0)
        return fn(*args, **kwargs)

    async_fn.__signature__ = inspect.signature(fn)  # type: ignore[attr-defined]
    return [fn, async_fn]


Colour = Callable[[Callable[..., Any]], Callable[..., Any]]


@pytest.fixture(params=["sync", "async"])
def colour(request: pytest.FixtureRequest) -> Colour:
    """Makes a function of one colour out of a plain one."""
    return lambda fn: in_both_colours(fn)[request.param == "async"]


class Attempts:
    """A body that raises what it is given, one after the other, and then returns."""

    def __init__(self, *errors: BaseException | None, value: Any = "value") -> None:
        self.errors = list(errors)
        self.value = value
        self.made = 0

    def __call__(self) -> Any:
        self.made += 1
        error = self.errors.pop(0) if self.errors else None
        if error is not None:
            raise error
        return self.value

    def body(self) -> Callable[[], Any]:
        return lambda: self()


BOOM = ValueError("boom")

# --- sequences ------------------------------------------------------------------------------------------


def test_success(colour: Colour, notes: Notes) -> None:
    life = lived(TaskRunLife(task(colour(lambda: 5), name="five"), {}, notes))
    assert notes.names == ["Pending", "Running", "Completed"]
    assert (life.value, life.raised) == (5, None)
    assert life.state is notes.states[-1]
    assert life.state.data == 5


def test_failure(colour: Colour, notes: Notes) -> None:
    life = lived(TaskRunLife(task(colour(Attempts(BOOM).body())), {}, notes))
    assert notes.names == ["Pending", "Running", "Failed"]
    assert life.raised is BOOM
    assert life.state is not None
    assert life.state.data is BOOM
    assert life.state.message == "Task run encountered an exception ValueError: boom"


def test_retries_at_once(colour: Colour, notes: Notes, virtual_clock: VirtualClock) -> None:
    attempts = Attempts(BOOM, BOOM)
    life = lived(TaskRunLife(task(retries=2)(colour(attempts.body())), {}, notes))
    assert notes.names == ["Pending", "Running", "Retrying", "Retrying", "Completed"]
    assert notes.counts == [0, 1, 2, 3, 3]
    assert (life.value, life.raised, life.run.run_count) == ("value", None, 3)
    assert virtual_clock.slept == []


def test_retries_with_delays(colour: Colour, notes: Notes, virtual_clock: VirtualClock) -> None:
    retried = task(retries=3, retry_delay_seconds=[10, 60])(colour(Attempts(BOOM, BOOM, BOOM).body()))
    life = lived(TaskRunLife(retried, {}, notes))
    assert notes.names == ["Pending", "Running", *["AwaitingRetry", "Retrying"] * 3, "Completed"]
    assert virtual_clock.slept == [10, 60, 60]
    awaiting = [state for state in notes.states if state.name == "AwaitingRetry"]
    assert {state.type for state in awaiting} == {StateType.SCHEDULED}
    assert {state.message for state in awaiting} == {"Task run encountered an exception ValueError: boom"}
    for state, delay in zip(awaiting, (10, 60, 60), strict=True):
        due = state.state_details.scheduled_time
        assert due is not None
        assert abs(due - state.timestamp - timedelta(seconds=delay)) < timedelta(seconds=1)
    assert life.run.run_count == 4


def test_retries_are_used_up(colour: Colour, notes: Notes) -> None:
    errors = [ValueError(str(number)) for number in range(5)]
    attempts = Attempts(*errors)
    life = lived(TaskRunLife(task(retries=2)(colour(attempts.body())), {}, notes))
    assert notes.names == ["Pending", "Running", "Retrying", "Retrying", "Failed"]
    assert life.raised is errors[2]
    assert attempts.made == 3


def test_delays_are_drawn_within_their_bounds(notes: Notes, virtual_clock: VirtualClock) -> None:
    jittery = task(retries=20, retry_delay_seconds=10, retry_jitter_factor=0.5)(Attempts(*[BOOM] * 20).body())
    lived(TaskRunLife(jittery, {}, notes))
    assert all(5 <= delay <= 15 for delay in virtual_clock.slept)
    assert len(set(virtual_clock.slept)) > 10


def test_a_condition_decides_about_each_retry(colour: Colour, notes: Notes) -> None:
    asked: list[Any] = []

    def condition(task: Any, task_run: Any, state: Any) -> bool:
        asked.append((task, task_run, state.name, TaskRunContext.get() is not None))
        return len(asked) < 2

    attempts = Attempts(BOOM, BOOM, BOOM)
    conditional = task(retries=5, retry_condition_fn=colour(condition))(colour(attempts.body()))
    life = lived(TaskRunLife(conditional, {}, notes))
    assert notes.names == ["Pending", "Running", "Retrying", "Failed"]
    assert asked == [(conditional, life.run, "Failed", True)] * 2


def test_a_condition_that_raises_means_no_retry(
    colour: Colour, notes: Notes, caplog: pytest.LogCaptureFixture
) -> None:
    def condition(task: Any, task_run: Any, state: Any) -> bool:
        raise KeyError("in the condition")

    life = lived(
        TaskRunLife(task(retries=1, retry_condition_fn=colour(condition))(Attempts(BOOM).body()), {}, notes)
    )
    assert notes.names == ["Pending", "Running", "Failed"]
    assert life.raised is BOOM
    assert "The retry condition raised" in caplog.text


@pytest.mark.parametrize("retries", [0, 1])
def test_a_timeout(colour: Colour, notes: Notes, retries: int) -> None:
    def endless() -> None:
        while True:
            pass

    limited = task(timeout_seconds=0.01, retries=retries)(endless)
    if colour(endless) is not endless:

        async def waits() -> None:
            await asyncio.Event().wait()

        limited = task(timeout_seconds=0.01, retries=retries)(waits)
    life = lived(TaskRunLife(limited, {}, notes))
    assert notes.names == ["Pending", "Running", *["Retrying"] * retries, "TimedOut"]
    assert isinstance(life.raised, TaskRunTimeoutError)
    assert life.state is not None
    assert life.state.type is StateType.FAILED
    assert life.state.message == "Task run exceeded timeout of 0.01 second(s)"


def test_a_timeout_error_of_the_users_own_is_a_failure(colour: Colour, notes: Notes) -> None:
    life = lived(
        TaskRunLife(task(timeout_seconds=60)(colour(Attempts(TimeoutError("own")).body())), {}, notes)
    )
    assert notes.names == ["Pending", "Running", "Failed"]
    assert str(life.raised) == "own"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(1), GeneratorExit()], ids=repr)
def test_an_interruption_is_recorded_and_goes_on_its_way(notes: Notes, error: BaseException) -> None:
    called: list[str] = []
    interrupted = task(retries=3, on_failure=[lambda *_: called.append("on_failure")])(Attempts(error).body())
    with pytest.raises(type(error)):
        lived(TaskRunLife(interrupted, {}, notes))
    assert notes.names == ["Pending", "Running", "Crashed"]
    assert called == []


def test_a_cancelled_coroutine_is_recorded(notes: Notes) -> None:
    @task
    async def waits() -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        running = asyncio.ensure_future(run_awaiting(TaskRunLife(waits, {}, notes).live()))
        await asyncio.sleep(0)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    asyncio.run(main())
    assert notes.names == ["Pending", "Running", "Crashed"]
    assert "cancelled" in str(notes.states[-1].message)


def test_a_run_that_another_process_has_taken_goes_no_further(notes: Notes) -> None:
    def loses() -> None:
        notes.lost = True
        raise BOOM

    attempts = Attempts(BOOM)
    notes.lost = True
    with pytest.raises(Abort, match="Another process"):
        lived(TaskRunLife(task(attempts.body()), {}, notes))
    assert attempts.made == 0
    notes.lost = False
    notes.states.clear()
    with pytest.raises(Abort):
        lived(TaskRunLife(task(retries=1)(loses), {}, notes))
    assert notes.names[:2] == ["Pending", "Running"]
    assert "Retrying" not in notes.names


def test_a_coroutine_that_is_thrown_away_is_recorded(notes: Notes) -> None:
    @task
    async def waits() -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        coroutine = run_awaiting(TaskRunLife(waits, {}, notes).live())
        coroutine.send(None)
        coroutine.close()

    asyncio.run(main())
    assert notes.names == ["Pending", "Running", "Crashed"]


def test_a_coroutine_that_is_thrown_away_in_another_context_is_recorded(notes: Notes) -> None:
    """Python's collector throws it away wherever it happens to run."""
    began: list[bool] = []

    @task(retries=1)
    async def waits() -> None:
        assert not began, "it is not tried again"
        began.append(True)
        await asyncio.Event().wait()

    async def main() -> None:
        coroutine = run_awaiting(TaskRunLife(waits, {}, notes).live())
        contextvars.copy_context().run(coroutine.send, None)
        for context in (TaskRunContext, BaseTransaction):
            context.__var__.set(somebody_elses)  # type: ignore[attr-defined]
        coroutine.close()
        assert TaskRunContext.get() is somebody_elses
        assert BaseTransaction.__var__.get() is somebody_elses

    somebody_elses: Any = Transaction()
    asyncio.run(main())
    assert notes.names == ["Pending", "Running", "Crashed"]
    assert began == [True]


def test_an_interruption_while_waiting_for_a_retry(notes: Notes, virtual_clock: VirtualClock) -> None:
    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    virtual_clock.sleep = interrupted  # type: ignore[method-assign]
    delayed = task(retries=1, retry_delay_seconds=5)(Attempts(BOOM).body())
    with pytest.raises(KeyboardInterrupt):
        lived(TaskRunLife(delayed, {}, notes))
    assert notes.names == ["Pending", "Running", "AwaitingRetry", "Crashed"]


@pytest.mark.parametrize(
    ("state", "names"),
    [
        (Completed(name="Own", data=1), ["Pending", "Running", "Own"]),
        (Failed(message="said so"), ["Pending", "Running", "Failed"]),
        (Cancelled(), ["Pending", "Running", "Cancelled"]),
        (Crashed(), ["Pending", "Running", "Crashed"]),
    ],
    ids=str,
)
def test_a_returned_state_is_the_state(colour: Colour, notes: Notes, state: Any, names: list[str]) -> None:
    lived(TaskRunLife(task(colour(lambda: state)), {}, notes))
    assert notes.names == names
    assert notes.states[-1].message == state.message


def test_a_stop_iteration_of_the_body_is_a_failure(notes: Notes) -> None:
    life = lived(TaskRunLife(task(lambda: next(iter(()))), {}, notes))
    assert notes.names == ["Pending", "Running", "Failed"]
    assert isinstance(life.raised, StopIteration)


# --- bookkeeping ----------------------------------------------------------------------------------------


def test_timestamps_strictly_increase(notes: Notes, monkeypatch: pytest.MonkeyPatch) -> None:
    virtual = VirtualClock()
    frozen = virtual.now()
    monkeypatch.setattr("prefect._clock._current.now", lambda: frozen, raising=False)
    lived(TaskRunLife(task(retries=2)(Attempts(BOOM, BOOM).body()), {}, notes))
    moments = [state.timestamp for state in notes.states]
    assert moments == sorted(set(moments))


def test_times_of_the_run(notes: Notes, virtual_clock: VirtualClock) -> None:
    def works() -> None:
        virtual_clock.sleep(7)
        if virtual_clock.slept == [7]:
            raise BOOM

    run = lived(TaskRunLife(task(retries=1, retry_delay_seconds=100)(works), {}, notes)).run
    pending, running, *_, ended = notes.states
    assert run.expected_start_time == pending.timestamp
    assert run.start_time == running.timestamp
    assert run.end_time == ended.timestamp
    assert abs(run.total_run_time - timedelta(seconds=14)) < timedelta(seconds=1)
    assert ended.timestamp - running.timestamp > timedelta(seconds=113)


def test_a_run_outside_a_flow(notes: Notes) -> None:
    @task(version="v1", tags=["t"], retries=1, retry_delay_seconds=[2.0], retry_jitter_factor=0.5)
    def made(x: int) -> None: ...

    with tags("around"):
        run = lived(TaskRunLife(made, {"x": 1}, notes)).run
    assert run.name == "made"
    assert run.flow_run_id is None
    assert run.task_key == made.task_key
    assert run.dynamic_key.startswith(f"{made.task_key}-")
    assert run.task_version == "v1"
    assert run.tags == ["around", "t"]
    assert run.task_inputs == {"x": []}
    policy = run.empirical_policy
    assert (policy.retries, policy.retry_delay, policy.retry_jitter_factor) == (1, [2.0], 0.5)


def test_every_run_is_another_one(notes: Notes) -> None:
    same = task(lambda: None, name="same")
    runs = [lived(TaskRunLife(same, {}, notes)).run for _ in range(3)]
    assert len({run.id for run in runs}) == len({run.dynamic_key for run in runs}) == 3


def test_a_run_may_have_a_promised_id_or_exist_already(notes: Notes) -> None:
    promised = uuid7()
    assert lived(TaskRunLife(task(lambda: None), {}, notes, run_id=promised)).run.id == promised
    notes.states.clear()
    existing = lived(TaskRunLife(task(lambda: None), {}, notes)).run
    existing.state = Pending()
    assert lived(TaskRunLife(task(lambda: None), {}, notes, run=existing)).run is existing
    assert notes.names == ["Pending", "Running", "Completed", "Running", "Completed"]
    assert existing.run_count == 2


def test_a_run_name_is_made_of_the_resolved_parameters(colour: Colour, notes: Notes) -> None:
    def named(x: Any) -> None: ...

    life = TaskRunLife(task(task_run_name="run-of-{x}")(colour(named)), {"x": finished("upstream")}, notes)
    assert lived(life).run.name == "run-of-upstream"


def test_a_name_that_cannot_be_made_fails_the_run(notes: Notes) -> None:
    with pytest.raises(RunNameError, match="nobody"):
        lived(TaskRunLife(task(task_run_name="{nobody}")(lambda: None), {}, notes))
    assert notes.names == ["Pending", "Failed"]
    assert "could not be named" in str(notes.states[-1].message)


def test_nothing_is_written_through_for_what_is_not_kept(notes: Notes) -> None:
    lived(TaskRunLife(task(lambda: 1), {}, notes))
    assert notes.flushed_after == []


@pytest.mark.usefixtures("store")
def test_what_is_kept_is_written_through_when_it_has_ended(notes: Notes) -> None:
    lived(TaskRunLife(task(persist_result=True)(lambda: 1), {}, notes))
    assert notes.flushed_after == [3]


def test_ending_before_the_start(notes: Notes) -> None:
    life = TaskRunLife(task(lambda: None), {}, notes)
    life.end_before_start(Cancelled(message="not wanted"))
    assert notes.names == ["Pending", "Cancelled"]
    assert life.run.run_count == 0
    assert notes.states[-1].message == "not wanted"


def test_observers_are_told_of_every_move(notes: Notes) -> None:
    told: list[Any] = []

    class Watch:
        def on_task_state(self, *move: Any) -> None:
            told.append(move)

    previous = observer.set_observer(Watch())  # type: ignore[arg-type]
    try:
        lived(TaskRunLife(task(lambda: None, name="seen"), {}, notes))
    finally:
        assert observer.set_observer(previous) is not None
    types = [None, StateType.PENDING, StateType.RUNNING, StateType.COMPLETED]
    assert told == [("seen", before, after) for before, after in itertools.pairwise(types)]


# --- upstreams ------------------------------------------------------------------------------------------


def finished(value: Any = None, state: State[Any] | None = None) -> PrefectConcurrentFuture[Any]:
    future: PrefectConcurrentFuture[Any] = PrefectConcurrentFuture(uuid7())
    state = state or Completed(data=value)
    state.state_details.task_run_id = future.task_run_id
    future.complete(state)
    return future


def identity(x: Any) -> Any:
    return x


def test_an_upstream_that_did_not_complete_keeps_the_run_from_starting(colour: Colour, notes: Notes) -> None:
    failed = finished(state=Failed())
    called: list[str] = []
    blocked = task(
        on_completion=[lambda *_: called.append("hook")], on_failure=[lambda *_: called.append("hook")]
    )(colour(identity))
    for life in (
        TaskRunLife(blocked, {"x": [failed]}, notes),
        TaskRunLife(blocked, {"x": 1}, notes, wait_for=[failed]),
    ):
        notes.states.clear()
        lived(life)
        assert notes.names == ["Pending", "NotReady"]
        assert notes.states[-1].type is StateType.PENDING
        assert str(failed.task_run_id) in str(notes.states[-1].message)
        assert (life.run.run_count, life.value, life.raised) == (0, None, None)
    assert called == []


def test_results_are_put_in_the_place_of_futures(colour: Colour, notes: Notes) -> None:
    upstream = finished("result")
    life = lived(TaskRunLife(task(colour(identity)), {"x": {"a": [upstream]}}, notes))
    assert life.value == {"a": ["result"]}
    assert life.run.task_inputs == {"x": [TaskRunResult(id=upstream.task_run_id)]}


def test_annotations_are_taken_off(notes: Notes) -> None:
    assert lived(TaskRunLife(task(identity), {"x": quote([1])}, notes)).value == [1]
    error = lived(TaskRunLife(task(identity), {"x": allow_failure(finished(state=Failed(data=BOOM)))}, notes))
    assert error.value is BOOM


def test_inputs_found_elsewhere_are_added(notes: Notes) -> None:
    one, other = TaskRunResult(id=uuid7()), TaskRunResult(id=uuid7())
    life = TaskRunLife(task(identity), {"x": 1}, notes, dependencies={"x": {one}, "wait_for": [other]})
    assert life.run.task_inputs == {"x": [one], "wait_for": [other]}


def test_an_argument_that_cannot_be_resolved_fails_the_run(colour: Colour, notes: Notes) -> None:
    life = lived(TaskRunLife(task(colour(identity)), {"x": {finished([1])}}, notes))
    assert notes.names == ["Pending", "Failed"]
    assert isinstance(life.raised, PrefectException)
    assert "inputs could not be resolved" in str(notes.states[-1].message)


def test_an_interruption_while_waiting_for_upstreams(notes: Notes) -> None:
    class Interrupts(PrefectConcurrentFuture[Any]):
        def wait(self, timeout: float | None = None) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lived(TaskRunLife(task(identity), {"x": Interrupts(uuid7())}, notes))
    assert notes.names == ["Pending", "Crashed"]


def test_unfinished_futures_are_waited_for(colour: Colour, notes: Notes) -> None:
    future: PrefectConcurrentFuture[int] = PrefectConcurrentFuture(uuid7())
    threading.Timer(0.01, future.complete, [Completed(data=6)]).start()
    assert lived(TaskRunLife(task(colour(identity)), {"x": future}, notes)).value == 6


# --- hooks, context, prints -----------------------------------------------------------------------------


def test_hooks_hear_of_running_and_of_the_end(colour: Colour, notes: Notes) -> None:
    heard: list[str] = []

    def hook(task: Any, task_run: TaskRun, state: State[Any]) -> None:
        assert TaskRunContext.get() is not None
        heard.append(f"{state.name} {task_run.run_count}")

    hooks = {name: [colour(hook)] for name in ("on_running", "on_completion", "on_failure")}
    lived(TaskRunLife(task(**hooks, retries=1)(colour(Attempts(BOOM).body())), {}, notes))
    assert heard == ["Running 1", "Retrying 2", "Completed 2"]
    heard.clear()
    lived(TaskRunLife(task(**hooks)(colour(Attempts(BOOM).body())), {}, notes))
    assert heard == ["Running 1", "Failed 1"]


def test_hooks_that_raise_change_nothing(notes: Notes) -> None:
    def bad(*_: Any) -> None:
        raise RuntimeError("in a hook")

    life = lived(TaskRunLife(task(on_running=[bad], on_completion=[bad, bad])(lambda: 1), {}, notes))
    assert notes.names == ["Pending", "Running", "Completed"]
    assert life.value == 1


def test_the_context_surrounds_the_body_only(colour: Colour, notes: Notes) -> None:
    seen: list[Any] = []

    def look(x: int) -> None:
        seen.append(TaskRunContext.get())

    life = lived(TaskRunLife(task(log_prints=True)(colour(look)), {"x": 1}, notes))
    context = seen[0]
    assert (context.task, context.task_run, context.parameters) == (life.task, life.run, {"x": 1})
    assert (context.log_prints, context.persist_result, context.client) == (True, False, notes)
    assert TaskRunContext.get() is None


def test_the_context_is_left_however_the_body_ends(notes: Notes) -> None:
    for error in (BOOM, KeyboardInterrupt()):
        with suppress(KeyboardInterrupt):
            lived(TaskRunLife(task(Attempts(error).body()), {}, notes))
        assert TaskRunContext.get() is None


def test_prints_become_records_when_asked_for(
    colour: Colour, notes: Notes, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    def talks() -> None:
        print("printed")
        get_run_logger().info("logged")

    for log_prints, said in ((True, ["printed", "logged"]), (False, ["logged"])):
        caplog.clear()
        with caplog.at_level("INFO"):
            lived(TaskRunLife(task(log_prints=log_prints)(colour(talks)), {}, notes))
        found = [record.getMessage() for record in caplog.records if record.name == "prefect.task_runs"]
        assert [message for message in found if message in ("printed", "logged")] == said
    assert capsys.readouterr().out.count("printed") == 1


def test_a_task_in_a_task_is_a_child(notes: Notes) -> None:
    inner = task(lambda: None, name="inner")
    children: list[TaskRun] = []

    def outer() -> None:
        children.append(lived(TaskRunLife(inner, {}, notes)).run)

    parent = lived(TaskRunLife(task(outer), {}, notes)).run
    assert children[0].task_inputs == {"__parents__": [TaskRunResult(id=parent.id)]}


# --- generators -----------------------------------------------------------------------------------------


class Log:
    """What a generator went through."""

    def __init__(self) -> None:
        self.entries: list[Any] = []

    def numbers(self) -> Iterator[Any]:
        try:
            for number in (1, 2, 3):
                try:
                    self.entries.append((yield number))
                except KeyError as error:
                    self.entries.append(error)
                assert TaskRunContext.get() is not None
        finally:
            self.entries.append("closed")

    async def async_numbers(self) -> AsyncIterator[Any]:
        try:
            for number in (1, 2, 3):
                await asyncio.sleep(0)
                try:
                    self.entries.append((yield number))
                except KeyError as error:
                    self.entries.append(error)
                assert TaskRunContext.get() is not None
        finally:
            await asyncio.sleep(0)
            self.entries.append("closed")


def test_items_are_collected_when_nobody_iterates(notes: Notes) -> None:
    log = Log()
    assert lived(TaskRunLife(task(log.numbers), {}, notes)).value == [1, 2, 3]
    assert lived(TaskRunLife(task(log.async_numbers), {}, notes)).value == [1, 2, 3]
    assert notes.names == ["Pending", "Running", "Completed"] * 2


def test_items_are_handed_out_one_by_one(notes: Notes) -> None:
    log = Log()
    items = generate_blocking(TaskRunLife(task(log.numbers), {}, notes, emits=True).live())
    assert next(items) == 1
    assert TaskRunContext.get() is None
    assert notes.names == ["Pending", "Running"]
    error = KeyError("thrown in")
    assert items.send("sent") == 2
    assert items.throw(error) == 3
    assert list(items) == []
    assert log.entries == ["sent", error, None, "closed"]
    assert notes.names == ["Pending", "Running", "Completed"]


def test_items_are_handed_out_one_by_one_in_async_code(notes: Notes) -> None:
    log, error = Log(), KeyError("thrown in")

    async def main() -> None:
        items = generate_awaiting(TaskRunLife(task(log.async_numbers), {}, notes, emits=True).live())
        assert await anext(items) == 1
        assert await items.asend("sent") == 2
        assert await items.athrow(error) == 3
        assert [item async for item in items] == []

    asyncio.run(main())
    assert log.entries == ["sent", error, None, "closed"]
    assert notes.names == ["Pending", "Running", "Completed"]


def test_closing_early_completes_the_run(notes: Notes) -> None:
    log = Log()
    items = generate_blocking(TaskRunLife(task(log.numbers), {}, notes, emits=True).live())
    next(items)
    items.close()
    assert log.entries == ["closed"]
    assert notes.names == ["Pending", "Running", "Completed"]


def test_closing_early_completes_the_run_in_async_code(notes: Notes) -> None:
    log = Log()

    async def main() -> None:
        items = generate_awaiting(TaskRunLife(task(log.async_numbers), {}, notes, emits=True).live())
        await anext(items)
        await items.aclose()

    asyncio.run(main())
    assert log.entries == ["closed"]
    assert notes.names == ["Pending", "Running", "Completed"]


def test_a_generator_that_is_forgotten_completes_its_run(notes: Notes) -> None:
    log = Log()
    items = generate_blocking(TaskRunLife(task(log.numbers), {}, notes, emits=True).live())
    next(items)
    del items
    gc.collect()
    assert log.entries == ["closed"]
    assert notes.names == ["Pending", "Running", "Completed"]
    assert TaskRunContext.get() is None


def test_an_error_in_the_clean_up_fails_the_run_for_good(notes: Notes) -> None:
    @task(retries=5)
    def messy() -> Iterator[int]:
        try:
            yield 1
        finally:
            raise BOOM

    life = TaskRunLife(messy, {}, notes, emits=True)
    items = generate_blocking(life.live())
    next(items)
    items.close()
    assert notes.names == ["Pending", "Running", "Failed"]
    assert life.raised is BOOM


def test_what_the_consumer_throws_in_may_end_the_generator(notes: Notes) -> None:
    log = Log()
    life = TaskRunLife(task(log.numbers), {}, notes, emits=True)
    items = generate_blocking(life.live())
    next(items)
    assert list_of_rest(items, BOOM) == []
    assert log.entries == ["closed"]
    assert notes.names == ["Pending", "Running", "Failed"]
    assert life.raised is BOOM


def list_of_rest(items: Any, error: BaseException) -> list[Any]:
    try:
        return [items.throw(error), *items]
    except StopIteration:
        return []


def test_a_generator_that_fails_is_tried_again_when_it_is_collected(notes: Notes) -> None:
    failures = [BOOM]

    @task(retries=1)
    def flaky() -> Iterator[int]:
        yield 1
        if failures:
            raise failures.pop()
        yield 2

    assert lived(TaskRunLife(flaky, {}, notes)).value == [1, 2]
    assert notes.names == ["Pending", "Running", "Retrying", "Completed"]


def test_each_item_has_the_time_limit_for_itself(notes: Notes) -> None:
    @task(timeout_seconds=0.01)
    def slow() -> Iterator[int]:
        yield 1
        while True:
            pass

    life = lived(TaskRunLife(slow, {}, notes))
    assert notes.names == ["Pending", "Running", "TimedOut"]
    assert isinstance(life.raised, TaskRunTimeoutError)

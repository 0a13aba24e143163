"""The runs of a thread-pool task runner: submitted ones, the lazy ones of a map, and how many are still open.

Not here: the runner (`task_runners`), its threads (`engine.pool`), the life of a run (`engine.task_run`).
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from prefect._steps import Life, run_awaiting, run_blocking
from prefect._waits import wait_alertly
from prefect.context import FlowRunContext, TaskRunContext
from prefect.engine import inputs, observer
from prefect.engine.pool import cancelled_by
from prefect.engine.recording import recording_client
from prefect.engine.resumption import next_step
from prefect.engine.task_run import TaskRunLife
from prefect.futures import PrefectConcurrentFuture, PrefectFuture, PrefectFutureList
from prefect.schemas.runs import RunInput
from prefect.states import Cancelled, crashed_state

if TYPE_CHECKING:
    from prefect.task_runners import ThreadPoolTaskRunner
    from prefect.tasks import Task


class OpenRuns:
    """How many submitted runs have not ended, and whether they are still wanted."""

    def __init__(self) -> None:
        # Entered as a lock: an interruption could strike within a condition's own `__enter__`, and keep it locked.
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._waiting: set[ThreadRun] = set()
        self._number = 0
        self._is_given_up = False
        self.cancelled: str | None = None

    def expect(self, number: int) -> None:
        """So many runs will be made."""
        with self._lock:
            self._number += number

    def add(self, run: ThreadRun) -> None:
        """One that was expected is there and has not started."""
        with self._lock:
            self._waiting.add(run)

    def starts(self, run: ThreadRun) -> bool:
        """Whether a run may start now; one that is not wanted any more ends as cancelled."""
        with self._lock:
            if run not in self._waiting:
                return False
            self._waiting.discard(run)
            reason = self.cancelled
        if reason is not None:
            run.cancel(reason)
        return reason is None

    def ended(self) -> None:
        """One has ended."""
        with self._lock:
            self._number -= 1
            if self._number == 0:
                self._changed.notify_all()

    def cancel(self, reason: str) -> None:
        """Do not let any further run start; those that wait end as cancelled now."""
        with self._lock:
            self.cancelled = reason
            waiting, self._waiting = self._waiting, set()
        for run in waiting:
            run.cancel(reason)

    def give_up(self) -> bool:
        """Take it upon oneself to interrupt those that run; False: somebody else does."""
        with self._lock:
            taken, self._is_given_up = self._is_given_up, True
        return not taken

    def wait(self, timeout_seconds: float | None = None) -> bool:
        """Wait until all have ended; False when that takes too long."""
        with self._lock:
            return wait_alertly(self._changed, lambda: self._number == 0, timeout_seconds)


class ThreadRun:
    """One submitted task run: a piece of work of the pool."""

    __slots__ = ("context", "dependencies", "future", "open", "parameters", "step", "task", "wait_for")

    def __init__(
        self,
        task: Task[Any, Any],
        parameters: dict[str, Any],
        wait_for: list[Any],
        dependencies: dict[str, set[RunInput]] | None,
        future: PrefectConcurrentFuture[Any],
        open: OpenRuns,
        context: contextvars.Context | None = None,
        step: str | None = None,
    ) -> None:
        self.task = task
        self.parameters = parameters
        self.wait_for = wait_for
        self.dependencies = dependencies
        self.future = future
        self.open = open
        self.step = step
        self.context = contextvars.copy_context() if context is None else context

    def __call__(self) -> None:
        if self.open.starts(self):
            self.context.run(self._live)

    def _live(self) -> None:
        life = None
        try:
            life = self._life()
            if self.task.isasync:
                worker_loop().run(_cancellable(life.live()))
            else:
                run_blocking(life.live())
            state = life.state
        except BaseException as error:
            state = life.state if life is not None and life.state is not None else None
            if state is None or not state.is_final():
                state = crashed_state(error)
        assert state is not None
        self._end(state)

    def _life(self) -> TaskRunLife:
        return TaskRunLife(
            self.task,
            self.parameters,
            recording_client(),
            self.wait_for,
            self.dependencies,
            self.future.task_run_id,
            step=self.step,
        )

    def _end(self, state: Any) -> None:
        self.future.complete(state)
        self.open.ended()

    def cancel(self, reason: str) -> None:
        """End without having started; that is recorded, too."""

        def record() -> Any:
            life = self._life()
            life.end_before_start(Cancelled(message=reason))
            return life.state

        try:
            state = self.context.run(record)
        except Exception:
            state = Cancelled(message=reason)
        self._end(state)


async def _cancellable(life: Life[Any]) -> None:
    """Live a life that is cancelled when the worker is told to give up its work."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    with cancelled_by(lambda: loop.call_soon_threadsafe(task.cancel)):
        await run_awaiting(life)


_TURN_SECONDS = 0.01
"""How long a worker goes on with the same map before it looks for other work."""


class Feed:
    """The runs of a map, made one by one as workers take them up."""

    def __init__(
        self,
        runner: ThreadPoolTaskRunner[Any],
        task: Task[Any, Any],
        wait_for: list[Any],
        calls: Iterator[tuple[dict[str, Any], PrefectConcurrentFuture[Any]]],
        number: int,
    ) -> None:
        self._number = number
        self._runner = runner
        self._task = task
        self._wait_for = wait_for
        self._calls = calls
        self._lock = threading.Lock()
        self._context = contextvars.copy_context()
        self._step = step_here(task)
        self._taken = 0

    @property
    def left(self) -> int:
        """How many runs have not been taken up."""
        return max(0, self._number - self._taken)

    def take(self) -> None:
        """Take up the next runs for a turn; the rest of the feed is left to any other worker meanwhile."""
        runner = self._runner
        run = self._next()
        if run is not None and self.left:
            runner._workers().put(self.take, more=self.left - 1)
        turn_ends = time.monotonic() + _TURN_SECONDS
        while run is not None:
            awaited = inputs.upstreams_of([list(run.parameters.values()), self._wait_for])
            if not runner._open.cancelled and inputs.unfinished(awaited):
                runner._put_when_ready(run)
            else:
                run()
            run = self._next() if time.monotonic() < turn_ends else None

    def _next(self) -> ThreadRun | None:
        with self._lock:
            following = next(self._calls, None)
            number = self._taken
            self._taken += 1
        if following is None:
            return None
        parameters, future = following
        context, step = self._context.copy(), None if self._step is None else f"{self._step}[{number}]"
        runs = self._runner._open
        run = ThreadRun(self._task, parameters, self._wait_for, None, future, runs, context, step)
        runs.add(run)
        return run

    def cancel_rest(self) -> None:
        """End all runs that have not been taken up: they are not wanted any more."""
        while (run := self._next()) is not None:
            run.open.starts(run)


def feed_of_map(
    runner: Any, open_runs: OpenRuns, task: Task[Any, Any], parameters: dict[str, Any], wait_for: list[Any]
) -> tuple[Feed, PrefectFutureList[Any]]:
    """The runs of a map, to be taken up by the workers of a runner, and their futures."""
    calls = calls_of_map(task, parameters)
    number = len(calls)
    if observer.current is not None:
        observer.current.on_tasks_expected(task.name, number)
    futures: list[PrefectConcurrentFuture[Any]] = [PrefectConcurrentFuture(None) for _ in range(number)]
    open_runs.expect(number)
    feed = Feed(runner, task, wait_for, zip(calls, futures, strict=True), number)
    return feed, PrefectFutureList(futures)


class Countdown:
    """Calls something once it has been called itself a number of times."""

    __slots__ = ("_left", "_lock", "_then")

    def __init__(self, number: int, then: Callable[[], Any]) -> None:
        self._left = number
        self._then = then
        self._lock = threading.Lock()

    def __call__(self, _: Any) -> None:
        with self._lock:
            self._left -= 1
            if self._left:
                return
        self._then()


_loops = threading.local()


def worker_loop() -> asyncio.Runner:
    """The event loop of the calling worker thread, kept for all async tasks it runs."""
    runner: asyncio.Runner | None = getattr(_loops, "runner", None)
    if runner is None:
        runner = _loops.runner = asyncio.Runner()
    return runner


def step_here(task: Task[Any, Any]) -> str | None:
    """The place of a submission made here, taken while the order of the code is still known."""
    return next_step(FlowRunContext.get(), TaskRunContext.get(), task)


def calls_of_map(task: Task[Any, Any], parameters: dict[str, Any]) -> Any:
    """The calls of a map; a future given as a whole argument is waited for, since its length must be known."""
    from prefect.utilities.mapping import mapped_calls

    known = {name: _whole(value) for name, value in parameters.items()}
    return mapped_calls(task.fn, known)


def _whole(value: Any) -> Any:
    from prefect.utilities.annotations import allow_failure, unmapped

    if isinstance(value, unmapped) and isinstance(value.unwrap(), PrefectFuture):
        return value
    if isinstance(value, allow_failure) and isinstance(value.unwrap(), PrefectFuture):
        return allow_failure(value.unwrap().result(raise_on_failure=False))
    return value.result() if isinstance(value, PrefectFuture) else value

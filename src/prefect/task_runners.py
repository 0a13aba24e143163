"""Task runners: where submitted task runs live. Threads of this process here, processes in `_process_pool`.

A runner takes a task and its parameters and gives back a future. What a run waits for is waited for before a
worker takes it up, never inside one (decision D7). Not here: the life of a task run (`engine.task_run`), the
threads (`engine.pool`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from prefect._thread_runs import Countdown, Feed, OpenRuns, ThreadRun, calls_of_map, feed_of_map, step_here
from prefect.engine import inputs, observer
from prefect.engine.pool import WorkerPool
from prefect.exceptions import TaskRunGivenUp
from prefect.futures import PrefectConcurrentFuture, PrefectFuture, PrefectFutureList
from prefect.schemas.bases import uuid7
from prefect.schemas.runs import RunInput

if TYPE_CHECKING:
    from prefect.tasks import Task

F = TypeVar("F", bound=PrefectFuture[Any])
R = TypeVar("R")

__all__ = [
    "ConcurrentTaskRunner",
    "PrefectTaskRunner",  # noqa: F822  # loaded when asked for
    "ProcessPoolTaskRunner",  # noqa: F822
    "TaskRunner",
    "ThreadPoolTaskRunner",
]

_GRACE_SECONDS = 2.0
"""How long a run that is being interrupted waits for its workers to record their ends."""


class TaskRunner(ABC, Generic[F]):
    """Runs submitted tasks. Entered as a context for the time in which it takes work.

    Subclasses implement `submit` and `duplicate`; what they hold is taken in `__enter__` and given back in
    `__exit__`.
    """

    def __init__(self) -> None:
        self._started = False

    @property
    def name(self) -> str:
        """The runner's name: its class in lower case, without "TaskRunner"."""
        return type(self).__name__.lower().replace("taskrunner", "")

    @abstractmethod
    def duplicate(self) -> Self:
        """A runner with the same options that has not been entered."""

    @abstractmethod
    def submit(
        self,
        task: Task[Any, Any],
        parameters: dict[str, Any],
        wait_for: Iterable[PrefectFuture[Any]] | None = None,
        dependencies: dict[str, set[RunInput]] | None = None,
    ) -> F:
        """Start one run of a task.

        Args:
            task: the task.
            parameters: a value for each of its parameters; futures among them are waited for.
            wait_for: futures to wait for whose values are not needed.
            dependencies: further inputs to record, by parameter.

        Raises:
            RuntimeError: the runner has not been entered.
        """

    def map(
        self,
        task: Task[Any, Any],
        parameters: dict[str, Any],
        wait_for: Iterable[PrefectFuture[Any]] | None = None,
    ) -> PrefectFutureList[Any]:
        """Start a run of a task for each item of its iterable parameters.

        Raises:
            MappingMissingIterable: no parameter is iterable.
            MappingLengthMismatch: the iterables differ in length.
            RuntimeError: the runner has not been entered.
        """
        self._require_started()
        waited_for = list(wait_for or ())
        calls = calls_of_map(task, parameters)
        if observer.current is not None:
            observer.current.on_tasks_expected(task.name, len(calls))
        return PrefectFutureList(self.submit(task, call, waited_for) for call in calls)

    def cancel_all(self) -> None:
        """Give up all work that has been submitted: what has not started does not, what runs is interrupted.

        Runners that cannot do that leave it running.
        """

    def __enter__(self) -> Self:
        if self._started:
            raise RuntimeError("This task runner is already started.")
        self._started = True
        return self

    def __exit__(self, exc_type: Any, exc_value: Any, traceback: Any) -> None:
        self._started = False

    def _require_started(self) -> None:
        if not self._started:
            raise RuntimeError(
                "The task runner must be started before submitting work: enter it with `with task_runner:`, "
                "or submit from inside a flow."
            )

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class ThreadPoolTaskRunner(TaskRunner[PrefectConcurrentFuture[R]]):
    """Runs tasks on threads of this process.

    Args:
        max_workers: the most task runs at once. Default: the setting PREFECT_TASKS_RUNNER_THREAD_POOL_MAX_WORKERS,
            and without it no limit. A task run that waits for another one does not count.
    """

    def __init__(self, max_workers: int | None = None) -> None:
        super().__init__()
        if max_workers is not None and max_workers < 1:
            raise ValueError(f"`max_workers` must be at least 1; got {max_workers}.")
        self._max_workers = max_workers
        self._pool: WorkerPool | None = None
        self._open: OpenRuns = OpenRuns()

    def duplicate(self) -> Self:
        """A runner with the same options that has not been entered."""
        return type(self)(max_workers=self._max_workers)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._max_workers,)

    def __enter__(self) -> Self:
        super().__enter__()
        self._pool, self._open = None, OpenRuns()
        return self

    def __eq__(self, value: object) -> bool:
        if not isinstance(value, ThreadPoolTaskRunner):
            return False
        return self._max_workers == value._max_workers

    __hash__ = object.__hash__

    def submit(
        self,
        task: Task[Any, Any],
        parameters: dict[str, Any],
        wait_for: Iterable[PrefectFuture[Any]] | None = None,
        dependencies: dict[str, set[RunInput]] | None = None,
    ) -> PrefectConcurrentFuture[R]:
        """Start one run of a task on a thread, once everything it waits for has ended. Does not block.

        Raises:
            RuntimeError: the runner has not been entered.
        """
        self._require_started()
        waited_for = inputs.wait_for_list(wait_for)
        future: PrefectConcurrentFuture[R] = PrefectConcurrentFuture(uuid7())
        run = ThreadRun(task, parameters, waited_for, dependencies, future, self._open, step=step_here(task))
        self._open.expect(1)
        self._open.add(run)
        self._put_when_ready(run)
        return future

    def map(
        self,
        task: Task[Any, Any],
        parameters: dict[str, Any],
        wait_for: Iterable[PrefectFuture[Any]] | None = None,
    ) -> PrefectFutureList[PrefectConcurrentFuture[R]]:
        """Start a run of a task for each item of its iterable parameters; see `TaskRunner.map`.

        The runs are made as workers take them up: a map of a million items needs a million (small) futures, but
        never a million runs at once.
        """
        self._require_started()
        feed, futures = feed_of_map(self, self._open, task, parameters, inputs.wait_for_list(wait_for))
        if futures:
            self._workers().put(feed.take, more=len(futures) - 1)
        return futures

    def _put_when_ready(self, run: ThreadRun) -> None:
        """Queue a run, or leave that to the last of the futures it waits for."""
        pending = inputs.unfinished(inputs.upstreams_of([list(run.parameters.values()), run.wait_for]))
        if not pending:
            self._workers().put(run)
            return
        counter = Countdown(len(pending), partial(self._workers().put, run))
        for upstream in pending:
            upstream.add_done_callback(counter)

    def _workers(self) -> WorkerPool:
        if self._pool is None:
            self._pool = WorkerPool(self._max_workers or _configured_max_workers())
        return self._pool

    def cancel_all(self) -> None:
        """Give up all work: what has not started is cancelled, what runs is interrupted at its next bytecode."""
        self._cancel_waiting()
        if self._pool is not None:
            if self._open.give_up():
                self._pool.interrupt(TaskRunGivenUp)
            self._open.wait(_GRACE_SECONDS)

    def _cancel_waiting(self) -> None:
        self._open.cancel("The flow run ended before this task run started.")
        for work in self._pool.drop_queued() if self._pool is not None else ():
            if isinstance(feed := getattr(work, "__self__", None), Feed):
                feed.cancel_rest()

    def __exit__(self, exc_type: Any, exc_value: Any, traceback: Any) -> None:
        """Wait for what has started; with a limit on workers, cancel what has not."""
        try:
            if self._pool is not None and not self._open.cancelled:
                if self._pool.limited:
                    self._cancel_waiting()
                self._open.wait()
        except BaseException:
            self.cancel_all()
            raise
        finally:
            if self._pool is not None:
                self._pool.close()
            super().__exit__(exc_type, exc_value, traceback)


ConcurrentTaskRunner = ThreadPoolTaskRunner


def _configured_max_workers() -> int | None:
    from prefect.settings import get_current_settings

    return get_current_settings().tasks.runner.thread_pool_max_workers


def __getattr__(name: str) -> Any:
    if name == "PrefectTaskRunner":
        from prefect.engine.deferral import PrefectTaskRunner

        return PrefectTaskRunner
    if name == "ProcessPoolTaskRunner":
        from prefect._process_pool import ProcessPoolTaskRunner

        return ProcessPoolTaskRunner
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

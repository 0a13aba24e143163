"""`ProcessPoolTaskRunner`: what users see of task runs in processes of their own.

Not here: the processes (`pool`), what is recorded of a run (`remote_run`).
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, Self, TypeVar

from prefect._process_pool.pool import WorkerPool
from prefect._process_pool.remote_run import Parcels, RemoteRun
from prefect._process_pool.transport import Greeting, dump
from prefect._thread_runs import Countdown, Feed, OpenRuns, ThreadRun, feed_of_map, step_here
from prefect.engine import inputs
from prefect.futures import PrefectConcurrentFuture, PrefectFuture, PrefectFutureList
from prefect.schemas.bases import uuid7
from prefect.schemas.runs import RunInput
from prefect.task_runners import TaskRunner

if TYPE_CHECKING:
    from prefect.tasks import Task

R = TypeVar("R")

_GRACE_SECONDS = 1.0
"""How long runs that are given up may take to record their ends before their processes are killed."""


class ProcessPoolTaskRunner(TaskRunner[PrefectConcurrentFuture[Any]]):
    """Runs tasks in worker processes of this machine: for work that keeps the processor busy.

    Tasks, arguments and results are pickled (with cloudpickle: lambdas and functions of the main module are
    fine). Workers are fresh interpreters that never import the main module. A run whose worker dies is
    Crashed with the reason, and is not retried; a run that a time limit cannot interrupt is ended with its
    worker. What a task submits itself runs on threads of its worker.

    Args:
        max_workers: the most processes at once. Default: the setting
            PREFECT_TASKS_RUNNER_PROCESS_POOL_MAX_WORKERS, and without it the number of processors.
        subprocess_message_processor_factories: accepted and kept for programs that set them; states and logs
            of workers reach the flow's process without.
        initializer: called with `initargs` in each worker before it takes work. If it raises, all runs crash.
        initargs: arguments for the initializer.

    Raises:
        ValueError: `max_workers` is less than 1.
        TypeError: `initializer` cannot be called.
    """

    def __init__(
        self,
        max_workers: int | None = None,
        subprocess_message_processor_factories: Iterable[Callable[..., Any]] | None = None,
        initializer: Callable[..., None] | None = None,
        initargs: tuple[Any, ...] = (),
    ) -> None:
        super().__init__()
        if max_workers is not None and max_workers < 1:
            raise ValueError(f"`max_workers` must be at least 1; got {max_workers}.")
        if initializer is not None and not callable(initializer):
            raise TypeError(f"`initializer` must be callable; got {type(initializer).__name__}.")
        self._max_workers = max_workers
        self._factories = tuple(subprocess_message_processor_factories or ())
        self._initializer = initializer
        self._initargs = tuple(initargs)
        self._pool: WorkerPool | None = None
        self._parcels = Parcels()
        self._open = OpenRuns()
        self._queue: deque[ThreadRun | Feed] = deque()
        self._lock = threading.Lock()

    @property
    def subprocess_message_processor_factories(self) -> tuple[Callable[..., Any], ...]:
        """Makers of processors of messages from workers."""
        return self._factories

    @subprocess_message_processor_factories.setter
    def subprocess_message_processor_factories(self, factories: Iterable[Callable[..., Any]] | None) -> None:
        self.set_subprocess_message_processor_factories(factories)

    def set_subprocess_message_processor_factories(
        self, subprocess_message_processor_factories: Iterable[Callable[..., Any]] | None = None
    ) -> None:
        """Replace the makers of processors of messages from workers."""
        self._factories = tuple(subprocess_message_processor_factories or ())

    def duplicate(self) -> Self:
        """A runner with the same options that has not been entered."""
        return type(self)(*self._options())

    def _options(self) -> tuple[Any, ...]:
        return self._max_workers, self._factories, self._initializer, self._initargs

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._options()

    def __eq__(self, value: object) -> bool:
        if not isinstance(value, ProcessPoolTaskRunner):
            return False
        return self._options() == value._options()

    __hash__ = object.__hash__

    # --- taking work -----------------------------------------------------------------------------------

    def submit(
        self,
        task: Task[Any, Any],
        parameters: dict[str, Any],
        wait_for: Iterable[PrefectFuture[Any]] | None = None,
        dependencies: dict[str, set[RunInput]] | None = None,
    ) -> PrefectConcurrentFuture[R]:
        """Start one run of a task in a worker process once all it waits for has ended. Does not block.

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

        The runs are made as workers take them up: no more of them exist at once than there are workers.
        """
        self._require_started()
        feed, futures = feed_of_map(self, self._open, task, parameters, inputs.wait_for_list(wait_for))
        if futures:
            self._put(feed)
        return futures

    def _put_when_ready(self, run: ThreadRun) -> None:
        """Queue a run, or leave that to the last of the futures it waits for."""
        pending = _pending(run)
        if not pending:
            self._put(run)
            return
        counter = Countdown(len(pending), partial(self._put, run))
        for upstream in pending:
            upstream.add_done_callback(counter)

    def _put(self, work: ThreadRun | Feed) -> None:
        with self._lock:
            self._queue.append(work)
            if self._pool is None and self._started:
                self._pool = self._new_pool()
        if self._pool is not None:
            self._pool.wake()

    def _new_pool(self) -> WorkerPool:
        initializer = None if self._initializer is None else dump((self._initializer, self._initargs))
        number = self._max_workers or _configured_max_workers()
        return WorkerPool(number, Greeting(initializer), self._take, self._waiting)

    # --- giving work to the pool -----------------------------------------------------------------------

    def _take(self) -> RemoteRun | None:
        """The next run that can be worked on; called by the pool when a worker is free."""
        while True:
            with self._lock:
                if not self._queue:
                    return None
                work = self._queue[0]
                following = work._next() if isinstance(work, Feed) else self._queue.popleft()
                if following is None:
                    self._queue.popleft()
                    continue
            assert isinstance(following, ThreadRun)
            if isinstance(work, Feed) and _pending(following):
                self._put_when_ready(following)
                continue
            run = RemoteRun(following, self._parcels)
            if run.within(run.begin):
                return run

    def _waiting(self) -> int:
        """How many runs there are to take."""
        with self._lock:
            return sum(1 if isinstance(work, ThreadRun) else work.left for work in self._queue)

    # --- ending ----------------------------------------------------------------------------------------

    def cancel_all(self) -> None:
        """Give up all work: what has not started is cancelled, what runs is ended (with its process)."""
        self._cancel_waiting()
        if self._pool is not None:
            if self._open.give_up():
                self._pool.terminate()
            if not self._open.wait(_GRACE_SECONDS):
                self._pool.kill()
                self._open.wait(_GRACE_SECONDS)

    def _cancel_waiting(self) -> None:
        self._open.cancel("The flow run ended before this task run started.")
        with self._lock:
            dropped, self._queue = self._queue, deque()
        for work in dropped:
            if isinstance(work, Feed):
                work.cancel_rest()

    def __enter__(self) -> Self:
        super().__enter__()
        self._pool, self._open = None, OpenRuns()
        return self

    def __exit__(self, exc_type: Any, exc_value: Any, traceback: Any) -> None:
        """Wait for what has started, cancel what has not, and end the workers."""
        try:
            if self._pool is not None and not self._open.cancelled:
                self._cancel_waiting()
                self._open.wait()
        except BaseException:
            self.cancel_all()
            raise
        finally:
            if self._pool is not None:
                self._pool.close()
            super().__exit__(exc_type, exc_value, traceback)


def _pending(run: ThreadRun) -> list[Any]:
    return inputs.unfinished(inputs.upstreams_of([list(run.parameters.values()), run.wait_for]))


def _configured_max_workers() -> int:
    from prefect.settings import get_current_settings

    return get_current_settings().tasks.runner.process_pool_max_workers or os.cpu_count() or 1

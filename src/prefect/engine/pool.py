"""Worker threads that never wait for each other: the pool behind `ThreadPoolTaskRunner`.

Work is put in when it can run. A pool without a limit starts a few threads at once, and further ones only when
work waits although Python's lock is free: many short tasks share few threads, many that wait for something get one
each. A worker that waits for a future gives up its place meanwhile, so that what it waits for can run, also in a
pool of one.

Threads are daemons: a program that must end does not wait for code that cannot be interrupted. Not here: what a
piece of work does (`task_runners`).
"""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from prefect._time_limits import raise_in_thread

Work = Callable[[], Any]

_AT_ONCE = 4
"""Threads that a pool without a limit starts without hesitation."""
_LOOK_SECONDS = 0.005
"""How often a growing pool looks whether work waits."""
_PROMPT_SECONDS = 0.002
"""A thread that sleeps and is this much late, or more, has waited for Python's lock: more threads would, too."""
_IDLE = 0.5
"""Part of one processor's time below which this process has none to do."""
_PATIENCE_SECONDS = 0.5
"""After so long without any work taken up, a thread is added all the same: those there are may wait for it."""
_MOST_WORKERS = 5_000
"""Even a pool without a limit has no more threads than this."""
_LONG_QUEUE = 1_000
"""Beyond this, whoever puts work in lets the workers have a turn first."""

_MODULES_OF_THE_LOOP = ("asyncio", "selectors")

_this_thread = threading.local()


class WorkerPool:
    """Threads that take work from one queue.

    Args:
        max_workers: the most pieces of work at once (None: no limit).
    """

    def __init__(self, max_workers: int | None = None) -> None:
        self._max_workers = max_workers
        self._queue: deque[Work] = deque()
        # Entered as a lock: an interruption could strike within a condition's own `__enter__`, and keep it locked.
        self._lock = threading.Lock()
        self._state = threading.Condition(self._lock)
        self._idle = 0
        self._busy = 0
        self._blocked = 0
        self._threads: set[threading.Thread] = set()
        self._taken = 0
        self._more = 0
        self._closed = False
        self._interrupted = False
        self._running: set[int] = set()
        self._grower: threading.Thread | None = None

    @property
    def limited(self) -> bool:
        """Whether the number of workers is bounded."""
        return self._max_workers is not None

    # --- putting work in -------------------------------------------------------------------------------

    def put(self, work: Work, more: int = 0) -> None:
        """Have `work` done as soon as a worker is free.

        Args:
            more: so many further pieces will be put in when this one is taken up.
        """
        with self._lock:
            if self._closed:
                raise RuntimeError("This pool has been shut down: it takes no more work.")
            self._queue.append(work)
            self._more = more
            if self._idle >= len(self._queue):
                self._state.notify()
            elif self._may_start_at_once():
                self._start_worker()
            else:
                self._state.notify()
                if self._max_workers is None and self._grower is None:
                    self._start_grower()
            crowded = len(self._queue) > _LONG_QUEUE
        if crowded:
            time.sleep(0)

    def _may_start_at_once(self) -> bool:
        running = self._idle + self._busy - self._blocked
        return running < (_AT_ONCE if self._max_workers is None else self._max_workers)

    def _start_worker(self) -> bool:
        """Start a thread; False when the system allows no more and those there are have to do."""
        thread = threading.Thread(target=self._work, name="prefect-worker", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            if not self._threads:
                raise
            return False
        self._threads.add(thread)
        self._busy += 1
        return True

    # --- growing ---------------------------------------------------------------------------------------

    def _start_grower(self) -> None:
        self._grower = threading.Thread(target=self._grow, name="prefect-worker-grower", daemon=True)
        self._grower.start()

    def _grow(self) -> None:
        """While work waits, look again and again whether more workers would help."""
        growth = Growth(self._taken, time.monotonic())
        while True:
            before, used = time.monotonic(), time.process_time()
            time.sleep(_LOOK_SECONDS)
            passed, used = time.monotonic() - before, time.process_time() - used
            with self._lock:
                if not self._queue or self._closed:
                    self._grower = None
                    return
                wanted = growth.wanted(before, passed, used, self._taken, self._busy)
                growth.added = self._start_workers(wanted)

    def _start_workers(self, number: int) -> int:
        number = min(number, len(self._queue) + self._more, _MOST_WORKERS - len(self._threads))
        return sum(self._start_worker() for _ in range(number))

    # --- the workers -----------------------------------------------------------------------------------

    def _work(self) -> None:
        _this_thread.pool = self
        me = threading.get_ident()
        try:
            while (work := self._next()) is not None:
                self._running.add(me)
                try:
                    work()
                finally:
                    self._running.discard(me)
        except BaseException:
            # Work reports its own errors; what arrives here is an interruption that came too late.
            if not self._interrupted:
                raise
        finally:
            with self._lock:
                self._busy -= 1
                self._threads.discard(threading.current_thread())
                self._state.notify_all()

    def _next(self) -> Work | None:
        """The next piece of work; None when this worker is to end."""
        with self._lock:
            self._busy -= 1
            self._idle += 1
            try:
                while not self._queue or self._too_many():
                    if self._closed and not self._queue:
                        return None
                    self._state.wait()
                self._taken += 1
                return self._queue.popleft()
            finally:
                self._idle -= 1
                self._busy += 1

    def _too_many(self) -> bool:
        """Whether as many workers as allowed are running: those that waited for futures have come back."""
        return self._max_workers is not None and self._busy - self._blocked >= self._max_workers

    # --- waiting inside work ---------------------------------------------------------------------------

    @contextmanager
    def blocked(self) -> Iterator[None]:
        """The calling worker waits for something that this pool may have to do first."""
        with self._lock:
            self._blocked += 1
            if self._queue:
                if self._idle:
                    self._state.notify()
                elif self._may_start_at_once():
                    self._start_worker()
        try:
            yield
        finally:
            with self._lock:
                self._blocked -= 1

    # --- ending ----------------------------------------------------------------------------------------

    def drop_queued(self) -> list[Work]:
        """Take back everything that has not started."""
        with self._lock:
            dropped = list(self._queue)
            self._queue.clear()
            self._state.notify_all()
            return dropped

    def interrupt(self, error: type[BaseException]) -> None:
        """Raise `error` in every worker that is busy, at its next bytecode; a coroutine that waits is cancelled.

        The pool is of no use afterwards.
        """
        self._interrupted = True
        for ident in self._running - {threading.get_ident()}:
            cancel = _coroutines.get(ident)
            if cancel is not None and _is_in_loop(ident):
                cancel()
            else:
                raise_in_thread(ident, error)

    def close(self) -> None:
        """Let the workers end once the queue is empty. Does not wait for them."""
        with self._lock:
            self._closed = True
            self._state.notify_all()


class Growth:
    """Whether a pool without a limit would be better off with more threads: judged by evidence alone.

    More help when work waits, the workers are held up (by something that is not Python) and the process has
    nothing to do.

    Attributes:
        added: how many threads were started after the latest look.
    """

    def __init__(self, taken: int, moment: float) -> None:
        self.added = 0
        self._taken = taken
        self._progress = moment

    def wanted(self, moment: float, passed_seconds: float, used_seconds: float, taken: int, busy: int) -> int:
        """How many threads to add after a look, while work waits.

        Args:
            moment: when the look began.
            passed_seconds: how long it took; it was meant to take `_LOOK_SECONDS`.
            used_seconds: how long this process computed meanwhile.
            taken: how many pieces of work have been taken up since the pool began.
            busy: how many workers are working.
        """
        prompt = passed_seconds - _LOOK_SECONDS < _PROMPT_SECONDS
        # Workers that wait while this process computes wait for what it computes (the store being written).
        idle = used_seconds < _IDLE * passed_seconds
        news, self._taken = taken - self._taken, taken
        if news:
            self._progress = moment
        # Workers that have just been added took something up; were the others held up?
        held_up = (news - self.added) * 4 <= busy
        if prompt and idle and held_up:
            return max(_AT_ONCE, busy // 2)
        if moment - self._progress > _PATIENCE_SECONDS:
            self._progress = moment
            return 1
        return 0


_coroutines: dict[int, Callable[[], object]] = {}
"""How to cancel the coroutine that a worker runs, by the worker's ident."""


@contextmanager
def cancelled_by(cancel: Callable[[], object]) -> Iterator[None]:
    """The calling worker runs a coroutine, which ends when `cancel` is called."""
    ident = threading.get_ident()
    _coroutines[ident] = cancel
    try:
        yield
    finally:
        del _coroutines[ident]


def _is_in_loop(ident: int) -> bool:
    """Whether a thread is in the code of its event loop, which an error must not be raised in."""
    frame = sys._current_frames().get(ident)
    module = "" if frame is None else str(frame.f_globals.get("__name__", ""))
    return module.startswith(_MODULES_OF_THE_LOOP)


def in_worker() -> bool:
    """Whether the calling thread is a worker of some pool."""
    return getattr(_this_thread, "pool", None) is not None


@contextmanager
def worker_is_blocked() -> Iterator[None]:
    """The calling thread waits for a future; if it is a worker, its place is free meanwhile."""
    pool: WorkerPool | None = getattr(_this_thread, "pool", None)
    if pool is None:
        yield
        return
    with pool.blocked():
        yield

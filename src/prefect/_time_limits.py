"""Limits on the time that running code may take, and interrupting a thread that runs Python.

`time_limit` raises an error in the code it encloses: in the main thread by a timer signal, which also ends a
blocking system call; in other threads as an asynchronous exception, which Python delivers at the next bytecode
of that thread (a C call that never returns cannot be interrupted: a documented limit). Code that catches the
error and goes on is not interrupted again. Not here: what a run makes of it (`engine`), sleeping (`_clock`).
"""

from __future__ import annotations

import asyncio
import ctypes
import heapq
import itertools
import math
import signal
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from types import FrameType
from typing import Any

_LOOK_SECONDS = 0.5
"""So often limits of the main thread are looked at that are past their time."""

_IDLE_LOOKS = 20
"""After so many looks at no limit at all nobody looks any more."""

_MOST_KEPT = 100
"""Limits that are over and are kept all the same: looking for them costs something, too."""


def raise_in_thread(thread_id: int, error: type[BaseException] | None) -> bool:
    """Ask Python to raise `error` in a thread at its next bytecode (None: take such a request back).

    Returns False when there is no such thread (any more).
    """
    request = ctypes.py_object(error) if error is not None else ctypes.py_object()
    return bool(ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread_id), request))


class _Limit:
    """One armed limit. Whoever leaves ARMED first, the timer or the end of the block, has won."""

    __slots__ = ("error", "expires", "fired", "lock", "over", "thread_id")

    def __init__(self, seconds: float, error: type[BaseException]) -> None:
        self.expires = time.monotonic() + seconds
        self.error = error
        self.thread_id = threading.get_ident()
        self.lock = threading.Lock()
        self.fired = False
        self.over = False

    def fire(self) -> None:
        """Interrupt the thread, unless the block is over."""
        with self.lock:
            if not self.over:
                self.fired = True
                raise_in_thread(self.thread_id, self.error)

    def finish(self) -> bool:
        """The block is over. Returns whether the limit had fired before."""
        with self.lock:
            self.over = True
            return self.fired


class Interruption(_Limit):
    """A limit without a time: it is reached when somebody says so, from any thread.

    For one thread, and one block after the other; struck at most once.
    """

    __slots__ = ("by_alarm",)

    def __init__(self, error: type[BaseException]) -> None:
        super().__init__(math.inf, error)
        self.by_alarm = False

    @contextmanager
    def armed(self) -> Iterator[None]:
        """`strike` raises the error in the enclosed code of this thread."""
        self.by_alarm = _alarm.usable()
        if not self.by_alarm:
            try:
                yield
            finally:
                if self.finish():
                    _let_pending_interruption_arrive()
            return
        with _alarm.armed(self):
            try:
                yield
            finally:
                self.finish()

    def strike(self) -> None:
        """Interrupt the thread, unless the block is over."""
        if not self.by_alarm or not _alarm.has_signal():
            self.fire()
            return
        with self.lock:
            if not self.over:
                self.expires = 0.0
                _alarm.ring(self.thread_id)


@contextmanager
def time_limit(seconds: float | None, error: type[BaseException] = TimeoutError) -> Iterator[None]:
    """Raise `error` in the enclosed code of this thread once `seconds` have passed (None or 0: no limit).

    Limits nest; the nearest fires first. An `error` raised by the enclosed code itself passes through
    unchanged: give a subclass of your own to tell the two apart.
    """
    if not seconds:
        yield
        return
    # A class of its own for each limit: nested limits with the same error must not be taken for each other.
    own: type[BaseException] = type(error.__name__, (error,), {"__module__": error.__module__})
    arm = _alarm if _alarm.usable() else _watcher
    try:
        with arm.armed(_Limit(seconds, own)):
            yield
    except own:
        raise error(f"exceeded the time limit of {seconds} second(s)") from None


@asynccontextmanager
async def awaiting_time_limit(
    seconds: float | None, error: type[BaseException] = TimeoutError
) -> AsyncIterator[None]:
    """`time_limit` for awaiting code: cancels it at its next `await` and raises `error`."""
    if not seconds:
        yield
        return
    scope = asyncio.timeout(seconds)
    try:
        async with scope:
            yield
    except TimeoutError:
        if scope.expired():
            raise error(f"exceeded the time limit of {seconds} second(s)") from None
        raise


class _Watcher:
    """Fires limits of threads other than the main one, from one thread that sleeps until the next is due."""

    def __init__(self) -> None:
        # Entered as a lock: an interruption could strike within a condition's own `__enter__`, and keep it locked.
        self._lock = threading.Lock()
        self._wakeup = threading.Condition(self._lock)
        self._due: list[tuple[float, int, _Limit]] = []
        self._sweep_at = _MOST_KEPT
        self._tie = itertools.count()
        self._thread: threading.Thread | None = None

    @contextmanager
    def armed(self, limit: _Limit) -> Iterator[None]:
        with self._lock:
            if len(self._due) >= self._sweep_at:
                self._sweep()
            heapq.heappush(self._due, (limit.expires, next(self._tie), limit))
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._watch, name="prefect-time-limits", daemon=True)
                self._thread.start()
            if self._due[0][2] is limit:
                self._wakeup.notify()
        try:
            yield
        finally:
            if limit.finish():
                _let_pending_interruption_arrive()

    def _sweep(self) -> None:
        """Forget limits that are over: few are ever reached, and each would be kept until it expires."""
        self._due = [entry for entry in self._due if not entry[2].over]
        heapq.heapify(self._due)
        self._sweep_at = 2 * len(self._due) + _MOST_KEPT

    def _watch(self) -> None:
        while True:
            with self._lock:
                while not self._due or self._due[0][0] > time.monotonic():
                    wait = self._due[0][0] - time.monotonic() if self._due else None
                    self._wakeup.wait(wait)
                limit = heapq.heappop(self._due)[2]
            limit.fire()


def _let_pending_interruption_arrive() -> None:
    """Give Python the few bytecodes it needs to deliver an exception that was asked for."""
    for _ in range(100):
        pass


class _Alarm:
    """Fires limits of the main thread by SIGALRM, unless the program uses that signal itself."""

    def __init__(self) -> None:
        self._limits: list[_Limit] = []
        self._timed = False
        self._rung = False

    def usable(self) -> bool:
        """Whether this is the main thread and the signal is ours or nobody's."""
        if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
            return False
        handler = signal.getsignal(signal.SIGALRM)
        return handler == self._ring or handler is signal.SIG_DFL

    def has_signal(self) -> bool:
        """Whether the signal is ours now: the program may have taken it meanwhile."""
        return signal.getsignal(signal.SIGALRM) == self._ring

    @property
    def timed(self) -> list[_Limit]:
        """The limits in force that have a time."""
        return [limit for limit in self._limits if limit.expires < math.inf]

    def ring(self, main_thread_id: int) -> None:
        """From another thread: let the main thread look for limits that are reached."""
        # Until it has arrived the signal stays ours: its default action would end the process.
        self._rung = True
        signal.pthread_kill(main_thread_id, signal.SIGALRM)

    @contextmanager
    def armed(self, limit: _Limit) -> Iterator[None]:
        # The alarm may ring between any two bytecodes, also of this function: hence a `finally` around a
        # `finally`, and a clean-up that does not rely on what was done before.
        try:
            try:
                self._limits.append(limit)
                if limit.expires < math.inf:
                    _second_bell.make_ready()
                self._set_up()
                yield
            finally:
                # not between the look at the limit that another thread takes and its signal, which would be deadly
                limit.finish()
        finally:
            limit.over = True
            self._set_up()

    def _set_up(self) -> None:
        """Keep the limits that can still fire, set the timer for the next; have the signal while there are any."""
        limits = self._limits = [limit for limit in self._limits if not limit.over and not limit.fired]
        if not limits:
            self._set_timer(math.inf)
            if not self._rung and signal.getsignal(signal.SIGALRM) == self._ring:
                signal.signal(signal.SIGALRM, signal.SIG_DFL)
            return
        if signal.getsignal(signal.SIGALRM) != self._ring:
            signal.signal(signal.SIGALRM, self._ring)
        self._set_timer(min(limit.expires for limit in limits))

    def _set_timer(self, due: float) -> None:
        if due < math.inf:
            self._timed = True
            signal.setitimer(signal.ITIMER_REAL, max(due - time.monotonic(), 1e-6))
        elif self._timed:
            self._timed = False
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _ring(self, signum: int, frame: FrameType | None) -> Any:
        self._rung = False
        now = time.monotonic()
        due = [limit for limit in self._limits if not limit.over and not limit.fired and limit.expires <= now]
        for limit in due:
            limit.fired = True
        self._set_up()
        if due:
            # The outermost wins: what it encloses ends with it.
            raise due[0].error


class _SecondBell:
    """Rings again for limits of the main thread whose alarm was overlooked.

    CPython 3.11 at times takes note of a signal and does not look at the note before another thread has had its
    turn: without one, a loop would go on for ever. A thread that looks now and then is such a turn. The main thread
    does not talk to it, since a ringing alarm would break off what it says.
    """

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None

    def make_ready(self) -> None:
        """See that somebody looks at the limits of the main thread, which calls this."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._look, name="prefect-second-bell", daemon=True)
            self._thread.start()

    def _look(self) -> None:
        idle = 0
        while True:
            time.sleep(_LOOK_SECONDS)
            limits = _alarm.timed
            idle = 0 if limits else idle + 1
            for limit in limits:
                if limit.expires <= time.monotonic():
                    self._ring(limit)
            if idle >= _IDLE_LOOKS:
                # in this order: whoever still sees this thread has a limit that it sees
                self._thread = None
                if not _alarm.timed:
                    return
                self._thread = threading.current_thread()

    def _ring(self, limit: _Limit) -> None:
        with limit.lock:
            if not limit.over and not limit.fired and _alarm.has_signal():
                _alarm.ring(limit.thread_id)


_watcher = _Watcher()
_alarm = _Alarm()
_second_bell = _SecondBell()

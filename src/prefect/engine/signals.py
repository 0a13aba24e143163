"""Termination by signal: SIGTERM becomes an exception in the flow that runs, so that its end is recorded.

Ctrl-C needs nothing here: Python raises KeyboardInterrupt by itself, and asyncio cancels. Not here: what a run
makes of either.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from prefect.exceptions import TerminationSignal

_inside = False
_MODULES_OF_THE_LOOP = ("asyncio", "selectors")


class Termination:
    """Watches for SIGTERM around one flow run.

    Args:
        task: the asyncio task that awaits the flow, for an async one.
    """

    def __init__(self, task: asyncio.Task[object] | None) -> None:
        self.arrived = False
        self._task = task

    def on_signal(self, signum: int, frame: FrameType | None) -> None:
        """Raise in the code that runs; where an event loop waits for something to do, cancel the flow instead."""
        # a second signal must not interrupt the recording of the first
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        self.arrived = True
        module = "" if frame is None else str(frame.f_globals.get("__name__", ""))
        if self._task is None or not module.startswith(_MODULES_OF_THE_LOOP):
            raise TerminationSignal(signal=signum)
        self._task.get_loop().call_soon_threadsafe(self._task.cancel)

    def cause_of(self, error: BaseException) -> BaseException:
        """The signal, where it is what a cancellation comes from; else the error itself."""
        if self.arrived and isinstance(error, asyncio.CancelledError):
            return TerminationSignal(signal=signal.SIGTERM)
        return error

    def pass_on(self, previous: object) -> None:
        """Hand the signal to whoever handled it before.

        Where that is nobody the process dies, as its parent expects: at once, or when the loop has wound up.
        """
        if self._task is None or callable(previous):
            _send_again()
        else:
            atexit.register(_send_again)


@contextmanager
def termination_raised(awaiting: bool = False) -> Iterator[Termination]:
    """Raise `TerminationSignal` in the main thread when SIGTERM arrives within the block.

    When the block has ended because of it, the signal is sent again to whoever handled it before: a process
    that nobody else protects then dies of SIGTERM. Only the outermost block in the main thread does anything.

    Args:
        awaiting: the block runs in an event loop, which is given the time to cancel its other tasks.
    """
    global _inside
    watch = Termination(asyncio.current_task() if awaiting else None)
    if _inside or threading.current_thread() is not threading.main_thread():
        yield watch
        return
    try:
        previous = signal.signal(signal.SIGTERM, watch.on_signal)
    except ValueError:  # not the main interpreter
        yield watch
        return
    _inside = True
    ended_by_it = False
    try:
        yield watch
    except (TerminationSignal, asyncio.CancelledError) as error:
        ended_by_it = watch.arrived
        cause = watch.cause_of(error)
        if cause is error:
            raise
        raise cause from None
    finally:
        _inside = False
        signal.signal(signal.SIGTERM, previous if previous is not None else signal.SIG_DFL)
        if ended_by_it:
            watch.pass_on(previous)


def is_termination_raised() -> bool:
    """Whether SIGTERM would be raised as an exception now."""
    return _inside


def _send_again() -> None:
    """Send the signal again. Its default action skips Python's exit handlers: what they write is written first."""
    from prefect.client.engine import close_clients

    close_clients()
    os.kill(os.getpid(), signal.SIGTERM)

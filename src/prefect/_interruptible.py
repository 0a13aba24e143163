"""Steps that any thread may interrupt: in a thread by an exception raised in it, in a coroutine by cancelling it.

The means are those of time limits, and so are the bounds (`_time_limits`): in the main thread a blocking system
call ends, too, elsewhere the exception arrives at the next bytecode; a coroutine ends at its next `await`. Code
that catches the interruption and goes on is not interrupted again. Not here: who interrupts what (`engine`).
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

from prefect._steps import Step
from prefect._time_limits import Interruption


class Interruptible:
    """What one life does, step after step, in a thread or in a coroutine of whoever drives it.

    Args:
        error: raised in the step that is being carried out when somebody asks for it; else in the next one.

    Attributes:
        asked: somebody has.
    """

    __slots__ = ("_carrier", "_error", "_lock", "_own", "_was_cancelled", "asked")

    def __init__(self, error: type[BaseException]) -> None:
        self.asked = False
        self._error = error
        # An error of its own tells an interruption of this life from one of a life around it.
        self._own: type[BaseException] | None = None
        self._carrier: Interruption | asyncio.Task[Any] | None = None
        self._was_cancelled = False
        self._lock = threading.Lock()

    def __call__(self, step: Step) -> Step:
        """The step, as one that can be interrupted."""
        return _Within(self, step)

    @property
    def carrier(self) -> object:
        """What carries a step out now: the ident of a thread, or a coroutine's task; None between two steps."""
        carrier = self._carrier
        return carrier.thread_id if isinstance(carrier, Interruption) else carrier

    def ask(self, reach: bool = True) -> None:
        """Interrupt; a second time does nothing.

        Args:
            reach: raise the error in the step that is carried out now. Without, only the next one raises it.
        """
        with self._lock:
            if self.asked:
                return
            self.asked = True
            self._own = type(self._error.__name__, (self._error,), {"__module__": self._error.__module__})
            carrier = self._carrier if reach else None
            if isinstance(carrier, Interruption):
                carrier.error = self._own
                carrier.strike()
        if carrier is not None and not isinstance(carrier, Interruption):
            with suppress(RuntimeError):  # its loop is closed: nothing runs any more
                carrier.get_loop().call_soon_threadsafe(self._cancel, carrier)

    def insist(self) -> None:
        """Ask again where the first time was lost: a signal that arrives just before a system call does not end it."""
        with self._lock:
            carrier = self._carrier if self.asked else None
            if isinstance(carrier, Interruption) and not carrier.fired and carrier.error is self._own:
                carrier.strike()

    def _cancel(self, task: asyncio.Task[Any]) -> None:
        """In the task's loop: the step may be over by now."""
        if self._carrier is task:
            self._was_cancelled = True
            task.cancel()

    def error(self) -> BaseException:
        """The interruption that was asked for, for a life that raises it itself."""
        return (self._own or self._error)()

    def is_own(self, error: BaseException) -> bool:
        """Whether an error is the interruption that was asked for here."""
        return self._own is not None and type(error) is self._own

    def _enter(self, carrier: Interruption | asyncio.Task[Any] | None) -> None:
        with self._lock:
            if self.asked and carrier is not None:
                assert self._own is not None
                raise self._own
            self._carrier = carrier

    @contextmanager
    def in_thread(self) -> Iterator[None]:
        """The enclosed code of this thread can be interrupted."""
        interruption = Interruption(self._error)
        try:
            with interruption.armed():
                self._enter(interruption)
                yield
        finally:
            self._enter(None)

    @asynccontextmanager
    async def in_task(self) -> AsyncIterator[None]:
        """The enclosed code of this coroutine can be interrupted."""
        task = asyncio.current_task()
        assert task is not None
        before = task.cancelling()
        try:
            self._enter(task)
            yield
        except asyncio.CancelledError:
            if self._was_cancelled and task.uncancel() <= before:
                assert self._own is not None
                raise self._own from None
            raise
        finally:
            self._enter(None)


class _Within:
    """A step that can be interrupted."""

    __slots__ = ("_interruptible", "_step")

    def __init__(self, interruptible: Interruptible, step: Step) -> None:
        self._interruptible = interruptible
        self._step = step

    def block(self) -> Any:
        with self._interruptible.in_thread():
            return self._step.block()

    async def wait(self) -> Any:
        async with self._interruptible.in_task():
            return await self._step.wait()

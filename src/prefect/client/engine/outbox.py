"""What waits in memory to be told to a server, in order: states of task runs, log lines, and errands between them.

One thread works it off, whoever puts something in: no time limit and no signal of the program ever meets a message
half sent. Not here: what becomes of the entries (`dispatch`, `remote`).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

R = TypeVar("R")

BATCH_SIZE = 2_000
"""So many entries are handed on together, at most."""

_LOOK_SECONDS = 1.0
"""A waiting thread looks so often whether there is anybody left to wait for."""


class Errand:
    """Something to be done when everything before it has been handed on; somebody waits for it."""

    __slots__ = ("_act", "_done", "error", "result")

    def __init__(self, act: Callable[[], Any]) -> None:
        self._act = act
        self._done = threading.Event()
        self.result: Any = None
        self.error: BaseException | None = None

    def run(self) -> None:
        """Do it."""
        try:
            self.result = self._act()
        except BaseException as error:
            self.error = error
        self._done.set()

    def fail(self, error: BaseException) -> None:
        """It cannot be done: something before it could not be handed on."""
        self.error = error
        self._done.set()

    def wait(self, seconds: float) -> bool:
        """Wait for the end, but not longer; whether it has come."""
        return self._done.wait(seconds)


class Outbox:
    """A queue with bounds that one thread works off.

    Args:
        hand_on: takes entries, in order; when it raises, they stay, and are handed on again later.
        flush_seconds: how long an entry may wait.
        max_queued: how many may; whoever adds another one waits.
        in_background: work it off in a thread; False (for tests): whoever waits does it.
    """

    def __init__(
        self,
        hand_on: Callable[[list[Any]], None],
        flush_seconds: float = 0.1,
        max_queued: int = 10_000,
        in_background: bool = True,
    ) -> None:
        self.max_queued = max_queued
        self.error: BaseException | None = None
        self._hand_on = hand_on
        self._flush_seconds = flush_seconds
        self._queue: deque[Any] = deque()
        self._in_hand: list[Any] = []
        self._work = threading.Event()
        self._hurry = threading.Event()
        self._room = threading.Condition()
        self._turn = threading.RLock()
        self._in_background = in_background
        self._enough = min(BATCH_SIZE, max_queued)
        self._thread: threading.Thread | None = None
        self._closed = False

    def put(self, entry: Any) -> None:
        """Add an entry.

        Raises:
            Exception: entries cannot be handed on, and no more may wait; this one was not added.
        """
        queue = self._queue
        if len(queue) >= self.max_queued:
            self._wait_for_room()
        queue.append(entry)
        if not self._work.is_set():
            self._wake()
        if len(queue) >= self._enough:
            self._hurry.set()

    def perform(self, act: Callable[[], R]) -> R:
        """Have something done after everything that was put in before, and wait for it.

        Raises:
            Exception: what it raises, or why something before it cannot be handed on.
        """
        errand = Errand(act)
        self._queue.append(errand)
        self._hurry.set()
        self._wake()
        while not errand.wait(_LOOK_SECONDS if self._is_worked_off() else 0):
            if not self._is_worked_off():
                self.work_off()
        if errand.error is not None:
            raise errand.error
        result: R = errand.result
        return result

    def flush(self) -> None:
        """Wait until everything that was put in before has been handed on.

        Raises:
            Exception: why it cannot be.
        """
        if self._queue or self._turn_is_taken():
            self.perform(lambda: None)

    @property
    def queued(self) -> int:
        """How many entries wait."""
        return len(self._queue)

    def work_off(self) -> None:
        """Hand on everything that waits; when that does not work, errands that wait learn why."""
        with self._turn:
            while self._queue:
                try:
                    self._next()
                except Exception as error:
                    self.error = error
                    self._fail_errands(error)
                    return
                self.error = None
                with self._room:
                    self._room.notify_all()

    def close(self, seconds: float) -> list[Any]:
        """Work off what waits, for at most so long if a thread does it, and end the thread.

        Returns:
            The entries that may not have been handed on: for want of time, or because of `error`.
        """
        if self._is_worked_off():
            errand = Errand(lambda: None)
            self._queue.append(errand)
            self._hurry.set()
            self._work.set()
            in_time = errand.wait(seconds)
        else:
            self.work_off()
            in_time = True
        self._closed = True
        self._work.set()
        self._hurry.set()
        in_hand = [] if in_time else self._in_hand
        return [entry for entry in (*in_hand, *list(self._queue)) if type(entry) is not Errand]

    # --- working off -----------------------------------------------------------------------------------

    def _next(self) -> None:
        """Hand on entries up to the next errand, and do that."""
        queue = self._queue
        entries: list[Any] = []
        self._in_hand = entries
        errand = None
        while queue and len(entries) < BATCH_SIZE:
            entry = queue.popleft()
            if type(entry) is Errand:
                errand = entry
                break
            entries.append(entry)
        try:
            if entries:
                self._hand_on(entries)
        except BaseException:
            if errand is not None:
                queue.appendleft(errand)
            queue.extendleft(reversed(entries))
            raise
        finally:
            self._in_hand = []
        if errand is not None:
            errand.run()

    def _fail_errands(self, error: BaseException) -> None:
        waiting = [entry for entry in list(self._queue) if type(entry) is Errand]
        for errand in waiting:
            self._queue.remove(errand)
            errand.fail(error)
        with self._room:
            self._room.notify_all()

    def _turn_is_taken(self) -> bool:
        if self._turn.acquire(blocking=False):
            self._turn.release()
            return False
        return True

    def _wait_for_room(self) -> None:
        self._hurry.set()
        while len(self._queue) >= self.max_queued:
            if not self._is_worked_off():
                self.work_off()
            else:
                with self._room:
                    self._room.wait(_LOOK_SECONDS)
            if (error := self.error) is not None:
                # raised again and again, it would remember every place
                raise error.with_traceback(None)

    # --- the thread ------------------------------------------------------------------------------------

    def _is_worked_off(self) -> bool:
        """Whether a thread does it."""
        return self._thread is not None and self._thread.is_alive()

    def _wake(self) -> None:
        if self._thread is None and self._in_background:
            with self._room:
                if self._thread is None:
                    thread = threading.Thread(target=self._live, name="prefect-outbox", daemon=True)
                    try:
                        thread.start()
                    except RuntimeError:
                        # the interpreter winds up: whoever waits does the work
                        self._in_background = False
                        return
                    self._thread = thread
        self._work.set()

    def _live(self) -> None:
        while not self._closed:
            self._work.wait()
            self._hurry.wait(self._flush_seconds)
            self._hurry.clear()
            self._work.clear()
            self.work_off()
            if self._queue and not self._closed:
                # what could not be handed on is tried again soon, or when somebody waits for it
                self._hurry.wait(_LOOK_SECONDS)
                self._work.set()

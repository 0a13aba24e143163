"""The thread that writes what waits when nobody else has for a while.

It comes when it is needed first, and leaves when the store is closed. Not here: what it writes (`journal`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from prefect.server.database.backoff import Backoff


class WriteBehind:
    """That thread.

    Args:
        due: set while there is something to write, and this thread knows it.
        delay_seconds: how long it waits then, since somebody else may write, and more may come.
        look_seconds: how long it sleeps at the most while nothing is due; None: until something is.
        write: does the work.
        troubles: errors after which the work is still to be done: it is tried again.
        backoff: how long not to.
    """

    def __init__(
        self,
        due: threading.Event,
        delay_seconds: float,
        look_seconds: Callable[[], float | None],
        write: Callable[[], object],
        troubles: tuple[type[Exception], ...],
        backoff: Backoff,
    ) -> None:
        self._due = due
        self._delay_seconds = delay_seconds
        self._look_seconds = look_seconds
        self._write = write
        self._troubles = troubles
        self._backoff = backoff
        self._ended = threading.Event()
        self._starting = threading.Lock()
        self.thread: threading.Thread | None = None

    def wake(self) -> None:
        """Something is due. Cheap, and for any thread."""
        if self.thread is None:
            with self._starting:
                if self.thread is None:
                    self.thread = threading.Thread(target=self._live, name="prefect-journal", daemon=True)
                    self.thread.start()
        self._due.set()

    def end(self) -> None:
        """The thread leaves at once, or after what it is doing."""
        self._ended.set()
        self._due.set()

    def _live(self) -> None:
        while not self._ended.is_set():
            self._due.wait(self._look_seconds())
            if self._ended.wait(self._delay_seconds):
                return
            self._due.clear()
            began = time.monotonic()
            try:
                self._write()
            except self._troubles:
                # whoever writes through next is told; until then the entries wait, and this thread tries again
                self._backoff.failed(began)
                self._ended.wait(self._backoff.seconds_left)
                self._due.set()

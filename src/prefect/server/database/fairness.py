"""A lock that threads get in turn.

Python's own locks go to whoever asks at the right moment: a thread that writes in a loop would keep all others
waiting. Not here: what is done under the lock (`journal`, `store`).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class FairLock:
    """A lock for one thread at a time, which cannot take it again before the threads that wait have had it.

    It stays sound when an exception arrives in a waiting or holding thread at any moment, as those of time
    limits do. A thread that has it cannot take it once more.
    """

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._lock = threading.RLock()
        self._owner = 0

    @property
    def mine(self) -> bool:
        """Whether the calling thread has it."""
        return self._owner == threading.get_ident()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Wait for the lock; it is given back after the block.

        Raises:
            RuntimeError: the calling thread has it already.
        """
        if self.mine:
            raise RuntimeError("A write transaction cannot be begun inside another one of the same thread.")
        try:
            # one thread waits for the lock, all others for their turn to do so: who gives it back queues anew
            with self._turn:
                self._lock.acquire()
            self._owner = threading.get_ident()
            yield
        finally:
            if self.mine:
                self._owner = 0
            self._give_back()

    def _give_back(self) -> None:
        # it is not this thread's when an exception arrived before the lock did
        with suppress(RuntimeError):
            self._lock.release()

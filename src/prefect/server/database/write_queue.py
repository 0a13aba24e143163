"""Entries that wait to be written, in order, and the bounds on how many may.

Whoever adds one too many pays: he has all of them written. While the store cannot be written this is tried once in a
while only, by one thread for all, and the queue may grow on to a second bound: what happens is not lost as long as
there is hope to write it. Not here: what an entry is (`batches`), writing (`journal`).
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from prefect.exceptions import StoreError
from prefect.server.database.backoff import Backoff
from prefect.server.database.batches import Entry

_LAST_BOUND = 20
"""So many times as long as it should be the queue may grow while the store cannot be written."""


class WriteQueue:
    """The queue of a journal; any thread may add to it.

    Args:
        most: how many entries may wait; whoever adds one more has them written first.
        is_writing: whether the calling thread is writing already: it adds as much as it likes.
        flush: writes everything.
        wake: sees to it that they are written before long.
        backoff: how long it makes no sense to try to write.

    Attributes:
        due: set while somebody knows that there is something to write.
    """

    def __init__(
        self,
        most: int,
        is_writing: Callable[[], bool],
        flush: Callable[[], object],
        wake: Callable[[], object],
        backoff: Backoff,
    ) -> None:
        self.due = threading.Event()
        self._most = most
        self._is_writing = is_writing
        self._flush = flush
        self._wake = wake
        self._backoff = backoff
        self._entries: deque[Entry] = deque()
        self._being_written = False
        self._relief = threading.Lock()

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def waits(self) -> bool:
        """Whether anything is not stored yet: what another thread is writing was added before, too."""
        return bool(self._entries) or self._being_written

    def put(self, entry: Entry) -> None:
        """Add an entry.

        Raises:
            StoreError: the store cannot be written, and as many wait as may at the most.
        """
        entries = self._entries
        entries.append(entry)
        if len(entries) > self._most:
            self._relieve()
        elif not self.due.is_set():
            self._wake()

    def _relieve(self) -> None:
        # asked before the lock: who has that waits for those who write
        if self._is_writing():
            return
        with self._relief:
            too_many = len(self._entries) >= _LAST_BOUND * self._most
            if len(self._entries) <= self._most or (self._backoff.seconds_left > 0 and not too_many):
                return
            began = time.monotonic()
            try:
                self._flush()
            except StoreError:
                self._backoff.failed(began)
                if too_many:
                    raise

    @contextmanager
    def emptied(self) -> Iterator[Callable[[], list[Entry]]]:
        """Within the block the entries may be taken, by calling what it is given; if it fails, they wait again.

        For one thread at a time.
        """
        taken: list[Entry] = []

        def take() -> list[Entry]:
            taken.extend(self._entries.popleft() for _ in range(len(self._entries)))
            return taken

        self._being_written = True
        try:
            yield take
        except BaseException:
            self._entries.extendleft(reversed(taken))
            raise
        finally:
            self._being_written = False

"""The clock port: what time it is, and waiting. The one place that sleeps.

Everything that waits for time (retry delays, scheduled starts, polling) waits here, so that tests put a
`VirtualClock` in its place and never sleep. Not here: time limits on running code (`_time_limits`).
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

_NAP_SECONDS = 0.5


class Clock:
    """The real clock."""

    def now(self) -> datetime:
        """The current moment, aware, in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Block this thread for `seconds`."""
        if threading.current_thread() is threading.main_thread():
            time.sleep(max(0.0, seconds))
            return
        # Elsewhere an interruption only arrives between two naps.
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0:
            time.sleep(min(left, _NAP_SECONDS))

    async def asleep(self, seconds: float) -> None:
        """Suspend this coroutine for `seconds`."""
        await asyncio.sleep(max(0.0, seconds))


class VirtualClock(Clock):
    """A clock that stands still until somebody sleeps on it; sleeping moves it and returns at once.

    Attributes:
        slept: the seconds of each sleep so far, in order.
    """

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime(2026, 1, 1, tzinfo=UTC)
        self.slept: list[float] = []

    def now(self) -> datetime:
        """The virtual moment; moves on by a microsecond with each look, so that no two are equal."""
        self._now += timedelta(microseconds=1)
        return self._now

    def sleep(self, seconds: float) -> None:
        """Move the clock by `seconds`."""
        self.slept.append(seconds)
        self._now += timedelta(seconds=max(0.0, seconds))

    async def asleep(self, seconds: float) -> None:
        """Move the clock by `seconds`, letting other coroutines run once."""
        self.sleep(seconds)
        await asyncio.sleep(0)


_current: Clock = Clock()


def clock() -> Clock:
    """The clock in force."""
    return _current


@contextmanager
def use_clock(replacement: Clock) -> Iterator[Clock]:
    """Put another clock in force for the duration of the block (for the whole process: for tests)."""
    global _current
    previous, _current = _current, replacement
    try:
        yield replacement
    finally:
        _current = previous

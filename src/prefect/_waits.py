"""Waits that look up once in a while.

A thread asleep in a lock is woken by a signal, and finds an exception raised in it from elsewhere when it is awake
again. One that comes just before the thread falls asleep, or that the system hands to another thread, would be
found at the end of the wait only, which may never come. Not here: limits on time (`_time_limits`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

LONGEST_SLEEP_SECONDS = 1.0
"""So long a thread sleeps at most before it looks up."""


def acquire_alertly(lock: threading.Lock, timeout_seconds: float | None = None) -> bool:
    """Acquire a lock; False when that takes too long (None: it may take for ever)."""
    ends = None if timeout_seconds is None else time.monotonic() + timeout_seconds
    while not lock.acquire(timeout=_next_sleep(ends)):
        if ends is not None and time.monotonic() >= ends:
            return False
    return True


def wait_alertly(
    condition: threading.Condition, is_met: Callable[[], bool], timeout_seconds: float | None = None
) -> bool:
    """With the condition's lock held: wait until it is met; False when that takes too long."""
    ends = None if timeout_seconds is None else time.monotonic() + timeout_seconds
    while not is_met():
        if ends is not None and time.monotonic() >= ends:
            return False
        condition.wait(_next_sleep(ends))
    return True


def _next_sleep(ends: float | None) -> float:
    if ends is None:
        return LONGEST_SLEEP_SECONDS
    return max(0.0, min(LONGEST_SLEEP_SECONDS, ends - time.monotonic()))

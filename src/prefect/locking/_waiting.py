"""How lock managers wait: written once as steps, for both colours, over four small questions.

A lock manager answers who may have a lock now, how long it is worth waiting before asking again, and how to
wait that long in either colour; the loops around these answers live here. Not here: where locks are kept.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod

from prefect._steps import Life, run_awaiting, run_blocking


class WaitForChange:
    """A step: wait until the lock on a key may be free, for some seconds at most."""

    __slots__ = ("key", "manager", "seconds")

    def __init__(self, manager: WaitingLockManager, key: str, seconds: float | None) -> None:
        self.manager = manager
        self.key = key
        self.seconds = seconds

    def block(self) -> None:
        self.manager._wait(self.key, self.seconds)

    async def wait(self) -> None:
        await self.manager._await(self.key, self.seconds)


class WaitingLockManager(ABC):
    """A lock manager from its primitives."""

    @abstractmethod
    def _try_acquire(self, key: str, holder: str, hold_timeout: float | None) -> bool:
        """Take the lock if it is free or already the holder's; never wait."""

    @abstractmethod
    def is_locked(self, key: str) -> bool:
        """Whether anybody holds the lock."""

    @abstractmethod
    def _seconds_to_expiry(self, key: str) -> float | None:
        """In how many seconds the lock frees itself; None when it does not."""

    @abstractmethod
    def _wait(self, key: str, seconds: float | None) -> None:
        """Block until the lock may have changed, `seconds` at most (None: no bound)."""

    @abstractmethod
    async def _await(self, key: str, seconds: float | None) -> None:
        """`_wait` for async code."""

    def acquire_lock(
        self,
        key: str,
        holder: str,
        acquire_timeout: float | None = None,
        hold_timeout: float | None = None,
    ) -> bool:
        """Take the lock on `key` for `holder`, waiting `acquire_timeout` seconds at most (None: for ever).

        Args:
            hold_timeout: seconds after which the lock is free again by itself; None: when released.

        Returns:
            Whether `holder` has the lock now.
        """
        return run_blocking(self._acquire(key, holder, acquire_timeout, hold_timeout))

    async def aacquire_lock(
        self,
        key: str,
        holder: str,
        acquire_timeout: float | None = None,
        hold_timeout: float | None = None,
    ) -> bool:
        """`acquire_lock` for async code."""
        return await run_awaiting(self._acquire(key, holder, acquire_timeout, hold_timeout))

    def wait_for_lock(self, key: str, timeout: float | None = None) -> bool:
        """Wait until nobody holds the lock on `key`, `timeout` seconds at most (None: for ever).

        Returns:
            Whether the lock was free before the time was over.
        """
        return run_blocking(self._until_free(key, timeout))

    async def await_for_lock(self, key: str, timeout: float | None = None) -> bool:
        """`wait_for_lock` for async code."""
        return await run_awaiting(self._until_free(key, timeout))

    def _acquire(
        self, key: str, holder: str, acquire_timeout: float | None, hold_timeout: float | None
    ) -> Life[bool]:
        deadline = _deadline(acquire_timeout)
        while not self._try_acquire(key, holder, hold_timeout):
            if _is_over(deadline):
                return False
            yield WaitForChange(self, key, self._patience(key, deadline))
        return True

    def _until_free(self, key: str, timeout: float | None) -> Life[bool]:
        deadline = _deadline(timeout)
        while self.is_locked(key):
            if _is_over(deadline):
                return False
            yield WaitForChange(self, key, self._patience(key, deadline))
        return True

    def _patience(self, key: str, deadline: float | None) -> float | None:
        """How long to wait before asking again: until the caller's time or the lock's own is over."""
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        bounds = [seconds for seconds in (left, self._seconds_to_expiry(key)) if seconds is not None]
        return min(bounds, default=None)


def _deadline(timeout: float | None) -> float | None:
    return None if timeout is None else time.monotonic() + timeout


def _is_over(deadline: float | None) -> bool:
    return deadline is not None and time.monotonic() >= deadline

"""Locks between the threads and coroutines of one process. Not here: locks that other processes see."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager, suppress
from typing import Any, ClassVar, NamedTuple, Self

from prefect.locking._waiting import WaitingLockManager


class _Held(NamedTuple):
    holder: str
    expires_at: float | None

    def has_expired(self) -> bool:
        return self.expires_at is not None and time.monotonic() >= self.expires_at


class MemoryLockManager(WaitingLockManager):
    """Keeps locks in this process; there is one, however often it is made. Free when the process ends."""

    _instance: ClassVar[Any] = None
    _guard: threading.Lock
    _held: dict[str, _Held]
    _wakers: dict[str, set[Callable[[], object]]]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        if cls._instance is None:
            made = super().__new__(cls)
            made._guard = threading.Lock()
            made._held = {}
            made._wakers = {}
            cls._instance = made
        found: Self = cls._instance
        return found

    def release_lock(self, key: str, holder: str) -> None:
        """Give the lock on `key` back.

        Raises:
            ValueError: `holder` does not hold it.
        """
        with self._guard:
            if not self._holds(key, holder):
                raise ValueError(f"{holder!r} cannot release the lock on {key!r}: it does not hold it.")
            del self._held[key]
            wakers = tuple(self._wakers.get(key, ()))
        for wake in wakers:
            wake()

    def is_locked(self, key: str) -> bool:
        """Whether anybody holds the lock on `key`."""
        with self._guard:
            return self._current(key) is not None

    def is_lock_holder(self, key: str, holder: str) -> bool:
        """Whether `holder` holds the lock on `key`."""
        with self._guard:
            return self._holds(key, holder)

    def _current(self, key: str) -> _Held | None:
        held = self._held.get(key)
        if held is not None and held.has_expired():
            del self._held[key]
            return None
        return held

    def _holds(self, key: str, holder: str) -> bool:
        held = self._current(key)
        return held is not None and held.holder == holder

    def _try_acquire(self, key: str, holder: str, hold_timeout: float | None) -> bool:
        with self._guard:
            held = self._current(key)
            if held is None:
                expires_at = None if hold_timeout is None else time.monotonic() + hold_timeout
                self._held[key] = _Held(holder, expires_at)
                return True
            return held.holder == holder

    def _seconds_to_expiry(self, key: str) -> float | None:
        with self._guard:
            held = self._current(key)
        if held is None or held.expires_at is None:
            return None
        return max(0.0, held.expires_at - time.monotonic())

    def _wait(self, key: str, seconds: float | None) -> None:
        changed = threading.Event()
        with self._woken_by(key, changed.set):
            if self.is_locked(key):
                changed.wait(seconds)

    async def _await(self, key: str, seconds: float | None) -> None:
        changed = asyncio.Event()
        loop = asyncio.get_running_loop()
        with self._woken_by(key, lambda: loop.call_soon_threadsafe(changed.set)):
            if self.is_locked(key):
                with suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), seconds)

    @contextmanager
    def _woken_by(self, key: str, wake: Callable[[], object]) -> Any:
        """Have `wake` called when the lock is released, for the block."""
        with self._guard:
            self._wakers.setdefault(key, set()).add(wake)
        try:
            yield
        finally:
            with self._guard:
                waiting = self._wakers[key]
                waiting.discard(wake)
                if not waiting:
                    del self._wakers[key]

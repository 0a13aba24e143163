"""What a lock manager is. Not here: any lock manager."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class LockManager(Protocol):
    """Hands out locks: one holder a key at a time.

    A holder is any text that names who holds; asking again for a lock one already holds succeeds. Implement
    all methods; the `a…` ones are the same for async code.
    """

    def acquire_lock(
        self,
        key: str,
        holder: str,
        acquire_timeout: float | None = None,
        hold_timeout: float | None = None,
    ) -> bool:
        """Take the lock on `key`, waiting for it if need be.

        Args:
            key: what to lock.
            holder: who takes it.
            acquire_timeout: seconds to wait at most; None waits for ever.
            hold_timeout: seconds after which the lock is free again by itself; None holds it until released.

        Returns:
            Whether `holder` has the lock now.
        """
        ...

    async def aacquire_lock(
        self,
        key: str,
        holder: str,
        acquire_timeout: float | None = None,
        hold_timeout: float | None = None,
    ) -> bool:
        """`acquire_lock` for async code."""
        ...

    def release_lock(self, key: str, holder: str) -> None:
        """Give the lock back.

        Raises:
            ValueError: `holder` does not hold it.
        """
        ...

    def is_locked(self, key: str) -> bool:
        """Whether anybody holds the lock."""
        ...

    def is_lock_holder(self, key: str, holder: str) -> bool:
        """Whether `holder` holds the lock."""
        ...

    def wait_for_lock(self, key: str, timeout: float | None = None) -> bool:
        """Wait until nobody holds the lock; take nothing.

        Args:
            timeout: seconds to wait at most; None waits for ever.

        Returns:
            Whether the lock was free before the time was over.
        """
        ...

    async def await_for_lock(self, key: str, timeout: float | None = None) -> bool:
        """`wait_for_lock` for async code."""
        ...

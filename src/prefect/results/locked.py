"""The locks of a result store. Not here: lock managers (`prefect.locking`), reading and writing (`store`)."""

from __future__ import annotations

import os
import socket
import threading
from typing import TYPE_CHECKING, ClassVar

from pydantic import BaseModel, ConfigDict

from prefect.exceptions import ConfigurationError
from prefect.locking.protocol import LockManager

if TYPE_CHECKING:
    from prefect.transactions import IsolationLevel


class LockableStore(BaseModel):
    """A store whose keys can be locked.

    Attributes:
        lock_manager: who hands out the locks; None: there are none.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(arbitrary_types_allowed=True)

    lock_manager: LockManager | None = None

    @staticmethod
    def generate_default_holder() -> str:
        """The name under which the calling thread holds locks: host, process, thread."""
        thread = threading.current_thread()
        return f"{socket.gethostname()}:{os.getpid()}:{thread.ident}:{thread.name}"

    def supports_isolation_level(self, level: IsolationLevel) -> bool:
        """Whether transactions of the isolation level are possible with this store.

        Raises:
            ValueError: there is no such level.
        """
        name = getattr(level, "value", level)
        if name not in ("READ_COMMITTED", "SERIALIZABLE"):
            raise ValueError(f"There is no isolation level {level!r}.")
        return name == "READ_COMMITTED" or self.lock_manager is not None

    def acquire_lock(self, key: str, holder: str | None = None, timeout: float | None = None) -> bool:
        """Take the lock on a key, waiting `timeout` seconds at most (None: for ever).

        Args:
            holder: who takes it; None: the calling thread.

        Returns:
            Whether the holder has it now.

        Raises:
            ConfigurationError: the store has no lock manager.
        """
        return self._locks().acquire_lock(key, holder or self.generate_default_holder(), timeout)

    async def aacquire_lock(self, key: str, holder: str | None = None, timeout: float | None = None) -> bool:
        """`acquire_lock` for async code."""
        return await self._locks().aacquire_lock(key, holder or self.generate_default_holder(), timeout)

    def release_lock(self, key: str, holder: str | None = None) -> None:
        """Give the lock on a key back.

        Raises:
            ConfigurationError: the store has no lock manager.
            ValueError: the holder (None: the calling thread) does not hold it.
        """
        self._locks().release_lock(key, holder or self.generate_default_holder())

    def is_locked(self, key: str) -> bool:
        """Whether anybody holds the lock on a key; ConfigurationError without a lock manager."""
        return self._locks().is_locked(key)

    def is_lock_holder(self, key: str, holder: str | None = None) -> bool:
        """Whether the holder (None: the calling thread) has the lock; needs a lock manager."""
        return self._locks().is_lock_holder(key, holder or self.generate_default_holder())

    def wait_for_lock(self, key: str, timeout: float | None = None) -> bool:
        """Wait until nobody holds the lock on a key, `timeout` seconds at most (None: for ever).

        Returns:
            Whether it was free before the time was over.

        Raises:
            ConfigurationError: the store has no lock manager.
        """
        return self._locks().wait_for_lock(key, timeout)

    async def await_for_lock(self, key: str, timeout: float | None = None) -> bool:
        """`wait_for_lock` for async code."""
        return await self._locks().await_for_lock(key, timeout)

    def _locks(self) -> LockManager:
        if self.lock_manager is None:
            raise ConfigurationError(
                "The result store has no lock manager: give it one (ResultStore(lock_manager=…), or "
                "cache_policy.configure(lock_manager=…) for a task) to lock keys."
            )
        return self.lock_manager

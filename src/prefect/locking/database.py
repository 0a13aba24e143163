"""Locks between all processes that use the same store of runs.

A lock is a lease in the store: it is free when it is released, when its time is over, or when its process is
gone, so that no crash leaves a key locked. Not here: the leases (`prefect.server.models.locks`).
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from prefect.locking._waiting import WaitingLockManager
from prefect.schemas.bases import now

_POLL_SECONDS = 0.02
"""How often a waiting process looks: a store in a file gives no signal."""


class DatabaseLockManager(WaitingLockManager):
    """Keeps locks in the store of runs that the settings name, for every process over that store.

    For transactions and cache policies of the isolation level SERIALIZABLE:

        locked = INPUTS.configure(isolation_level="SERIALIZABLE", lock_manager=DatabaseLockManager())

        @task(persist_result=True, cache_policy=locked)
        def expensive(x): ...
    """

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DatabaseLockManager)

    def __hash__(self) -> int:
        return hash(type(self))

    def release_lock(self, key: str, holder: str) -> None:
        """Give the lock on `key` back.

        Raises:
            ValueError: `holder` does not hold it.
            prefect.exceptions.StoreError: the store cannot be written.
        """
        if not _store().release_lock(key, holder):
            raise ValueError(f"{holder!r} cannot release the lock on {key!r}: it does not hold it.")

    def is_locked(self, key: str) -> bool:
        """Whether anybody holds the lock on `key`."""
        return _store().held_lock(key) is not None

    def is_lock_holder(self, key: str, holder: str) -> bool:
        """Whether `holder` holds the lock on `key`."""
        held = _store().held_lock(key)
        return held is not None and held.holder == holder

    def _try_acquire(self, key: str, holder: str, hold_timeout: float | None) -> bool:
        taken: bool = _store().try_lock(key, holder, hold_timeout)
        return taken

    def _seconds_to_expiry(self, key: str) -> float | None:
        held = _store().held_lock(key)
        if held is None or held.expires_at is None:
            return _POLL_SECONDS
        left: float = (held.expires_at - now()).total_seconds()
        return min(_POLL_SECONDS, max(0.0, left))

    def _wait(self, key: str, seconds: float | None) -> None:
        time.sleep(_POLL_SECONDS if seconds is None else seconds)

    async def _await(self, key: str, seconds: float | None) -> None:
        await asyncio.sleep(_POLL_SECONDS if seconds is None else seconds)


def _store() -> Any:
    from prefect.client.engine import engine_client

    return engine_client()

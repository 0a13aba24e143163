"""Locks on keys that every process over the store sees: leases of the kind `lock`.

A lock belongs to a holder (any text) in a process. It is free again when it is released, when its own time is
over, or when its process is lost. Not here: waiting for a lock (`prefect.locking`), leases of runs.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID, uuid5

from prefect.schemas.bases import now
from prefect.server.database import statements as sql
from prefect.server.database.holders import Holder, HostFacts, this_host
from prefect.server.database.leases import LOCK
from prefect.server.models.leases import Lease, lost_because

if TYPE_CHECKING:
    from prefect.server.database.connections import Connection
    from prefect.server.database.delegation import Writer

_KEYS = UUID("6f1d3a8e-6d0c-4d2a-9f5b-3f6f0a2f7c11")
"""The namespace of keys: the same key is the same resource in every process."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOCKS = "SELECT resource_id, holder, attempt, expires_at FROM lease WHERE kind = 'lock'"
_DROP_OVER = "DELETE FROM lease WHERE kind = 'lock' AND resource_id = ? AND holder = ? AND expires_at = ?"
_LOCK = f"{_LOCKS} AND resource_id = ?"


class HeldLock(NamedTuple):
    """A lock in force.

    Attributes:
        holder: on whose behalf it was taken.
        expires_at: when it ends by itself; None: when its process does.
    """

    holder: str
    expires_at: datetime | None


def held_lock(journal: Writer, key: str) -> HeldLock | None:
    """The lock on a key, or None when the key is free.

    Raises:
        StoreError: the store cannot be read.
    """
    with journal.reading() as connection:
        return _in_force(connection, resource_of(key), now(), this_host())


def try_lock(journal: Writer, key: str, holder: str, hold_seconds: float | None) -> bool:
    """Take the lock on a key unless somebody else has it; whether `holder` has it now.

    Args:
        hold_seconds: how long it lasts without being released; None: as long as this process.

    Raises:
        StoreError: the store cannot be written.
    """
    # looking costs a tenth of locking the store, and a lock that is waited for is looked at often
    held = held_lock(journal, key)
    if held is not None:
        return held.holder == holder
    resource = resource_of(key)
    with journal.transaction() as connection:
        connection.lock(sql.LOCK_KEY, (_number_of(resource),))
        moment, here = now(), this_host()
        left_behind = connection.execute(_LOCK, (resource,)).fetchone()
        held = None if left_behind is None else _lock_of(left_behind, moment, here)
        if held is not None:
            return held.holder == holder
        if left_behind is not None:
            _sweep(connection, moment, here)
        until = None if hold_seconds is None else moment + timedelta(seconds=hold_seconds)
        journal.leases.take_lock(resource, holder, until)
        return True


def release_lock(journal: Writer, key: str, holder: str) -> bool:
    """Give the lock on a key back; False: `holder` did not have it, and nothing was changed.

    Raises:
        StoreError: the store cannot be written.
    """
    resource = resource_of(key)
    with journal.transaction() as connection:
        connection.lock(sql.LOCK_KEY, (_number_of(resource),))
        held = _in_force(connection, resource, now(), this_host())
        if held is None or held.holder != holder:
            return False
        journal.leases.drop_lock(resource)
        return True


def resource_of(key: str) -> bytes:
    """What a key is called in the table of leases."""
    return uuid5(_KEYS, key).bytes


def _in_force(connection: Connection, resource: bytes, moment: datetime, here: HostFacts) -> HeldLock | None:
    row = connection.execute(_LOCK, (resource,)).fetchone()
    return None if row is None else _lock_of(row, moment, here)


def _lock_of(row: tuple[Any, ...], moment: datetime, here: HostFacts) -> HeldLock | None:
    """The lock that a lease stands for; None when it is not in force any more."""
    resource, owner, renewed, expires = row
    process, holder = split_owner(owner)
    expires_at = _EPOCH + timedelta(microseconds=expires)
    if not renewed and expires_at <= moment:
        return None
    if lost_because(Lease(LOCK, resource, process, expires_at), moment, here) is not None:
        return None
    return HeldLock(holder, None if renewed else expires_at)


def _sweep(connection: Connection, moment: datetime, here: HostFacts) -> None:
    """Delete the leases of all locks that are not in force: where there is one, there may be many."""
    rows = connection.execute(_LOCKS).fetchall()
    over = [(row[0], row[1], row[3]) for row in rows if _lock_of(row, moment, here) is None]
    connection.executemany(_DROP_OVER, sorted(over))


def _number_of(resource: bytes) -> int:
    """What a resource is called among PostgreSQL's own locks."""
    return int.from_bytes(resource[:8], "big", signed=True)


def split_owner(owner: str) -> tuple[str, str]:
    """The process and the holder that the lease of a lock names."""
    parts = owner.split("|", len(Holder._fields))
    return "|".join(parts[: len(Holder._fields)]), parts[-1]

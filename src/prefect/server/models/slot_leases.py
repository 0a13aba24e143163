"""Leases on slots of concurrency limits: who holds how many, and for how long.

A lease holds its slots until it ends: it expires, it is given back, or, where it was taken for a run, the run ends.
Not here: whether there are free slots (`concurrency_slots`, `tag_slots`, `deployment_slots`).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prefect.exceptions import ConcurrencyLeaseLostError
from prefect.schemas.bases import now, uuid7
from prefect.schemas.concurrency import ConcurrencyLeaseHolder
from prefect.server.database.tables import concurrency_lease, concurrency_slot
from prefect.server.models import live_leases


def is_live() -> sa.TextClause:
    """Whether a lease holds its slots still, as a condition on its row."""
    at = sa.bindparam("live_at", now(), type_=concurrency_lease.c.expires_at.type)
    return sa.text(live_leases.is_live(":live_at")).bindparams(at)


def held_slots(query: sa.Select[Any], limit_ids: Collection[UUID]) -> sa.Select[Any]:
    """A query over slots and their leases, narrowed to slots of these limits that somebody holds."""
    lease = concurrency_lease
    joined = query.join_from(concurrency_slot, lease, lease.c.id == concurrency_slot.c.lease_id)
    return joined.where(concurrency_slot.c.limit_id.in_(list(limit_ids)), is_live())


def make_lease(
    connection: sa.Connection, duration: timedelta | None, holder: ConcurrencyLeaseHolder | None
) -> UUID:
    """Make a lease that holds nothing yet, and return its id. `duration` None: it has no term."""
    id, at = uuid7(), now()
    row = {
        "id": id,
        "acquired_at": at,
        "expires_at": None if duration is None else at + duration,
        "holder_type": None if holder is None else holder.type,
        "holder_id": None if holder is None else holder.id,
    }
    connection.execute(sa.insert(concurrency_lease).values(row))
    return id


def hold(connection: sa.Connection, limit_id: UUID, lease_id: UUID, slots: int) -> None:
    """Let a lease hold slots of a limit."""
    row = {"limit_id": limit_id, "lease_id": lease_id, "slots": slots}
    connection.execute(sa.insert(concurrency_slot).values(row))


def renew_lease(connection: sa.Connection, lease_id: UUID, duration: timedelta) -> None:
    """Let a lease last so long from now.

    Raises:
        ConcurrencyLeaseLostError: it has expired or was given back.
    """
    lease, at = concurrency_lease, now()
    live = sa.or_(lease.c.expires_at.is_(None), lease.c.expires_at > at)
    query = sa.update(lease).where(lease.c.id == lease_id, live).values(expires_at=at + duration)
    if connection.execute(query).rowcount == 0:
        raise ConcurrencyLeaseLostError(f"The lease {lease_id} has expired or was given back.")


def drop_if_empty(connection: sa.Connection, lease_id: UUID) -> None:
    """Delete a lease that holds nothing."""
    holds = sa.exists(sa.select(concurrency_slot.c.lease_id).where(concurrency_slot.c.lease_id == lease_id))
    connection.execute(sa.delete(concurrency_lease).where(concurrency_lease.c.id == lease_id, sa.not_(holds)))


def forget_expired(connection: sa.Connection) -> None:
    """Delete the leases that have expired."""
    lease = concurrency_lease
    connection.execute(sa.delete(lease).where(lease.c.expires_at <= now()))

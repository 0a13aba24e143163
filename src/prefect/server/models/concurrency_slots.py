"""Slots of concurrency limits: taken together or not at all, given back, in use.

Slots in use are what live leases hold (`slot_leases`), never a counter (decision D2). A lease without a term, as
clients that know no leases take it, lasts until they give the slots back. What a limit with decay has spent is
no lease: it is kept as an amount, with the moment it was true, and fades from then on. The limit on a tag goes
by the name `tag:…` here, too. Not here: the limits themselves (`concurrency_limits`).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa

from prefect.exceptions import ConcurrencySlotsTakenError
from prefect.schemas.bases import now
from prefect.schemas.concurrency import ConcurrencyLeaseHolder
from prefect.server.database.engine import lock_row
from prefect.server.database.tables import concurrency_lease, concurrency_limit_v2, concurrency_slot
from prefect.server.models.slot_leases import drop_if_empty, forget_expired, held_slots, hold, make_lease
from prefect.server.models.tag_slots import tag_limit_rows
from prefect.settings import get_current_settings
from prefect.utilities.math import clamped_poisson_interval

Mode = Literal["concurrency", "rate_limit"]

_SHORTEST_WAIT_SECONDS = 0.1
_OF_TAG = "tag:"


@dataclass(frozen=True)
class _TagLimit:
    """The limit on a tag, as a limit known by name."""

    id: UUID
    name: str
    limit: int
    active: bool = True
    slot_decay_per_second: float = 0.0
    avg_slot_occupancy_seconds: float = 2.0


# --- slots in use ---------------------------------------------------------------------------------------


def slots_in_use(connection: sa.Connection, limits: Sequence[Any]) -> dict[UUID, float]:
    """How many slots of each limit (rows of `concurrency_limit_v2`) are in use; a fading one may be partly."""
    query = held_slots(
        sa.select(concurrency_slot.c.limit_id, sa.func.sum(concurrency_slot.c.slots)),
        [limit.id for limit in limits if not limit.slot_decay_per_second],
    )
    held = dict(connection.execute(query.group_by(concurrency_slot.c.limit_id)).tuples().all())
    at = now()
    return {
        limit.id: spent_slots(limit, at) if limit.slot_decay_per_second else float(held.get(limit.id, 0))
        for limit in limits
    }


def spent_slots(limit: Any, at: datetime) -> float:
    """What is left at a moment of the slots that a limit with decay has spent."""
    if limit.decaying_since is None:
        return 0.0
    faded = limit.slot_decay_per_second * (at - limit.decaying_since).total_seconds()
    left: float = limit.decaying_slots - faded
    return max(0.0, left)


# --- taking ---------------------------------------------------------------------------------------------


def take_slots(
    connection: sa.Connection,
    names: Collection[str],
    slots: int,
    mode: Mode,
    duration: timedelta | None = None,
    holder: ConcurrencyLeaseHolder | None = None,
) -> tuple[UUID | None, Sequence[Any]]:
    """Take slots of all limits of these names, or of none. Limits that are not there or rest let pass.

    Args:
        mode: "rate_limit" spends them for good; they come back by the limits' decay.
        duration: of the lease; None: until they are given back.
        holder: for whom.

    Returns:
        The id of the lease (None: nothing is held), and the rows of the limits.

    Raises:
        ConcurrencySlotsTakenError: a limit has too few free slots.
        ValueError: a limit has fewer slots than are asked for, or no decay where there must be one.
    """
    forget_expired(connection)
    limits = _locked(connection, names)
    active = [limit for limit in limits if limit.active]
    _must_be_possible(active, slots, mode)
    used = slots_in_use(connection, active)
    full = [limit for limit in active if used[limit.id] + slots > limit.limit]
    if full:
        wait = max(_wait_for(limit, used[limit.id], slots) for limit in full)
        told = ", ".join(repr(limit.name) for limit in full)
        raise ConcurrencySlotsTakenError(f"Too few free slots: {told}.", retry_after_seconds=wait)
    at = now()
    for limit in active:
        if limit.slot_decay_per_second:
            _spend(connection, limit, spent_slots(limit, at) + slots, at)
    held = active if mode == "concurrency" else []
    if not held and duration is None:
        return None, limits
    lease_id = make_lease(connection, duration, holder)
    for limit in held:
        hold(connection, limit.id, lease_id, slots)
    return lease_id, limits


def _locked(connection: sa.Connection, names: Collection[str]) -> Sequence[Any]:
    """The limits of these names, held against others who take slots of them."""
    table = concurrency_limit_v2
    query = sa.select(table).where(table.c.name.in_(set(names))).order_by(table.c.name)
    limits: list[Any] = list(connection.execute(query.with_for_update()))
    tags = {name.removeprefix(_OF_TAG) for name in names if name.startswith(_OF_TAG)}
    if tags:
        rows = tag_limit_rows(connection, tags)
        limits += [_TagLimit(row.id, _OF_TAG + row.tag, row.concurrency_limit) for row in rows]
    return limits


def _must_be_possible(limits: Sequence[Any], slots: int, mode: Mode) -> None:
    small = [limit for limit in limits if slots > limit.limit]
    if small:
        raise ValueError(
            f"{slots} slots were asked for, but the limit {small[0].name!r} has {small[0].limit} at most."
        )
    lasting = [repr(limit.name) for limit in limits if not limit.slot_decay_per_second]
    if mode == "rate_limit" and lasting:
        raise ValueError(
            f"Only limits with a slot decay can limit a rate; these have none: {', '.join(lasting)}. "
            "Set `slot_decay_per_second`."
        )


def _wait_for(limit: Any, used: float, slots: int) -> float:
    """About how long until there are so many free slots, in seconds; spread, so that not all come back at once."""
    if limit.limit <= 0:
        average = limit.avg_slot_occupancy_seconds
    elif limit.slot_decay_per_second:
        average = (used + slots - limit.limit) / limit.slot_decay_per_second
    else:
        average = limit.avg_slot_occupancy_seconds * slots / limit.limit
    most = get_current_settings().server.concurrency.maximum_concurrency_slot_wait_seconds
    return min(most, clamped_poisson_interval(max(average, _SHORTEST_WAIT_SECONDS)))


def _spend(connection: sa.Connection, limit: Any, amount: float, at: datetime) -> None:
    table = concurrency_limit_v2
    spent = {"decaying_slots": max(0.0, amount), "decaying_since": at}
    connection.execute(sa.update(table).where(table.c.id == limit.id).values(spent))


# --- giving back ----------------------------------------------------------------------------------------


def give_back_slots(
    connection: sa.Connection, names: Collection[str], slots: int, occupancy_seconds: float | None
) -> Sequence[Any]:
    """Give back slots of limits that were taken without a lease; more than are taken are as many as are.

    Args:
        occupancy_seconds: how long they were held; what waits are estimated from.

    Returns:
        The rows of the limits.
    """
    limits = _locked(connection, names)
    for limit in limits:
        _release(connection, limit.id, slots)
        _note_release(connection, limit, slots, occupancy_seconds)
    return limits


def _release(connection: sa.Connection, limit_id: UUID, slots: int) -> None:
    """Let go of slots of a limit, the earliest taken first, of leases without a term."""
    slot, lease = concurrency_slot, concurrency_lease
    query = (
        sa.select(slot.c.lease_id, slot.c.slots)
        .join(lease, lease.c.id == slot.c.lease_id)
        .where(slot.c.limit_id == limit_id, lease.c.expires_at.is_(None))
        .order_by(lease.c.id)
    )
    for lease_id, held in connection.execute(query).all():
        this = (slot.c.limit_id == limit_id, slot.c.lease_id == lease_id)
        if held > slots:
            connection.execute(sa.update(slot).where(*this).values(slots=held - slots))
            return
        connection.execute(sa.delete(slot).where(*this))
        drop_if_empty(connection, lease_id)
        slots -= held
        if slots == 0:
            return


def _note_release(connection: sa.Connection, limit: Any, slots: int, seconds: float | None) -> None:
    """What a release changes in a limit: slots with decay are unspent, and the average occupancy moves."""
    if isinstance(limit, _TagLimit):
        return
    at, changes = now(), dict[str, Any]()
    if limit.slot_decay_per_second:
        changes = {"decaying_slots": max(0.0, spent_slots(limit, at) - slots), "decaying_since": at}
    if seconds is not None:
        average = limit.avg_slot_occupancy_seconds
        # as if over the last two times as many slots as there are
        weight = min(1.0, slots / max(2 * limit.limit, 1))
        changes["avg_slot_occupancy_seconds"] = average + weight * (seconds - average)
    if changes:
        table = concurrency_limit_v2
        connection.execute(sa.update(table).where(table.c.id == limit.id).values(changes))


# --- leases ---------------------------------------------------------------------------------------------


def end_lease(connection: sa.Connection, lease_id: UUID) -> None:
    """Give back what a lease holds; one that has ended already holds nothing."""
    slot, lease, limit = concurrency_slot, concurrency_lease, concurrency_limit_v2
    # whoever ends it as well, or changes what its limits have spent, waits
    lock_row(connection, lease, lease_id)
    query = (
        sa.select(limit, slot.c.slots.label("held"), lease.c.acquired_at)
        .join_from(slot, lease, lease.c.id == slot.c.lease_id)
        .join(limit, limit.c.id == slot.c.limit_id)
        .where(lease.c.id == lease_id)
        .order_by(limit.c.name)
    )
    at = now()
    for row in connection.execute(query.with_for_update(of=limit)).all():
        _note_release(connection, row, row.held, (at - row.acquired_at).total_seconds())
    connection.execute(sa.delete(lease).where(lease.c.id == lease_id))


def set_slots(connection: sa.Connection, limit: Any, slots: int) -> None:
    """Let so many slots of a limit be in use, whoever held them: for people who know better."""
    slot = concurrency_slot
    leases = list(connection.execute(sa.select(slot.c.lease_id).where(slot.c.limit_id == limit.id)).scalars())
    connection.execute(sa.delete(slot).where(slot.c.limit_id == limit.id))
    for lease_id in leases:
        drop_if_empty(connection, lease_id)
    if limit.slot_decay_per_second:
        _spend(connection, limit, slots, now())
    elif slots:
        hold(connection, limit.id, make_lease(connection, None, None), slots)


def whole_slots(used: Mapping[UUID, float], limit_id: UUID) -> int:
    """Slots in use as a number of slots; a part of one is in use."""
    return math.ceil(used.get(limit_id, 0))

"""Slots of limits on tags: each task run with the tag takes one, and holds it until it ends or gives it back.

Not here: the limits (`concurrency_limits`), slots of limits known by name (`concurrency_slots`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prefect.exceptions import ConcurrencySlotsTakenError
from prefect.schemas.bases import now, uuid7
from prefect.server.database.tables import concurrency_lease, concurrency_limit, concurrency_slot
from prefect.server.models.slot_leases import held_slots
from prefect.server.orchestration import Changes, TagSlots
from prefect.settings import get_current_settings


def tag_limit_rows(connection: sa.Connection, tags: Collection[str]) -> Sequence[Any]:
    """The rows of the limits on these tags, held against others who take slots of them."""
    if not tags:
        return []
    table = concurrency_limit
    query = sa.select(table).where(table.c.tag.in_(set(tags))).order_by(table.c.tag)
    return connection.execute(query.with_for_update()).all()


def take_tag_slots(connection: sa.Connection, limits: Sequence[Any], task_run_id: UUID) -> None:
    """Take a slot of each of these limits (rows of `concurrency_limit`) for a task run, or none.

    A slot that the run has already is not taken again.

    Raises:
        ConcurrencySlotsTakenError: a limit has no free slot; one of 0 never will.
    """
    wanted = [one for one in tag_slots(connection, limits, task_run_id) if not one.held]
    for one in wanted:
        if one.limit <= 0:
            raise ConcurrencySlotsTakenError(
                f"The concurrency limit of the tag {one.tag!r} is 0: no run with it may start."
            )
        if one.free <= 0:
            message = f"All {one.limit} concurrency slots of the tag {one.tag!r} are taken."
            raise ConcurrencySlotsTakenError(message, retry_after_seconds=wait_seconds())
    settle_tag_slots(connection, limits, Changes(take_slots=tuple(one.tag for one in wanted)), task_run_id)


def tag_slots(connection: sa.Connection, limits: Sequence[Any], task_run_id: UUID) -> list[TagSlots]:
    """How full each of these limits (rows of `concurrency_limit`) is, and whether a task run holds a slot of it."""
    if not limits:
        return []
    slot, lease = concurrency_slot, concurrency_lease
    taken = dict.fromkeys((limit.id for limit in limits), 0)
    held: set[UUID] = set()
    query = held_slots(sa.select(slot.c.limit_id, slot.c.slots, lease.c.holder_id), list(taken))
    for limit_id, slots, holder_id in connection.execute(query):
        taken[limit_id] += slots
        if holder_id == task_run_id:
            held.add(limit_id)
    return [
        TagSlots(
            tag=limit.tag,
            limit=limit.concurrency_limit,
            free=limit.concurrency_limit - taken[limit.id],
            held=limit.id in held,
        )
        for limit in limits
    ]


def settle_tag_slots(
    connection: sa.Connection, limits: Sequence[Any], changes: Changes, task_run_id: UUID
) -> None:
    """Take or free slots of these limits for a task run as was decided on its transition."""
    if changes.release_slots:
        give_back_tag_slots(connection, [limit.id for limit in limits], task_run_id)
    for limit in limits:
        if limit.tag in changes.take_slots:
            # what it held before it was taken for dead would count again, now that it goes on
            give_back_tag_slots(connection, [limit.id], task_run_id)
            hold_tag_slots(connection, limit.id, [task_run_id])


def wait_seconds() -> float:
    """How long somebody waits who found all slots taken, before he asks again."""
    return get_current_settings().server.tasks.tag_concurrency_slot_wait_seconds


def hold_tag_slots(connection: sa.Connection, limit_id: UUID, task_run_ids: Collection[UUID]) -> None:
    """Let each of these task runs hold a slot of a limit, until it ends or gives it back."""
    if not task_run_ids:
        return
    held = {"acquired_at": now(), "expires_at": None, "holder_type": "task_run"}
    leases = [{"id": uuid7(), "holder_id": id, **held} for id in task_run_ids]
    slots = [{"limit_id": limit_id, "lease_id": lease["id"], "slots": 1} for lease in leases]
    connection.execute(sa.insert(concurrency_lease), leases)
    connection.execute(sa.insert(concurrency_slot), slots)


def give_back_tag_slots(
    connection: sa.Connection, limit_ids: Collection[UUID], holder_id: UUID | None
) -> None:
    """Give back the slots of limits that a task run holds; None: that anybody holds."""
    slot, lease = concurrency_slot, concurrency_lease
    query = sa.select(slot.c.lease_id).where(slot.c.limit_id.in_(list(limit_ids)))
    if holder_id is not None:
        query = query.join(lease, lease.c.id == slot.c.lease_id).where(lease.c.holder_id == holder_id)
    leases = list(connection.execute(query).scalars())
    connection.execute(sa.delete(lease).where(lease.c.id.in_(leases)))

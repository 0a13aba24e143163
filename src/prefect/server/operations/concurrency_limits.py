"""What operations on concurrency limits do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prefect.schemas.actions.concurrency import (
    ConcurrencyLimitCreate,
    GlobalConcurrencyLimitCreate,
    GlobalConcurrencyLimitUpdate,
)
from prefect.schemas.concurrency import ConcurrencyLeaseHolder, ConcurrencyLimit, GlobalConcurrencyLimit
from prefect.schemas.responses import ConcurrencyLimitWithLeaseResponse, MinimalConcurrencyLimitResponse
from prefect.server.models import concurrency_limits as limits
from prefect.server.models import concurrency_slots as slots_of
from prefect.server.models import slot_leases, tag_slots
from prefect.server.operations.doing import reads, writes, writes_apart
from prefect.server.operations.paging import at_most


@writes
def create_concurrency_limit(
    connection: sa.Connection, concurrency_limit: ConcurrencyLimitCreate
) -> ConcurrencyLimit:
    return limits.create_tag_limit(connection, concurrency_limit)


@reads
def read_concurrency_limit_by_tag(connection: sa.Connection, tag: str) -> ConcurrencyLimit:
    return limits.read_tag_limit(connection, tag)


@reads
def read_concurrency_limits(
    connection: sa.Connection, limit: int | None, offset: int
) -> list[ConcurrencyLimit]:
    return limits.read_tag_limits(connection, at_most(limit), offset)


@writes
def delete_concurrency_limit_by_tag(connection: sa.Connection, tag: str) -> None:
    limits.delete_tag_limit(connection, tag)


@reads
def read_concurrency_limit(connection: sa.Connection, concurrency_limit_id: UUID) -> ConcurrencyLimit:
    return limits.read_tag_limit_by_id(connection, concurrency_limit_id)


@writes
def delete_concurrency_limit(connection: sa.Connection, concurrency_limit_id: UUID) -> None:
    limits.delete_tag_limit(connection, limits.read_tag_limit_by_id(connection, concurrency_limit_id).tag)


@writes
def reset_concurrency_limit_by_tag(
    connection: sa.Connection, tag: str, slot_override: list[UUID | str] | None
) -> None:
    limits.reset_tag_limit(connection, tag, [UUID(str(id)) for id in slot_override or ()])


@writes_apart
def increment_v1_concurrency_slots(
    connection: sa.Connection, names: list[str], task_run_id: UUID
) -> list[MinimalConcurrencyLimitResponse]:
    rows = tag_slots.tag_limit_rows(connection, names)
    tag_slots.take_tag_slots(connection, rows, task_run_id)
    return _tags_in_brief(rows)


@writes_apart
def decrement_v1_concurrency_slots(
    connection: sa.Connection, names: list[str], task_run_id: UUID, occupancy_seconds: float | None
) -> list[MinimalConcurrencyLimitResponse]:
    rows = tag_slots.tag_limit_rows(connection, names)
    tag_slots.give_back_tag_slots(connection, [row.id for row in rows], task_run_id)
    return _tags_in_brief(rows)


def _tags_in_brief(rows: Sequence[Any]) -> list[MinimalConcurrencyLimitResponse]:
    return [
        MinimalConcurrencyLimitResponse(id=row.id, name=row.tag, limit=row.concurrency_limit) for row in rows
    ]


@writes
def create_global_concurrency_limit(
    connection: sa.Connection, concurrency_limit: GlobalConcurrencyLimitCreate
) -> GlobalConcurrencyLimit:
    return limits.create_global_limit(connection, concurrency_limit)


@reads
def read_global_concurrency_limit_by_name(
    connection: sa.Connection, name: UUID | str
) -> GlobalConcurrencyLimit:
    return limits.read_global_limit(connection, _id_or_name(name))


@reads
def read_global_concurrency_limits(
    connection: sa.Connection, limit: int | None, offset: int
) -> list[GlobalConcurrencyLimit]:
    return limits.read_global_limits(connection, at_most(limit), offset)


@writes
def update_global_concurrency_limit(
    connection: sa.Connection, name: UUID | str, concurrency_limit: GlobalConcurrencyLimitUpdate
) -> None:
    changes = concurrency_limit.model_dump(exclude_unset=True)
    limits.update_global_limit(connection, _id_or_name(name), changes)


@writes
def delete_global_concurrency_limit_by_name(connection: sa.Connection, name: UUID | str) -> None:
    limits.delete_global_limit(connection, _id_or_name(name))


def _id_or_name(text: UUID | str) -> UUID | str:
    try:
        return UUID(str(text))
    except ValueError:
        return text


# --- slots of global limits -----------------------------------------------------------------------------


@writes_apart
def increment_concurrency_slots(
    connection: sa.Connection,
    names: list[str],
    slots: int,
    mode: slots_of.Mode,
    create_if_missing: bool | None,
) -> list[MinimalConcurrencyLimitResponse]:
    _, rows = slots_of.take_slots(connection, names, slots, mode)
    return _in_brief(rows)


@writes_apart
def release_concurrency_slots(
    connection: sa.Connection,
    names: list[str],
    slots: int,
    occupancy_seconds: float | None,
    create_if_missing: bool | None,
) -> list[MinimalConcurrencyLimitResponse]:
    return _in_brief(slots_of.give_back_slots(connection, names, slots, occupancy_seconds))


@writes_apart
def increment_concurrency_slots_with_lease(
    connection: sa.Connection,
    names: list[str],
    slots: int,
    mode: slots_of.Mode,
    lease_duration: float,
    holder: ConcurrencyLeaseHolder | None,
) -> ConcurrencyLimitWithLeaseResponse:
    duration = timedelta(seconds=lease_duration)
    lease_id, rows = slots_of.take_slots(connection, names, slots, mode, duration, holder)
    assert lease_id is not None
    return ConcurrencyLimitWithLeaseResponse(lease_id=lease_id, limits=_in_brief(rows))


@writes_apart
def release_concurrency_slots_with_lease(connection: sa.Connection, lease_id: UUID) -> None:
    slots_of.end_lease(connection, lease_id)


@writes_apart
def renew_concurrency_lease(connection: sa.Connection, lease_id: UUID, lease_duration: float) -> None:
    slot_leases.renew_lease(connection, lease_id, timedelta(seconds=lease_duration))


def _in_brief(rows: Sequence[Any]) -> list[MinimalConcurrencyLimitResponse]:
    return [MinimalConcurrencyLimitResponse(id=row.id, name=row.name, limit=row.limit) for row in rows]

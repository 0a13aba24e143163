"""Slots of work pools and queues: the runs that take them, and the runs that may have a free one.

A run takes a slot of its queue and of the queue's pool while it is pending or running; slots taken are those
runs, counted, never a number that is kept. Not here: pools and queues themselves.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prefect.schemas.bases import now
from prefect.schemas.responses import FlowRunSlotSummary
from prefect.schemas.runs import FlowRun
from prefect.schemas.states import StateType
from prefect.server.database.tables import flow_run
from prefect.server.models.nouns import flow_run_from, select_flow_runs

_TAKING = [StateType.PENDING.value, StateType.RUNNING.value]


@dataclass(frozen=True)
class Between:
    """When runs are scheduled: up to `before`, and not before `after` (None: however long ago)."""

    before: datetime
    after: datetime | None = None


# --- slots taken ----------------------------------------------------------------------------------------


def _taking(queue_ids: Collection[UUID]) -> sa.ColumnElement[bool]:
    return sa.and_(flow_run.c.work_queue_id.in_(list(queue_ids)), flow_run.c.state_type.in_(_TAKING))


def slots_taken(connection: sa.Connection, queue_ids: Collection[UUID]) -> dict[UUID, int]:
    """How many slots of each of the queues are taken."""
    if not queue_ids:
        return {}
    query = sa.select(flow_run.c.work_queue_id, sa.func.count()).where(_taking(queue_ids))
    found = dict(connection.execute(query.group_by(flow_run.c.work_queue_id)).tuples().all())
    return {id: found.get(id, 0) for id in queue_ids}


def slot_takers(
    connection: sa.Connection, queue_id: UUID, limit: int, offset: int = 0
) -> list[FlowRunSlotSummary]:
    """The runs that take the slots of a queue, those that began first first."""
    names = ("id", "name", "state_type", "state_name", "start_time", "state_timestamp")
    query = sa.select(*(flow_run.c[name] for name in names)).where(_taking([queue_id]))
    query = query.order_by(flow_run.c.state_timestamp, flow_run.c.id).limit(limit).offset(offset)
    at = now()
    return [
        FlowRunSlotSummary(**row._mapping, time_in_current_state=at - row.state_timestamp)
        for row in connection.execute(query)
    ]


# --- free slots -----------------------------------------------------------------------------------------


def runs_to_take(
    connection: sa.Connection,
    queues: Sequence[Any],
    pool_limit: int | None,
    between: Between,
    limit: int,
    chosen: Collection[UUID],
) -> list[FlowRun]:
    """The scheduled runs of queues that have a free slot: by priority of the queue, then the earliest first.

    Args:
        queues: rows of all queues of one pool, in order of priority; paused ones give nothing.
        chosen: only runs of these queues.
        pool_limit: slots of the pool; None: as many as there are runs.
        limit: at most so many.
    """
    taken = slots_taken(connection, [queue.id for queue in queues])
    free = limit if pool_limit is None else min(limit, pool_limit - sum(taken.values()))
    found: list[FlowRun] = []
    for queue in queues:
        room = free - len(found)
        if room <= 0:
            break
        if queue.id in chosen and not queue.is_paused:
            found.extend(_due(connection, queue.id, between, _room_of(queue, taken, room)))
    return found


def _room_of(queue: Any, taken: Mapping[UUID, int], room: int) -> int:
    if queue.concurrency_limit is None:
        return room
    free: int = min(room, queue.concurrency_limit - taken[queue.id])
    return max(0, free)


def _due(connection: sa.Connection, queue_id: UUID, between: Between, limit: int) -> list[FlowRun]:
    if limit == 0:
        return []
    scheduled = flow_run.c.next_scheduled_start_time
    conditions: list[Any] = [
        flow_run.c.work_queue_id == queue_id,
        # as it stands in the index of runs that are due
        sa.text("flow_run.state_type = 'SCHEDULED'"),
        scheduled <= between.before,
    ]
    if between.after is not None:
        conditions.append(scheduled >= between.after)
    query = select_flow_runs().where(*conditions).order_by(scheduled, flow_run.c.id).limit(limit)
    return [flow_run_from(row) for row in connection.execute(query)]


def late_runs(connection: sa.Connection, queue_id: UUID) -> int:
    """How many runs of a queue are late."""
    late = (flow_run.c.work_queue_id == queue_id, flow_run.c.state_type == StateType.SCHEDULED.value)
    query = sa.select(sa.func.count()).select_from(flow_run).where(*late, flow_run.c.state_name == "Late")
    count: int = connection.execute(query).scalar_one()
    return count

"""What operations on work queues do."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from prefect.schemas.actions.work_pools import WorkQueueCreate, WorkQueueUpdate
from prefect.schemas.bases import now
from prefect.schemas.filters.work_pools import WorkQueueFilter
from prefect.schemas.responses import WorkQueueConcurrencyStatus
from prefect.schemas.runs import FlowRun
from prefect.schemas.work_pools import DEFAULT_AGENT_WORK_POOL_NAME
from prefect.schemas.work_queues import WorkQueue, WorkQueueHealthPolicy, WorkQueueStatusDetail
from prefect.server.models import work_pools, work_queues
from prefect.server.models.work_slots import Between, late_runs, runs_to_take, slot_takers, slots_taken
from prefect.server.operations.doing import reads, writes, writes_apart
from prefect.server.operations.paging import at_most, offset_of, page_facts

reads(work_queues.read_work_queue)

# --- of a pool ------------------------------------------------------------------------------------------


@writes
def create_work_queue_of_pool(
    connection: sa.Connection, work_pool_name: str, work_queue: WorkQueueCreate
) -> WorkQueue:
    pool_id = work_pools.pool_id(connection, work_pool_name)
    return work_queues.read_work_queue(connection, work_queues.create_queue(connection, pool_id, work_queue))


@reads
def read_work_queue_of_pool(connection: sa.Connection, work_pool_name: str, name: str) -> WorkQueue:
    return work_queues.read_queue_of_pool(connection, work_pool_name, name)


@reads
def read_work_queues_of_pool(
    connection: sa.Connection,
    work_pool_name: str,
    work_queue_filter: WorkQueueFilter | None,
    limit: int | None,
    offset: int,
) -> list[WorkQueue]:
    pool_id = work_pools.pool_id(connection, work_pool_name)
    return work_queues.read_queues(connection, work_queue_filter, at_most(limit), offset, pool_id)


@writes
def update_work_queue_of_pool(
    connection: sa.Connection, work_pool_name: str, name: str, work_queue: WorkQueueUpdate
) -> None:
    there = work_queues.read_queue_of_pool(connection, work_pool_name, name)
    change_work_queue(connection, there.id, work_queue)


@writes
def delete_work_queue_of_pool(connection: sa.Connection, work_pool_name: str, name: str) -> None:
    there = work_queues.read_queue_of_pool(connection, work_pool_name, name)
    work_queues.delete_queue(connection, there.id)


# --- by id ----------------------------------------------------------------------------------------------


@writes
def create_work_queue_of_agents(connection: sa.Connection, work_queue: WorkQueueCreate) -> WorkQueue:
    id = work_queues.create_queue(connection, work_pools.agents_pool(connection), work_queue)
    return work_queues.read_work_queue(connection, id)


@reads
def read_work_queue_of_agents(connection: sa.Connection, name: str) -> WorkQueue:
    return work_queues.read_queue_of_pool(connection, DEFAULT_AGENT_WORK_POOL_NAME, name)


@reads
def read_all_work_queues(
    connection: sa.Connection, work_queue_filter: WorkQueueFilter | None, limit: int | None, offset: int
) -> list[WorkQueue]:
    return work_queues.read_queues(connection, work_queue_filter, at_most(limit), offset)


@writes
def change_work_queue(connection: sa.Connection, id: UUID, work_queue: WorkQueueUpdate) -> None:
    changes = work_queue.model_dump(exclude_unset=True)
    if work_queue.filter is not None:
        changes["filter"] = work_queue.filter.model_dump(mode="json")
    work_queues.update_queue(connection, id, changes)


@writes
def delete_work_queue_by_id(connection: sa.Connection, id: UUID) -> None:
    work_queues.delete_queue(connection, id)


@writes_apart
def get_runs_in_work_queue(
    connection: sa.Connection, id: UUID, limit: int, scheduled_before: datetime | None
) -> list[FlowRun]:
    queue = work_queues.read_work_queue(connection, id)
    work_queues.mark_polled(connection, [id])
    pool = work_pools.read_work_pool(connection, queue.work_pool_name) if queue.work_pool_name else None
    if pool is not None and pool.is_paused:
        return []
    queues = work_queues.rows_of_pool(connection, pool.id) if pool else [queue]
    pool_limit = pool.concurrency_limit if pool else None
    between = Between(before=scheduled_before or now())
    return runs_to_take(connection, queues, pool_limit, between, at_most(limit), {id})


@reads
def read_work_queue_status(connection: sa.Connection, id: UUID) -> WorkQueueStatusDetail:
    queue, policy = work_queues.read_work_queue(connection, id), WorkQueueHealthPolicy()
    late = late_runs(connection, id)
    return WorkQueueStatusDetail(
        healthy=policy.evaluate_health_status(late, queue.last_polled),
        late_runs_count=late,
        last_polled=queue.last_polled,
        health_check_policy=policy,
    )


@reads
def read_work_queue_concurrency_status(
    connection: sa.Connection, id: UUID, page: int, limit: int | None
) -> WorkQueueConcurrencyStatus:
    queue, size = work_queues.read_work_queue(connection, id), at_most(limit)
    taken = slots_taken(connection, [id])[id]
    return WorkQueueConcurrencyStatus(
        active_slots=taken,
        concurrency_limit=queue.concurrency_limit,
        flow_runs=slot_takers(connection, id, size, offset_of(page, size)),
        **page_facts(page, size, taken),
    )

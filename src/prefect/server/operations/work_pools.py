"""What operations on work pools and their workers do."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from prefect.schemas.actions.work_pools import WorkPoolCreate, WorkPoolUpdate
from prefect.schemas.bases import now
from prefect.schemas.filters.work_pools import WorkerFilter, WorkPoolFilter
from prefect.schemas.responses import (
    WorkerFlowRunResponse,
    WorkPoolConcurrencyStatus,
    WorkQueueConcurrencyStatusDetail,
)
from prefect.schemas.work_pools import WorkPool
from prefect.schemas.workers import Worker
from prefect.server.models import work_pools, workers
from prefect.server.models.absent import absent_name
from prefect.server.models.work_queues import mark_polled, rows_of_pool
from prefect.server.models.work_slots import Between, runs_to_take, slot_takers, slots_taken
from prefect.server.operations.doing import reads, writes, writes_apart
from prefect.server.operations.paging import at_most, offset_of, page_facts


@writes
def create_work_pool(connection: sa.Connection, work_pool: WorkPoolCreate) -> WorkPool:
    return work_pools.create_work_pool(connection, work_pool)


@reads
def read_work_pool(connection: sa.Connection, work_pool_name: str) -> WorkPool:
    return work_pools.read_work_pool(connection, work_pool_name)


@reads
def read_work_pools(
    connection: sa.Connection, limit: int | None, offset: int, work_pool_filter: WorkPoolFilter | None
) -> list[WorkPool]:
    return work_pools.read_work_pools(connection, work_pool_filter, at_most(limit), offset)


@reads
def count_work_pools(connection: sa.Connection, work_pool_filter: WorkPoolFilter | None) -> int:
    return work_pools.count_work_pools(connection, work_pool_filter)


@writes
def update_work_pool(connection: sa.Connection, work_pool_name: str, work_pool: WorkPoolUpdate) -> None:
    changes = work_pool.model_dump(mode="json", exclude_unset=True)
    work_pools.update_work_pool(connection, work_pool_name, changes)


@writes
def delete_work_pool(connection: sa.Connection, work_pool_name: str) -> None:
    work_pools.delete_work_pool(connection, work_pool_name)


@writes_apart
def get_scheduled_flow_runs_for_work_pool(
    connection: sa.Connection,
    work_pool_name: str,
    work_queue_names: list[str] | None,
    scheduled_before: datetime | None,
    scheduled_after: datetime | None,
    limit: int | None,
) -> list[WorkerFlowRunResponse]:
    pool = work_pools.read_work_pool(connection, work_pool_name)
    queues = rows_of_pool(connection, pool.id)
    unknown = set(work_queue_names or ()) - {queue.name for queue in queues}
    if unknown:
        raise absent_name("work queue", f"{work_pool_name}/{min(unknown)}")
    chosen = {queue.id for queue in queues if not work_queue_names or queue.name in work_queue_names}
    mark_polled(connection, chosen)
    if pool.is_paused:
        return []
    between = Between(before=scheduled_before or now(), after=scheduled_after)
    most = at_most(limit)
    return [
        WorkerFlowRunResponse(work_pool_id=pool.id, work_queue_id=run.work_queue_id, flow_run=run)
        for run in runs_to_take(connection, queues, pool.concurrency_limit, between, most, chosen)
        if run.work_queue_id is not None
    ]


@reads
def read_work_pool_concurrency_status(
    connection: sa.Connection, work_pool_name: str, page: int, limit: int | None, flow_run_limit: int
) -> WorkPoolConcurrencyStatus:
    pool, size = work_pools.read_work_pool(connection, work_pool_name), at_most(limit)
    queues = rows_of_pool(connection, pool.id)
    taken = slots_taken(connection, [queue.id for queue in queues])
    start = offset_of(page, size)
    details = [
        WorkQueueConcurrencyStatusDetail(
            queue_id=queue.id,
            queue_name=queue.name,
            active_slots=taken[queue.id],
            concurrency_limit=queue.concurrency_limit,
            flow_runs=slot_takers(connection, queue.id, flow_run_limit) if taken[queue.id] else [],
            flow_run_count=taken[queue.id],
        )
        for queue in queues[start : start + size]
    ]
    return WorkPoolConcurrencyStatus(
        active_slots=sum(taken.values()),
        concurrency_limit=pool.concurrency_limit,
        queues=details,
        **page_facts(page, size, len(queues)),
    )


# --- workers --------------------------------------------------------------------------------------------


@writes_apart
def record_worker_heartbeat(
    connection: sa.Connection, work_pool_name: str, worker_name: str, heartbeat_interval_seconds: int | None
) -> None:
    pool_id = work_pools.pool_id(connection, work_pool_name)
    workers.record_heartbeat(connection, pool_id, worker_name, heartbeat_interval_seconds)


@reads
def read_workers_for_work_pool(
    connection: sa.Connection,
    work_pool_name: str,
    worker_filter: WorkerFilter | None,
    offset: int | None,
    limit: int | None,
) -> list[Worker]:
    pool_id = work_pools.pool_id(connection, work_pool_name)
    return workers.read_workers(connection, pool_id, worker_filter, at_most(limit), offset or 0)


@writes
def delete_worker(connection: sa.Connection, work_pool_name: str, worker_name: str) -> None:
    workers.delete_worker(connection, work_pools.pool_id(connection, work_pool_name), worker_name)

"""Workers of work pools, known by their heartbeats: one that missed several is offline.

Whether a worker is online is told by the clock when somebody asks; nothing has to notice it. Not here:
pools (`work_pools`), what workers are given to run (`work_slots`).
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prefect.schemas.bases import now, uuid7
from prefect.schemas.filters.work_pools import WorkerFilter
from prefect.schemas.workers import Worker, WorkerStatus
from prefect.server.database.tables import work_pool, worker
from prefect.server.models.absent import absent_name
from prefect.server.models.criteria import join, on
from prefect.server.models.moments import plus_seconds
from prefect.settings import get_current_settings


def record_heartbeat(
    connection: sa.Connection, work_pool_id: UUID, name: str, heartbeat_interval_seconds: int | None
) -> None:
    """Note that a worker of a pool lives; one that is not known yet is now."""
    moment = now()
    said = {"last_heartbeat_time": moment, "heartbeat_interval_seconds": heartbeat_interval_seconds}
    known = sa.update(worker).where(worker.c.work_pool_id == work_pool_id, worker.c.name == name)
    changed = known.values({**said, "updated": moment})
    if connection.execute(changed).rowcount:
        return
    # a worker's first two signs of life may come at once
    connection.execute(sa.select(work_pool.c.id).where(work_pool.c.id == work_pool_id).with_for_update())
    if connection.execute(changed).rowcount == 0:
        new = {
            "id": uuid7(),
            "created": moment,
            "updated": moment,
            "work_pool_id": work_pool_id,
            "name": name,
        }
        connection.execute(sa.insert(worker).values({**new, **said}))


def read_workers(
    connection: sa.Connection, work_pool_id: UUID, wanted: WorkerFilter | None, limit: int, offset: int
) -> list[Worker]:
    """The workers of a pool that meet the filter, those heard of last first."""
    status = _status()
    query = sa.select(worker, status.label("status_now")).where(worker.c.work_pool_id == work_pool_id)
    if wanted is not None:
        readers = {"last_heartbeat_time": on(worker.c.last_heartbeat_time), "status": on(status)}
        query = query.where(join(wanted, readers))
    query = query.order_by(worker.c.last_heartbeat_time.desc(), worker.c.id.desc())
    return [_from(row) for row in connection.execute(query.limit(limit).offset(offset))]


def delete_worker(connection: sa.Connection, work_pool_id: UUID, name: str) -> None:
    """Forget a worker of a pool.

    Raises:
        ObjectNotFound: there is no such worker.
    """
    query = sa.delete(worker).where(worker.c.work_pool_id == work_pool_id, worker.c.name == name)
    if connection.execute(query).rowcount == 0:
        raise absent_name("worker", name)


def is_online() -> sa.ColumnElement[bool]:
    """Whether a worker gave a sign of life lately, as a condition on its row."""
    foreman = get_current_settings().server.services.foreman
    interval = sa.func.coalesce(
        worker.c.heartbeat_interval_seconds, foreman.fallback_heartbeat_interval_seconds
    )
    patience = interval * foreman.inactivity_heartbeat_multiple
    return plus_seconds(worker.c.last_heartbeat_time, patience) >= now()


def _status() -> sa.ColumnElement[str]:
    online, offline = (sa.literal(status.value) for status in (WorkerStatus.ONLINE, WorkerStatus.OFFLINE))
    return sa.case((is_online(), online), else_=offline)


def _from(row: Any) -> Worker:
    return Worker.model_validate({**row._mapping, "status": row.status_now})

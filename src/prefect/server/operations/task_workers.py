"""What operations on the processes that wait for tasks do."""

from __future__ import annotations

import sqlalchemy as sa

from prefect.schemas.filters.task_workers import TaskWorkerFilter
from prefect.schemas.workers import TaskWorker
from prefect.server.database.tables import task_worker
from prefect.server.operations.doing import reads


@reads
def read_task_workers(
    connection: sa.Connection, task_worker_filter: TaskWorkerFilter | None
) -> list[TaskWorker]:
    rows = connection.execute(sa.select(task_worker).order_by(task_worker.c.timestamp.desc()))
    workers = [TaskWorker.model_validate(dict(row._mapping)) for row in rows]
    wanted = set(task_worker_filter.task_keys) if task_worker_filter else set()
    return [one for one in workers if wanted <= set(one.task_keys)]

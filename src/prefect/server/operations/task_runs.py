"""What operations on task runs do. Not here: their states (`states`)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prefect.schemas.actions.runs import TaskRunCreate, TaskRunUpdate
from prefect.schemas.responses import HistoryResponse, TaskRunPaginationResponse
from prefect.schemas.runs import TaskRun
from prefect.schemas.sorting import TaskRunSort
from prefect.server.models import creation, deletion, task_runs
from prefect.server.operations.doing import reads, reads_as_json, writes, writes_apart
from prefect.server.operations.histories import history_response
from prefect.server.operations.narrowing import narrowed
from prefect.server.operations.paging import at_most, offset_of, page_as_json, page_facts

reads(task_runs.read_task_run)


@writes_apart
def create_task_run(connection: sa.Connection, task_run: TaskRunCreate) -> TaskRun:
    return creation.create_task_run(connection, task_run)


@reads
def read_task_runs(
    connection: sa.Connection, sort: TaskRunSort | None, limit: int | None, offset: int, **filters: Any
) -> list[TaskRun]:
    order = sort or TaskRunSort.ID_DESC
    return task_runs.read_task_runs(connection, narrowed(filters), order, at_most(limit), offset)


@reads
def paginate_task_runs(
    connection: sa.Connection, sort: TaskRunSort | None, page: int, limit: int | None, **filters: Any
) -> TaskRunPaginationResponse:
    size, wanted = at_most(limit), narrowed(filters)
    order = sort or TaskRunSort.ID_DESC
    found = task_runs.read_task_runs(connection, wanted, order, size, offset_of(page, size))
    facts = page_facts(page, size, task_runs.count_task_runs(connection, wanted))
    return TaskRunPaginationResponse(results=found, **facts)


@reads_as_json("read_task_runs")
def task_runs_as_json(
    connection: sa.Connection, sort: TaskRunSort | None, limit: int | None, offset: int, **filters: Any
) -> bytes:
    order = sort or TaskRunSort.ID_DESC
    return task_runs.read_task_runs_as_json(connection, narrowed(filters), order, at_most(limit), offset)


@reads_as_json("paginate_task_runs")
def task_run_page_as_json(
    connection: sa.Connection, sort: TaskRunSort | None, page: int, limit: int | None, **filters: Any
) -> bytes:
    size, wanted = at_most(limit), narrowed(filters)
    order = sort or TaskRunSort.ID_DESC
    found = task_runs.read_task_runs_as_json(connection, wanted, order, size, offset_of(page, size))
    return page_as_json(found, page_facts(page, size, task_runs.count_task_runs(connection, wanted)))


@reads
def count_task_runs(connection: sa.Connection, **filters: Any) -> int:
    return task_runs.count_task_runs(connection, narrowed(filters))


@reads
def task_run_history(
    connection: sa.Connection,
    history_start: datetime,
    history_end: datetime,
    history_interval: timedelta,
    **filters: Any,
) -> list[HistoryResponse]:
    history = task_runs.task_run_history(
        connection, history_start, history_end, history_interval, narrowed(filters)
    )
    return history_response(history)


@writes
def update_task_run(connection: sa.Connection, task_run_id: UUID, task_run: TaskRunUpdate) -> None:
    task_runs.update_task_run(connection, task_run_id, task_run.model_dump(exclude_unset=True))


@writes
def delete_task_run(connection: sa.Connection, task_run_id: UUID) -> None:
    deletion.delete_task_run(connection, task_run_id, force=True)

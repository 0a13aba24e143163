"""What operations on flow runs do. Not here: their states (`states`) and inputs (`flow_run_inputs`)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prefect.schemas.actions.runs import FlowRunCreate, FlowRunUpdate
from prefect.schemas.filters.flow_runs import FlowRunFilter
from prefect.schemas.responses import BulkDeleteResponse, FlowRunPaginationResponse, HistoryResponse
from prefect.schemas.runs import FlowRun
from prefect.schemas.sorting import FlowRunSort
from prefect.server.models import creation, deletion, flow_runs
from prefect.server.models.work_queues import queue_named
from prefect.server.operations.doing import reads, reads_as_json, writes, writes_apart
from prefect.server.operations.histories import history_response
from prefect.server.operations.narrowing import narrowed
from prefect.server.operations.paging import at_most, offset_of, page_as_json, page_facts

reads(flow_runs.read_flow_run)


@writes_apart
def create_flow_run(connection: sa.Connection, flow_run: FlowRunCreate) -> FlowRun:
    queue: dict[str, Any] = {}
    if flow_run.work_pool_name is not None:
        id, name = queue_named(connection, flow_run.work_pool_name, flow_run.work_queue_name)
        queue = {"work_queue_id": id, "work_queue_name": name}
    return creation.create_flow_run(connection, flow_run, **queue)


@reads
def read_flow_runs(
    connection: sa.Connection, sort: FlowRunSort | None, limit: int | None, offset: int, **filters: Any
) -> list[FlowRun]:
    order = sort or FlowRunSort.ID_DESC
    return flow_runs.read_flow_runs(connection, narrowed(filters), order, at_most(limit), offset)


@reads
def paginate_flow_runs(
    connection: sa.Connection, sort: FlowRunSort | None, page: int, limit: int | None, **filters: Any
) -> FlowRunPaginationResponse:
    size, wanted = at_most(limit), narrowed(filters)
    order = sort or FlowRunSort.ID_DESC
    found = flow_runs.read_flow_runs(connection, wanted, order, size, offset_of(page, size))
    facts = page_facts(page, size, flow_runs.count_flow_runs(connection, wanted))
    return FlowRunPaginationResponse(results=found, **facts)


@reads_as_json("read_flow_runs")
def flow_runs_as_json(
    connection: sa.Connection, sort: FlowRunSort | None, limit: int | None, offset: int, **filters: Any
) -> bytes:
    order = sort or FlowRunSort.ID_DESC
    return flow_runs.read_flow_runs_as_json(connection, narrowed(filters), order, at_most(limit), offset)


@reads_as_json("paginate_flow_runs")
def flow_run_page_as_json(
    connection: sa.Connection, sort: FlowRunSort | None, page: int, limit: int | None, **filters: Any
) -> bytes:
    size, wanted = at_most(limit), narrowed(filters)
    order = sort or FlowRunSort.ID_DESC
    found = flow_runs.read_flow_runs_as_json(connection, wanted, order, size, offset_of(page, size))
    return page_as_json(found, page_facts(page, size, flow_runs.count_flow_runs(connection, wanted)))


@reads
def count_flow_runs(connection: sa.Connection, **filters: Any) -> int:
    return flow_runs.count_flow_runs(connection, narrowed(filters))


@reads
def average_flow_run_lateness(connection: sa.Connection, **filters: Any) -> float | None:
    lateness = flow_runs.average_lateness(connection, narrowed(filters))
    return None if lateness is None else lateness.total_seconds()


@reads
def flow_run_history(
    connection: sa.Connection,
    history_start: datetime,
    history_end: datetime,
    history_interval: timedelta,
    **filters: Any,
) -> list[HistoryResponse]:
    history = flow_runs.flow_run_history(
        connection, history_start, history_end, history_interval, narrowed(filters)
    )
    return history_response(history)


@writes
def update_flow_run(connection: sa.Connection, flow_run_id: UUID, flow_run: FlowRunUpdate) -> None:
    flow_runs.update_flow_run(connection, flow_run_id, flow_run.model_dump(exclude_unset=True, mode="json"))


@writes
def update_flow_run_labels(connection: sa.Connection, flow_run_id: UUID, labels: dict[str, Any]) -> None:
    run = flow_runs.read_flow_run(connection, flow_run_id)
    flow_runs.update_flow_run(connection, flow_run_id, {"labels": {**run.labels, **labels}})


@writes
def delete_flow_run(connection: sa.Connection, flow_run_id: UUID) -> None:
    deletion.delete_flow_run(connection, flow_run_id, force=True)


@writes
def bulk_delete_flow_runs(
    connection: sa.Connection, flow_run_filter: FlowRunFilter | None, limit: int
) -> BulkDeleteResponse:
    wanted = narrowed({"flow_run_filter": flow_run_filter})
    found = flow_runs.read_flow_runs(connection, wanted, limit=limit)
    for run in found:
        deletion.delete_flow_run(connection, run.id, force=True)
    return BulkDeleteResponse(deleted=[run.id for run in found])

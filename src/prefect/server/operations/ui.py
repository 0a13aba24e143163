"""What operations for dashboards do."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prefect.schemas.bases import now
from prefect.schemas.filters.task_runs import TaskRunFilter
from prefect.schemas.responses import (
    CountByState,
    SchemaValuesValidationResponse,
    SimpleFlowRun,
    SimpleNextFlowRun,
    TaskRunCount,
    UITaskRun,
)
from prefect.schemas.runs import FlowRun
from prefect.schemas.sorting import FlowRunSort
from prefect.server.database.tables import flow_run
from prefect.server.models import dashboards, flow_runs, parameters, task_runs
from prefect.server.operations.doing import reads
from prefect.server.operations.narrowing import narrowed

# --- flows and their runs -------------------------------------------------------------------------------


@reads
def read_simple_flow_runs(
    connection: sa.Connection, sort: FlowRunSort, limit: int, offset: int, **filters: Any
) -> list[SimpleFlowRun]:
    found = flow_runs.read_flow_runs(connection, narrowed(filters), sort, limit, offset)
    return [_simple(run) for run in found if run.state_type is not None]


def _simple(run: FlowRun) -> SimpleFlowRun:
    return SimpleFlowRun.model_validate(
        {
            "id": run.id,
            "state_type": run.state_type,
            "timestamp": run.start_time or run.expected_start_time or run.created,
            "duration": run.estimated_run_time,
            "lateness": run.estimated_start_time_delta,
        }
    )


@reads
def count_task_runs_by_flow_run(connection: sa.Connection, flow_run_ids: list[UUID]) -> dict[UUID, int]:
    return task_runs.count_task_runs_of(connection, flow_run_ids)


@reads
def count_deployments_by_flow(connection: sa.Connection, flow_ids: list[UUID]) -> dict[UUID, int]:
    return dashboards.count_deployments_of(connection, flow_ids)


@reads
def next_runs_by_flow(
    connection: sa.Connection, flow_ids: list[UUID]
) -> dict[UUID, SimpleNextFlowRun | None]:
    return dashboards.next_runs_of(connection, flow_ids)


# --- task runs ------------------------------------------------------------------------------------------


@reads
def read_task_run_counts_by_state(connection: sa.Connection, **filters: Any) -> CountByState:
    counts = task_runs.count_task_runs_by_state(connection, narrowed(filters))
    return CountByState(**{type.value: number for type, number in counts.items()})


@reads
def read_dashboard_task_run_counts(
    connection: sa.Connection, task_run_filter: TaskRunFilter, **filters: Any
) -> list[TaskRunCount]:
    window = task_run_filter.start_time
    if window is None or window.after_ is None:
        raise ValueError("task_runs.start_time.after_ is required: a chart begins at some time.")
    wanted = narrowed({"task_run_filter": task_run_filter, **filters})
    return dashboards.count_ended_task_runs(connection, wanted, window.after_, window.before_ or now())


@reads
def read_task_run_with_flow_run_name(connection: sa.Connection, task_run_id: UUID) -> UITaskRun:
    run = task_runs.read_task_run(connection, task_run_id)
    named = sa.select(flow_run.c.name).where(flow_run.c.id == run.flow_run_id)
    name = connection.execute(named).scalar() if run.flow_run_id is not None else None
    return UITaskRun.model_construct(**{**dict(run), "flow_run_name": name})


# --- forms ----------------------------------------------------------------------------------------------


@reads
def validate_schema_values(
    connection: sa.Connection, json_schema: dict[str, Any], values: dict[str, Any]
) -> SchemaValuesValidationResponse:
    return SchemaValuesValidationResponse(**parameters.faults_of(connection, values, json_schema))

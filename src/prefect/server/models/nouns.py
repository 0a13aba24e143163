"""Rows as nouns: what a query of a model selects, and the object of `prefect.schemas` it becomes.

Built unvalidated where the store vouches for the value, which makes a list of 200 runs cost milliseconds.
Not here: queries, conditions.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prefect.schemas.bases import now, trusted
from prefect.schemas.fields import CreatedBy
from prefect.schemas.flows import Flow
from prefect.schemas.logs import Log
from prefect.schemas.runs import (
    Constant,
    FlowRun,
    FlowRunPolicy,
    FlowRunResult,
    Parameter,
    TaskInput,
    TaskRun,
    TaskRunPolicy,
    TaskRunResult,
    trusted_flow_run,
    trusted_task_run,
)
from prefect.schemas.states import (
    TERMINAL_STATES,
    State,
    StateDetails,
    StateType,
    trusted_details,
    trusted_state,
)
from prefect.server.database.tables import (
    flow_run,
    flow_run_state,
    task_run,
    task_run_state,
    work_pool,
    work_queue,
)

Row = Any

_INPUT_CLASSES: dict[str, type[TaskInput]] = {
    "task_run": TaskRunResult,
    "flow_run": FlowRunResult,
    "parameter": Parameter,
    "constant": Constant,
}
_ZERO = timedelta(0)
_STATE = "s_"
_OF_STATE = ("timestamp", "type", "name", "message", "state_details", "data")

# --- what is selected -----------------------------------------------------------------------------------


def _state_columns(table: sa.Table) -> list[sa.ColumnElement[Any]]:
    return [table.c[name].label(_STATE + name) for name in _OF_STATE]


def join_of_flow_runs() -> sa.Join:
    """Flow runs with their current states and the work pools of their queues."""
    return (
        flow_run.outerjoin(
            flow_run_state,
            sa.and_(
                flow_run_state.c.flow_run_id == flow_run.c.id, flow_run_state.c.id == flow_run.c.state_id
            ),
        )
        .outerjoin(work_queue, work_queue.c.id == flow_run.c.work_queue_id)
        .outerjoin(work_pool, work_pool.c.id == work_queue.c.work_pool_id)
    )


def pool_columns() -> tuple[sa.Column[Any], sa.Column[Any]]:
    """What a flow run tells of its work pool: the id and the name."""
    return work_pool.c.id, work_pool.c.name


def join_of_task_runs() -> sa.Join:
    """Task runs with their current states."""
    return task_run.outerjoin(
        task_run_state,
        sa.and_(task_run_state.c.task_run_id == task_run.c.id, task_run_state.c.id == task_run.c.state_id),
    )


def select_flow_runs() -> sa.Select[Any]:
    """Flow runs, each with its current state and the work pool of its queue."""
    id, name = pool_columns()
    pool = (id.label("work_pool_id"), name.label("work_pool_name"))
    return sa.select(flow_run, *_state_columns(flow_run_state), *pool).select_from(join_of_flow_runs())


def select_task_runs() -> sa.Select[Any]:
    """Task runs, each with its current state."""
    return sa.select(task_run, *_state_columns(task_run_state)).select_from(join_of_task_runs())


def just_inserted(run: Row, state: Row) -> Row:
    """What those queries would read of a run in no work pool, from its row and that of its state."""
    of_state = {_STATE + name: getattr(state, name) for name in _OF_STATE}
    return SimpleNamespace(**run._mapping, **of_state, work_pool_id=None, work_pool_name=None)


# --- what it becomes ------------------------------------------------------------------------------------


def flow_from(row: Row) -> Flow:
    """A row of `flow`."""
    fields = {
        "id": row.id,
        "created": row.created,
        "updated": row.updated,
        "name": row.name,
        "tags": row.tags or [],
        "labels": row.labels or {},
    }
    return trusted(Flow, fields)


def log_from(row: Row) -> Log:
    """A row of `log`; a record is created when it is made."""
    fields = {**row._mapping, "created": row.timestamp, "updated": row.timestamp}
    return trusted(Log, fields)


def flow_run_from(row: Row, at: datetime | None = None) -> FlowRun:
    """A row of `select_flow_runs()`; the estimates are as of `at` (default: now)."""
    state = _current_state(row, flow_run_id=row.id)
    return trusted_flow_run(
        **_common_fields(row),
        **_estimates(row, at or now()),
        flow_id=row.flow_id,
        empirical_policy=FlowRunPolicy.model_validate(row.empirical_policy or {}),
        deployment_id=row.deployment_id,
        deployment_version=row.deployment_version,
        work_queue_id=row.work_queue_id,
        work_queue_name=row.work_queue_name,
        work_pool_id=row.work_pool_id,
        work_pool_name=row.work_pool_name,
        flow_version=row.flow_version,
        parameters=row.parameters or {},
        idempotency_key=row.idempotency_key,
        context=row.context or {},
        parent_task_run_id=row.parent_task_run_id,
        auto_scheduled=row.auto_scheduled,
        infrastructure_document_id=row.infrastructure_document_id,
        infrastructure_pid=row.infrastructure_pid,
        created_by=CreatedBy.model_validate(row.created_by) if row.created_by else None,
        job_variables=row.job_variables or {},
        state=state,
    )


def task_run_from(row: Row, at: datetime | None = None) -> TaskRun:
    """A row of `select_task_runs()`; the estimates are as of `at` (default: now)."""
    state = _current_state(row, flow_run_id=row.flow_run_id, task_run_id=row.id)
    return trusted_task_run(
        **_common_fields(row),
        **_estimates(row, at or now()),
        flow_run_id=row.flow_run_id,
        task_key=row.task_key,
        dynamic_key=row.dynamic_key,
        cache_key=row.cache_key,
        cache_expiration=row.cache_expiration,
        task_version=row.task_version,
        flow_run_run_count=row.flow_run_run_count,
        empirical_policy=TaskRunPolicy.model_validate(row.empirical_policy or {}),
        task_inputs={
            name: [_input(edge) for edge in edges] for name, edges in (row.task_inputs or {}).items()
        },
        state=state,
    )


def _input(edge: dict[str, Any]) -> TaskInput:
    return _INPUT_CLASSES[edge["input_type"]].model_validate(edge)


def state_from(row: Row, **ids: UUID | None) -> State[Any]:
    """A row of `flow_run_state` or `task_run_state`. `ids`: the run, which the stored details leave out."""
    return _state(row.id, row.timestamp, row.type, row.name, row.message, row.state_details, row.data, ids)


def _current_state(row: Row, **ids: UUID | None) -> State[Any] | None:
    if row.state_id is None:
        return None
    if row.s_type is None:
        # the projection alone: an importer that brought no history
        return _state(
            row.state_id, row.state_timestamp, row.state_type, row.state_name, None, None, None, ids
        )
    return _state(
        row.state_id, row.s_timestamp, row.s_type, row.s_name, row.s_message, row.s_state_details,
        row.s_data, ids,
    )  # fmt: skip


def _state(
    id: UUID,
    timestamp: datetime,
    type: str,
    name: str,
    message: str | None,
    details: dict[str, Any] | None,
    data: Any,
    ids: dict[str, UUID | None],
) -> State[Any]:
    known = StateDetails.model_validate({**details, **ids}) if details else trusted_details(**ids)
    return trusted_state(StateType(type), name, known, message, data, timestamp, id, kept=False)


def _common_fields(row: Row) -> dict[str, Any]:
    return {
        "id": row.id,
        "created": row.created,
        "updated": row.updated,
        "name": row.name,
        "tags": row.tags or [],
        "labels": row.labels or {},
        "state_id": row.state_id,
        "state_type": StateType(row.state_type) if row.state_type else None,
        "state_name": row.state_name,
        "run_count": row.run_count,
        "expected_start_time": row.expected_start_time,
        "next_scheduled_start_time": row.next_scheduled_start_time,
        "start_time": row.start_time,
        "end_time": row.end_time,
        "total_run_time": row.total_run_time,
    }


def _estimates(row: Row, at: datetime) -> dict[str, Any]:
    return {
        "estimated_run_time": run_time(row.state_type, row.state_timestamp, row.total_run_time, at),
        "estimated_start_time_delta": lateness(row.state_type, row.expected_start_time, row.start_time, at),
    }


def run_time(type: str | None, entered: datetime | None, total: timedelta, at: datetime) -> timedelta:
    """How long a run has been running, up to `at` if it still does."""
    if type == StateType.RUNNING.value and entered is not None:
        return total + max(at - entered, _ZERO)
    return total


def lateness(
    type: str | None, expected: datetime | None, started: datetime | None, at: datetime
) -> timedelta:
    """How much later than expected a run started, or is by now; zero for one that ended without starting."""
    if expected is None:
        return _ZERO
    if started is None:
        if type is not None and StateType(type) in TERMINAL_STATES:
            return _ZERO
        started = at
    return max(started - expected, _ZERO)

"""Flow runs and task runs as JSON, straight from rows: for answers that are lists of very many.

The same that `nouns` makes of a row and its model writes, a few times cheaper; a test holds the two equal.
Not here: which rows (`flow_runs`, `task_runs`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import orjson
import sqlalchemy as sa

from prefect.schemas.bases import now
from prefect.schemas.fields import CreatedBy
from prefect.schemas.runs import FlowRunPolicy, TaskRunPolicy
from prefect.schemas.states import TERMINAL_STATES, StateDetails, StateType
from prefect.server.database.tables import flow_run, flow_run_state, task_run, task_run_state
from prefect.server.models.nouns import join_of_flow_runs, join_of_task_runs, pool_columns
from prefect.server.models.raw_rows import Decoders, decoders, fragment, raw, told_over

_ENDED = frozenset(type.value for type in TERMINAL_STATES)
_RUNNING = StateType.RUNNING.value
_MICROSECOND = timedelta(microseconds=1)
_EMPTY: dict[str, Any] = {}
_NOTHING: list[Any] = []

_DETAILS = StateDetails().model_dump(mode="json")
_FLOW_RUN_POLICY = FlowRunPolicy().model_dump(mode="json")
_TASK_RUN_POLICY = TaskRunPolicy().model_dump(mode="json")
_CREATOR = dict.fromkeys(CreatedBy.model_fields)

_STATE_COLUMNS = ("timestamp", "type", "name", "message", "state_details", "data")
_COMMON_COLUMNS = (
    "id", "created", "updated", "name", "tags", "labels", "state_id", "state_type", "state_name",
    "state_timestamp", "run_count", "expected_start_time", "next_scheduled_start_time", "start_time",
    "end_time", "total_run_time", "empirical_policy",
)  # fmt: skip
_FLOW_RUN_COLUMNS = (
    "flow_id", "deployment_id", "deployment_version", "work_queue_id", "work_queue_name", "flow_version",
    "parameters", "idempotency_key", "context", "parent_task_run_id", "auto_scheduled",
    "infrastructure_document_id", "infrastructure_pid", "created_by", "job_variables",
)  # fmt: skip
_TASK_RUN_COLUMNS = (
    "flow_run_id", "task_key", "dynamic_key", "cache_key", "cache_expiration", "task_version",
    "flow_run_run_count", "task_inputs",
)  # fmt: skip

# --- what is selected -----------------------------------------------------------------------------------


@cache
def select_raw_flow_runs(dialect: str) -> sa.Select[Any]:
    """Flow runs with their states and work pools, as `flow_runs_as_json` takes them."""
    names = (*_COMMON_COLUMNS, *_FLOW_RUN_COLUMNS)
    columns = [raw(flow_run.c[name], dialect) for name in names]
    states = [raw(flow_run_state.c[name], dialect).label("s_" + name) for name in _STATE_COLUMNS]
    pool_id, pool_name = pool_columns()
    pools = (raw(pool_id, dialect).label("work_pool_id"), pool_name.label("work_pool_name"))
    return sa.select(*columns, *states, *pools).select_from(join_of_flow_runs())


@cache
def select_raw_task_runs(dialect: str) -> sa.Select[Any]:
    """Task runs with their states, as `task_runs_as_json` takes them."""
    names = (*_COMMON_COLUMNS, *_TASK_RUN_COLUMNS)
    columns = [raw(task_run.c[name], dialect) for name in names]
    states = [raw(task_run_state.c[name], dialect).label("s_" + name) for name in _STATE_COLUMNS]
    return sa.select(*columns, *states).select_from(join_of_task_runs())


# --- what it becomes ------------------------------------------------------------------------------------


def flow_runs_as_json(rows: Iterable[Any], dialect: str) -> bytes:
    """A list of flow runs; the estimates are as of now."""
    return _written(rows, dialect, _flow_run)


def task_runs_as_json(rows: Iterable[Any], dialect: str) -> bytes:
    """A list of task runs; the estimates are as of now."""
    return _written(rows, dialect, _task_run)


def _written(
    rows: Iterable[Any], dialect: str, noun: Callable[[Any, Decoders, datetime], dict[str, Any]]
) -> bytes:
    decode, at = decoders(dialect), now()
    nouns = [noun(row, decode, at) for row in rows]
    return orjson.dumps(nouns, option=orjson.OPT_UTC_Z)


def _flow_run(row: Any, decode: Decoders, at: datetime) -> dict[str, Any]:
    (
        id, created, updated, name, tags, labels, state_id, state_type, state_name, state_timestamp,
        run_count, expected, scheduled, started, ended, total, policy,
        flow_id, deployment_id, deployment_version, work_queue_id, work_queue_name, flow_version, parameters,
        idempotency_key, context, parent_task_run_id, auto_scheduled, infrastructure_document_id,
        infrastructure_pid, created_by, job_variables, *state, pool_id, pool_name,
    ) = row  # fmt: skip
    id_of, moment = decode
    id = id_of(id)
    expected, started, state_timestamp = moment(expected), moment(started), moment(state_timestamp)
    known = state_id, state_timestamp, state_type, state_name
    return {
        "id": id,
        "created": moment(created),
        "updated": moment(updated),
        "name": name,
        "flow_id": id_of(flow_id),
        "state_id": id_of(state_id),
        "deployment_id": id_of(deployment_id),
        "deployment_version": deployment_version,
        "work_queue_id": id_of(work_queue_id),
        "work_queue_name": work_queue_name,
        "flow_version": flow_version,
        "parameters": fragment(parameters, _EMPTY),
        "idempotency_key": idempotency_key,
        "context": fragment(context, _EMPTY),
        "empirical_policy": told_over(_FLOW_RUN_POLICY, policy),
        "tags": fragment(tags, _NOTHING),
        "labels": fragment(labels, _EMPTY),
        "parent_task_run_id": id_of(parent_task_run_id),
        "state_type": state_type,
        "state_name": state_name,
        "run_count": run_count,
        "expected_start_time": expected,
        "next_scheduled_start_time": moment(scheduled),
        "start_time": started,
        "end_time": moment(ended),
        "total_run_time": total / 1_000_000,
        "estimated_run_time": _run_time(state_type, state_timestamp, total, at),
        "estimated_start_time_delta": _lateness(state_type, expected, started, at),
        "auto_scheduled": bool(auto_scheduled),
        "infrastructure_document_id": id_of(infrastructure_document_id),
        "infrastructure_pid": infrastructure_pid,
        "created_by": None if created_by is None else told_over(_CREATOR, created_by),
        "work_pool_id": id_of(pool_id),
        "work_pool_name": pool_name,
        "state": _state(known, state, decode, {"flow_run_id": id}),
        "job_variables": fragment(job_variables, _EMPTY),
    }


def _task_run(row: Any, decode: Decoders, at: datetime) -> dict[str, Any]:
    (
        id, created, updated, name, tags, labels, state_id, state_type, state_name, state_timestamp,
        run_count, expected, scheduled, started, ended, total, policy,
        flow_run_id, task_key, dynamic_key, cache_key, cache_expiration, task_version, flow_run_run_count,
        task_inputs, *state,
    ) = row  # fmt: skip
    id_of, moment = decode
    id, flow_run_id = id_of(id), id_of(flow_run_id)
    expected, started, state_timestamp = moment(expected), moment(started), moment(state_timestamp)
    known = state_id, state_timestamp, state_type, state_name
    return {
        "id": id,
        "created": moment(created),
        "updated": moment(updated),
        "name": name,
        "flow_run_id": flow_run_id,
        "task_key": task_key,
        "dynamic_key": dynamic_key,
        "cache_key": cache_key,
        "cache_expiration": moment(cache_expiration),
        "task_version": task_version,
        "empirical_policy": told_over(_TASK_RUN_POLICY, policy),
        "tags": fragment(tags, _NOTHING),
        "labels": fragment(labels, _EMPTY),
        "state_id": id_of(state_id),
        "task_inputs": fragment(task_inputs, _EMPTY),
        "state_type": state_type,
        "state_name": state_name,
        "run_count": run_count,
        "flow_run_run_count": flow_run_run_count,
        "expected_start_time": expected,
        "next_scheduled_start_time": moment(scheduled),
        "start_time": started,
        "end_time": moment(ended),
        "total_run_time": total / 1_000_000,
        "estimated_run_time": _run_time(state_type, state_timestamp, total, at),
        "estimated_start_time_delta": _lateness(state_type, expected, started, at),
        "state": _state(known, state, decode, {"flow_run_id": flow_run_id, "task_run_id": id}),
    }


def _state(
    known: tuple[Any, datetime | None, str | None, str | None],
    joined: list[Any],
    decode: Decoders,
    ids: dict[str, Any],
) -> dict[str, Any] | None:
    id, entered, type, name = known
    if id is None:
        return None
    message = details = data = None
    # without a row of its own: an importer that brought no history
    if joined[1] is not None:
        entered, type, name, message, details, data = decode.moment(joined[0]), *joined[1:]
    return {
        "id": decode.id(id),
        "type": type,
        "name": name,
        "timestamp": entered,
        "message": message,
        "data": fragment(data, None),
        "state_details": {**told_over(_DETAILS, details), **ids},
    }


def _run_time(type: str | None, entered: datetime | None, total: int, at: datetime) -> float:
    if type == _RUNNING and entered is not None and entered < at:
        return (total + (at - entered) // _MICROSECOND) / 1_000_000
    return total / 1_000_000


def _lateness(type: str | None, expected: datetime | None, started: datetime | None, at: datetime) -> float:
    if expected is None or (started is None and type in _ENDED):
        return 0.0
    late = (started or at) - expected
    return late.total_seconds() if late.days >= 0 else 0.0

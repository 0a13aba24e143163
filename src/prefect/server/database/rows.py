"""Nouns as rows: what the journal hands to SQLite, in the forms that `types.py` describes.

Pure and hot: a no-op task passes through here with each of its states. Not here: what of a state is stored at all
(`schemas/described`), SQL (`statements`), when rows are written (`journal`), reading rows (`server/models`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from prefect.schemas.bases import microseconds_since_epoch, uuid7_int
from prefect.schemas.described import described_data, described_details
from prefect.schemas.runs import FlowRun, FlowRunPolicy, TaskRun, TaskRunPolicy
from prefect.schemas.states import State, StateDetails

Row = tuple[Any, ...]

_MICROSECOND = timedelta(microseconds=1)


def moment(value: datetime | None) -> int | None:
    """A moment as microseconds since the epoch."""
    return None if value is None else microseconds_since_epoch(value)


def duration(value: timedelta) -> int:
    """A duration as microseconds."""
    return value // _MICROSECOND if value else 0


def key(value: UUID | None) -> bytes | None:
    """An identifier as its 16 bytes."""
    return None if value is None else value.int.to_bytes(16, "big")


def json_text(value: Any) -> str:
    """A value as JSON; models as their JSON form, anything else that JSON cannot say as text."""
    return _encode(value)


def _json_default(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


_encode = json.JSONEncoder(separators=(",", ":"), default=_json_default, ensure_ascii=False).encode


def details_text(details: StateDetails) -> str | None:
    """The details that say something, as JSON; None when there are none."""
    told = described_details(details)
    return json_text(told) if told else None


def data_text(data: Any) -> str | None:
    """What of a state's data is stored, as JSON; None when nothing is."""
    described = described_data(data)
    return None if described is None else json_text(described)


def state_row(run_key: bytes, state: State[Any]) -> Row:
    """A state of a flow run or a task run."""
    return (
        state.id.int.to_bytes(16, "big"),
        run_key,
        microseconds_since_epoch(state.timestamp),
        state.type.value,
        state.name,
        state.message,
        details_text(state.state_details),
        None if state.data is None else data_text(state.data),
    )


_PLAIN_TASK_POLICY = TaskRunPolicy()
_PLAIN_FLOW_POLICY = FlowRunPolicy()


def policy_text(policy: TaskRunPolicy | FlowRunPolicy) -> str:
    """A policy as JSON, only what differs from the defaults."""
    plain = _PLAIN_TASK_POLICY if isinstance(policy, TaskRunPolicy) else _PLAIN_FLOW_POLICY
    if policy is plain:
        return "{}"
    told = {name: value for name, value in policy.__dict__.items() if value != plain.__dict__[name]}
    return json_text(told) if told else "{}"


def inputs_text(inputs: Mapping[str, Any]) -> str:
    """The dependency edges of a task run as JSON."""
    if not inputs:
        return "{}"
    if not any(inputs.values()):
        return json.dumps(dict.fromkeys(inputs, ()), separators=(",", ":"))
    return json_text(
        {name: [edge.model_dump(mode="json") for edge in edges] for name, edges in inputs.items()}
    )


def list_text(values: Any) -> str:
    """Tags as JSON."""
    return json_text(list(values)) if values else "[]"


TASK_RUN_COLUMNS = (
    "id", "created", "updated", "name", "flow_run_id", "task_key", "dynamic_key", "cache_key", "cache_expiration",
    "task_version", "flow_run_run_count", "empirical_policy", "tags", "labels", "task_inputs", "state_id",
    "state_type", "state_name", "state_timestamp", "run_count", "expected_start_time",
    "next_scheduled_start_time", "start_time", "end_time", "total_run_time",
)  # fmt: skip


def task_run_row(
    run: TaskRun,
    state: State[Any],
    run_count: int,
    start: datetime | None,
    end: datetime | None,
    total: timedelta,
) -> Row:
    """A task run in `state`, with the counters as they were when it entered it."""
    details = state.state_details
    entered = microseconds_since_epoch(state.timestamp)
    return (
        run.id.int.to_bytes(16, "big"),
        entered if run.created is None else microseconds_since_epoch(run.created),
        entered,
        run.name,
        key(run.flow_run_id),
        run.task_key,
        run.dynamic_key,
        details.cache_key or run.cache_key,
        moment(details.cache_expiration or run.cache_expiration),
        run.task_version,
        run.flow_run_run_count,
        policy_text(run.empirical_policy),
        list_text(run.tags),
        json_text(run.labels) if run.labels else None,
        inputs_text(run.task_inputs),
        state.id.int.to_bytes(16, "big"),
        state.type.value,
        state.name,
        entered,
        run_count,
        entered if run.expected_start_time is None else microseconds_since_epoch(run.expected_start_time),
        moment(details.scheduled_time) if state.is_scheduled() else None,
        moment(start),
        moment(end),
        duration(total),
    )


FLOW_RUN_COLUMNS = (
    "id", "created", "updated", "name", "flow_id", "flow_version", "deployment_id", "deployment_version",
    "work_queue_id", "work_queue_name", "parameters", "idempotency_key", "context", "empirical_policy", "tags",
    "labels", "parent_task_run_id", "state_id", "state_type", "state_name", "state_timestamp", "run_count",
    "attempt", "expected_start_time", "next_scheduled_start_time", "start_time", "end_time", "total_run_time",
    "auto_scheduled", "infrastructure_document_id", "infrastructure_pid", "created_by", "job_variables",
)  # fmt: skip


def flow_run_row(run: FlowRun, state: State[Any]) -> Row:
    """A new flow run in its first state."""
    entered = microseconds_since_epoch(state.timestamp)
    due = moment(state.state_details.scheduled_time) if state.is_scheduled() else None
    return (
        key(run.id),
        entered,
        entered,
        run.name,
        key(run.flow_id),
        run.flow_version,
        key(run.deployment_id),
        run.deployment_version,
        key(run.work_queue_id),
        run.work_queue_name,
        json_text(run.parameters),
        run.idempotency_key,
        json_text(run.context) if run.context else None,
        policy_text(run.empirical_policy),
        list_text(run.tags),
        json_text(run.labels) if run.labels else None,
        key(run.parent_task_run_id),
        key(state.id),
        state.type.value,
        state.name,
        entered,
        0,
        0,
        due or entered,
        due,
        None,
        entered if state.is_final() else None,
        0,
        int(run.auto_scheduled),
        key(run.infrastructure_document_id),
        run.infrastructure_pid,
        None if run.created_by is None else json_text(run.created_by),
        None if run.job_variables is None else json_text(run.job_variables),
    )


def log_row(
    name: str,
    level: int,
    message: str,
    timestamp: datetime,
    flow_run_id: UUID | None,
    task_run_id: UUID | None,
    id: UUID | None = None,
) -> Row:
    """A log record of a run; `id` is that which another process gave it."""
    return (
        uuid7_int().to_bytes(16, "big") if id is None else id.bytes,
        microseconds_since_epoch(timestamp),
        name,
        level,
        message,
        key(flow_run_id),
        key(task_run_id),
    )

"""What went into a task run and where its result went: the edges between runs, with the names of both ends.

Also here: earlier runs of the same task, to compare a cache key with. Not here: finding the edges
(`prefect.engine.inputs`), which are stored with the run.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prefect.schemas.runs import TaskRun
from prefect.schemas.states import StateType
from prefect.server.database.tables import flow_run, task_run

_IDS_PER_QUERY = 10_000
_PARTS_LABEL = "prefect.cache.parts"


@dataclass(frozen=True)
class Neighbour:
    """A run at the other end of an edge. `task_key` and `dynamic_key` are empty for a flow run."""

    id: UUID
    name: str
    state_type: StateType | None
    state_name: str | None
    task_key: str = ""
    dynamic_key: str = ""


@dataclass(frozen=True)
class Dependent:
    """A task run that took a result; `arguments` are the parameters that it went into."""

    id: UUID
    name: str
    arguments: list[str]


@dataclass(frozen=True)
class KeyedRun:
    """A completed run with what its cache key was made of. `was_hit`: it reused a stored result itself."""

    id: UUID
    name: str
    flow_run_id: UUID | None
    parts: dict[str, str]
    was_hit: bool


def read_neighbours(connection: sa.Connection, run: TaskRun) -> dict[UUID, Neighbour]:
    """The runs that went into a task run, by id; runs that have been deleted are missing."""
    ids = {edge.id for edges in run.task_inputs.values() for edge in edges if hasattr(edge, "id")}
    return {one.id: one for one in [*_task_runs(connection, list(ids)), *_flow_runs(connection, list(ids))]}


def read_dependents(connection: sa.Connection, run: TaskRun, limit: int) -> list[Dependent]:
    """The first task runs of the same flow run that a task run's result went into."""
    query = sa.select(task_run.c.id, task_run.c.name, task_run.c.task_inputs).where(
        task_run.c.flow_run_id == run.flow_run_id,
        sa.cast(task_run.c.task_inputs, sa.Text).contains(str(run.id)),
    )
    found = []
    for id, name, inputs in connection.execute(query.order_by(task_run.c.id).limit(limit)):
        arguments = [
            argument
            for argument, edges in inputs.items()
            if any(edge.get("id") == str(run.id) for edge in edges)
        ]
        found.append(Dependent(id, name, arguments))
    return found


def read_earlier_keys(connection: sa.Connection, run: TaskRun, limit: int) -> list[KeyedRun]:
    """The latest completed runs of the same task before this one with explained cache keys, newest first."""
    query = sa.select(task_run.c.id, task_run.c.name, task_run.c.flow_run_id, task_run.c.labels).where(
        task_run.c.id < run.id,
        task_run.c.task_key == run.task_key,
        task_run.c.state_type == StateType.COMPLETED.value,
        sa.cast(task_run.c.labels, sa.Text).contains(_PARTS_LABEL),
    )
    return [
        KeyedRun(id, name, flow_run_id, parts_of(labels), labels.get("prefect.cache.outcome") == "hit")
        for id, name, flow_run_id, labels in connection.execute(
            query.order_by(task_run.c.id.desc()).limit(limit)
        )
    ]


def parts_of(labels: dict[str, Any]) -> dict[str, str]:
    """What the cache key of a run with these labels was made of; empty when that was not recorded."""
    try:
        parts = json.loads(str(labels.get(_PARTS_LABEL, "{}")))
    except ValueError:
        return {}
    return parts if isinstance(parts, dict) else {}


def _task_runs(connection: sa.Connection, ids: Sequence[UUID]) -> list[Neighbour]:
    query = sa.select(*_columns(task_run), task_run.c.task_key, task_run.c.dynamic_key)
    return [Neighbour(*_with_state(row)) for row in _by_ids(connection, query, task_run.c.id, ids)]


def _flow_runs(connection: sa.Connection, ids: Sequence[UUID]) -> list[Neighbour]:
    query = sa.select(*_columns(flow_run))
    return [Neighbour(*_with_state(row)) for row in _by_ids(connection, query, flow_run.c.id, ids)]


def _by_ids(
    connection: sa.Connection, query: sa.Select[Any], id: sa.ColumnElement[Any], ids: Sequence[UUID]
) -> list[Any]:
    """The rows of a query with these ids; there may be more of them than a statement can carry."""
    rows: list[Any] = []
    for start in range(0, len(ids), _IDS_PER_QUERY):
        rows += connection.execute(query.where(id.in_(ids[start : start + _IDS_PER_QUERY])))
    return rows


def _columns(table: sa.Table) -> tuple[sa.ColumnElement[Any], ...]:
    return table.c.id, table.c.name, table.c.state_type, table.c.state_name


def _with_state(row: Sequence[Any]) -> Any:
    id, name, type, *rest = row
    return id, name, StateType(type) if type else None, *rest

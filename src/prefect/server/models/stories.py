"""Answers that are made of several: a run with everything that is told about it, a flow with its runs counted.

Also as JSON and back, for whoever asks a server. Not here: the parts (`trees`, `breakdowns`, `dependencies`), telling
(`prefect.cli`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa
from pydantic import TypeAdapter

from prefect.schemas.filters.flow_runs import FlowRunFilter
from prefect.schemas.flows import Flow
from prefect.schemas.runs import FlowRun, TaskRun
from prefect.schemas.states import State
from prefect.server.models.breakdowns import TaskSums, read_busy_time, read_task_sums
from prefect.server.models.dependencies import (
    Dependent,
    KeyedRun,
    Neighbour,
    parts_of,
    read_dependents,
    read_earlier_keys,
    read_neighbours,
)
from prefect.server.models.filters import Filters
from prefect.server.models.flow_runs import read_flow_runs
from prefect.server.models.lookup import holder_of
from prefect.server.models.states import read_flow_run_states, read_task_run_states
from prefect.server.models.task_runs import read_task_run
from prefect.server.models.trees import DEFAULT_TASK_RUN_LIMIT, FlowRunNode, read_flow_run_tree

S = TypeVar("S")

_KEYS_COMPARED = 200
_DEPENDENTS_SHOWN = 10
_HISTORIES_READ = 50


@dataclass
class FlowRunStory:
    """A flow run with everything that `inspect` tells about it.

    Attributes:
        tree: the run and what is inside it.
        caller: the flow run that called it as a subflow.
        holder: the process that runs it, as its lease names it.
        states: its own, oldest first.
        retried: the states of task runs with several attempts, by their ids; of some, if there are very many.
        sums: those of each task, by flow run.
        busy_time: how long at least one task was under way.
    """

    tree: FlowRunNode
    caller: FlowRun | None
    holder: str | None
    states: list[State[Any]]
    retried: dict[UUID, list[State[Any]]]
    sums: dict[UUID, list[TaskSums]]
    busy_time: timedelta


@dataclass
class TaskRunStory:
    """A task run with everything that `inspect` tells about it."""

    run: TaskRun
    flow_run: FlowRun | None
    subflow: FlowRun | None
    states: list[State[Any]]
    upstreams: dict[UUID, Neighbour]
    dependents: list[Dependent]
    key_parts: dict[str, str]
    earlier_keys: list[KeyedRun]


@dataclass
class FlowOverview:
    """A flow with its runs counted and the last of them."""

    flow: Flow
    runs: int
    last_run: FlowRun | None


def read_flow_run_story(
    connection: sa.Connection, flow_run_id: UUID, task_run_limit: int = DEFAULT_TASK_RUN_LIMIT
) -> FlowRunStory:
    """Everything that is told about a flow run; of each flow run in it at most so many task runs.

    Raises:
        ObjectNotFound: there is no such run.
    """
    tree = read_flow_run_tree(connection, flow_run_id, task_run_limit)
    ids = [node.run.id for node in tree.walk()]
    sums: dict[UUID, list[TaskSums]] = {id: [] for id in ids}
    for one in read_task_sums(connection, ids):
        sums[one.flow_run_id].append(one)
    inside = (one.run for node in tree.walk() for one in node.task_runs)
    retried = [one.id for one in inside if one.run_count > 1]
    return FlowRunStory(
        tree=tree,
        caller=_caller(connection, tree.run),
        holder=holder_of(connection, "flow_run", flow_run_id),
        states=read_flow_run_states(connection, flow_run_id),
        retried={id: read_task_run_states(connection, id) for id in retried[:_HISTORIES_READ]},
        sums=sums,
        busy_time=read_busy_time(connection, ids),
    )


def read_task_run_story(connection: sa.Connection, task_run_id: UUID) -> TaskRunStory:
    """Everything that is told about a task run.

    Raises:
        ObjectNotFound: there is no such run.
    """
    run = read_task_run(connection, task_run_id)
    around = None if run.flow_run_id is None else _one_flow_run(connection, id={"any_": [run.flow_run_id]})
    return TaskRunStory(
        run=run,
        flow_run=around,
        subflow=_one_flow_run(connection, parent_task_run_id={"any_": [run.id]}),
        states=read_task_run_states(connection, run.id),
        upstreams=read_neighbours(connection, run),
        dependents=read_dependents(connection, run, _DEPENDENTS_SHOWN),
        key_parts=parts_of(run.labels),
        earlier_keys=read_earlier_keys(connection, run, _KEYS_COMPARED),
    )


def _caller(connection: sa.Connection, run: FlowRun) -> FlowRun | None:
    if run.parent_task_run_id is None:
        return None
    placeholder = read_task_run(connection, run.parent_task_run_id)
    return _one_flow_run(connection, id={"any_": [placeholder.flow_run_id]})


def _one_flow_run(connection: sa.Connection, **criteria: Any) -> FlowRun | None:
    filters = Filters(flow_runs=FlowRunFilter.model_validate(criteria))
    return next(iter(read_flow_runs(connection, filters, limit=1)), None)


# --- as JSON --------------------------------------------------------------------------------------------


def as_json(story: FlowRunStory | TaskRunStory) -> Any:
    """A story as plain values."""
    return TypeAdapter[Any](type(story)).dump_python(story, mode="json")


def from_json(kind: type[S], told: Any) -> S:
    """A story from what `as_json` made of it.

    Raises:
        pydantic.ValidationError: it is none.
    """
    return TypeAdapter(kind).validate_python(told)

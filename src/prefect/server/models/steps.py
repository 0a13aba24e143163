"""What another attempt of a flow run wants to know of the earlier ones: its subflow runs, and which tasks it had.

Not here: showing runs (`trees`), results, what an attempt makes of them (`prefect.engine.resumption`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prefect.schemas.outcomes import AwaitedRetry
from prefect.schemas.runs import FlowRun, TaskRun
from prefect.schemas.states import StateType
from prefect.server.database.tables import flow_run, flow_run_state, task_run, task_run_state
from prefect.server.models.json_columns import object_text
from prefect.server.models.nouns import flow_run_from, select_flow_runs, select_task_runs, task_run_from
from prefect.server.models.trees import FlowRunNode

_ENDED_BADLY = (StateType.FAILED.value, StateType.CRASHED.value, StateType.CANCELLED.value)


@dataclass
class StepNames:
    """By what names the steps of a flow run go: its tasks (as declared, and their functions') and subflows.

    Attributes:
        parent: the flow run around it.
    """

    parent: UUID | None = None
    names: set[str] = field(default_factory=set)


def read_children(connection: sa.Connection, flow_run_id: UUID) -> list[tuple[TaskRun, FlowRun]]:
    """The subflow runs that a flow run has called, each with the task run that stands for it, in that order."""
    placeholders = task_run.c.flow_run_id == flow_run_id
    called = sa.exists().where(flow_run.c.parent_task_run_id == task_run.c.id)
    query = select_task_runs().where(placeholders, called).order_by(task_run.c.id)
    by_id = {row.id: task_run_from(row) for row in connection.execute(query)}
    inside = sa.select(task_run.c.id).where(placeholders)
    runs = select_flow_runs().where(flow_run.c.parent_task_run_id.in_(inside))
    children = {row.parent_task_run_id: flow_run_from(row) for row in connection.execute(runs)}
    return [(one, children[id]) for id, one in by_id.items() if id in children]


def read_step_names(connection: sa.Connection, flow_run_id: UUID) -> dict[UUID, StepNames]:
    """The names of the steps of a flow run and of each flow run inside it."""
    found = {flow_run_id: StepNames()}
    level = [flow_run_id]
    while level:
        for row in connection.execute(_steps_of(level)):
            found[row.flow_run_id].names.update(_names(row.task_key, row.name, row.stands_for_flow))
        query = (
            sa.select(flow_run.c.id, task_run.c.flow_run_id)
            .join(task_run, task_run.c.id == flow_run.c.parent_task_run_id)
            .where(task_run.c.flow_run_id.in_(level))
        )
        parents = {id: parent for id, parent in connection.execute(query) if id not in found}
        found.update({id: StepNames(parent) for id, parent in parents.items()})
        level = list(parents)
    return found


def _steps_of(flow_run_ids: list[UUID]) -> sa.Select[Any]:
    child = sa.exists().where(flow_run.c.parent_task_run_id == task_run.c.id)
    columns = (task_run.c.flow_run_id, task_run.c.task_key)
    query = sa.select(
        *columns, sa.func.min(task_run.c.name).label("name"), sa.func.max(child).label("stands_for_flow")
    )
    return query.where(task_run.c.flow_run_id.in_(flow_run_ids)).group_by(*columns)


def _names(task_key: str, run_name: str, stands_for_flow: bool) -> set[str]:
    if stands_for_flow:
        return {task_key}
    return {task_key.rsplit("-", 1)[0], run_name.rsplit("-", 1)[0]}


def last_completions(tree: FlowRunNode) -> list[TaskRun]:
    """The completed steps inside a flow run, in their order: those of the latest attempts, and of earlier ones
    those whose result has a key that no later step has."""
    found: list[TaskRun] = []
    earlier: dict[str, TaskRun] = {}
    for around in tree.walk():
        for node in around.task_runs:
            run = node.run
            if node.subflow is not None or run.state_type is not StateType.COMPLETED:
                continue
            if run.flow_run_run_count == around.run.run_count:
                found.append(run)
            elif (key := _key_of(run)) is not None:
                earlier[key] = run
    again = {_key_of(run) for run in found}
    found += [run for key, run in earlier.items() if key not in again]
    return sorted(found, key=lambda run: run.id)


def _key_of(run: TaskRun) -> str | None:
    return None if run.state is None else run.state.state_details.cache_key


def read_labelled_task_runs(connection: sa.Connection, flow_run_id: UUID, label: str) -> dict[str, UUID]:
    """The task runs of a flow run that have a label, by its value; those that failed, crashed or were cancelled
    are left out."""
    value = object_text(task_run.c.labels, label).label("value")
    query = sa.select(value, task_run.c.id).where(task_run.c.flow_run_id == flow_run_id, value.is_not(None))
    query = query.where(task_run.c.state_type.not_in(_ENDED_BADLY)).order_by(task_run.c.id)
    return {row.value: row.id for row in connection.execute(query)}


def read_awaited_retries(connection: sa.Connection, flow_run_id: UUID, label: str) -> dict[str, AwaitedRetry]:
    """The retries that task runs of a flow run were waiting for when they crashed, by a label of theirs.

    Of several runs with the same value the latest counts.
    """
    value = object_text(task_run.c.labels, label).label("value")
    details = task_run_state.c.state_details
    query = sa.select(value, task_run.c.run_count, task_run.c.state_type, task_run_state.c.name, details)
    query = query.join(task_run_state, task_run_state.c.task_run_id == task_run.c.id)
    query = query.where(task_run.c.flow_run_id == flow_run_id, value.is_not(None))
    query = query.where(task_run_state.c.type != StateType.CRASHED.value)
    last = {
        row.value: row
        for row in connection.execute(query.order_by(task_run.c.id, task_run_state.c.timestamp))
    }
    return {
        value: AwaitedRetry(datetime.fromisoformat(row.state_details["scheduled_time"]), row.run_count)
        for value, row in last.items()
        if row.state_type == StateType.CRASHED.value and row.name == "AwaitingRetry"
    }


def read_first_data(connection: sa.Connection, flow_run_id: UUID) -> Any:
    """The data of the first state of a flow run; None without."""
    query = sa.select(flow_run_state.c.data).where(flow_run_state.c.flow_run_id == flow_run_id)
    return connection.execute(query.order_by(flow_run_state.c.id).limit(1)).scalar_one_or_none()

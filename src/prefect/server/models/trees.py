"""A flow run with all that happened inside it, as a tree, in a fixed number of queries.

Task runs under the flow run that made them; a flow run called by another under the task run that stands for
it. Of a flow run with very many task runs only some are read, those that say most; all are counted. Not here:
how a tree is shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prefect.schemas.bases import now
from prefect.schemas.runs import FlowRun, TaskRun
from prefect.schemas.states import StateType
from prefect.server.database.tables import flow, flow_run, task_run
from prefect.server.models.absent import absent
from prefect.server.models.nouns import flow_run_from, select_flow_runs, select_task_runs, task_run_from

DEFAULT_TASK_RUN_LIMIT = 1_000
"""How many task runs of one flow run are read, unless the caller says otherwise."""


@dataclass(frozen=True)
class TaskRunCount:
    """The task runs of a flow run that are in one type of state: how many, and how long they ran in all."""

    number: int
    total_run_time: timedelta


@dataclass
class TaskRunNode:
    """A task run, with the flow run it stands for if it is the placeholder of a subflow."""

    run: TaskRun
    subflow: FlowRunNode | None = None


@dataclass
class FlowRunNode:
    """A flow run and what is inside it.

    Attributes:
        run: the flow run.
        flow_name: the name of its flow.
        task_runs: the task runs that were read, in the order they were made.
        counts: all task runs, by type of state.
    """

    run: FlowRun
    flow_name: str
    task_runs: list[TaskRunNode] = field(default_factory=list)
    counts: dict[StateType, TaskRunCount] = field(default_factory=dict)

    @property
    def omitted(self) -> int:
        """How many task runs were counted but not read."""
        return sum(count.number for count in self.counts.values()) - len(self.task_runs)

    def walk(self) -> Iterator[FlowRunNode]:
        """This flow run and those below it, each before what is inside it."""
        yield self
        for node in self.task_runs:
            if node.subflow is not None:
                yield from node.subflow.walk()


def read_flow_run_tree(
    connection: sa.Connection, flow_run_id: UUID, task_run_limit: int = DEFAULT_TASK_RUN_LIMIT
) -> FlowRunNode:
    """The flow run with that id and everything inside it, subflows of subflows included.

    Args:
        task_run_limit: of each flow run at most so many task runs are read: first those that stand for
            subflows, then those that did not complete, then the earliest.

    Raises:
        ObjectNotFound: there is no such flow run.
    """
    flow_runs = _read_flow_runs(connection, flow_run_id)
    if flow_run_id not in flow_runs:
        raise absent("flow run", flow_run_id)
    nodes_of_task_runs = _read_task_runs(connection, flow_runs, task_run_limit)
    for node in flow_runs.values():
        placeholder = nodes_of_task_runs.get(node.run.parent_task_run_id)
        if placeholder is not None and node.run.id != flow_run_id:
            placeholder.subflow = node
    _count_task_runs(connection, flow_runs)
    return flow_runs[flow_run_id]


def _read_flow_runs(connection: sa.Connection, root: UUID) -> dict[UUID, FlowRunNode]:
    """The flow run and all below it. A union, not a list, so that even a circle of parents would end."""
    inside = sa.select(flow_run.c.id).where(flow_run.c.id == root).cte("inside", recursive=True)
    called = (
        sa.select(flow_run.c.id)
        .join(task_run, task_run.c.id == flow_run.c.parent_task_run_id)
        .join(inside, inside.c.id == task_run.c.flow_run_id)
    )
    inside = inside.union(called)
    query = select_flow_runs().add_columns(flow.c.name.label("flow_name"))
    query = query.outerjoin(flow, flow.c.id == flow_run.c.flow_id)
    at = now()
    return {
        row.id: FlowRunNode(flow_run_from(row, at), row.flow_name or "")
        for row in connection.execute(query.where(flow_run.c.id.in_(sa.select(inside.c.id))))
    }


def _read_task_runs(
    connection: sa.Connection, flow_runs: dict[UUID, FlowRunNode], limit: int
) -> dict[UUID | None, TaskRunNode]:
    """The task runs worth showing of each flow run, put into their nodes."""
    placeholders = [node.run.parent_task_run_id for node in flow_runs.values()]
    telling = sa.case(
        (task_run.c.id.in_([id for id in placeholders if id is not None]), 0),
        (task_run.c.state_type != StateType.COMPLETED.value, 1),
        else_=2,
    )
    rank = sa.func.row_number().over(partition_by=task_run.c.flow_run_id, order_by=(telling, task_run.c.id))
    ranked = sa.select(task_run.c.id, rank.label("rank")).where(task_run.c.flow_run_id.in_(flow_runs))
    chosen = ranked.subquery("ranked")
    selected = sa.select(chosen.c.id).where(chosen.c.rank <= limit)
    query = select_task_runs().where(task_run.c.id.in_(selected)).order_by(task_run.c.id)
    at = now()
    nodes: dict[UUID | None, TaskRunNode] = {}
    for row in connection.execute(query):
        node = nodes[row.id] = TaskRunNode(task_run_from(row, at))
        flow_runs[row.flow_run_id].task_runs.append(node)
    return nodes


def _count_task_runs(connection: sa.Connection, flow_runs: dict[UUID, FlowRunNode]) -> None:
    columns: list[Any] = [task_run.c.flow_run_id, task_run.c.state_type]
    total = sa.func.sum(task_run.c.total_run_time, type_=task_run.c.total_run_time.type)
    query = sa.select(*columns, sa.func.count(), total).where(task_run.c.flow_run_id.in_(flow_runs))
    for id, type, number, time in connection.execute(query.group_by(*columns)):
        # a run without a state has been created only: as good as pending
        state_type = StateType(type) if type else StateType.PENDING
        flow_runs[id].counts[state_type] = TaskRunCount(number, time)

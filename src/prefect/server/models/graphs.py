"""What ran in a flow run and what came after what: the graph that is drawn of it, and the list of dependencies.

A flow run that another has called stands in the place of the task run that called it. Not here: the tree of
flow runs in flow runs (`trees`), finding the edges (`prefect.engine.inputs`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prefect.schemas.graphs import DependencyResult, Edge, Graph, GraphArtifact, GraphState, Node
from prefect.schemas.runs import TaskRunResult
from prefect.schemas.states import StateType
from prefect.server.database.tables import (
    artifact,
    artifact_collection,
    flow,
    flow_run,
    task_run,
)
from prefect.server.models.absent import absent
from prefect.server.models.nouns import select_task_runs, task_run_from
from prefect.server.models.states import read_flow_run_states
from prefect.settings import get_current_settings

_AROUND = "__parents__"
"""The name under which the inputs of a task run hold the task run that it ran inside of."""

_PROGRESS = "progress"
"""The type of artifact whose data is part of the graph."""


# --- dependencies ---------------------------------------------------------------------------------------


def read_dependencies(connection: sa.Connection, flow_run_id: UUID) -> list[DependencyResult]:
    """The task runs of a flow run in the order they were made, each with those it depends on.

    Raises:
        ObjectNotFound: there is no such run.
        ValueError: there are more than are shown.
    """
    _times_of(connection, flow_run_id)
    query = select_task_runs().where(task_run.c.flow_run_id == flow_run_id).order_by(task_run.c.id)
    most = get_current_settings().server.flow_run_graph.max_nodes
    rows = connection.execute(query.limit(most + 1)).all()
    _must_be_shown(flow_run_id, "task runs", len(rows), most)
    return [_dependency(task_run_from(row)) for row in rows]


def _dependency(run: Any) -> DependencyResult:
    edges = [edge for inputs in run.task_inputs.values() for edge in inputs]
    upstream = dict.fromkeys(edge for edge in edges if isinstance(edge, TaskRunResult))
    return DependencyResult(
        id=run.id,
        name=run.name,
        upstream_dependencies=list(upstream),
        state=run.state,
        expected_start_time=run.expected_start_time,
        start_time=run.start_time,
        end_time=run.end_time,
        total_run_time=run.total_run_time,
        estimated_run_time=run.estimated_run_time,
        untrackable_result=bool(run.state and run.state.state_details.untrackable_result),
    )


# --- graph ----------------------------------------------------------------------------------------------


def read_graph(connection: sa.Connection, flow_run_id: UUID, since: datetime | None = None) -> Graph:
    """The graph of a flow run.

    Args:
        since: leave out what has ended before.

    Raises:
        ObjectNotFound: there is no such run.
        ValueError: it has more nodes or artifacts than are shown.
    """
    start, end = _times_of(connection, flow_run_id)
    bounds = get_current_settings().server.flow_run_graph
    rows = _rows_of_nodes(connection, flow_run_id, since, bounds.max_nodes)
    artifacts = _artifacts(connection, flow_run_id, bounds.max_artifacts)
    nodes = _nodes(rows, artifacts)
    states = read_flow_run_states(connection, flow_run_id)
    return Graph(
        start_time=start,
        end_time=end,
        root_node_ids=[node.id for node in nodes if not node.parents and not node.encapsulating],
        nodes=[(node.id, node) for node in nodes],
        artifacts=artifacts[None],
        states=[
            GraphState(id=state.id, timestamp=state.timestamp, type=state.type, name=state.name or "")
            for state in states
        ],
    )


def _times_of(connection: sa.Connection, flow_run_id: UUID) -> tuple[datetime | None, datetime | None]:
    columns = (flow_run.c.start_time, flow_run.c.expected_start_time, flow_run.c.end_time)
    row = connection.execute(sa.select(*columns).where(flow_run.c.id == flow_run_id)).first()
    if row is None:
        raise absent("flow run", flow_run_id)
    return row.start_time or row.expected_start_time, row.end_time


def _must_be_shown(flow_run_id: UUID, what: str, number: int, most: int) -> None:
    if number > most:
        raise ValueError(
            f"The graph of flow run {flow_run_id} has more than {most} {what} "
            "(PREFECT_SERVER_FLOW_RUN_GRAPH_MAX_NODES, PREFECT_SERVER_FLOW_RUN_GRAPH_MAX_ARTIFACTS)."
        )


def _rows_of_nodes(
    connection: sa.Connection, flow_run_id: UUID, since: datetime | None, most: int
) -> list[Any]:
    """Task runs with what the flow runs that they stand for say of themselves, in the order they started."""
    child = flow_run.alias("child")

    def told(name: str) -> sa.ColumnElement[Any]:
        own, childs = task_run.c[name], child.c[name]
        return sa.case((child.c.id.is_not(None), childs), else_=own).label(name)

    started = sa.func.coalesce(
        child.c.start_time,
        child.c.expected_start_time,
        task_run.c.start_time,
        task_run.c.expected_start_time,
        type_=task_run.c.start_time.type,
    )
    query = sa.select(
        task_run.c.id,
        task_run.c.task_inputs,
        child.c.id.label("child_id"),
        flow.c.name.label("flow_name"),
        told("name"),
        told("state_type"),
        told("end_time"),
        started.label("started"),
    ).select_from(
        task_run.outerjoin(child, child.c.parent_task_run_id == task_run.c.id).outerjoin(
            flow, flow.c.id == child.c.flow_id
        )
    )
    query = query.where(
        task_run.c.flow_run_id == flow_run_id, task_run.c.state_type.is_not(None), started.is_not(None)
    )
    if since is not None:
        ended = sa.func.coalesce(child.c.end_time, task_run.c.end_time, type_=task_run.c.end_time.type)
        query = query.where(sa.or_(ended.is_(None), ended >= since))
    rows = list(connection.execute(query.order_by(started, task_run.c.id).limit(most + 1)))
    _must_be_shown(flow_run_id, "nodes", len(rows), most)
    return rows


def _nodes(rows: list[Any], artifacts: Mapping[UUID | None, list[GraphArtifact]]) -> list[Node]:
    # an edge names a task run; what is drawn may be the flow run that it stands for
    drawn: dict[UUID, UUID] = {row.id: row.child_id or row.id for row in rows}
    parents = {row.id: _drawn(drawn, row.task_inputs, around=False) for row in rows}
    children: dict[UUID, list[Edge]] = defaultdict(list)
    for row in rows:
        for edge in parents[row.id]:
            children[edge.id].append(Edge(id=drawn[row.id]))
    return [
        Node(
            kind="flow-run" if row.child_id else "task-run",
            id=drawn[row.id],
            label=f"{row.flow_name} / {row.name}" if row.child_id else row.name,
            state_type=StateType(row.state_type),
            start_time=row.started,
            end_time=row.end_time,
            parents=parents[row.id],
            children=children[drawn[row.id]],
            encapsulating=_drawn(drawn, row.task_inputs, around=True),
            artifacts=artifacts.get(row.id, []),
        )
        for row in rows
    ]


def _drawn(
    drawn: Mapping[UUID, UUID], inputs: Mapping[str, Iterable[Mapping[str, Any]]] | None, around: bool
) -> list[Edge]:
    """The nodes that a task run's inputs name, each once."""
    ids = (
        UUID(edge["id"])
        for name, edges in (inputs or {}).items()
        if (name == _AROUND) is around
        for edge in edges
        if edge.get("input_type") == "task_run"
    )
    # of runs that are left out of the graph there is nothing to draw an edge to, but they are named
    return [Edge(id=id) for id in dict.fromkeys(drawn.get(id, id) for id in ids)]


def _artifacts(
    connection: sa.Connection, flow_run_id: UUID, most: int
) -> defaultdict[UUID | None, list[GraphArtifact]]:
    """The artifacts that were left in a flow run by the task run that left them; None: outside of tasks."""
    latest = artifact_collection.c.latest_id.is_not(None)
    columns = (artifact.c.id, artifact.c.created, artifact.c.key, artifact.c.type, artifact.c.task_run_id)
    data = sa.case((artifact.c.type == _PROGRESS, artifact.c.data), else_=None).label("data")
    query = (
        sa.select(*columns, data, sa.or_(latest, artifact.c.key.is_(None)).label("is_latest"))
        .select_from(
            artifact.outerjoin(artifact_collection, artifact_collection.c.latest_id == artifact.c.id)
        )
        .where(artifact.c.flow_run_id == flow_run_id, artifact.c.type.is_distinct_from("result"))
        .order_by(artifact.c.created, artifact.c.id)
    )
    rows = connection.execute(query.limit(most + 1)).all()
    _must_be_shown(flow_run_id, "artifacts", len(rows), most)
    found: defaultdict[UUID | None, list[GraphArtifact]] = defaultdict(list)
    for row in rows:
        values = {name: value for name, value in row._mapping.items() if name != "task_run_id"}
        found[row.task_run_id].append(GraphArtifact.model_validate(values))
    return found

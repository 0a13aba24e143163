"""The graph of a flow run, as the UI draws it: nodes, edges, artifacts, states; and the dependency list."""

import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import ConfigDict

from prefect.schemas.bases import PrefectBaseModel
from prefect.schemas.runs import AnyState, TaskRunResult
from prefect.schemas.states import StateType
from prefect.types import DateTime


class Edge(PrefectBaseModel):
    """The other end of an edge."""

    id: UUID


class GraphState(PrefectBaseModel):
    """A state the flow run was in."""

    id: UUID
    timestamp: DateTime
    type: StateType
    name: str


class GraphArtifact(PrefectBaseModel):
    """An artifact that was left on the way."""

    id: UUID
    created: DateTime
    key: str | None
    type: str | None
    is_latest: bool
    data: Any | None


class Node(PrefectBaseModel):
    """A task run or subflow run: after which it came, what came after it, what it ran inside."""

    kind: Literal["flow-run", "task-run"]
    id: UUID
    label: str
    state_type: StateType
    start_time: DateTime
    end_time: DateTime | None
    parents: list[Edge]
    children: list[Edge]
    encapsulating: list[Edge]
    artifacts: list[GraphArtifact]


class Graph(PrefectBaseModel):
    """The whole of a flow run; `start_time` is None before it starts."""

    start_time: DateTime | None
    end_time: DateTime | None
    root_node_ids: list[UUID]
    nodes: list[tuple[UUID, Node]]
    artifacts: list[GraphArtifact]
    states: list[GraphState]


class DependencyResult(PrefectBaseModel):
    """A task run with the task runs it depends on."""

    model_config = ConfigDict(ser_json_timedelta="float")

    id: UUID
    name: str
    upstream_dependencies: list[TaskRunResult]
    state: AnyState | None
    expected_start_time: DateTime | None
    start_time: DateTime | None
    end_time: DateTime | None
    total_run_time: datetime.timedelta | None
    estimated_run_time: datetime.timedelta | None
    untrackable_result: bool


class SimpleFlowRun(PrefectBaseModel):
    """A flow run as a dot in a scatter plot."""

    model_config = ConfigDict(ser_json_timedelta="float")

    id: UUID
    state_type: StateType
    timestamp: DateTime
    duration: datetime.timedelta
    lateness: datetime.timedelta

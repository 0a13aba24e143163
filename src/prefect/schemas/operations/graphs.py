# mypy: disable-error-code="empty-body"
"""Operations that show a flow run as a whole: its graph, and its logs as a file."""

import datetime
from typing import Annotated
from uuid import UUID

from prefect.schemas.graphs import DependencyResult, Graph
from prefect.schemas.operations.declaring import Response, operation, wire

FlowRunId = Annotated[UUID, wire("id")]

_TAG = "Flow Runs"


@operation("GET", "/flow_runs/{id}/graph", tag=_TAG)
def read_flow_run_graph_v1(flow_run_id: FlowRunId) -> list[DependencyResult]:
    """The task runs of a flow run, each with the task runs it depends on.

    Raises:
        ObjectNotFound: there is no such run.
    """


@operation("GET", "/flow_runs/{id}/graph-v2", tag=_TAG)
def read_flow_run_graph_v2(flow_run_id: FlowRunId, since: datetime.datetime | None = None) -> Graph:
    """The graph of a flow run: what ran in it, what came after what, which artifacts were left.

    Args:
        since: leave out what has ended before.

    Raises:
        ObjectNotFound: there is no such run.
        ValueError: it has more nodes than are shown.
    """


@operation("GET", "/flow_runs/{id}/logs/download", tag=_TAG)
def download_flow_run_logs(flow_run_id: FlowRunId) -> Response:
    """The logs of a flow run as a CSV file, oldest first.

    Raises:
        ObjectNotFound: there is no such run.
    """

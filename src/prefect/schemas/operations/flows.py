# mypy: disable-error-code="empty-body"
"""Operations on flows."""

from typing import Annotated
from uuid import UUID

from prefect.schemas.actions.flows import FlowCreate, FlowUpdate
from prefect.schemas.flows import Flow
from prefect.schemas.operations.arguments import (
    BulkLimit,
    Limit,
    OfDeployments,
    OfFlowRuns,
    OfFlows,
    Offset,
    OfTaskRuns,
    OfWorkPools,
    OfWorkQueues,
    Page,
)
from prefect.schemas.operations.declaring import operation, wire
from prefect.schemas.responses import BulkDeleteResponse, FlowPaginationResponse
from prefect.schemas.sorting import FlowSort

FlowId = Annotated[UUID, wire("id")]
FlowName = Annotated[str, wire("name")]
Order = Annotated[FlowSort | None, wire(default=FlowSort.NAME_ASC)]


@operation("POST", "/flows/", status=201)
def create_flow(flow: Annotated[FlowCreate, wire(whole=True)]) -> Flow:
    """Register a flow by its name; the one of that name if there is one already."""


@operation("GET", "/flows/{id}")
def read_flow(flow_id: FlowId) -> Flow:
    """The flow with that id.

    Raises:
        ObjectNotFound: there is none.
    """


@operation("GET", "/flows/name/{name}")
def read_flow_by_name(flow_name: FlowName) -> Flow:
    """The flow of that name.

    Raises:
        ObjectNotFound: there is none.
    """


@operation("POST", "/flows/filter")
def read_flows(
    *,
    flow_filter: OfFlows = None,
    flow_run_filter: OfFlowRuns = None,
    task_run_filter: OfTaskRuns = None,
    deployment_filter: OfDeployments = None,
    work_pool_filter: OfWorkPools = None,
    work_queue_filter: OfWorkQueues = None,
    sort: Order = None,
    limit: Limit = None,
    offset: Offset = 0,
) -> list[Flow]:
    """The flows that meet all filters."""


@operation("POST", "/flows/paginate")
def paginate_flows(
    *,
    flow_filter: OfFlows = None,
    flow_run_filter: OfFlowRuns = None,
    task_run_filter: OfTaskRuns = None,
    deployment_filter: OfDeployments = None,
    work_pool_filter: OfWorkPools = None,
    sort: Order = None,
    page: Page = 1,
    limit: Limit = None,
) -> FlowPaginationResponse:
    """A page of the flows that meet all filters."""


@operation("POST", "/flows/count")
def count_flows(
    *,
    flow_filter: OfFlows = None,
    flow_run_filter: OfFlowRuns = None,
    task_run_filter: OfTaskRuns = None,
    deployment_filter: OfDeployments = None,
    work_pool_filter: OfWorkPools = None,
) -> int:
    """How many flows meet all filters."""


@operation("PATCH", "/flows/{id}", status=204)
def update_flow(flow_id: FlowId, flow: Annotated[FlowUpdate, wire(whole=True)]) -> None:
    """Change the tags of a flow.

    Raises:
        ObjectNotFound: there is no such flow.
    """


@operation("DELETE", "/flows/{id}", status=204)
def delete_flow(flow_id: FlowId) -> None:
    """Delete a flow with its deployments and its runs.

    Raises:
        ObjectNotFound: there is no such flow.
    """


@operation("POST", "/flows/bulk_delete")
def bulk_delete_flows(flow_filter: OfFlows = None, limit: BulkLimit = 50) -> BulkDeleteResponse:
    """Delete the flows that meet the filter, with their deployments and runs."""

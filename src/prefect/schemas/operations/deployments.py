# mypy: disable-error-code="empty-body"
"""Operations on deployments, their schedules and runs made from them."""

import datetime
from typing import Annotated
from uuid import UUID

from prefect.schemas.actions.deployments import (
    DeploymentCreate,
    DeploymentScheduleCreate,
    DeploymentScheduleUpdate,
    DeploymentUpdate,
)
from prefect.schemas.actions.runs import DeploymentFlowRunCreate
from prefect.schemas.deployments import Deployment, DeploymentSchedule
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
from prefect.schemas.responses import (
    BulkDeleteResponse,
    DeploymentPaginationResponse,
    FlowRunBulkCreateResponse,
)
from prefect.schemas.runs import FlowRun
from prefect.schemas.sorting import DeploymentSort
from prefect.schemas.work_queues import WorkQueue

DeploymentId = Annotated[UUID, wire("id")]
IdAsText = Annotated[UUID | str, wire("id")]
_MOST_RUNS = 1_000
_LONGEST_SECONDS = 366 * 24 * 3600
Order = Annotated[DeploymentSort | None, wire(default=DeploymentSort.NAME_ASC)]


@operation("POST", "/deployments/", status=201)
def create_deployment(deployment: Annotated[DeploymentCreate, wire(whole=True)]) -> Deployment:
    """Make a deployment; it takes the place of the one of that name of its flow.

    Raises:
        ObjectNotFound: there is no such flow or work pool.
    """


@operation("GET", "/deployments/{id}")
def read_deployment(deployment_id: IdAsText) -> Deployment:
    """The deployment with that id.

    Raises:
        ObjectNotFound: there is none.
        ValueError: the text is no id.
    """


@operation("GET", "/deployments/name/{flow_name}/{deployment_name}")
def read_deployment_by_names(flow_name: str, deployment_name: str) -> Deployment:
    """The deployment of that name of the flow of that name.

    Raises:
        ObjectNotFound: there is none.
    """


@operation("POST", "/deployments/filter")
def read_deployments(
    *,
    flow_filter: OfFlows = None,
    flow_run_filter: OfFlowRuns = None,
    task_run_filter: OfTaskRuns = None,
    deployment_filter: OfDeployments = None,
    work_pool_filter: OfWorkPools = None,
    work_queue_filter: OfWorkQueues = None,
    limit: Limit = None,
    sort: Order = None,
    offset: Offset = 0,
) -> list[Deployment]:
    """The deployments that meet all filters, by name unless `sort` says otherwise."""


@operation("POST", "/deployments/paginate")
def paginate_deployments(
    *,
    flow_filter: OfFlows = None,
    flow_run_filter: OfFlowRuns = None,
    task_run_filter: OfTaskRuns = None,
    deployment_filter: OfDeployments = None,
    work_pool_filter: OfWorkPools = None,
    work_queue_filter: OfWorkQueues = None,
    sort: Order = None,
    page: Page = 1,
    limit: Limit = None,
) -> DeploymentPaginationResponse:
    """A page of the deployments that meet all filters."""


@operation("POST", "/deployments/count")
def count_deployments(
    *,
    flow_filter: OfFlows = None,
    flow_run_filter: OfFlowRuns = None,
    task_run_filter: OfTaskRuns = None,
    deployment_filter: OfDeployments = None,
    work_pool_filter: OfWorkPools = None,
    work_queue_filter: OfWorkQueues = None,
) -> int:
    """How many deployments meet all filters."""


@operation("PATCH", "/deployments/{id}", status=204, conflict_means_existing=False)
def update_deployment(
    deployment_id: DeploymentId, deployment: Annotated[DeploymentUpdate, wire(whole=True)]
) -> None:
    """Change a deployment; what is not set stays as it is.

    Raises:
        ObjectNotFound: there is no such deployment.
    """


@operation("DELETE", "/deployments/{id}", status=204)
def delete_deployment(deployment_id: DeploymentId) -> None:
    """Delete a deployment with its schedules and the runs it has not begun; others stay.

    Raises:
        ObjectNotFound: there is no such deployment.
    """


@operation("POST", "/deployments/bulk_delete")
def bulk_delete_deployments(
    deployment_filter: OfDeployments = None, limit: BulkLimit = 50
) -> BulkDeleteResponse:
    """Delete the deployments that meet the filter, with their schedules."""


@operation("POST", "/deployments/{id}/pause_deployment")
def pause_deployment(deployment_id: IdAsText) -> None:
    """Let the schedules of a deployment rest.

    Raises:
        ObjectNotFound: there is no such deployment.
    """


@operation("POST", "/deployments/{id}/resume_deployment")
def resume_deployment(deployment_id: IdAsText) -> None:
    """Let the schedules of a paused deployment go on.

    Raises:
        ObjectNotFound: there is no such deployment.
    """


# --- schedules ------------------------------------------------------------------------------------------


@operation("GET", "/deployments/{id}/schedules")
def read_deployment_schedules(deployment_id: DeploymentId) -> list[DeploymentSchedule]:
    """The schedules of a deployment, in the order in which they were made.

    Raises:
        ObjectNotFound: there is no such deployment.
    """


@operation("POST", "/deployments/{id}/schedules", status=201)
def create_deployment_schedules(
    deployment_id: DeploymentId, schedules: Annotated[list[DeploymentScheduleCreate], wire(whole=True)]
) -> list[DeploymentSchedule]:
    """Add schedules to a deployment.

    Raises:
        ObjectNotFound: there is no such deployment.
        ObjectAlreadyExists: the deployment has a schedule of that slug.
    """


@operation("PATCH", "/deployments/{id}/schedules/{schedule_id}", status=204)
def update_deployment_schedule(
    deployment_id: DeploymentId,
    schedule_id: UUID,
    schedule: Annotated[DeploymentScheduleUpdate, wire(whole=True)],
) -> None:
    """Change a schedule; what is not set stays as it is.

    Raises:
        ObjectNotFound: the deployment has no such schedule.
    """


@operation("DELETE", "/deployments/{id}/schedules/{schedule_id}", status=204)
def delete_deployment_schedule(deployment_id: DeploymentId, schedule_id: UUID) -> None:
    """Take a schedule away.

    Raises:
        ObjectNotFound: the deployment has no such schedule.
    """


@operation("POST", "/deployments/{id}/schedule")
def schedule_deployment(
    deployment_id: DeploymentId,
    start_time: datetime.datetime | None = None,
    end_time: datetime.datetime | None = None,
    min_time: Annotated[datetime.timedelta | None, wire(at_least=0, at_most=_LONGEST_SECONDS)] = None,
    min_runs: Annotated[int | None, wire(at_least=0, at_most=_MOST_RUNS)] = None,
    max_runs: Annotated[int | None, wire(at_least=0, at_most=_MOST_RUNS)] = None,
) -> None:
    """Make the runs that the schedules of a deployment ask for; what is not given is as the settings say.

    Args:
        start_time, end_time: the first and the last moment of runs; by default from now on.
        min_time: make all runs of so long a time from the start.
        min_runs: make at least so many of each schedule, however far ahead.
        max_runs: make at most so many of each schedule.

    Raises:
        ObjectNotFound: there is no such deployment.
    """


@operation("GET", "/deployments/{id}/work_queue_check")
def work_queue_check_for_deployment(deployment_id: DeploymentId) -> list[WorkQueue]:
    """The queues that runs of a deployment are taken from.

    Raises:
        ObjectNotFound: there is no such deployment.
    """


# --- runs -----------------------------------------------------------------------------------------------


@operation("POST", "/deployments/{id}/create_flow_run", status=201, conflict_means_existing=False)
def create_flow_run_from_deployment(
    deployment_id: DeploymentId, flow_run: Annotated[DeploymentFlowRunCreate, wire(whole=True)]
) -> FlowRun:
    """Make a run of a deployment; what is not set comes from the deployment.

    Raises:
        ObjectNotFound: there is no such deployment.
    """


@operation("POST", "/deployments/{id}/create_flow_run/bulk")
def bulk_create_flow_runs_from_deployment(
    deployment_id: DeploymentId, flow_runs: Annotated[list[DeploymentFlowRunCreate], wire(whole=True)]
) -> FlowRunBulkCreateResponse:
    """Make several runs of a deployment; the answer says of each what became of it.

    Raises:
        ObjectNotFound: there is no such deployment.
    """


@operation("POST", "/deployments/get_scheduled_flow_runs")
def get_scheduled_flow_runs_for_deployments(
    deployment_ids: list[UUID],
    scheduled_before: datetime.datetime | None = None,
    limit: Limit = None,
) -> list[FlowRun]:
    """The scheduled runs of deployments that are due, the earliest first; who asks has polled them."""

# mypy: disable-error-code="empty-body"
"""Operations that dashboards ask for: counts and charts, each one query. The UI has no routes but the public."""

from typing import Annotated, Any
from uuid import UUID

from prefect.schemas.filters.task_runs import TaskRunFilter
from prefect.schemas.operations.arguments import (
    OfDeployments,
    OfFlowRuns,
    OfFlows,
    Offset,
    OfTaskRuns,
    OfWorkPools,
    OfWorkQueues,
)
from prefect.schemas.operations.declaring import operation, wire
from prefect.schemas.responses import (
    CountByState,
    SchemaValuesValidationResponse,
    SimpleFlowRun,
    SimpleNextFlowRun,
    TaskRunCount,
    UITaskRun,
)
from prefect.schemas.sorting import FlowRunSort

Ids = Annotated[list[UUID], wire(at_most=200)]


@operation("POST", "/ui/flow_runs/history")
def read_simple_flow_runs(
    *,
    sort: FlowRunSort = FlowRunSort.EXPECTED_START_TIME_DESC,
    limit: Annotated[int, wire(at_least=0, at_most=1000)] = 1000,
    offset: Offset = 0,
    flow_filter: OfFlows = None,
    flow_run_filter: OfFlowRuns = None,
    task_run_filter: OfTaskRuns = None,
    deployment_filter: OfDeployments = None,
    work_pool_filter: OfWorkPools = None,
) -> list[SimpleFlowRun]:
    """The flow runs that meet all filters, as a chart shows them."""


@operation("POST", "/ui/flow_runs/count-task-runs")
def count_task_runs_by_flow_run(flow_run_ids: Ids) -> dict[UUID, int]:
    """How many task runs each of the flow runs has."""


@operation("POST", "/ui/flows/count-deployments")
def count_deployments_by_flow(flow_ids: Ids) -> dict[UUID, int]:
    """How many deployments each of the flows has."""


@operation("POST", "/ui/flows/next-runs")
def next_runs_by_flow(flow_ids: Ids) -> dict[UUID, SimpleNextFlowRun | None]:
    """The scheduled run of each of the flows that is due first; null where there is none."""


@operation("POST", "/ui/task_runs/count")
def read_task_run_counts_by_state(
    *,
    flow_filter: OfFlows = None,
    flow_run_filter: OfFlowRuns = None,
    task_run_filter: OfTaskRuns = None,
    deployment_filter: OfDeployments = None,
) -> CountByState:
    """How many of the task runs that meet all filters are in a state of each type."""


@operation("POST", "/ui/task_runs/dashboard/counts")
def read_dashboard_task_run_counts(
    task_run_filter: Annotated[TaskRunFilter, wire("task_runs")],
    *,
    flow_filter: OfFlows = None,
    flow_run_filter: OfFlowRuns = None,
    deployment_filter: OfDeployments = None,
    work_pool_filter: OfWorkPools = None,
    work_queue_filter: OfWorkQueues = None,
) -> list[TaskRunCount]:
    """How the task runs that meet all filters ended, in twenty equal parts of the time they started in.

    Raises:
        ValueError: the filter does not say from when (`start_time.after_`).
    """


@operation("GET", "/ui/task_runs/{id}")
def read_task_run_with_flow_run_name(task_run_id: Annotated[UUID, wire("id")]) -> UITaskRun:
    """The task run with that id, and the name of its flow run.

    Raises:
        ObjectNotFound: there is none.
    """


@operation("POST", "/ui/schemas/validate")
def validate_schema_values(
    json_schema: Annotated[dict[str, Any], wire("schema")], values: dict[str, Any]
) -> SchemaValuesValidationResponse:
    """What is wrong with values, as forms send them, by a JSON schema.

    Raises:
        ValueError: the schema is none.
    """

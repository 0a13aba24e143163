# mypy: disable-error-code="empty-body"
"""Operations on flow runs, their states and their inputs."""

import datetime
from typing import Annotated, Any
from uuid import UUID

from prefect.schemas.actions.runs import FlowRunCreate, FlowRunUpdate
from prefect.schemas.actions.states import StateCreate
from prefect.schemas.flow_run_inputs import FlowRunInput, InputKey
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
from prefect.schemas.operations.declaring import Response, operation, wire
from prefect.schemas.responses import (
    BulkDeleteResponse,
    FlowRunBulkSetStateResponse,
    FlowRunPaginationResponse,
    HistoryResponse,
    OrchestrationResult,
)
from prefect.schemas.runs import FlowRun
from prefect.schemas.sorting import FlowRunSort
from prefect.schemas.states import State
from prefect.types import KeyValueLabels

FlowRunId = Annotated[UUID, wire("id")]
Order = Annotated[FlowRunSort | None, wire(default=FlowRunSort.ID_DESC)]
InputLimit = Annotated[int, wire(at_least=0)]
Interval = Annotated[datetime.timedelta, wire("history_interval_seconds", at_least=1)]


@operation("POST", "/flow_runs/", status=201)
def create_flow_run(flow_run: Annotated[FlowRunCreate, wire(whole=True)]) -> FlowRun:
    """Make a flow run; the one with the same flow and idempotency key if there is one already."""


@operation("GET", "/flow_runs/{id}")
def read_flow_run(flow_run_id: FlowRunId) -> FlowRun:
    """The flow run with that id.

    Raises:
        ObjectNotFound: there is none.
    """


@operation("POST", "/flow_runs/filter")
def read_flow_runs(
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
) -> list[FlowRun]:
    """The flow runs that meet all filters, the newest first unless `sort` says otherwise."""


@operation("POST", "/flow_runs/paginate")
def paginate_flow_runs(
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
) -> FlowRunPaginationResponse:
    """A page of the flow runs that meet all filters."""


@operation("POST", "/flow_runs/count")
def count_flow_runs(
    *,
    flow_filter: OfFlows = None,
    flow_run_filter: OfFlowRuns = None,
    task_run_filter: OfTaskRuns = None,
    deployment_filter: OfDeployments = None,
    work_pool_filter: OfWorkPools = None,
    work_queue_filter: OfWorkQueues = None,
) -> int:
    """How many flow runs meet all filters."""


@operation("POST", "/flow_runs/lateness")
def average_flow_run_lateness(
    *,
    flow_filter: OfFlows = None,
    flow_run_filter: OfFlowRuns = None,
    task_run_filter: OfTaskRuns = None,
    deployment_filter: OfDeployments = None,
    work_pool_filter: OfWorkPools = None,
    work_queue_filter: OfWorkQueues = None,
) -> float | None:
    """By how many seconds flow runs started, or are by now, later than expected; None without any run."""


@operation("POST", "/flow_runs/history")
def flow_run_history(
    history_start: datetime.datetime,
    history_end: datetime.datetime,
    history_interval: Interval,
    *,
    flow_filter: OfFlows = None,
    flow_run_filter: OfFlowRuns = None,
    task_run_filter: OfTaskRuns = None,
    deployment_filter: OfDeployments = None,
    work_pool_filter: OfWorkPools = None,
    work_queue_filter: Annotated[OfWorkQueues, wire("work_queues")] = None,
) -> list[HistoryResponse]:
    """How many flow runs were expected to start in each interval of time, by their current state."""


@operation("PATCH", "/flow_runs/{id}", status=204)
def update_flow_run(flow_run_id: FlowRunId, flow_run: Annotated[FlowRunUpdate, wire(whole=True)]) -> Response:
    """Change what of a flow run does not belong to its state; what is not set stays as it is.

    Raises:
        ObjectNotFound: there is no such run.
    """


@operation("PATCH", "/flow_runs/{id}/labels", status=204)
def update_flow_run_labels(
    flow_run_id: FlowRunId, labels: Annotated[KeyValueLabels, wire(whole=True)]
) -> None:
    """Add labels to a flow run; those of the same keys are replaced.

    Raises:
        ObjectNotFound: there is no such run.
    """


@operation("DELETE", "/flow_runs/{id}", status=204)
def delete_flow_run(flow_run_id: FlowRunId) -> None:
    """Delete a flow run with its task runs, states, logs and inputs.

    Raises:
        ObjectNotFound: there is no such run.
    """


@operation("POST", "/flow_runs/bulk_delete")
def bulk_delete_flow_runs(flow_run_filter: OfFlowRuns = None, limit: BulkLimit = 50) -> BulkDeleteResponse:
    """Delete the flow runs that meet the filter, with all that is theirs."""


# --- states ---------------------------------------------------------------------------------------------


@operation("POST", "/flow_runs/{id}/set_state", status=201)
def set_flow_run_state(
    flow_run_id: FlowRunId, state: StateCreate, force: bool = False
) -> OrchestrationResult[Any]:
    """Propose a state for a flow run; the answer says what became of it.

    Args:
        force: leave the rules of orchestration out.

    Raises:
        ObjectNotFound: there is no such run.
    """


@operation("POST", "/flow_runs/bulk_set_state")
def bulk_set_flow_run_state(
    state: StateCreate, flow_run_filter: OfFlowRuns = None, force: bool = False, limit: BulkLimit = 50
) -> FlowRunBulkSetStateResponse:
    """Propose a state for each flow run that meets the filter."""


@operation("POST", "/flow_runs/{id}/resume", status=201)
def resume_flow_run(
    flow_run_id: FlowRunId, run_input: dict[str, Any] | None = None
) -> OrchestrationResult[Any]:
    """Let a paused flow run go on, with the input it waits for if it waits for one.

    Raises:
        ObjectNotFound: there is no such run.
    """


@operation("GET", "/flow_run_states/", tag="Flow Run States")
def read_flow_run_states(flow_run_id: UUID) -> list[State[Any]]:
    """The states that a flow run has been in, oldest first."""


@operation("GET", "/flow_run_states/{id}", tag="Flow Run States")
def read_flow_run_state(flow_run_state_id: Annotated[UUID, wire("id")]) -> State[Any]:
    """One state of a flow run.

    Raises:
        ObjectNotFound: there is no such state.
    """


# --- inputs ---------------------------------------------------------------------------------------------


@operation("POST", "/flow_runs/{id}/input", status=201)
def create_flow_run_input(
    flow_run_id: FlowRunId, key: InputKey, value: str, sender: str | None = None
) -> None:
    """Give a flow run a value (as JSON) under a key.

    Args:
        sender: who gives it: the key of a run, `prefect.flow-run.<id>`.

    Raises:
        ObjectNotFound: there is no such run.
        ObjectAlreadyExists: the run has an input of that key.
    """


@operation("POST", "/flow_runs/{id}/input/filter")
def filter_flow_run_input(
    flow_run_id: FlowRunId,
    key_prefix: Annotated[str, wire("prefix")],
    limit: InputLimit = 1,
    exclude_keys: set[str] | None = None,
) -> list[FlowRunInput]:
    """The inputs of a flow run whose keys begin so, oldest first, without those excluded."""


@operation("GET", "/flow_runs/{id}/input/{key}")
def read_flow_run_input(flow_run_id: FlowRunId, key: str) -> Annotated[str, wire(whole=True)]:
    """The value (as JSON) that a flow run was given under a key.

    Raises:
        ObjectNotFound: there is no such input.
    """


@operation("DELETE", "/flow_runs/{id}/input/{key}", status=204)
def delete_flow_run_input(flow_run_id: FlowRunId, key: str) -> None:
    """Take an input of a flow run away.

    Raises:
        ObjectNotFound: there is no such input.
    """

# mypy: disable-error-code="empty-body"
"""Operations on task runs and their states."""

import datetime
from typing import Annotated, Any
from uuid import UUID

from prefect.schemas.actions.runs import TaskRunCreate, TaskRunUpdate
from prefect.schemas.actions.states import StateCreate
from prefect.schemas.operations.arguments import (
    Limit,
    OfDeployments,
    OfFlowRuns,
    OfFlows,
    Offset,
    OfTaskRuns,
    Page,
)
from prefect.schemas.operations.declaring import Response, operation, wire
from prefect.schemas.responses import HistoryResponse, OrchestrationResult, TaskRunPaginationResponse
from prefect.schemas.runs import TaskRun
from prefect.schemas.sorting import TaskRunSort
from prefect.schemas.states import State

TaskRunId = Annotated[UUID, wire("id")]
Order = Annotated[TaskRunSort | None, wire(default=TaskRunSort.ID_DESC)]
Interval = Annotated[datetime.timedelta, wire("history_interval_seconds", at_least=1)]


@operation("POST", "/task_runs/", status=201)
def create_task_run(task_run: Annotated[TaskRunCreate, wire(whole=True)]) -> TaskRun:
    """Make a task run; the one with the same flow run, task and dynamic key if there is one already."""


@operation("GET", "/task_runs/{id}")
def read_task_run(task_run_id: TaskRunId) -> TaskRun:
    """The task run with that id.

    Raises:
        ObjectNotFound: there is none.
    """


@operation("POST", "/task_runs/filter")
def read_task_runs(
    *,
    flow_filter: OfFlows = None,
    flow_run_filter: OfFlowRuns = None,
    task_run_filter: OfTaskRuns = None,
    deployment_filter: OfDeployments = None,
    sort: Order = None,
    limit: Limit = None,
    offset: Offset = 0,
) -> list[TaskRun]:
    """The task runs that meet all filters, the newest first unless `sort` says otherwise."""


@operation("POST", "/task_runs/paginate")
def paginate_task_runs(
    *,
    flow_filter: OfFlows = None,
    flow_run_filter: OfFlowRuns = None,
    task_run_filter: OfTaskRuns = None,
    deployment_filter: OfDeployments = None,
    sort: Order = None,
    page: Page = 1,
    limit: Limit = None,
) -> TaskRunPaginationResponse:
    """A page of the task runs that meet all filters."""


@operation("POST", "/task_runs/count")
def count_task_runs(
    *,
    flow_filter: OfFlows = None,
    flow_run_filter: OfFlowRuns = None,
    task_run_filter: OfTaskRuns = None,
    deployment_filter: OfDeployments = None,
) -> int:
    """How many task runs meet all filters."""


@operation("POST", "/task_runs/history")
def task_run_history(
    history_start: datetime.datetime,
    history_end: datetime.datetime,
    history_interval: Interval,
    *,
    flow_filter: OfFlows = None,
    flow_run_filter: OfFlowRuns = None,
    task_run_filter: OfTaskRuns = None,
    deployment_filter: OfDeployments = None,
) -> list[HistoryResponse]:
    """How many task runs were expected to start in each interval of time, by their current state."""


@operation("PATCH", "/task_runs/{id}", status=204)
def update_task_run(task_run_id: TaskRunId, task_run: Annotated[TaskRunUpdate, wire(whole=True)]) -> Response:
    """Change what of a task run does not belong to its state.

    Raises:
        ObjectNotFound: there is no such run.
    """


@operation("DELETE", "/task_runs/{id}", status=204)
def delete_task_run(task_run_id: TaskRunId) -> None:
    """Delete a task run with its states and logs.

    Raises:
        ObjectNotFound: there is no such run.
    """


# --- states ---------------------------------------------------------------------------------------------


@operation("POST", "/task_runs/{id}/set_state", status=201)
def set_task_run_state(
    task_run_id: TaskRunId, state: StateCreate, force: bool = False
) -> OrchestrationResult[Any]:
    """Propose a state for a task run; the answer says what became of it.

    Args:
        force: leave the rules of orchestration out.

    Raises:
        ObjectNotFound: there is no such run.
    """


@operation("GET", "/task_run_states/", tag="Task Run States")
def read_task_run_states(task_run_id: UUID) -> list[State[Any]]:
    """The states that a task run has been in, oldest first."""


@operation("GET", "/task_run_states/{id}", tag="Task Run States")
def read_task_run_state(task_run_state_id: Annotated[UUID, wire("id")]) -> State[Any]:
    """One state of a task run.

    Raises:
        ObjectNotFound: there is no such state.
    """

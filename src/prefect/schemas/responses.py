"""What the API answers beyond the nouns themselves: outcomes of proposals, pages, histories, slots in use.

A response that is a noun is that noun: `FlowRunResponse` is `FlowRun`, and so on. Not here: the graph of a
run (`graphs`).
"""

import datetime
from typing import Annotated, Any, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import BeforeValidator, ConfigDict, Field

from prefect.schemas.bases import PrefectBaseModel
from prefect.schemas.concurrency import GlobalConcurrencyLimit
from prefect.schemas.deployments import Deployment
from prefect.schemas.flows import Flow
from prefect.schemas.runs import AnyState, FlowRun, TaskRun
from prefect.schemas.states import StateType
from prefect.schemas.work_pools import WorkPool
from prefect.schemas.work_queues import WorkQueue
from prefect.schemas.workers import TaskWorker, Worker
from prefect.types import DateTime
from prefect.utilities.collections import AutoEnum

T = TypeVar("T")


FlowRunResponse = FlowRun
TaskRunResponse = TaskRun
DeploymentResponse = Deployment
GlobalConcurrencyLimitResponse = GlobalConcurrencyLimit
WorkPoolResponse = WorkPool
WorkQueueResponse = WorkQueue
WorkerResponse = Worker
TaskWorkerResponse = TaskWorker


# --- outcomes of a proposed state -----------------------------------------------------------------------


class SetStateStatus(AutoEnum):
    """What became of a proposed state."""

    ACCEPT = "ACCEPT"
    REJECT = "REJECT"
    ABORT = "ABORT"
    WAIT = "WAIT"


class StateAcceptDetails(PrefectBaseModel):
    """The state was accepted."""

    type: Literal["accept_details"] = "accept_details"


class StateRejectDetails(PrefectBaseModel):
    """Another state was put in its place, for this reason."""

    type: Literal["reject_details"] = "reject_details"
    reason: str | None = None


class StateAbortDetails(PrefectBaseModel):
    """The run must stop, for this reason."""

    type: Literal["abort_details"] = "abort_details"
    reason: str | None = None


class StateWaitDetails(PrefectBaseModel):
    """Ask again after a delay, for this reason."""

    type: Literal["wait_details"] = "wait_details"
    delay_seconds: int
    reason: str | None = None


StateResponseDetails = StateAcceptDetails | StateWaitDetails | StateRejectDetails | StateAbortDetails


class OrchestrationResult(PrefectBaseModel, Generic[T]):
    """What became of a proposed state, with the state the run has now (None: none)."""

    state: AnyState | None
    status: SetStateStatus
    details: StateResponseDetails


class FlowRunOrchestrationResult(PrefectBaseModel):
    """What became of a state proposed to one of several flow runs."""

    flow_run_id: UUID
    status: SetStateStatus
    state: AnyState | None = None
    details: StateResponseDetails


class FlowRunCreateResult(PrefectBaseModel):
    """What became of one of several flow runs asked for."""

    flow_run_id: UUID | None = None
    status: Literal["CREATED", "FAILED"]
    error: str | None = None


class FlowRunBulkSetStateResponse(PrefectBaseModel):
    """What became of the proposals, one by one."""

    results: list[FlowRunOrchestrationResult] = Field(default_factory=list)


class FlowRunBulkCreateResponse(PrefectBaseModel):
    """What became of the runs asked for, one by one."""

    results: list[FlowRunCreateResult] = Field(default_factory=list)


class BulkDeleteResponse(PrefectBaseModel):
    """The identifiers of what was deleted."""

    deleted: list[UUID] = Field(default_factory=list)


FlowBulkDeleteResponse = BulkDeleteResponse
FlowRunBulkDeleteResponse = BulkDeleteResponse
DeploymentBulkDeleteResponse = BulkDeleteResponse


# --- pages ----------------------------------------------------------------------------------------------


class _Page(PrefectBaseModel):
    count: int
    limit: int
    pages: int
    page: int


class FlowPaginationResponse(_Page):
    """A page of flows."""

    results: list[Flow]


class FlowRunPaginationResponse(_Page):
    """A page of flow runs."""

    results: list[FlowRun]


class TaskRunPaginationResponse(_Page):
    """A page of task runs."""

    results: list[TaskRun]


class DeploymentPaginationResponse(_Page):
    """A page of deployments."""

    results: list[Deployment]


# --- histories and counts -------------------------------------------------------------------------------


class HistoryResponseState(PrefectBaseModel):
    """How many runs were in a state, and how long or late they were together."""

    model_config = ConfigDict(ser_json_timedelta="float")

    state_type: StateType
    state_name: str
    count_runs: int
    sum_estimated_run_time: datetime.timedelta
    sum_estimated_lateness: datetime.timedelta


class HistoryResponse(PrefectBaseModel):
    """The runs of an interval by state."""

    interval_start: DateTime
    interval_end: DateTime
    states: list[HistoryResponseState]


class CountByState(PrefectBaseModel):
    """How many runs are in a state of each type."""

    COMPLETED: int = 0
    PENDING: int = 0
    RUNNING: int = 0
    FAILED: int = 0
    CANCELLED: int = 0
    CRASHED: int = 0
    PAUSED: int = 0
    CANCELLING: int = 0
    SCHEDULED: int = 0


class SimpleNextFlowRun(PrefectBaseModel):
    """The flow run of a flow that is due next."""

    id: UUID
    flow_id: UUID
    name: str
    state_name: str
    state_type: StateType
    next_scheduled_start_time: DateTime


class SimpleFlowRun(PrefectBaseModel):
    """What a chart of flow runs shows of one. `timestamp`: when it started, or is expected to."""

    model_config = ConfigDict(ser_json_timedelta="float")

    id: UUID
    state_type: StateType
    timestamp: DateTime
    duration: datetime.timedelta
    lateness: datetime.timedelta


class TaskRunCount(PrefectBaseModel):
    """How many task runs that started in a part of a time completed, and how many failed or crashed."""

    completed: int = 0
    failed: int = 0


class UITaskRun(TaskRun):
    """A task run with the name of its flow run."""

    flow_run_name: str | None = None


class SchemaValuesValidationResponse(PrefectBaseModel):
    """What is wrong with values: texts, and objects that tell the property or index they speak of."""

    errors: list[Any]
    valid: bool


class ObservedState(PrefectBaseModel):
    """A state name runs have had, and when."""

    state_type: str
    state_name: str
    first_seen: DateTime
    last_seen: DateTime


# --- slots ----------------------------------------------------------------------------------------------


class MinimalConcurrencyLimitResponse(PrefectBaseModel):
    """A limit of which slots were taken."""

    id: UUID
    name: str
    limit: int


class ConcurrencyLimitWithLeaseResponse(PrefectBaseModel):
    """Slots taken under a lease, which must be renewed or given back."""

    lease_id: UUID
    limits: list[MinimalConcurrencyLimitResponse]


def _none_means_zero(value: Any) -> Any:
    return 0 if value is None else value


SlotCount = Annotated[int, BeforeValidator(_none_means_zero)]


class FlowRunSlotSummary(PrefectBaseModel):
    """A flow run that takes a slot."""

    model_config = ConfigDict(ser_json_timedelta="float")

    id: UUID
    name: str
    state_type: StateType | None = None
    state_name: str | None = None
    start_time: DateTime | None = None
    state_timestamp: DateTime | None = None
    time_in_current_state: datetime.timedelta | None = None


class WorkQueueConcurrencyStatusDetail(PrefectBaseModel):
    """The slots of a queue, as part of its pool."""

    queue_id: UUID
    queue_name: str
    active_slots: SlotCount
    concurrency_limit: int | None = None
    flow_runs: list[FlowRunSlotSummary] = Field(default_factory=list)
    flow_run_count: int | None = None


class WorkQueueConcurrencyStatus(PrefectBaseModel):
    """The slots of a queue, and a page of the runs that take them."""

    active_slots: SlotCount
    concurrency_limit: int | None = None
    flow_runs: list[FlowRunSlotSummary] = Field(default_factory=list)
    count: int
    limit: int
    pages: int
    page: int


class WorkPoolConcurrencyStatus(PrefectBaseModel):
    """The slots of a pool, and a page of its queues with theirs."""

    active_slots: SlotCount
    concurrency_limit: int | None = None
    queues: list[WorkQueueConcurrencyStatusDetail] = Field(default_factory=list)
    count: int
    limit: int
    pages: int
    page: int


class WorkerFlowRunResponse(PrefectBaseModel):
    """A flow run for a worker, with where it was found."""

    work_pool_id: UUID
    work_queue_id: UUID
    flow_run: FlowRun

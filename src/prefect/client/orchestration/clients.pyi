# Written by `python -m prefect.client.orchestration.stubs` from the declarations in
# prefect.schemas.operations and the bodies beside this file: change those instead.
# ruff: noqa: E501, I001
# fmt: off

import asyncio
import datetime
import httpx
from collections.abc import Iterable
from typing import Any, Literal, Self, TypeVar
from uuid import UUID

from prefect.client.base import ServerType
from prefect.client.orchestration._runs import FlowObject, TaskObject
from prefect.client.orchestration.transport import Transport
from prefect.schemas.actions.blocks import (
    BlockDocumentCreate,
    BlockDocumentUpdate,
    BlockSchemaCreate,
    BlockTypeCreate,
    BlockTypeUpdate,
)
from prefect.schemas.actions.concurrency import GlobalConcurrencyLimitCreate, GlobalConcurrencyLimitUpdate
from prefect.schemas.actions.deployments import DeploymentScheduleCreate, DeploymentUpdate
from prefect.schemas.actions.flows import FlowUpdate
from prefect.schemas.actions.notifications import (
    FlowRunNotificationPolicyCreate,
    FlowRunNotificationPolicyUpdate,
)
from prefect.schemas.actions.records import (
    ArtifactCreate,
    ArtifactUpdate,
    LogCreate,
    VariableCreate,
    VariableUpdate,
)
from prefect.schemas.actions.runs import DeploymentFlowRunCreate, TaskRunUpdate
from prefect.schemas.actions.saved_searches import SavedSearchCreate
from prefect.schemas.actions.states import StateCreate
from prefect.schemas.actions.work_pools import (
    WorkPoolCreate,
    WorkPoolUpdate,
    WorkQueueCreate,
    WorkQueueUpdate,
)
from prefect.schemas.artifacts import Artifact, ArtifactCollection
from prefect.schemas.automations import Automation, AutomationCore, AutomationPartialUpdate
from prefect.schemas.blocks import BlockDocument, BlockSchema, BlockType
from prefect.schemas.concurrency import (
    ConcurrencyLeaseHolder,
    ConcurrencyLimit,
    ConcurrencyOptions,
    GlobalConcurrencyLimit,
)
from prefect.schemas.configuration import ServerDefaultResultStorage
from prefect.schemas.deployments import Deployment, DeploymentSchedule, VersionInfo
from prefect.schemas.event_filters import AutomationFilter, EventFilter
from prefect.schemas.event_pages import Countable, EventCount, EventPage, TimeUnit
from prefect.schemas.events import Event
from prefect.schemas.filters.artifacts import ArtifactCollectionFilter, ArtifactFilter
from prefect.schemas.filters.blocks import BlockDocumentFilter, BlockSchemaFilter, BlockTypeFilter
from prefect.schemas.filters.deployments import DeploymentFilter
from prefect.schemas.filters.flow_runs import FlowRunFilter
from prefect.schemas.filters.flows import FlowFilter
from prefect.schemas.filters.logs import LogFilter
from prefect.schemas.filters.notifications import FlowRunNotificationPolicyFilter
from prefect.schemas.filters.task_runs import TaskRunFilter
from prefect.schemas.filters.task_workers import TaskWorkerFilter
from prefect.schemas.filters.variables import VariableFilter
from prefect.schemas.filters.work_pools import WorkPoolFilter, WorkQueueFilter, WorkerFilter
from prefect.schemas.flow_run_inputs import FlowRunInput
from prefect.schemas.flows import Flow
from prefect.schemas.graphs import DependencyResult, Graph
from prefect.schemas.logs import Log
from prefect.schemas.notifications import FlowRunNotificationPolicy
from prefect.schemas.responses import (
    BulkDeleteResponse,
    CountByState,
    DeploymentPaginationResponse,
    FlowPaginationResponse,
    FlowRunBulkCreateResponse,
    FlowRunBulkSetStateResponse,
    FlowRunPaginationResponse,
    HistoryResponse,
    ObservedState,
    OrchestrationResult,
    SchemaValuesValidationResponse,
    SimpleFlowRun,
    SimpleNextFlowRun,
    TaskRunCount,
    TaskRunPaginationResponse,
    UITaskRun,
    WorkPoolConcurrencyStatus,
    WorkQueueConcurrencyStatus,
    WorkerFlowRunResponse,
)
from prefect.schemas.runs import (
    Constant,
    FlowRun,
    FlowRunPolicy,
    FlowRunResult,
    Parameter,
    TaskRun,
    TaskRunResult,
)
from prefect.schemas.saved_searches import SavedSearch
from prefect.schemas.schedules import CronSchedule, IntervalSchedule, NoSchedule, RRuleSchedule
from prefect.schemas.sorting import (
    ArtifactCollectionSort,
    ArtifactSort,
    AutomationSort,
    BlockDocumentSort,
    DeploymentSort,
    FlowRunSort,
    FlowSort,
    LogSort,
    ObservedStateSort,
    TaskRunSort,
    VariableSort,
)
from prefect.schemas.states import State
from prefect.schemas.variables import Variable
from prefect.schemas.work_pools import WorkPool
from prefect.schemas.work_queues import WorkQueue, WorkQueueStatusDetail
from prefect.schemas.workers import TaskWorker, Worker, WorkerMetadata

T = TypeVar("T")

class _Client:
    server_type: ServerType
    def __init__(
        self,
        api: str | Any,
        *,
        auth_string: str | None = None,
        api_key: str | None = None,
        api_version: str | None = None,
        httpx_settings: dict[str, Any] | None = None,
        server_type: ServerType | None = None,
    ) -> None: ...
    @classmethod
    def over(cls, transport: Transport) -> Self: ...
    @property
    def api_url(self) -> httpx.URL: ...
    def client_version(self) -> str: ...

class SyncPrefectClient(_Client):
    def __enter__(self) -> Self: ...
    def __exit__(self, *exc_info: object) -> None: ...
    def api_healthcheck(self) -> Exception | None:
        """None when the API is well, else the error that asking it raised."""
    def api_version(self) -> str:
        """The version of Prefect whose API this is; clients of another major version do not understand it."""
    def average_flow_run_lateness(
        self,
        *,
        flow_filter: FlowFilter | None = None,
        flow_run_filter: FlowRunFilter | None = None,
        task_run_filter: TaskRunFilter | None = None,
        deployment_filter: DeploymentFilter | None = None,
        work_pool_filter: WorkPoolFilter | None = None,
        work_queue_filter: WorkQueueFilter | None = None,
    ) -> float | None:
        """By how many seconds flow runs started, or are by now, later than expected; None without any run."""
    def bulk_create_flow_runs_from_deployment(
        self,
        deployment_id: UUID,
        flow_runs: list[DeploymentFlowRunCreate],
    ) -> FlowRunBulkCreateResponse:
        """Make several runs of a deployment; the answer says of each what became of it.

        Raises:
            ObjectNotFound: there is no such deployment.
        """
    def bulk_delete_deployments(
        self,
        deployment_filter: DeploymentFilter | None = None,
        limit: int = 50,
    ) -> BulkDeleteResponse:
        """Delete the deployments that meet the filter, with their schedules."""
    def bulk_delete_flow_runs(
        self,
        flow_run_filter: FlowRunFilter | None = None,
        limit: int = 50,
    ) -> BulkDeleteResponse:
        """Delete the flow runs that meet the filter, with all that is theirs."""
    def bulk_delete_flows(
        self,
        flow_filter: FlowFilter | None = None,
        limit: int = 50,
    ) -> BulkDeleteResponse:
        """Delete the flows that meet the filter, with their deployments and runs."""
    def bulk_set_flow_run_state(
        self,
        state: StateCreate,
        flow_run_filter: FlowRunFilter | None = None,
        force: bool = False,
        limit: int = 50,
    ) -> FlowRunBulkSetStateResponse:
        """Propose a state for each flow run that meets the filter."""
    def change_work_queue(
        self,
        id: UUID,
        work_queue: WorkQueueUpdate,
    ) -> None:
        """Change a queue; what is not set stays as it is.

        Raises:
            ObjectNotFound: there is no such queue.
            ObjectAlreadyExists: another queue of its pool has the new name.
        """
    def clear_server_default_result_storage(self) -> None:
        """Let results be kept where each process says."""
    def count_artifacts(
        self,
        *,
        artifact_filter: ArtifactFilter | None = None,
        flow_run_filter: FlowRunFilter | None = None,
        task_run_filter: TaskRunFilter | None = None,
        flow_filter: FlowFilter | None = None,
        deployment_filter: DeploymentFilter | None = None,
    ) -> int:
        """How many artifacts meet all filters."""
    def count_automations(
        self,
        automations: AutomationFilter | None = None,
    ) -> int:
        """How many automations meet the filter."""
    def count_block_documents(
        self,
        *,
        block_document_filter: BlockDocumentFilter | None = None,
        block_type_filter: BlockTypeFilter | None = None,
        block_schema_filter: BlockSchemaFilter | None = None,
    ) -> int:
        """How many block documents meet the filters; without one of documents, of those that have a name."""
    def count_deployments(
        self,
        *,
        flow_filter: FlowFilter | None = None,
        flow_run_filter: FlowRunFilter | None = None,
        task_run_filter: TaskRunFilter | None = None,
        deployment_filter: DeploymentFilter | None = None,
        work_pool_filter: WorkPoolFilter | None = None,
        work_queue_filter: WorkQueueFilter | None = None,
    ) -> int:
        """How many deployments meet all filters."""
    def count_deployments_by_flow(
        self,
        flow_ids: list[UUID],
    ) -> dict[UUID, int]:
        """How many deployments each of the flows has."""
    def count_events(
        self,
        countable: Countable,
        filter: EventFilter,
        time_unit: TimeUnit = TimeUnit.day,
        time_interval: float = 1.0,
    ) -> list[EventCount]:
        """How many events that meet the filter there are, by name, by resource, or by spans of time.

        Args:
            time_unit, time_interval: the length of a span: so many units.
        """
    def count_flow_runs(
        self,
        *,
        flow_filter: FlowFilter | None = None,
        flow_run_filter: FlowRunFilter | None = None,
        task_run_filter: TaskRunFilter | None = None,
        deployment_filter: DeploymentFilter | None = None,
        work_pool_filter: WorkPoolFilter | None = None,
        work_queue_filter: WorkQueueFilter | None = None,
    ) -> int:
        """How many flow runs meet all filters."""
    def count_flows(
        self,
        *,
        flow_filter: FlowFilter | None = None,
        flow_run_filter: FlowRunFilter | None = None,
        task_run_filter: TaskRunFilter | None = None,
        deployment_filter: DeploymentFilter | None = None,
        work_pool_filter: WorkPoolFilter | None = None,
    ) -> int:
        """How many flows meet all filters."""
    def count_latest_artifacts(
        self,
        *,
        artifact_filter: ArtifactCollectionFilter | None = None,
        flow_run_filter: FlowRunFilter | None = None,
        task_run_filter: TaskRunFilter | None = None,
        flow_filter: FlowFilter | None = None,
        deployment_filter: DeploymentFilter | None = None,
    ) -> int:
        """How many keys have a latest artifact that meets all filters."""
    def count_task_runs(
        self,
        *,
        flow_filter: FlowFilter | None = None,
        flow_run_filter: FlowRunFilter | None = None,
        task_run_filter: TaskRunFilter | None = None,
        deployment_filter: DeploymentFilter | None = None,
    ) -> int:
        """How many task runs meet all filters."""
    def count_task_runs_by_flow_run(
        self,
        flow_run_ids: list[UUID],
    ) -> dict[UUID, int]:
        """How many task runs each of the flow runs has."""
    def count_variables(
        self,
        variable_filter: VariableFilter | None = None,
    ) -> int:
        """How many variables meet the filter."""
    def count_work_pools(
        self,
        work_pool_filter: WorkPoolFilter | None = None,
    ) -> int:
        """How many work pools meet the filter."""
    def create_artifact(
        self,
        artifact: ArtifactCreate,
    ) -> Artifact:
        """Keep an artifact; with a key it becomes the latest of that key."""
    def create_automation(
        self,
        automation: AutomationCore,
    ) -> UUID:
        """Make an automation; returns its id.

        Raises:
            ValueError: an action is not known, a template is broken, or it would run flows without end.
        """
    def create_block_document(
        self,
        block_document: BlockDocument | BlockDocumentCreate,
        include_secrets: bool = True,
    ) -> BlockDocument:
        """Store the values of a block.

        Args:
            include_secrets: store secret values themselves, not masks.

        Raises:
            ObjectAlreadyExists: the type has a document of that name.
        """
    def create_block_schema(
        self,
        block_schema: BlockSchemaCreate,
    ) -> BlockSchema:
        """Register a block schema; the one of those fields and that version if it is there.

        Raises:
            ObjectNotFound: there is no such block type.
            ValueError: no block type is named.
        """
    def create_block_type(
        self,
        block_type: BlockTypeCreate,
    ) -> BlockType:
        """Register a block type.

        Raises:
            ObjectAlreadyExists: there is one of that slug.
            ProtectedBlockError: the name is reserved.
        """
    def create_concurrency_limit(
        self,
        tag: str,
        concurrency_limit: int,
    ) -> UUID:
        """Limit how many task runs with a tag may run at once, anew if need be; returns the limit's id."""
    def create_deployment(
        self,
        flow_id: UUID,
        name: str,
        version: str | None = None,
        version_info: VersionInfo | None = None,
        schedules: list[DeploymentScheduleCreate] | None = None,
        concurrency_limit: int | None = None,
        concurrency_options: ConcurrencyOptions | None = None,
        parameters: dict[str, Any] | None = None,
        description: str | None = None,
        work_queue_name: str | None = None,
        work_pool_name: str | None = None,
        tags: list[str] | None = None,
        storage_document_id: UUID | None = None,
        path: str | None = None,
        entrypoint: str | None = None,
        infrastructure_document_id: UUID | None = None,
        parameter_openapi_schema: dict[str, Any] | None = None,
        paused: bool | None = None,
        pull_steps: list[dict[str, Any]] | None = None,
        enforce_parameter_schema: bool | None = None,
        job_variables: dict[str, Any] | None = None,
        branch: str | None = None,
        base: UUID | None = None,
        root: UUID | None = None,
    ) -> UUID:
        """Make a deployment, or change the one of that name of the flow; returns its id.

        None leaves a field of an existing deployment as it is; its parameters and schedules are replaced.

        Raises:
            ObjectNotFound: there is no such flow or work pool.
        """
    def create_deployment_schedules(
        self,
        deployment_id: UUID,
        schedules: list[tuple[IntervalSchedule | CronSchedule | RRuleSchedule | NoSchedule, bool]] | list[DeploymentScheduleCreate],
        max_scheduled_runs: int | None = None,
        parameters: dict[str, Any] | None = None,
        slug: str | None = None,
    ) -> list[DeploymentSchedule]:
        """Add schedules to a deployment: as they are to be stored, or as pairs of a schedule and whether it
        is active.

        Args:
            max_scheduled_runs, parameters, slug: of the pairs.

        Raises:
            ObjectNotFound: there is no such deployment.
            ObjectAlreadyExists: the deployment has a schedule of that slug.
        """
    def create_events(
        self,
        events: list[Event],
    ) -> None:
        """Keep events; those that are kept already, by their id, stay as they are.

        Raises:
            ValueError: one is larger than the settings allow; none was kept.
        """
    def create_flow(
        self,
        flow: FlowObject,
    ) -> UUID:
        """Register a flow; returns its id."""
    def create_flow_from_name(
        self,
        flow_name: str,
    ) -> UUID:
        """Register a flow by its name; returns its id."""
    def create_flow_run(
        self,
        flow: FlowObject,
        name: str | None = None,
        parameters: dict[str, Any] | None = None,
        context: dict[str, Any] | None = None,
        tags: Iterable[str] | None = None,
        parent_task_run_id: UUID | None = None,
        state: State[Any] | None = None,
        work_pool_name: str | None = None,
        work_queue_name: str | None = None,
        job_variables: dict[str, Any] | None = None,
    ) -> FlowRun:
        """Make a run of a flow, without running it.

        Args:
            flow: it is registered if it is not yet.
            parameters: in the form that `flow.serialize_parameters` turns into JSON.
            state: the first state; Pending if not given.
        """
    def create_flow_run_from_deployment(
        self,
        deployment_id: UUID,
        *,
        parameters: dict[str, Any] | None = None,
        context: dict[str, Any] | None = None,
        state: State[Any] | None = None,
        name: str | None = None,
        tags: Iterable[str] | None = None,
        idempotency_key: str | None = None,
        parent_task_run_id: UUID | None = None,
        work_queue_name: str | None = None,
        job_variables: dict[str, Any] | None = None,
        labels: dict[str, bool | int | float | str] | None = None,
    ) -> FlowRun:
        """Make a run of a deployment, scheduled for now unless `state` says otherwise.

        Args:
            parameters, labels: on top of the deployment's, by key.
            tags: besides the deployment's.
            idempotency_key: a second request with the same key returns the run of the first.

        Raises:
            ObjectNotFound: there is no such deployment.
        """
    def create_flow_run_input(
        self,
        flow_run_id: UUID,
        key: str,
        value: str,
        sender: str | None = None,
    ) -> None:
        """Give a flow run a value (as JSON) under a key.

        Args:
            sender: who gives it: the key of a run, `prefect.flow-run.<id>`.

        Raises:
            ObjectNotFound: there is no such run.
            ObjectAlreadyExists: the run has an input of that key.
        """
    def create_flow_run_notification_policy(
        self,
        policy: FlowRunNotificationPolicyCreate,
    ) -> FlowRunNotificationPolicy:
        """Make a policy.

        Raises:
            ObjectNotFound: there is no such block document.
        """
    def create_global_concurrency_limit(
        self,
        concurrency_limit: GlobalConcurrencyLimitCreate,
    ) -> UUID:
        """Make a limit known by its name; returns its id.

        Raises:
            ObjectAlreadyExists: there is one of that name.
        """
    def create_logs(
        self,
        logs: Iterable[LogCreate | dict[str, Any]],
    ) -> None:
        """Keep log records."""
    def create_saved_search(
        self,
        saved_search: SavedSearchCreate,
    ) -> SavedSearch:
        """Keep a search; it takes the place of the one of that name."""
    def create_task_run(
        self,
        task: TaskObject,
        flow_run_id: UUID | None,
        dynamic_key: str,
        id: UUID | None = None,
        name: str | None = None,
        extra_tags: Iterable[str] | None = None,
        state: State[Any] | None = None,
        task_inputs: dict[str, list[TaskRunResult | FlowRunResult | Parameter | Constant]] | None = None,
    ) -> TaskRun:
        """Make a run of a task, without running it.

        Args:
            flow_run_id: the flow run that it is part of; None outside flows.
            dynamic_key: tells the runs of one task in one flow run apart.
            extra_tags: besides those of the task.
            state: the first state; Pending if not given.
        """
    def create_variable(
        self,
        variable: VariableCreate,
    ) -> Variable:
        """Set a new variable.

        Raises:
            ObjectAlreadyExists: there is one of that name.
        """
    def create_work_pool(
        self,
        work_pool: WorkPoolCreate,
        overwrite: bool = False,
    ) -> WorkPool:
        """Make a work pool, with a default queue.

        Args:
            overwrite: change the one of that name if there is one.

        Raises:
            ObjectAlreadyExists: there is one of that name, and it is not to be changed.
        """
    def create_work_queue(
        self,
        name: str,
        description: str | None = None,
        is_paused: bool | None = None,
        concurrency_limit: int | None = None,
        priority: int | None = None,
        work_pool_name: str | None = None,
    ) -> WorkQueue:
        """Make a queue; without a priority it comes last.

        Raises:
            ObjectAlreadyExists: the pool has a queue of that name.
        """
    def create_work_queue_of_agents(
        self,
        work_queue: WorkQueueCreate,
    ) -> WorkQueue:
        """Make a queue of the agents' pool, which is made when it is not there.

        Raises:
            ObjectAlreadyExists: the pool has a queue of that name.
        """
    def create_work_queue_of_pool(
        self,
        work_pool_name: str,
        work_queue: WorkQueueCreate,
    ) -> WorkQueue:
        """Make a queue of a pool. It takes the priority it asks for, others make room; without one it comes last.

        Raises:
            ObjectNotFound: there is no such pool.
            ObjectAlreadyExists: the pool has a queue of that name.
        """
    def decrement_v1_concurrency_slots(
        self,
        names: list[str],
        task_run_id: UUID,
        occupancy_seconds: float | None = None,
    ) -> httpx.Response:
        """Give back the slots of limits on these tags that a task run holds."""
    def delete_artifact(
        self,
        artifact_id: UUID,
    ) -> None:
        """Delete an artifact; the one before it becomes the latest of its key.

        Raises:
            ObjectNotFound: there is no such artifact.
        """
    def delete_automation(
        self,
        automation_id: UUID,
    ) -> None:
        """Delete an automation.

        Raises:
            ObjectNotFound: there is none.
        """
    def delete_automations_owned_by_resource(
        self,
        resource_id: str,
    ) -> Any:
        """Delete the automations that a resource owns."""
    def delete_block_document(
        self,
        block_document_id: UUID,
    ) -> None:
        """Delete a block document; documents that refer to it lose that value.

        Raises:
            ObjectNotFound: there is none.
        """
    def delete_block_schema(
        self,
        block_schema_id: UUID,
    ) -> None:
        """Delete a block schema with the documents that have it.

        Raises:
            ObjectNotFound: there is no such schema.
            ProtectedBlockError: its type is one of those that are always there.
        """
    def delete_block_type(
        self,
        block_type_id: UUID,
    ) -> None:
        """Delete a block type with its schemas and documents.

        Raises:
            ObjectNotFound: there is no such type.
            ProtectedBlockError: it is one of those that are always there.
        """
    def delete_concurrency_limit(
        self,
        concurrency_limit_id: UUID,
    ) -> None:
        """Take the limit on a tag with that id away.

        Raises:
            ObjectNotFound: there is none.
        """
    def delete_concurrency_limit_by_tag(
        self,
        tag: str,
    ) -> None:
        """Take the limit on a tag away.

        Raises:
            ObjectNotFound: there is none.
        """
    def delete_deployment(
        self,
        deployment_id: UUID,
    ) -> None:
        """Delete a deployment with its schedules and the runs it has not begun; others stay.

        Raises:
            ObjectNotFound: there is no such deployment.
        """
    def delete_deployment_schedule(
        self,
        deployment_id: UUID,
        schedule_id: UUID,
    ) -> None:
        """Take a schedule away.

        Raises:
            ObjectNotFound: the deployment has no such schedule.
        """
    def delete_flow(
        self,
        flow_id: UUID,
    ) -> None:
        """Delete a flow with its deployments and its runs.

        Raises:
            ObjectNotFound: there is no such flow.
        """
    def delete_flow_run(
        self,
        flow_run_id: UUID,
    ) -> None:
        """Delete a flow run with its task runs, states, logs and inputs.

        Raises:
            ObjectNotFound: there is no such run.
        """
    def delete_flow_run_input(
        self,
        flow_run_id: UUID,
        key: str,
    ) -> None:
        """Take an input of a flow run away.

        Raises:
            ObjectNotFound: there is no such input.
        """
    def delete_flow_run_notification_policy(
        self,
        policy_id: UUID,
    ) -> None:
        """Delete a policy.

        Raises:
            ObjectNotFound: there is none.
        """
    def delete_global_concurrency_limit_by_name(
        self,
        name: str,
    ) -> httpx.Response:
        """Take a limit away.

        Raises:
            ObjectNotFound: there is none.
        """
    def delete_resource_owned_automations(
        self,
        resource_id: str,
    ) -> None:
        """Delete the automations that a resource owns."""
    def delete_saved_search(
        self,
        saved_search_id: UUID,
    ) -> None:
        """Forget a search.

        Raises:
            ObjectNotFound: there is none with that id.
        """
    def delete_task_run(
        self,
        task_run_id: UUID,
    ) -> None:
        """Delete a task run with its states and logs.

        Raises:
            ObjectNotFound: there is no such run.
        """
    def delete_variable(
        self,
        variable_id: UUID,
    ) -> None:
        """Delete a variable.

        Raises:
            ObjectNotFound: there is no such variable.
        """
    def delete_variable_by_name(
        self,
        name: str,
    ) -> None:
        """Delete the variable of a name.

        Raises:
            ObjectNotFound: there is none.
        """
    def delete_work_pool(
        self,
        work_pool_name: str,
    ) -> None:
        """Delete a work pool with its queues and workers; its deployments and runs lose them.

        Raises:
            ObjectNotFound: there is no such pool.
            ObjectUnsupported: the name is reserved.
        """
    def delete_work_queue_by_id(
        self,
        id: UUID,
    ) -> None:
        """Delete a queue; its deployments and runs lose it.

        Raises:
            ObjectNotFound: there is no such queue.
            ObjectAlreadyExists: it is its pool's default queue.
        """
    def delete_work_queue_of_pool(
        self,
        work_pool_name: str,
        name: str,
    ) -> None:
        """Delete a queue of a pool; its deployments and runs lose it.

        Raises:
            ObjectNotFound: there is no such queue.
            ObjectAlreadyExists: it is the pool's default queue.
        """
    def delete_worker(
        self,
        work_pool_name: str,
        worker_name: str,
    ) -> None:
        """Forget a worker.

        Raises:
            ObjectNotFound: there is no such worker.
        """
    def download_flow_run_logs(
        self,
        flow_run_id: UUID,
    ) -> httpx.Response:
        """The logs of a flow run as a CSV file, oldest first.

        Raises:
            ObjectNotFound: there is no such run.
        """
    def filter_block_documents(
        self,
        *,
        block_document_filter: BlockDocumentFilter | None = None,
        block_type_filter: BlockTypeFilter | None = None,
        block_schema_filter: BlockSchemaFilter | None = None,
        include_secrets: bool = False,
        sort: BlockDocumentSort | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[BlockDocument]:
        """The block documents that meet the filters; without one of documents, those that have a name."""
    def filter_flow_run_input(
        self,
        flow_run_id: UUID,
        key_prefix: str,
        limit: int = 1,
        exclude_keys: set[str] | None = None,
    ) -> list[FlowRunInput]:
        """The inputs of a flow run whose keys begin so, oldest first, without those excluded."""
    def find_automation(
        self,
        id_or_name: str | UUID,
    ) -> Automation | None:
        """The automation with that id, else the first of that name; None when there is none."""
    def flow_run_history(
        self,
        history_start: datetime.datetime,
        history_end: datetime.datetime,
        history_interval: datetime.timedelta,
        *,
        flow_filter: FlowFilter | None = None,
        flow_run_filter: FlowRunFilter | None = None,
        task_run_filter: TaskRunFilter | None = None,
        deployment_filter: DeploymentFilter | None = None,
        work_pool_filter: WorkPoolFilter | None = None,
        work_queue_filter: WorkQueueFilter | None = None,
    ) -> list[HistoryResponse]:
        """How many flow runs were expected to start in each interval of time, by their current state."""
    def get_most_recent_block_schema_for_block_type(
        self,
        block_type_id: UUID,
    ) -> BlockSchema | None:
        """The block schema of a type that was registered last; None when there is none."""
    def get_runs_in_work_queue(
        self,
        id: UUID,
        limit: int = 10,
        scheduled_before: datetime.datetime | None = None,
    ) -> list[FlowRun]:
        """The runs of a queue that are to be taken now, the earliest first; who asks has polled the queue.

        Args:
            scheduled_before: only runs scheduled by then; by default: up to now.

        Raises:
            ObjectNotFound: there is no such queue.
        """
    def get_scheduled_flow_runs_for_deployments(
        self,
        deployment_ids: list[UUID],
        scheduled_before: datetime.datetime | None = None,
        limit: int | None = None,
    ) -> list[FlowRun]:
        """The scheduled runs of deployments that are due, the earliest first; who asks has polled them."""
    def get_scheduled_flow_runs_for_work_pool(
        self,
        work_pool_name: str,
        work_queue_names: list[str] | None = None,
        scheduled_before: datetime.datetime | None = None,
        scheduled_after: datetime.datetime | None = None,
        limit: int | None = None,
    ) -> list[WorkerFlowRunResponse]:
        """The runs that workers of a pool are to take now: by priority of their queue, then the earliest first.

        Never more than there are free slots in the pool and in each queue. Who asks has polled the queues.

        Args:
            work_queue_names: only from these; None: from all.
            scheduled_before, scheduled_after: only runs scheduled between; by default: up to now.

        Raises:
            ObjectNotFound: there is no such pool or queue.
        """
    def hello(self) -> httpx.Response:
        """A greeting, to see that the API answers."""
    def increment_concurrency_slots(
        self,
        names: list[str],
        slots: int,
        mode: Literal['concurrency', 'rate_limit'] = 'concurrency',
        create_if_missing: bool | None = None,
    ) -> httpx.Response:
        """Take slots of the limits of these names, until they are given back.

        Args:
            mode: "rate_limit" spends them; they come back by the limits' decay.
            create_if_missing: of no effect, kept for older clients.

        Raises:
            ConcurrencySlotsTakenError: a limit has too few free slots.
            ValueError: a limit has fewer slots than are asked for, or no decay where there must be one.
        """
    def increment_concurrency_slots_with_lease(
        self,
        names: list[str],
        slots: int,
        mode: Literal['concurrency', 'rate_limit'] = 'concurrency',
        lease_duration: float = 300.0,
        holder: ConcurrencyLeaseHolder | None = None,
    ) -> httpx.Response:
        """Take slots of the limits of these names, as long as their lease is renewed.

        Args:
            mode: "rate_limit" spends them; they come back by the limits' decay.
            lease_duration: seconds until the lease expires.
            holder: for whom.

        Raises:
            ConcurrencySlotsTakenError: a limit has too few free slots.
            ValueError: a limit has fewer slots than are asked for, or no decay where there must be one.
        """
    def increment_v1_concurrency_slots(
        self,
        names: list[str],
        task_run_id: UUID,
    ) -> httpx.Response:
        """Take a slot of each limit on these tags for a task run, which holds it until it ends.

        Raises:
            ConcurrencySlotsTakenError: a limit has no free slot.
        """
    def install_system_block_types(self) -> None:
        """Register the block types that are always there, where they are not yet."""
    def match_work_queues(
        self,
        prefixes: list[str],
        work_pool_name: str | None = None,
    ) -> list[WorkQueue]:
        """All queues whose name begins with one of the prefixes."""
    def next_runs_by_flow(
        self,
        flow_ids: list[UUID],
    ) -> dict[UUID, SimpleNextFlowRun | None]:
        """The scheduled run of each of the flows that is due first; null where there is none."""
    def paginate_deployments(
        self,
        *,
        flow_filter: FlowFilter | None = None,
        flow_run_filter: FlowRunFilter | None = None,
        task_run_filter: TaskRunFilter | None = None,
        deployment_filter: DeploymentFilter | None = None,
        work_pool_filter: WorkPoolFilter | None = None,
        work_queue_filter: WorkQueueFilter | None = None,
        sort: DeploymentSort | None = None,
        page: int = 1,
        limit: int | None = None,
    ) -> DeploymentPaginationResponse:
        """A page of the deployments that meet all filters."""
    def paginate_flow_runs(
        self,
        *,
        flow_filter: FlowFilter | None = None,
        flow_run_filter: FlowRunFilter | None = None,
        task_run_filter: TaskRunFilter | None = None,
        deployment_filter: DeploymentFilter | None = None,
        work_pool_filter: WorkPoolFilter | None = None,
        work_queue_filter: WorkQueueFilter | None = None,
        sort: FlowRunSort | None = None,
        page: int = 1,
        limit: int | None = None,
    ) -> FlowRunPaginationResponse:
        """A page of the flow runs that meet all filters."""
    def paginate_flows(
        self,
        *,
        flow_filter: FlowFilter | None = None,
        flow_run_filter: FlowRunFilter | None = None,
        task_run_filter: TaskRunFilter | None = None,
        deployment_filter: DeploymentFilter | None = None,
        work_pool_filter: WorkPoolFilter | None = None,
        sort: FlowSort | None = None,
        page: int = 1,
        limit: int | None = None,
    ) -> FlowPaginationResponse:
        """A page of the flows that meet all filters."""
    def paginate_task_runs(
        self,
        *,
        flow_filter: FlowFilter | None = None,
        flow_run_filter: FlowRunFilter | None = None,
        task_run_filter: TaskRunFilter | None = None,
        deployment_filter: DeploymentFilter | None = None,
        sort: TaskRunSort | None = None,
        page: int = 1,
        limit: int | None = None,
    ) -> TaskRunPaginationResponse:
        """A page of the task runs that meet all filters."""
    def patch_automation(
        self,
        automation_id: UUID,
        automation: AutomationPartialUpdate,
    ) -> None:
        """Let an automation rest or go on.

        Raises:
            ObjectNotFound: there is no such automation.
        """
    def pause_automation(
        self,
        automation_id: UUID,
    ) -> None:
        """Let an automation rest.

        Raises:
            ObjectNotFound: there is no such automation.
        """
    def pause_deployment(
        self,
        deployment_id: UUID | str,
    ) -> None:
        """Let the schedules of a deployment rest.

        Raises:
            ObjectNotFound: there is no such deployment.
        """
    def raise_for_api_version_mismatch(self) -> None:
        """Check that the API can be reached and speaks the language of this client.

        Raises:
            RuntimeError: it cannot, or does not.
        """
    def raise_for_api_version_mismatch_once(self) -> None:
        """The same, unless it is known already.

        Raises:
            RuntimeError: the API cannot be reached, or does not speak the language of this client.
        """
    def read_all_work_queues(
        self,
        work_queue_filter: WorkQueueFilter | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[WorkQueue]:
        """The queues of all pools that meet the filter, by name."""
    def read_artifact(
        self,
        artifact_id: UUID,
    ) -> Artifact:
        """The artifact with that id.

        Raises:
            ObjectNotFound: there is none.
        """
    def read_artifacts(
        self,
        *,
        artifact_filter: ArtifactFilter | None = None,
        flow_run_filter: FlowRunFilter | None = None,
        task_run_filter: TaskRunFilter | None = None,
        flow_filter: FlowFilter | None = None,
        deployment_filter: DeploymentFilter | None = None,
        sort: ArtifactSort | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[Artifact]:
        """The artifacts that meet all filters, the newest first unless `sort` says otherwise."""
    def read_automation(
        self,
        automation_id: UUID,
    ) -> Automation | None:
        """The automation with that id; None when there is none."""
    def read_automations(
        self,
        *,
        automations: AutomationFilter | None = None,
        sort: AutomationSort | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[Automation]:
        """The automations that meet the filter, by name unless `sort` says otherwise."""
    def read_automations_by_name(
        self,
        name: str,
    ) -> list[Automation]:
        """The automations of that name."""
    def read_block_capabilities(self) -> list[str]:
        """The capabilities that block schemas have, in alphabetical order."""
    def read_block_document(
        self,
        block_document_id: UUID,
        include_secrets: bool = True,
    ) -> BlockDocument:
        """The block document with that id, with the values of those it refers to.

        Raises:
            ObjectNotFound: there is none.
        """
    def read_block_document_by_name(
        self,
        name: str,
        block_type_slug: str,
        include_secrets: bool = True,
    ) -> BlockDocument:
        """The document of that name of the block type of that slug.

        Raises:
            ObjectNotFound: there is none.
        """
    def read_block_documents(
        self,
        block_schema_type: str | None = None,
        offset: int | None = None,
        limit: int | None = None,
        include_secrets: bool = True,
    ) -> list[BlockDocument]:
        """The block documents that have a name, by it.

        Args:
            block_schema_type: only of the type of this slug.
        """
    def read_block_documents_by_type(
        self,
        block_type_slug: str,
        offset: int | None = None,
        limit: int | None = None,
        include_secrets: bool = True,
    ) -> list[BlockDocument]:
        """The block documents of a type that have a name, by it."""
    def read_block_documents_of_type(
        self,
        block_type_slug: str,
        include_secrets: bool = False,
    ) -> list[BlockDocument]:
        """The documents of the block type of that slug that have a name, by it.

        Raises:
            ObjectNotFound: there is no such type.
        """
    def read_block_schema(
        self,
        block_schema_id: UUID,
    ) -> BlockSchema:
        """The block schema with that id.

        Raises:
            ObjectNotFound: there is none.
        """
    def read_block_schema_by_checksum(
        self,
        checksum: str,
        version: str | None = None,
    ) -> BlockSchema:
        """The block schema of that checksum, the latest of them unless a version is named.

        Raises:
            ObjectNotFound: there is none.
        """
    def read_block_schemas(
        self,
        *,
        block_schema_filter: BlockSchemaFilter | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[BlockSchema]:
        """The block schemas that meet the filter, the latest first."""
    def read_block_type(
        self,
        block_type_id: UUID,
    ) -> BlockType:
        """The block type with that id.

        Raises:
            ObjectNotFound: there is none.
        """
    def read_block_type_by_slug(
        self,
        slug: str,
    ) -> BlockType:
        """The block type of that slug.

        Raises:
            ObjectNotFound: there is none.
        """
    def read_block_types(
        self,
        *,
        block_type_filter: BlockTypeFilter | None = None,
        block_schema_filter: BlockSchemaFilter | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[BlockType]:
        """The block types that meet the filters, by name."""
    def read_collection_view(
        self,
        view: str,
    ) -> dict[str, Any]:
        """A view: `aggregate-worker-metadata`, `aggregate-block-metadata`, `aggregate-flow-metadata`, `demo-flows`.

        Raises:
            ObjectNotFound: there is no such view.
        """
    def read_concurrency_limit(
        self,
        concurrency_limit_id: UUID,
    ) -> ConcurrencyLimit:
        """The limit on a tag with that id, with the runs that take its slots.

        Raises:
            ObjectNotFound: there is none.
        """
    def read_concurrency_limit_by_tag(
        self,
        tag: str,
    ) -> ConcurrencyLimit:
        """The limit on a tag, with the runs that take its slots.

        Raises:
            ObjectNotFound: there is none.
        """
    def read_concurrency_limits(
        self,
        limit: int | None,
        offset: int,
    ) -> list[ConcurrencyLimit]:
        """The limits on tags, by tag."""
    def read_dashboard_task_run_counts(
        self,
        task_run_filter: TaskRunFilter,
        *,
        flow_filter: FlowFilter | None = None,
        flow_run_filter: FlowRunFilter | None = None,
        deployment_filter: DeploymentFilter | None = None,
        work_pool_filter: WorkPoolFilter | None = None,
        work_queue_filter: WorkQueueFilter | None = None,
    ) -> list[TaskRunCount]:
        """How the task runs that meet all filters ended, in twenty equal parts of the time they started in.

        Raises:
            ValueError: the filter does not say from when (`start_time.after_`).
        """
    def read_deployment(
        self,
        deployment_id: UUID | str,
    ) -> Deployment:
        """The deployment with that id.

        Raises:
            ObjectNotFound: there is none.
            ValueError: the text is no id.
        """
    def read_deployment_by_name(
        self,
        name: str,
    ) -> Deployment:
        """The deployment of a name in the form `<flow name>/<deployment name>`.

        Raises:
            ObjectNotFound: there is none.
            ValueError: the name is not of that form.
        """
    def read_deployment_by_names(
        self,
        flow_name: str,
        deployment_name: str,
    ) -> Deployment:
        """The deployment of that name of the flow of that name.

        Raises:
            ObjectNotFound: there is none.
        """
    def read_deployment_schedules(
        self,
        deployment_id: UUID,
    ) -> list[DeploymentSchedule]:
        """The schedules of a deployment, in the order in which they were made.

        Raises:
            ObjectNotFound: there is no such deployment.
        """
    def read_deployments(
        self,
        *,
        flow_filter: FlowFilter | None = None,
        flow_run_filter: FlowRunFilter | None = None,
        task_run_filter: TaskRunFilter | None = None,
        deployment_filter: DeploymentFilter | None = None,
        work_pool_filter: WorkPoolFilter | None = None,
        work_queue_filter: WorkQueueFilter | None = None,
        limit: int | None = None,
        sort: DeploymentSort | None = None,
        offset: int = 0,
    ) -> list[Deployment]:
        """The deployments that meet all filters, by name unless `sort` says otherwise."""
    def read_events(
        self,
        filter: EventFilter | None = None,
        limit: int = 50,
    ) -> EventPage:
        """The first page of the events that meet the filter, the latest first unless it says otherwise."""
    def read_events_page(
        self,
        next_page_url: str,
    ) -> EventPage:
        """The page of events that the page before names (`EventPage.next_page`).

        Raises:
            ValueError: the URL is none of a page of events.
        """
    def read_flow(
        self,
        flow_id: UUID,
    ) -> Flow:
        """The flow with that id.

        Raises:
            ObjectNotFound: there is none.
        """
    def read_flow_by_name(
        self,
        flow_name: str,
    ) -> Flow:
        """The flow of that name.

        Raises:
            ObjectNotFound: there is none.
        """
    def read_flow_run(
        self,
        flow_run_id: UUID,
    ) -> FlowRun:
        """The flow run with that id.

        Raises:
            ObjectNotFound: there is none.
        """
    def read_flow_run_graph_v1(
        self,
        flow_run_id: UUID,
    ) -> list[DependencyResult]:
        """The task runs of a flow run, each with the task runs it depends on.

        Raises:
            ObjectNotFound: there is no such run.
        """
    def read_flow_run_graph_v2(
        self,
        flow_run_id: UUID,
        since: datetime.datetime | None = None,
    ) -> Graph:
        """The graph of a flow run: what ran in it, what came after what, which artifacts were left.

        Args:
            since: leave out what has ended before.

        Raises:
            ObjectNotFound: there is no such run.
            ValueError: it has more nodes than are shown.
        """
    def read_flow_run_input(
        self,
        flow_run_id: UUID,
        key: str,
    ) -> str:
        """The value (as JSON) that a flow run was given under a key.

        Raises:
            ObjectNotFound: there is no such input.
        """
    def read_flow_run_notification_policies(
        self,
        policy_filter: FlowRunNotificationPolicyFilter | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[FlowRunNotificationPolicy]:
        """The policies that meet the filter, in the order in which they were made."""
    def read_flow_run_notification_policy(
        self,
        policy_id: UUID,
    ) -> FlowRunNotificationPolicy:
        """The policy with that id.

        Raises:
            ObjectNotFound: there is none.
        """
    def read_flow_run_state(
        self,
        flow_run_state_id: UUID,
    ) -> State[Any]:
        """One state of a flow run.

        Raises:
            ObjectNotFound: there is no such state.
        """
    def read_flow_run_states(
        self,
        flow_run_id: UUID,
    ) -> list[State[Any]]:
        """The states that a flow run has been in, oldest first."""
    def read_flow_runs(
        self,
        *,
        flow_filter: FlowFilter | None = None,
        flow_run_filter: FlowRunFilter | None = None,
        task_run_filter: TaskRunFilter | None = None,
        deployment_filter: DeploymentFilter | None = None,
        work_pool_filter: WorkPoolFilter | None = None,
        work_queue_filter: WorkQueueFilter | None = None,
        sort: FlowRunSort | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[FlowRun]:
        """The flow runs that meet all filters, the newest first unless `sort` says otherwise."""
    def read_flows(
        self,
        *,
        flow_filter: FlowFilter | None = None,
        flow_run_filter: FlowRunFilter | None = None,
        task_run_filter: TaskRunFilter | None = None,
        deployment_filter: DeploymentFilter | None = None,
        work_pool_filter: WorkPoolFilter | None = None,
        work_queue_filter: WorkQueueFilter | None = None,
        sort: FlowSort | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[Flow]:
        """The flows that meet all filters."""
    def read_global_concurrency_limit_by_name(
        self,
        name: str,
    ) -> GlobalConcurrencyLimit:
        """The limit of that name (or id).

        Raises:
            ObjectNotFound: there is none.
        """
    def read_global_concurrency_limits(
        self,
        limit: int | None = 10,
        offset: int = 0,
    ) -> list[GlobalConcurrencyLimit]:
        """The limits known by name."""
    def read_health(self) -> bool:
        """Whether the API is well."""
    def read_latest_artifact(
        self,
        key: str,
    ) -> Artifact:
        """The latest artifact of a key.

        Raises:
            ObjectNotFound: there is none.
        """
    def read_latest_artifacts(
        self,
        *,
        artifact_filter: ArtifactCollectionFilter | None = None,
        flow_run_filter: FlowRunFilter | None = None,
        task_run_filter: TaskRunFilter | None = None,
        flow_filter: FlowFilter | None = None,
        deployment_filter: DeploymentFilter | None = None,
        sort: ArtifactCollectionSort | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[ArtifactCollection]:
        """The latest artifact of each key, of those that meet all filters."""
    def read_logs(
        self,
        log_filter: LogFilter | None = None,
        limit: int | None = None,
        offset: int | None = None,
        sort: LogSort | None = None,
    ) -> list[Log]:
        """The log records that meet the filter, the earliest first unless `sort` says otherwise."""
    def read_next_events(
        self,
        page_token: str,
    ) -> EventPage:
        """The page of events that the token of the page before asks for."""
    def read_observed_states(
        self,
        query: str | None = None,
        order_by: ObservedStateSort = ObservedStateSort.LAST_SEEN_DESC,
        limit: int = 200,
    ) -> list[ObservedState]:
        """The types and names of states that the latest runs have been in.

        Args:
            query: only those whose name holds this text, whatever its case.
        """
    def read_resource_related_automations(
        self,
        resource_id: str,
    ) -> list[Automation]:
        """The automations that a resource owns, or that act on it, by name."""
    def read_saved_search(
        self,
        saved_search_id: UUID,
    ) -> SavedSearch:
        """The search with that id.

        Raises:
            ObjectNotFound: there is none.
        """
    def read_saved_searches(
        self,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[SavedSearch]:
        """The searches by name."""
    def read_server_default_result_storage(self) -> ServerDefaultResultStorage:
        """The block that results are kept in when nothing else is said."""
    def read_simple_flow_runs(
        self,
        *,
        sort: FlowRunSort = FlowRunSort.EXPECTED_START_TIME_DESC,
        limit: int = 1000,
        offset: int = 0,
        flow_filter: FlowFilter | None = None,
        flow_run_filter: FlowRunFilter | None = None,
        task_run_filter: TaskRunFilter | None = None,
        deployment_filter: DeploymentFilter | None = None,
        work_pool_filter: WorkPoolFilter | None = None,
    ) -> list[SimpleFlowRun]:
        """The flow runs that meet all filters, as a chart shows them."""
    def read_task_run(
        self,
        task_run_id: UUID,
    ) -> TaskRun:
        """The task run with that id.

        Raises:
            ObjectNotFound: there is none.
        """
    def read_task_run_counts_by_state(
        self,
        *,
        flow_filter: FlowFilter | None = None,
        flow_run_filter: FlowRunFilter | None = None,
        task_run_filter: TaskRunFilter | None = None,
        deployment_filter: DeploymentFilter | None = None,
    ) -> CountByState:
        """How many of the task runs that meet all filters are in a state of each type."""
    def read_task_run_state(
        self,
        task_run_state_id: UUID,
    ) -> State[Any]:
        """One state of a task run.

        Raises:
            ObjectNotFound: there is no such state.
        """
    def read_task_run_states(
        self,
        task_run_id: UUID,
    ) -> list[State[Any]]:
        """The states that a task run has been in, oldest first."""
    def read_task_run_with_flow_run_name(
        self,
        task_run_id: UUID,
    ) -> UITaskRun:
        """The task run with that id, and the name of its flow run.

        Raises:
            ObjectNotFound: there is none.
        """
    def read_task_runs(
        self,
        *,
        flow_filter: FlowFilter | None = None,
        flow_run_filter: FlowRunFilter | None = None,
        task_run_filter: TaskRunFilter | None = None,
        deployment_filter: DeploymentFilter | None = None,
        sort: TaskRunSort | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[TaskRun]:
        """The task runs that meet all filters, the newest first unless `sort` says otherwise."""
    def read_task_workers(
        self,
        task_worker_filter: TaskWorkerFilter | None = None,
    ) -> list[TaskWorker]:
        """The processes that wait for runs of tasks, the latest heard of first."""
    def read_variable(
        self,
        variable_id: UUID,
    ) -> Variable:
        """The variable with that id.

        Raises:
            ObjectNotFound: there is none.
        """
    def read_variable_by_name(
        self,
        name: str,
    ) -> Variable | None:
        """The variable of that name; None when there is none."""
    def read_variables(
        self,
        limit: int | None = None,
        *,
        variable_filter: VariableFilter | None = None,
        sort: VariableSort | None = None,
        offset: int = 0,
    ) -> list[Variable]:
        """The variables that meet the filter, by name unless `sort` says otherwise."""
    def read_work_pool(
        self,
        work_pool_name: str,
    ) -> WorkPool:
        """The work pool of that name.

        Raises:
            ObjectNotFound: there is none.
        """
    def read_work_pool_concurrency_status(
        self,
        work_pool_name: str,
        page: int = 1,
        limit: int | None = None,
        flow_run_limit: int = 10,
    ) -> WorkPoolConcurrencyStatus:
        """Who takes the slots of a pool, queue by queue.

        Args:
            page, limit: of the queues.
            flow_run_limit: of each queue so many runs are named.

        Raises:
            ObjectNotFound: there is no such pool.
        """
    def read_work_pools(
        self,
        limit: int | None = None,
        offset: int = 0,
        work_pool_filter: WorkPoolFilter | None = None,
    ) -> list[WorkPool]:
        """The work pools that meet the filter, by name."""
    def read_work_queue(
        self,
        id: UUID,
    ) -> WorkQueue:
        """The queue with that id.

        Raises:
            ObjectNotFound: there is none.
        """
    def read_work_queue_by_name(
        self,
        name: str,
        work_pool_name: str | None = None,
    ) -> WorkQueue:
        """The queue of that name.

        Raises:
            ObjectNotFound: there is none.
        """
    def read_work_queue_concurrency_status(
        self,
        id: UUID,
        page: int = 1,
        limit: int | None = None,
    ) -> WorkQueueConcurrencyStatus:
        """Who takes the slots of a queue.

        Args:
            page, limit: of the runs.

        Raises:
            ObjectNotFound: there is no such queue.
        """
    def read_work_queue_of_agents(
        self,
        name: str,
    ) -> WorkQueue:
        """The queue of that name of the agents' pool.

        Raises:
            ObjectNotFound: there is none.
        """
    def read_work_queue_of_pool(
        self,
        work_pool_name: str,
        name: str,
    ) -> WorkQueue:
        """The queue of that name of the pool of that name.

        Raises:
            ObjectNotFound: there is none.
        """
    def read_work_queue_status(
        self,
        id: UUID,
    ) -> WorkQueueStatusDetail:
        """Whether a queue is polled and its runs start in time.

        Raises:
            ObjectNotFound: there is no such queue.
        """
    def read_work_queues(
        self,
        work_pool_name: str | None = None,
        work_queue_filter: WorkQueueFilter | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> list[WorkQueue]:
        """The queues that meet the filter; of all pools unless one is named."""
    def read_work_queues_of_pool(
        self,
        work_pool_name: str,
        work_queue_filter: WorkQueueFilter | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[WorkQueue]:
        """The queues of a pool that meet the filter, by priority.

        Raises:
            ObjectNotFound: there is no such pool.
        """
    def read_worker_metadata(self) -> dict[str, Any]:
        """The types of workers there are, with the templates of their pools, by package."""
    def read_workers_for_work_pool(
        self,
        work_pool_name: str,
        worker_filter: WorkerFilter | None = None,
        offset: int | None = None,
        limit: int | None = None,
    ) -> list[Worker]:
        """The workers of a pool, those heard of last first.

        Raises:
            ObjectNotFound: there is no such pool.
        """
    def record_worker_heartbeat(
        self,
        work_pool_name: str,
        worker_name: str,
        heartbeat_interval_seconds: int | None = None,
    ) -> None:
        """A worker lives; one that is not known yet is now.

        Raises:
            ObjectNotFound: there is no such pool.
        """
    def release_concurrency_slots(
        self,
        names: list[str],
        slots: int,
        occupancy_seconds: float | None = None,
        create_if_missing: bool | None = None,
    ) -> httpx.Response:
        """Give back slots of the limits of these names.

        Args:
            occupancy_seconds: how long they were held; what others are told to wait is estimated from it.
            create_if_missing: of no effect, kept for older clients.
        """
    def release_concurrency_slots_with_lease(
        self,
        lease_id: UUID,
    ) -> httpx.Response:
        """Give back what a lease holds; one that has ended holds nothing."""
    def renew_concurrency_lease(
        self,
        lease_id: UUID,
        lease_duration: float = 300.0,
    ) -> httpx.Response:
        """Let a lease last so many seconds from now.

        Raises:
            ConcurrencyLeaseLostError: it has expired or was given back.
        """
    def request(
        self,
        method: str,
        path: str,
        params: dict[str, Any] | None = None,
        path_params: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> httpx.Response:
        """Send a request as it is told, and return the answer.

        Args:
            path: below the API's URL, such as `/flow_runs/{id}`.
            params: of the query.
            path_params: what stands for the names in `path`; it is escaped.
            kwargs: what httpx takes of a request besides: `json`, `content`, `headers`, `timeout` in seconds, ...

        Raises:
            PrefectHTTPStatusError: the API refuses; `error.response` tells why.
            ValueError: `path` has a name that `path_params` does not tell.
        """
    def reset_concurrency_limit_by_tag(
        self,
        tag: str,
        slot_override: list[UUID | str] | None = None,
    ) -> None:
        """Let these task runs hold the slots of the limit on a tag, and nobody else; by default nobody.

        Raises:
            ObjectNotFound: there is no such limit.
        """
    def resume_automation(
        self,
        automation_id: UUID,
    ) -> None:
        """Let an automation that rests go on.

        Raises:
            ObjectNotFound: there is no such automation.
        """
    def resume_deployment(
        self,
        deployment_id: UUID | str,
    ) -> None:
        """Let the schedules of a paused deployment go on.

        Raises:
            ObjectNotFound: there is no such deployment.
        """
    def resume_flow_run(
        self,
        flow_run_id: UUID,
        run_input: dict[str, Any] | None = None,
    ) -> OrchestrationResult[Any]:
        """Let a paused flow run go on, with the input it waits for if it waits for one.

        Raises:
            ObjectNotFound: there is no such run.
        """
    def schedule_deployment(
        self,
        deployment_id: UUID,
        start_time: datetime.datetime | None = None,
        end_time: datetime.datetime | None = None,
        min_time: datetime.timedelta | None = None,
        min_runs: int | None = None,
        max_runs: int | None = None,
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
    def send_worker_heartbeat(
        self,
        work_pool_name: str,
        worker_name: str,
        heartbeat_interval_seconds: float | None = None,
        get_worker_id: bool = False,
        worker_metadata: WorkerMetadata | None = None,
    ) -> UUID | None:
        """Tell that a worker lives. Returns None: only Prefect Cloud knows ids and metadata of workers.

        Raises:
            ObjectNotFound: there is no such pool.
        """
    def set_deployment_paused_state(
        self,
        deployment_id: UUID,
        paused: bool,
    ) -> None:
        """Let the schedules of a deployment rest or go on.

        Raises:
            ObjectNotFound: there is no such deployment.
        """
    def set_flow_run_name(
        self,
        flow_run_id: UUID,
        name: str,
    ) -> httpx.Response:
        """Give a flow run another name.

        Raises:
            ObjectNotFound: there is no such run.
        """
    def set_flow_run_state(
        self,
        flow_run_id: UUID | str,
        state: State[T],
        force: bool = False,
    ) -> OrchestrationResult[T]:
        """Propose a state for a flow run; the answer says what became of it.

        Args:
            force: leave the rules of orchestration out.

        Raises:
            ObjectNotFound: there is no such run.
        """
    def set_task_run_name(
        self,
        task_run_id: UUID,
        name: str,
    ) -> httpx.Response:
        """Give a task run another name.

        Raises:
            ObjectNotFound: there is no such run.
        """
    def set_task_run_state(
        self,
        task_run_id: UUID,
        state: State[T],
        force: bool = False,
    ) -> OrchestrationResult[T]:
        """Propose a state for a task run; the answer says what became of it.

        Args:
            force: leave the rules of orchestration out.

        Raises:
            ObjectNotFound: there is no such run.
        """
    def task_run_history(
        self,
        history_start: datetime.datetime,
        history_end: datetime.datetime,
        history_interval: datetime.timedelta,
        *,
        flow_filter: FlowFilter | None = None,
        flow_run_filter: FlowRunFilter | None = None,
        task_run_filter: TaskRunFilter | None = None,
        deployment_filter: DeploymentFilter | None = None,
    ) -> list[HistoryResponse]:
        """How many task runs were expected to start in each interval of time, by their current state."""
    def update_artifact(
        self,
        artifact_id: UUID,
        artifact: ArtifactUpdate,
    ) -> None:
        """Change an artifact; what is not set stays as it is.

        Raises:
            ObjectNotFound: there is no such artifact.
        """
    def update_automation(
        self,
        automation_id: UUID,
        automation: AutomationCore,
    ) -> None:
        """Put another automation in the place of one; its owner stays.

        Raises:
            ObjectNotFound: there is no such automation.
        """
    def update_block_document(
        self,
        block_document_id: UUID,
        block_document: BlockDocumentUpdate,
    ) -> None:
        """Change the values of a block; secret values are stored themselves.

        Raises:
            ObjectNotFound: there is no such document.
        """
    def update_block_type(
        self,
        block_type_id: UUID,
        block_type: BlockTypeUpdate,
    ) -> None:
        """Change a block type; what is not set stays as it is.

        Raises:
            ObjectNotFound: there is no such type.
        """
    def update_deployment(
        self,
        deployment_id: UUID,
        deployment: DeploymentUpdate,
    ) -> None:
        """Change a deployment; what is not set stays as it is.

        Raises:
            ObjectNotFound: there is no such deployment.
        """
    def update_deployment_schedule(
        self,
        deployment_id: UUID,
        schedule_id: UUID,
        active: bool | None = None,
        schedule: IntervalSchedule | CronSchedule | RRuleSchedule | NoSchedule | None = None,
        max_scheduled_runs: int | None = None,
        parameters: dict[str, Any] | None = None,
        slug: str | None = None,
    ) -> None:
        """Change a schedule; None leaves a field as it is.

        Raises:
            ObjectNotFound: the deployment has no such schedule.
        """
    def update_flow(
        self,
        flow_id: UUID,
        flow: FlowUpdate,
    ) -> None:
        """Change the tags of a flow.

        Raises:
            ObjectNotFound: there is no such flow.
        """
    def update_flow_run(
        self,
        flow_run_id: UUID,
        flow_version: str | None = None,
        parameters: dict[str, Any] | None = None,
        name: str | None = None,
        tags: Iterable[str] | None = None,
        empirical_policy: FlowRunPolicy | None = None,
        infrastructure_pid: str | None = None,
        job_variables: dict[str, Any] | None = None,
    ) -> httpx.Response:
        """Change what of a flow run does not belong to its state; None leaves a field as it is.

        Raises:
            ObjectNotFound: there is no such run.
        """
    def update_flow_run_labels(
        self,
        flow_run_id: UUID,
        labels: dict[str, bool | int | float | str],
    ) -> None:
        """Add labels to a flow run; those of the same keys are replaced.

        Raises:
            ObjectNotFound: there is no such run.
        """
    def update_flow_run_notification_policy(
        self,
        policy_id: UUID,
        policy: FlowRunNotificationPolicyUpdate,
    ) -> None:
        """Change a policy; what is not set stays as it is.

        Raises:
            ObjectNotFound: there is no such policy, or block document.
        """
    def update_global_concurrency_limit(
        self,
        name: str,
        concurrency_limit: GlobalConcurrencyLimitUpdate,
    ) -> httpx.Response:
        """Change a limit; what is not set stays as it is.

        Raises:
            ObjectNotFound: there is no such limit.
        """
    def update_server_default_result_storage(
        self,
        default_result_storage_block_id: UUID,
    ) -> ServerDefaultResultStorage:
        """Keep results in that block when nothing else is said.

        Raises:
            ObjectNotFound: there is no such block.
        """
    def update_task_run(
        self,
        task_run_id: UUID,
        task_run: TaskRunUpdate,
    ) -> httpx.Response:
        """Change what of a task run does not belong to its state.

        Raises:
            ObjectNotFound: there is no such run.
        """
    def update_variable(
        self,
        variable: VariableUpdate,
    ) -> None:
        """Change the variable of the name that `variable` has; what is not set stays as it is.

        Raises:
            ObjectNotFound: there is none of that name.
            ValueError: `variable` has no name.
        """
    def update_variable_by_id(
        self,
        variable_id: UUID,
        variable: VariableUpdate,
    ) -> None:
        """Change a variable; what is not set stays as it is.

        Raises:
            ObjectNotFound: there is no such variable.
            ObjectAlreadyExists: another has the new name.
        """
    def update_variable_by_name(
        self,
        name: str,
        variable: VariableUpdate,
    ) -> None:
        """Change the variable of a name; what is not set stays as it is.

        Raises:
            ObjectNotFound: there is no such variable.
            ObjectAlreadyExists: another has the new name.
        """
    def update_work_pool(
        self,
        work_pool_name: str,
        work_pool: WorkPoolUpdate,
    ) -> None:
        """Change a work pool; what is not set stays as it is.

        Raises:
            ObjectNotFound: there is no such pool.
            ValueError: the defaults of its variables do not fit what it says of them.
        """
    def update_work_queue(
        self,
        id: UUID,
        **kwargs: Any,
    ) -> None:
        """Change fields of a queue.

        Args:
            kwargs: the fields and their new values.

        Raises:
            ObjectNotFound: there is no such queue.
            ValueError: nothing is to be changed.
        """
    def update_work_queue_of_pool(
        self,
        work_pool_name: str,
        name: str,
        work_queue: WorkQueueUpdate,
    ) -> None:
        """Change a queue of a pool; what is not set stays as it is.

        Raises:
            ObjectNotFound: there is no such queue.
            ObjectAlreadyExists: another queue of the pool has the new name.
        """
    def upsert_global_concurrency_limit_by_name(
        self,
        name: str,
        limit: int,
        slot_decay_per_second: float | None = None,
    ) -> None:
        """Change the limit of that name, or make it.

        Args:
            slot_decay_per_second: None leaves it as it is; of a new limit it is 0.
        """
    def validate_automation_template(
        self,
        template: str = '',
    ) -> None:
        """Check a template as automations use them.

        Raises:
            ValueError: it is broken or does too much.
        """
    def validate_schema_values(
        self,
        json_schema: dict[str, Any],
        values: dict[str, Any],
    ) -> SchemaValuesValidationResponse:
        """What is wrong with values, as forms send them, by a JSON schema.

        Raises:
            ValueError: the schema is none.
        """
    def validate_template(
        self,
        template: str = '',
    ) -> None:
        """Check a template as automations use them.

        Raises:
            ValueError: it is broken or does too much.
        """
    def work_queue_check_for_deployment(
        self,
        deployment_id: UUID,
    ) -> list[WorkQueue]:
        """The queues that runs of a deployment are taken from.

        Raises:
            ObjectNotFound: there is no such deployment.
        """

class PrefectClient(_Client):
    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *exc_info: object) -> None: ...
    @property
    def loop(self) -> asyncio.AbstractEventLoop | None: ...
    async def api_healthcheck(self) -> Exception | None:
        """None when the API is well, else the error that asking it raised."""
    async def api_version(self) -> str:
        """The version of Prefect whose API this is; clients of another major version do not understand it."""
    async def average_flow_run_lateness(
        self,
        *,
        flow_filter: FlowFilter | None = None,
        flow_run_filter: FlowRunFilter | None = None,
        task_run_filter: TaskRunFilter | None = None,
        deployment_filter: DeploymentFilter | None = None,
        work_pool_filter: WorkPoolFilter | None = None,
        work_queue_filter: WorkQueueFilter | None = None,
    ) -> float | None:
        """By how many seconds flow runs started, or are by now, later than expected; None without any run."""
    async def bulk_create_flow_runs_from_deployment(
        self,
        deployment_id: UUID,
        flow_runs: list[DeploymentFlowRunCreate],
    ) -> FlowRunBulkCreateResponse:
        """Make several runs of a deployment; the answer says of each what became of it.

        Raises:
            ObjectNotFound: there is no such deployment.
        """
    async def bulk_delete_deployments(
        self,
        deployment_filter: DeploymentFilter | None = None,
        limit: int = 50,
    ) -> BulkDeleteResponse:
        """Delete the deployments that meet the filter, with their schedules."""
    async def bulk_delete_flow_runs(
        self,
        flow_run_filter: FlowRunFilter | None = None,
        limit: int = 50,
    ) -> BulkDeleteResponse:
        """Delete the flow runs that meet the filter, with all that is theirs."""
    async def bulk_delete_flows(
        self,
        flow_filter: FlowFilter | None = None,
        limit: int = 50,
    ) -> BulkDeleteResponse:
        """Delete the flows that meet the filter, with their deployments and runs."""
    async def bulk_set_flow_run_state(
        self,
        state: StateCreate,
        flow_run_filter: FlowRunFilter | None = None,
        force: bool = False,
        limit: int = 50,
    ) -> FlowRunBulkSetStateResponse:
        """Propose a state for each flow run that meets the filter."""
    async def change_work_queue(
        self,
        id: UUID,
        work_queue: WorkQueueUpdate,
    ) -> None:
        """Change a queue; what is not set stays as it is.

        Raises:
            ObjectNotFound: there is no such queue.
            ObjectAlreadyExists: another queue of its pool has the new name.
        """
    async def clear_server_default_result_storage(self) -> None:
        """Let results be kept where each process says."""
    async def count_artifacts(
        self,
        *,
        artifact_filter: ArtifactFilter | None = None,
        flow_run_filter: FlowRunFilter | None = None,
        task_run_filter: TaskRunFilter | None = None,
        flow_filter: FlowFilter | None = None,
        deployment_filter: DeploymentFilter | None = None,
    ) -> int:
        """How many artifacts meet all filters."""
    async def count_automations(
        self,
        automations: AutomationFilter | None = None,
    ) -> int:
        """How many automations meet the filter."""
    async def count_block_documents(
        self,
        *,
        block_document_filter: BlockDocumentFilter | None = None,
        block_type_filter: BlockTypeFilter | None = None,
        block_schema_filter: BlockSchemaFilter | None = None,
    ) -> int:
        """How many block documents meet the filters; without one of documents, of those that have a name."""
    async def count_deployments(
        self,
        *,
        flow_filter: FlowFilter | None = None,
        flow_run_filter: FlowRunFilter | None = None,
        task_run_filter: TaskRunFilter | None = None,
        deployment_filter: DeploymentFilter | None = None,
        work_pool_filter: WorkPoolFilter | None = None,
        work_queue_filter: WorkQueueFilter | None = None,
    ) -> int:
        """How many deployments meet all filters."""
    async def count_deployments_by_flow(
        self,
        flow_ids: list[UUID],
    ) -> dict[UUID, int]:
        """How many deployments each of the flows has."""
    async def count_events(
        self,
        countable: Countable,
        filter: EventFilter,
        time_unit: TimeUnit = TimeUnit.day,
        time_interval: float = 1.0,
    ) -> list[EventCount]:
        """How many events that meet the filter there are, by name, by resource, or by spans of time.

        Args:
            time_unit, time_interval: the length of a span: so many units.
        """
    async def count_flow_runs(
        self,
        *,
        flow_filter: FlowFilter | None = None,
        flow_run_filter: FlowRunFilter | None = None,
        task_run_filter: TaskRunFilter | None = None,
        deployment_filter: DeploymentFilter | None = None,
        work_pool_filter: WorkPoolFilter | None = None,
        work_queue_filter: WorkQueueFilter | None = None,
    ) -> int:
        """How many flow runs meet all filters."""
    async def count_flows(
        self,
        *,
        flow_filter: FlowFilter | None = None,
        flow_run_filter: FlowRunFilter | None = None,
        task_run_filter: TaskRunFilter | None = None,
        deployment_filter: DeploymentFilter | None = None,
        work_pool_filter: WorkPoolFilter | None = None,
    ) -> int:
        """How many flows meet all filters."""
    async def count_latest_artifacts(
        self,
        *,
        artifact_filter: ArtifactCollectionFilter | None = None,
        flow_run_filter: FlowRunFilter | None = None,
        task_run_filter: TaskRunFilter | None = None,
        flow_filter: FlowFilter | None = None,
        deployment_filter: DeploymentFilter | None = None,
    ) -> int:
        """How many keys have a latest artifact that meets all filters."""
    async def count_task_runs(
        self,
        *,
        flow_filter: FlowFilter | None = None,
        flow_run_filter: FlowRunFilter | None = None,
        task_run_filter: TaskRunFilter | None = None,
        deployment_filter: DeploymentFilter | None = None,
    ) -> int:
        """How many task runs meet all filters."""
    async def count_task_runs_by_flow_run(
        self,
        flow_run_ids: list[UUID],
    ) -> dict[UUID, int]:
        """How many task runs each of the flow runs has."""
    async def count_variables(
        self,
        variable_filter: VariableFilter | None = None,
    ) -> int:
        """How many variables meet the filter."""
    async def count_work_pools(
        self,
        work_pool_filter: WorkPoolFilter | None = None,
    ) -> int:
        """How many work pools meet the filter."""
    async def create_artifact(
        self,
        artifact: ArtifactCreate,
    ) -> Artifact:
        """Keep an artifact; with a key it becomes the latest of that key."""
    async def create_automation(
        self,
        automation: AutomationCore,
    ) -> UUID:
        """Make an automation; returns its id.

        Raises:
            ValueError: an action is not known, a template is broken, or it would run flows without end.
        """
    async def create_block_document(
        self,
        block_document: BlockDocument | BlockDocumentCreate,
        include_secrets: bool = True,
    ) -> BlockDocument:
        """Store the values of a block.

        Args:
            include_secrets: store secret values themselves, not masks.

        Raises:
            ObjectAlreadyExists: the type has a document of that name.
        """
    async def create_block_schema(
        self,
        block_schema: BlockSchemaCreate,
    ) -> BlockSchema:
        """Register a block schema; the one of those fields and that version if it is there.

        Raises:
            ObjectNotFound: there is no such block type.
            ValueError: no block type is named.
        """
    async def create_block_type(
        self,
        block_type: BlockTypeCreate,
    ) -> BlockType:
        """Register a block type.

        Raises:
            ObjectAlreadyExists: there is one of that slug.
            ProtectedBlockError: the name is reserved.
        """
    async def create_concurrency_limit(
        self,
        tag: str,
        concurrency_limit: int,
    ) -> UUID:
        """Limit how many task runs with a tag may run at once, anew if need be; returns the limit's id."""
    async def create_deployment(
        self,
        flow_id: UUID,
        name: str,
        version: str | None = None,
        version_info: VersionInfo | None = None,
        schedules: list[DeploymentScheduleCreate] | None = None,
        concurrency_limit: int | None = None,
        concurrency_options: ConcurrencyOptions | None = None,
        parameters: dict[str, Any] | None = None,
        description: str | None = None,
        work_queue_name: str | None = None,
        work_pool_name: str | None = None,
        tags: list[str] | None = None,
        storage_document_id: UUID | None = None,
        path: str | None = None,
        entrypoint: str | None = None,
        infrastructure_document_id: UUID | None = None,
        parameter_openapi_schema: dict[str, Any] | None = None,
        paused: bool | None = None,
        pull_steps: list[dict[str, Any]] | None = None,
        enforce_parameter_schema: bool | None = None,
        job_variables: dict[str, Any] | None = None,
        branch: str | None = None,
        base: UUID | None = None,
        root: UUID | None = None,
    ) -> UUID:
        """Make a deployment, or change the one of that name of the flow; returns its id.

        None leaves a field of an existing deployment as it is; its parameters and schedules are replaced.

        Raises:
            ObjectNotFound: there is no such flow or work pool.
        """
    async def create_deployment_schedules(
        self,
        deployment_id: UUID,
        schedules: list[tuple[IntervalSchedule | CronSchedule | RRuleSchedule | NoSchedule, bool]] | list[DeploymentScheduleCreate],
        max_scheduled_runs: int | None = None,
        parameters: dict[str, Any] | None = None,
        slug: str | None = None,
    ) -> list[DeploymentSchedule]:
        """Add schedules to a deployment: as they are to be stored, or as pairs of a schedule and whether it
        is active.

        Args:
            max_scheduled_runs, parameters, slug: of the pairs.

        Raises:
            ObjectNotFound: there is no such deployment.
            ObjectAlreadyExists: the deployment has a schedule of that slug.
        """
    async def create_events(
        self,
        events: list[Event],
    ) -> None:
        """Keep events; those that are kept already, by their id, stay as they are.

        Raises:
            ValueError: one is larger than the settings allow; none was kept.
        """
    async def create_flow(
        self,
        flow: FlowObject,
    ) -> UUID:
        """Register a flow; returns its id."""
    async def create_flow_from_name(
        self,
        flow_name: str,
    ) -> UUID:
        """Register a flow by its name; returns its id."""
    async def create_flow_run(
        self,
        flow: FlowObject,
        name: str | None = None,
        parameters: dict[str, Any] | None = None,
        context: dict[str, Any] | None = None,
        tags: Iterable[str] | None = None,
        parent_task_run_id: UUID | None = None,
        state: State[Any] | None = None,
        work_pool_name: str | None = None,
        work_queue_name: str | None = None,
        job_variables: dict[str, Any] | None = None,
    ) -> FlowRun:
        """Make a run of a flow, without running it.

        Args:
            flow: it is registered if it is not yet.
            parameters: in the form that `flow.serialize_parameters` turns into JSON.
            state: the first state; Pending if not given.
        """
    async def create_flow_run_from_deployment(
        self,
        deployment_id: UUID,
        *,
        parameters: dict[str, Any] | None = None,
        context: dict[str, Any] | None = None,
        state: State[Any] | None = None,
        name: str | None = None,
        tags: Iterable[str] | None = None,
        idempotency_key: str | None = None,
        parent_task_run_id: UUID | None = None,
        work_queue_name: str | None = None,
        job_variables: dict[str, Any] | None = None,
        labels: dict[str, bool | int | float | str] | None = None,
    ) -> FlowRun:
        """Make a run of a deployment, scheduled for now unless `state` says otherwise.

        Args:
            parameters, labels: on top of the deployment's, by key.
            tags: besides the deployment's.
            idempotency_key: a second request with the same key returns the run of the first.

        Raises:
            ObjectNotFound: there is no such deployment.
        """
    async def create_flow_run_input(
        self,
        flow_run_id: UUID,
        key: str,
        value: str,
        sender: str | None = None,
    ) -> None:
        """Give a flow run a value (as JSON) under a key.

        Args:
            sender: who gives it: the key of a run, `prefect.flow-run.<id>`.

        Raises:
            ObjectNotFound: there is no such run.
            ObjectAlreadyExists: the run has an input of that key.
        """
    async def create_flow_run_notification_policy(
        self,
        policy: FlowRunNotificationPolicyCreate,
    ) -> FlowRunNotificationPolicy:
        """Make a policy.

        Raises:
            ObjectNotFound: there is no such block document.
        """
    async def create_global_concurrency_limit(
        self,
        concurrency_limit: GlobalConcurrencyLimitCreate,
    ) -> UUID:
        """Make a limit known by its name; returns its id.

        Raises:
            ObjectAlreadyExists: there is one of that name.
        """
    async def create_logs(
        self,
        logs: Iterable[LogCreate | dict[str, Any]],
    ) -> None:
        """Keep log records."""
    async def create_saved_search(
        self,
        saved_search: SavedSearchCreate,
    ) -> SavedSearch:
        """Keep a search; it takes the place of the one of that name."""
    async def create_task_run(
        self,
        task: TaskObject,
        flow_run_id: UUID | None,
        dynamic_key: str,
        id: UUID | None = None,
        name: str | None = None,
        extra_tags: Iterable[str] | None = None,
        state: State[Any] | None = None,
        task_inputs: dict[str, list[TaskRunResult | FlowRunResult | Parameter | Constant]] | None = None,
    ) -> TaskRun:
        """Make a run of a task, without running it.

        Args:
            flow_run_id: the flow run that it is part of; None outside flows.
            dynamic_key: tells the runs of one task in one flow run apart.
            extra_tags: besides those of the task.
            state: the first state; Pending if not given.
        """
    async def create_variable(
        self,
        variable: VariableCreate,
    ) -> Variable:
        """Set a new variable.

        Raises:
            ObjectAlreadyExists: there is one of that name.
        """
    async def create_work_pool(
        self,
        work_pool: WorkPoolCreate,
        overwrite: bool = False,
    ) -> WorkPool:
        """Make a work pool, with a default queue.

        Args:
            overwrite: change the one of that name if there is one.

        Raises:
            ObjectAlreadyExists: there is one of that name, and it is not to be changed.
        """
    async def create_work_queue(
        self,
        name: str,
        description: str | None = None,
        is_paused: bool | None = None,
        concurrency_limit: int | None = None,
        priority: int | None = None,
        work_pool_name: str | None = None,
    ) -> WorkQueue:
        """Make a queue; without a priority it comes last.

        Raises:
            ObjectAlreadyExists: the pool has a queue of that name.
        """
    async def create_work_queue_of_agents(
        self,
        work_queue: WorkQueueCreate,
    ) -> WorkQueue:
        """Make a queue of the agents' pool, which is made when it is not there.

        Raises:
            ObjectAlreadyExists: the pool has a queue of that name.
        """
    async def create_work_queue_of_pool(
        self,
        work_pool_name: str,
        work_queue: WorkQueueCreate,
    ) -> WorkQueue:
        """Make a queue of a pool. It takes the priority it asks for, others make room; without one it comes last.

        Raises:
            ObjectNotFound: there is no such pool.
            ObjectAlreadyExists: the pool has a queue of that name.
        """
    async def decrement_v1_concurrency_slots(
        self,
        names: list[str],
        task_run_id: UUID,
        occupancy_seconds: float | None = None,
    ) -> httpx.Response:
        """Give back the slots of limits on these tags that a task run holds."""
    async def delete_artifact(
        self,
        artifact_id: UUID,
    ) -> None:
        """Delete an artifact; the one before it becomes the latest of its key.

        Raises:
            ObjectNotFound: there is no such artifact.
        """
    async def delete_automation(
        self,
        automation_id: UUID,
    ) -> None:
        """Delete an automation.

        Raises:
            ObjectNotFound: there is none.
        """
    async def delete_automations_owned_by_resource(
        self,
        resource_id: str,
    ) -> Any:
        """Delete the automations that a resource owns."""
    async def delete_block_document(
        self,
        block_document_id: UUID,
    ) -> None:
        """Delete a block document; documents that refer to it lose that value.

        Raises:
            ObjectNotFound: there is none.
        """
    async def delete_block_schema(
        self,
        block_schema_id: UUID,
    ) -> None:
        """Delete a block schema with the documents that have it.

        Raises:
            ObjectNotFound: there is no such schema.
            ProtectedBlockError: its type is one of those that are always there.
        """
    async def delete_block_type(
        self,
        block_type_id: UUID,
    ) -> None:
        """Delete a block type with its schemas and documents.

        Raises:
            ObjectNotFound: there is no such type.
            ProtectedBlockError: it is one of those that are always there.
        """
    async def delete_concurrency_limit(
        self,
        concurrency_limit_id: UUID,
    ) -> None:
        """Take the limit on a tag with that id away.

        Raises:
            ObjectNotFound: there is none.
        """
    async def delete_concurrency_limit_by_tag(
        self,
        tag: str,
    ) -> None:
        """Take the limit on a tag away.

        Raises:
            ObjectNotFound: there is none.
        """
    async def delete_deployment(
        self,
        deployment_id: UUID,
    ) -> None:
        """Delete a deployment with its schedules and the runs it has not begun; others stay.

        Raises:
            ObjectNotFound: there is no such deployment.
        """
    async def delete_deployment_schedule(
        self,
        deployment_id: UUID,
        schedule_id: UUID,
    ) -> None:
        """Take a schedule away.

        Raises:
            ObjectNotFound: the deployment has no such schedule.
        """
    async def delete_flow(
        self,
        flow_id: UUID,
    ) -> None:
        """Delete a flow with its deployments and its runs.

        Raises:
            ObjectNotFound: there is no such flow.
        """
    async def delete_flow_run(
        self,
        flow_run_id: UUID,
    ) -> None:
        """Delete a flow run with its task runs, states, logs and inputs.

        Raises:
            ObjectNotFound: there is no such run.
        """
    async def delete_flow_run_input(
        self,
        flow_run_id: UUID,
        key: str,
    ) -> None:
        """Take an input of a flow run away.

        Raises:
            ObjectNotFound: there is no such input.
        """
    async def delete_flow_run_notification_policy(
        self,
        policy_id: UUID,
    ) -> None:
        """Delete a policy.

        Raises:
            ObjectNotFound: there is none.
        """
    async def delete_global_concurrency_limit_by_name(
        self,
        name: str,
    ) -> httpx.Response:
        """Take a limit away.

        Raises:
            ObjectNotFound: there is none.
        """
    async def delete_resource_owned_automations(
        self,
        resource_id: str,
    ) -> None:
        """Delete the automations that a resource owns."""
    async def delete_saved_search(
        self,
        saved_search_id: UUID,
    ) -> None:
        """Forget a search.

        Raises:
            ObjectNotFound: there is none with that id.
        """
    async def delete_task_run(
        self,
        task_run_id: UUID,
    ) -> None:
        """Delete a task run with its states and logs.

        Raises:
            ObjectNotFound: there is no such run.
        """
    async def delete_variable(
        self,
        variable_id: UUID,
    ) -> None:
        """Delete a variable.

        Raises:
            ObjectNotFound: there is no such variable.
        """
    async def delete_variable_by_name(
        self,
        name: str,
    ) -> None:
        """Delete the variable of a name.

        Raises:
            ObjectNotFound: there is none.
        """
    async def delete_work_pool(
        self,
        work_pool_name: str,
    ) -> None:
        """Delete a work pool with its queues and workers; its deployments and runs lose them.

        Raises:
            ObjectNotFound: there is no such pool.
            ObjectUnsupported: the name is reserved.
        """
    async def delete_work_queue_by_id(
        self,
        id: UUID,
    ) -> None:
        """Delete a queue; its deployments and runs lose it.

        Raises:
            ObjectNotFound: there is no such queue.
            ObjectAlreadyExists: it is its pool's default queue.
        """
    async def delete_work_queue_of_pool(
        self,
        work_pool_name: str,
        name: str,
    ) -> None:
        """Delete a queue of a pool; its deployments and runs lose it.

        Raises:
            ObjectNotFound: there is no such queue.
            ObjectAlreadyExists: it is the pool's default queue.
        """
    async def delete_worker(
        self,
        work_pool_name: str,
        worker_name: str,
    ) -> None:
        """Forget a worker.

        Raises:
            ObjectNotFound: there is no such worker.
        """
    async def download_flow_run_logs(
        self,
        flow_run_id: UUID,
    ) -> httpx.Response:
        """The logs of a flow run as a CSV file, oldest first.

        Raises:
            ObjectNotFound: there is no such run.
        """
    async def filter_block_documents(
        self,
        *,
        block_document_filter: BlockDocumentFilter | None = None,
        block_type_filter: BlockTypeFilter | None = None,
        block_schema_filter: BlockSchemaFilter | None = None,
        include_secrets: bool = False,
        sort: BlockDocumentSort | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[BlockDocument]:
        """The block documents that meet the filters; without one of documents, those that have a name."""
    async def filter_flow_run_input(
        self,
        flow_run_id: UUID,
        key_prefix: str,
        limit: int = 1,
        exclude_keys: set[str] | None = None,
    ) -> list[FlowRunInput]:
        """The inputs of a flow run whose keys begin so, oldest first, without those excluded."""
    async def find_automation(
        self,
        id_or_name: str | UUID,
    ) -> Automation | None:
        """The automation with that id, else the first of that name; None when there is none."""
    async def flow_run_history(
        self,
        history_start: datetime.datetime,
        history_end: datetime.datetime,
        history_interval: datetime.timedelta,
        *,
        flow_filter: FlowFilter | None = None,
        flow_run_filter: FlowRunFilter | None = None,
        task_run_filter: TaskRunFilter | None = None,
        deployment_filter: DeploymentFilter | None = None,
        work_pool_filter: WorkPoolFilter | None = None,
        work_queue_filter: WorkQueueFilter | None = None,
    ) -> list[HistoryResponse]:
        """How many flow runs were expected to start in each interval of time, by their current state."""
    async def get_most_recent_block_schema_for_block_type(
        self,
        block_type_id: UUID,
    ) -> BlockSchema | None:
        """The block schema of a type that was registered last; None when there is none."""
    async def get_runs_in_work_queue(
        self,
        id: UUID,
        limit: int = 10,
        scheduled_before: datetime.datetime | None = None,
    ) -> list[FlowRun]:
        """The runs of a queue that are to be taken now, the earliest first; who asks has polled the queue.

        Args:
            scheduled_before: only runs scheduled by then; by default: up to now.

        Raises:
            ObjectNotFound: there is no such queue.
        """
    async def get_scheduled_flow_runs_for_deployments(
        self,
        deployment_ids: list[UUID],
        scheduled_before: datetime.datetime | None = None,
        limit: int | None = None,
    ) -> list[FlowRun]:
        """The scheduled runs of deployments that are due, the earliest first; who asks has polled them."""
    async def get_scheduled_flow_runs_for_work_pool(
        self,
        work_pool_name: str,
        work_queue_names: list[str] | None = None,
        scheduled_before: datetime.datetime | None = None,
        scheduled_after: datetime.datetime | None = None,
        limit: int | None = None,
    ) -> list[WorkerFlowRunResponse]:
        """The runs that workers of a pool are to take now: by priority of their queue, then the earliest first.

        Never more than there are free slots in the pool and in each queue. Who asks has polled the queues.

        Args:
            work_queue_names: only from these; None: from all.
            scheduled_before, scheduled_after: only runs scheduled between; by default: up to now.

        Raises:
            ObjectNotFound: there is no such pool or queue.
        """
    async def hello(self) -> httpx.Response:
        """A greeting, to see that the API answers."""
    async def increment_concurrency_slots(
        self,
        names: list[str],
        slots: int,
        mode: Literal['concurrency', 'rate_limit'] = 'concurrency',
        create_if_missing: bool | None = None,
    ) -> httpx.Response:
        """Take slots of the limits of these names, until they are given back.

        Args:
            mode: "rate_limit" spends them; they come back by the limits' decay.
            create_if_missing: of no effect, kept for older clients.

        Raises:
            ConcurrencySlotsTakenError: a limit has too few free slots.
            ValueError: a limit has fewer slots than are asked for, or no decay where there must be one.
        """
    async def increment_concurrency_slots_with_lease(
        self,
        names: list[str],
        slots: int,
        mode: Literal['concurrency', 'rate_limit'] = 'concurrency',
        lease_duration: float = 300.0,
        holder: ConcurrencyLeaseHolder | None = None,
    ) -> httpx.Response:
        """Take slots of the limits of these names, as long as their lease is renewed.

        Args:
            mode: "rate_limit" spends them; they come back by the limits' decay.
            lease_duration: seconds until the lease expires.
            holder: for whom.

        Raises:
            ConcurrencySlotsTakenError: a limit has too few free slots.
            ValueError: a limit has fewer slots than are asked for, or no decay where there must be one.
        """
    async def increment_v1_concurrency_slots(
        self,
        names: list[str],
        task_run_id: UUID,
    ) -> httpx.Response:
        """Take a slot of each limit on these tags for a task run, which holds it until it ends.

        Raises:
            ConcurrencySlotsTakenError: a limit has no free slot.
        """
    async def install_system_block_types(self) -> None:
        """Register the block types that are always there, where they are not yet."""
    async def match_work_queues(
        self,
        prefixes: list[str],
        work_pool_name: str | None = None,
    ) -> list[WorkQueue]:
        """All queues whose name begins with one of the prefixes."""
    async def next_runs_by_flow(
        self,
        flow_ids: list[UUID],
    ) -> dict[UUID, SimpleNextFlowRun | None]:
        """The scheduled run of each of the flows that is due first; null where there is none."""
    async def paginate_deployments(
        self,
        *,
        flow_filter: FlowFilter | None = None,
        flow_run_filter: FlowRunFilter | None = None,
        task_run_filter: TaskRunFilter | None = None,
        deployment_filter: DeploymentFilter | None = None,
        work_pool_filter: WorkPoolFilter | None = None,
        work_queue_filter: WorkQueueFilter | None = None,
        sort: DeploymentSort | None = None,
        page: int = 1,
        limit: int | None = None,
    ) -> DeploymentPaginationResponse:
        """A page of the deployments that meet all filters."""
    async def paginate_flow_runs(
        self,
        *,
        flow_filter: FlowFilter | None = None,
        flow_run_filter: FlowRunFilter | None = None,
        task_run_filter: TaskRunFilter | None = None,
        deployment_filter: DeploymentFilter | None = None,
        work_pool_filter: WorkPoolFilter | None = None,
        work_queue_filter: WorkQueueFilter | None = None,
        sort: FlowRunSort | None = None,
        page: int = 1,
        limit: int | None = None,
    ) -> FlowRunPaginationResponse:
        """A page of the flow runs that meet all filters."""
    async def paginate_flows(
        self,
        *,
        flow_filter: FlowFilter | None = None,
        flow_run_filter: FlowRunFilter | None = None,
        task_run_filter: TaskRunFilter | None = None,
        deployment_filter: DeploymentFilter | None = None,
        work_pool_filter: WorkPoolFilter | None = None,
        sort: FlowSort | None = None,
        page: int = 1,
        limit: int | None = None,
    ) -> FlowPaginationResponse:
        """A page of the flows that meet all filters."""
    async def paginate_task_runs(
        self,
        *,
        flow_filter: FlowFilter | None = None,
        flow_run_filter: FlowRunFilter | None = None,
        task_run_filter: TaskRunFilter | None = None,
        deployment_filter: DeploymentFilter | None = None,
        sort: TaskRunSort | None = None,
        page: int = 1,
        limit: int | None = None,
    ) -> TaskRunPaginationResponse:
        """A page of the task runs that meet all filters."""
    async def patch_automation(
        self,
        automation_id: UUID,
        automation: AutomationPartialUpdate,
    ) -> None:
        """Let an automation rest or go on.

        Raises:
            ObjectNotFound: there is no such automation.
        """
    async def pause_automation(
        self,
        automation_id: UUID,
    ) -> None:
        """Let an automation rest.

        Raises:
            ObjectNotFound: there is no such automation.
        """
    async def pause_deployment(
        self,
        deployment_id: UUID | str,
    ) -> None:
        """Let the schedules of a deployment rest.

        Raises:
            ObjectNotFound: there is no such deployment.
        """
    async def raise_for_api_version_mismatch(self) -> None:
        """Check that the API can be reached and speaks the language of this client.

        Raises:
            RuntimeError: it cannot, or does not.
        """
    async def raise_for_api_version_mismatch_once(self) -> None:
        """The same, unless it is known already.

        Raises:
            RuntimeError: the API cannot be reached, or does not speak the language of this client.
        """
    async def read_all_work_queues(
        self,
        work_queue_filter: WorkQueueFilter | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[WorkQueue]:
        """The queues of all pools that meet the filter, by name."""
    async def read_artifact(
        self,
        artifact_id: UUID,
    ) -> Artifact:
        """The artifact with that id.

        Raises:
            ObjectNotFound: there is none.
        """
    async def read_artifacts(
        self,
        *,
        artifact_filter: ArtifactFilter | None = None,
        flow_run_filter: FlowRunFilter | None = None,
        task_run_filter: TaskRunFilter | None = None,
        flow_filter: FlowFilter | None = None,
        deployment_filter: DeploymentFilter | None = None,
        sort: ArtifactSort | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[Artifact]:
        """The artifacts that meet all filters, the newest first unless `sort` says otherwise."""
    async def read_automation(
        self,
        automation_id: UUID,
    ) -> Automation | None:
        """The automation with that id; None when there is none."""
    async def read_automations(
        self,
        *,
        automations: AutomationFilter | None = None,
        sort: AutomationSort | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[Automation]:
        """The automations that meet the filter, by name unless `sort` says otherwise."""
    async def read_automations_by_name(
        self,
        name: str,
    ) -> list[Automation]:
        """The automations of that name."""
    async def read_block_capabilities(self) -> list[str]:
        """The capabilities that block schemas have, in alphabetical order."""
    async def read_block_document(
        self,
        block_document_id: UUID,
        include_secrets: bool = True,
    ) -> BlockDocument:
        """The block document with that id, with the values of those it refers to.

        Raises:
            ObjectNotFound: there is none.
        """
    async def read_block_document_by_name(
        self,
        name: str,
        block_type_slug: str,
        include_secrets: bool = True,
    ) -> BlockDocument:
        """The document of that name of the block type of that slug.

        Raises:
            ObjectNotFound: there is none.
        """
    async def read_block_documents(
        self,
        block_schema_type: str | None = None,
        offset: int | None = None,
        limit: int | None = None,
        include_secrets: bool = True,
    ) -> list[BlockDocument]:
        """The block documents that have a name, by it.

        Args:
            block_schema_type: only of the type of this slug.
        """
    async def read_block_documents_by_type(
        self,
        block_type_slug: str,
        offset: int | None = None,
        limit: int | None = None,
        include_secrets: bool = True,
    ) -> list[BlockDocument]:
        """The block documents of a type that have a name, by it."""
    async def read_block_documents_of_type(
        self,
        block_type_slug: str,
        include_secrets: bool = False,
    ) -> list[BlockDocument]:
        """The documents of the block type of that slug that have a name, by it.

        Raises:
            ObjectNotFound: there is no such type.
        """
    async def read_block_schema(
        self,
        block_schema_id: UUID,
    ) -> BlockSchema:
        """The block schema with that id.

        Raises:
            ObjectNotFound: there is none.
        """
    async def read_block_schema_by_checksum(
        self,
        checksum: str,
        version: str | None = None,
    ) -> BlockSchema:
        """The block schema of that checksum, the latest of them unless a version is named.

        Raises:
            ObjectNotFound: there is none.
        """
    async def read_block_schemas(
        self,
        *,
        block_schema_filter: BlockSchemaFilter | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[BlockSchema]:
        """The block schemas that meet the filter, the latest first."""
    async def read_block_type(
        self,
        block_type_id: UUID,
    ) -> BlockType:
        """The block type with that id.

        Raises:
            ObjectNotFound: there is none.
        """
    async def read_block_type_by_slug(
        self,
        slug: str,
    ) -> BlockType:
        """The block type of that slug.

        Raises:
            ObjectNotFound: there is none.
        """
    async def read_block_types(
        self,
        *,
        block_type_filter: BlockTypeFilter | None = None,
        block_schema_filter: BlockSchemaFilter | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[BlockType]:
        """The block types that meet the filters, by name."""
    async def read_collection_view(
        self,
        view: str,
    ) -> dict[str, Any]:
        """A view: `aggregate-worker-metadata`, `aggregate-block-metadata`, `aggregate-flow-metadata`, `demo-flows`.

        Raises:
            ObjectNotFound: there is no such view.
        """
    async def read_concurrency_limit(
        self,
        concurrency_limit_id: UUID,
    ) -> ConcurrencyLimit:
        """The limit on a tag with that id, with the runs that take its slots.

        Raises:
            ObjectNotFound: there is none.
        """
    async def read_concurrency_limit_by_tag(
        self,
        tag: str,
    ) -> ConcurrencyLimit:
        """The limit on a tag, with the runs that take its slots.

        Raises:
            ObjectNotFound: there is none.
        """
    async def read_concurrency_limits(
        self,
        limit: int | None,
        offset: int,
    ) -> list[ConcurrencyLimit]:
        """The limits on tags, by tag."""
    async def read_dashboard_task_run_counts(
        self,
        task_run_filter: TaskRunFilter,
        *,
        flow_filter: FlowFilter | None = None,
        flow_run_filter: FlowRunFilter | None = None,
        deployment_filter: DeploymentFilter | None = None,
        work_pool_filter: WorkPoolFilter | None = None,
        work_queue_filter: WorkQueueFilter | None = None,
    ) -> list[TaskRunCount]:
        """How the task runs that meet all filters ended, in twenty equal parts of the time they started in.

        Raises:
            ValueError: the filter does not say from when (`start_time.after_`).
        """
    async def read_deployment(
        self,
        deployment_id: UUID | str,
    ) -> Deployment:
        """The deployment with that id.

        Raises:
            ObjectNotFound: there is none.
            ValueError: the text is no id.
        """
    async def read_deployment_by_name(
        self,
        name: str,
    ) -> Deployment:
        """The deployment of a name in the form `<flow name>/<deployment name>`.

        Raises:
            ObjectNotFound: there is none.
            ValueError: the name is not of that form.
        """
    async def read_deployment_by_names(
        self,
        flow_name: str,
        deployment_name: str,
    ) -> Deployment:
        """The deployment of that name of the flow of that name.

        Raises:
            ObjectNotFound: there is none.
        """
    async def read_deployment_schedules(
        self,
        deployment_id: UUID,
    ) -> list[DeploymentSchedule]:
        """The schedules of a deployment, in the order in which they were made.

        Raises:
            ObjectNotFound: there is no such deployment.
        """
    async def read_deployments(
        self,
        *,
        flow_filter: FlowFilter | None = None,
        flow_run_filter: FlowRunFilter | None = None,
        task_run_filter: TaskRunFilter | None = None,
        deployment_filter: DeploymentFilter | None = None,
        work_pool_filter: WorkPoolFilter | None = None,
        work_queue_filter: WorkQueueFilter | None = None,
        limit: int | None = None,
        sort: DeploymentSort | None = None,
        offset: int = 0,
    ) -> list[Deployment]:
        """The deployments that meet all filters, by name unless `sort` says otherwise."""
    async def read_events(
        self,
        filter: EventFilter | None = None,
        limit: int = 50,
    ) -> EventPage:
        """The first page of the events that meet the filter, the latest first unless it says otherwise."""
    async def read_events_page(
        self,
        next_page_url: str,
    ) -> EventPage:
        """The page of events that the page before names (`EventPage.next_page`).

        Raises:
            ValueError: the URL is none of a page of events.
        """
    async def read_flow(
        self,
        flow_id: UUID,
    ) -> Flow:
        """The flow with that id.

        Raises:
            ObjectNotFound: there is none.
        """
    async def read_flow_by_name(
        self,
        flow_name: str,
    ) -> Flow:
        """The flow of that name.

        Raises:
            ObjectNotFound: there is none.
        """
    async def read_flow_run(
        self,
        flow_run_id: UUID,
    ) -> FlowRun:
        """The flow run with that id.

        Raises:
            ObjectNotFound: there is none.
        """
    async def read_flow_run_graph_v1(
        self,
        flow_run_id: UUID,
    ) -> list[DependencyResult]:
        """The task runs of a flow run, each with the task runs it depends on.

        Raises:
            ObjectNotFound: there is no such run.
        """
    async def read_flow_run_graph_v2(
        self,
        flow_run_id: UUID,
        since: datetime.datetime | None = None,
    ) -> Graph:
        """The graph of a flow run: what ran in it, what came after what, which artifacts were left.

        Args:
            since: leave out what has ended before.

        Raises:
            ObjectNotFound: there is no such run.
            ValueError: it has more nodes than are shown.
        """
    async def read_flow_run_input(
        self,
        flow_run_id: UUID,
        key: str,
    ) -> str:
        """The value (as JSON) that a flow run was given under a key.

        Raises:
            ObjectNotFound: there is no such input.
        """
    async def read_flow_run_notification_policies(
        self,
        policy_filter: FlowRunNotificationPolicyFilter | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[FlowRunNotificationPolicy]:
        """The policies that meet the filter, in the order in which they were made."""
    async def read_flow_run_notification_policy(
        self,
        policy_id: UUID,
    ) -> FlowRunNotificationPolicy:
        """The policy with that id.

        Raises:
            ObjectNotFound: there is none.
        """
    async def read_flow_run_state(
        self,
        flow_run_state_id: UUID,
    ) -> State[Any]:
        """One state of a flow run.

        Raises:
            ObjectNotFound: there is no such state.
        """
    async def read_flow_run_states(
        self,
        flow_run_id: UUID,
    ) -> list[State[Any]]:
        """The states that a flow run has been in, oldest first."""
    async def read_flow_runs(
        self,
        *,
        flow_filter: FlowFilter | None = None,
        flow_run_filter: FlowRunFilter | None = None,
        task_run_filter: TaskRunFilter | None = None,
        deployment_filter: DeploymentFilter | None = None,
        work_pool_filter: WorkPoolFilter | None = None,
        work_queue_filter: WorkQueueFilter | None = None,
        sort: FlowRunSort | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[FlowRun]:
        """The flow runs that meet all filters, the newest first unless `sort` says otherwise."""
    async def read_flows(
        self,
        *,
        flow_filter: FlowFilter | None = None,
        flow_run_filter: FlowRunFilter | None = None,
        task_run_filter: TaskRunFilter | None = None,
        deployment_filter: DeploymentFilter | None = None,
        work_pool_filter: WorkPoolFilter | None = None,
        work_queue_filter: WorkQueueFilter | None = None,
        sort: FlowSort | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[Flow]:
        """The flows that meet all filters."""
    async def read_global_concurrency_limit_by_name(
        self,
        name: str,
    ) -> GlobalConcurrencyLimit:
        """The limit of that name (or id).

        Raises:
            ObjectNotFound: there is none.
        """
    async def read_global_concurrency_limits(
        self,
        limit: int | None = 10,
        offset: int = 0,
    ) -> list[GlobalConcurrencyLimit]:
        """The limits known by name."""
    async def read_health(self) -> bool:
        """Whether the API is well."""
    async def read_latest_artifact(
        self,
        key: str,
    ) -> Artifact:
        """The latest artifact of a key.

        Raises:
            ObjectNotFound: there is none.
        """
    async def read_latest_artifacts(
        self,
        *,
        artifact_filter: ArtifactCollectionFilter | None = None,
        flow_run_filter: FlowRunFilter | None = None,
        task_run_filter: TaskRunFilter | None = None,
        flow_filter: FlowFilter | None = None,
        deployment_filter: DeploymentFilter | None = None,
        sort: ArtifactCollectionSort | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[ArtifactCollection]:
        """The latest artifact of each key, of those that meet all filters."""
    async def read_logs(
        self,
        log_filter: LogFilter | None = None,
        limit: int | None = None,
        offset: int | None = None,
        sort: LogSort | None = None,
    ) -> list[Log]:
        """The log records that meet the filter, the earliest first unless `sort` says otherwise."""
    async def read_next_events(
        self,
        page_token: str,
    ) -> EventPage:
        """The page of events that the token of the page before asks for."""
    async def read_observed_states(
        self,
        query: str | None = None,
        order_by: ObservedStateSort = ObservedStateSort.LAST_SEEN_DESC,
        limit: int = 200,
    ) -> list[ObservedState]:
        """The types and names of states that the latest runs have been in.

        Args:
            query: only those whose name holds this text, whatever its case.
        """
    async def read_resource_related_automations(
        self,
        resource_id: str,
    ) -> list[Automation]:
        """The automations that a resource owns, or that act on it, by name."""
    async def read_saved_search(
        self,
        saved_search_id: UUID,
    ) -> SavedSearch:
        """The search with that id.

        Raises:
            ObjectNotFound: there is none.
        """
    async def read_saved_searches(
        self,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[SavedSearch]:
        """The searches by name."""
    async def read_server_default_result_storage(self) -> ServerDefaultResultStorage:
        """The block that results are kept in when nothing else is said."""
    async def read_simple_flow_runs(
        self,
        *,
        sort: FlowRunSort = FlowRunSort.EXPECTED_START_TIME_DESC,
        limit: int = 1000,
        offset: int = 0,
        flow_filter: FlowFilter | None = None,
        flow_run_filter: FlowRunFilter | None = None,
        task_run_filter: TaskRunFilter | None = None,
        deployment_filter: DeploymentFilter | None = None,
        work_pool_filter: WorkPoolFilter | None = None,
    ) -> list[SimpleFlowRun]:
        """The flow runs that meet all filters, as a chart shows them."""
    async def read_task_run(
        self,
        task_run_id: UUID,
    ) -> TaskRun:
        """The task run with that id.

        Raises:
            ObjectNotFound: there is none.
        """
    async def read_task_run_counts_by_state(
        self,
        *,
        flow_filter: FlowFilter | None = None,
        flow_run_filter: FlowRunFilter | None = None,
        task_run_filter: TaskRunFilter | None = None,
        deployment_filter: DeploymentFilter | None = None,
    ) -> CountByState:
        """How many of the task runs that meet all filters are in a state of each type."""
    async def read_task_run_state(
        self,
        task_run_state_id: UUID,
    ) -> State[Any]:
        """One state of a task run.

        Raises:
            ObjectNotFound: there is no such state.
        """
    async def read_task_run_states(
        self,
        task_run_id: UUID,
    ) -> list[State[Any]]:
        """The states that a task run has been in, oldest first."""
    async def read_task_run_with_flow_run_name(
        self,
        task_run_id: UUID,
    ) -> UITaskRun:
        """The task run with that id, and the name of its flow run.

        Raises:
            ObjectNotFound: there is none.
        """
    async def read_task_runs(
        self,
        *,
        flow_filter: FlowFilter | None = None,
        flow_run_filter: FlowRunFilter | None = None,
        task_run_filter: TaskRunFilter | None = None,
        deployment_filter: DeploymentFilter | None = None,
        sort: TaskRunSort | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[TaskRun]:
        """The task runs that meet all filters, the newest first unless `sort` says otherwise."""
    async def read_task_workers(
        self,
        task_worker_filter: TaskWorkerFilter | None = None,
    ) -> list[TaskWorker]:
        """The processes that wait for runs of tasks, the latest heard of first."""
    async def read_variable(
        self,
        variable_id: UUID,
    ) -> Variable:
        """The variable with that id.

        Raises:
            ObjectNotFound: there is none.
        """
    async def read_variable_by_name(
        self,
        name: str,
    ) -> Variable | None:
        """The variable of that name; None when there is none."""
    async def read_variables(
        self,
        limit: int | None = None,
        *,
        variable_filter: VariableFilter | None = None,
        sort: VariableSort | None = None,
        offset: int = 0,
    ) -> list[Variable]:
        """The variables that meet the filter, by name unless `sort` says otherwise."""
    async def read_work_pool(
        self,
        work_pool_name: str,
    ) -> WorkPool:
        """The work pool of that name.

        Raises:
            ObjectNotFound: there is none.
        """
    async def read_work_pool_concurrency_status(
        self,
        work_pool_name: str,
        page: int = 1,
        limit: int | None = None,
        flow_run_limit: int = 10,
    ) -> WorkPoolConcurrencyStatus:
        """Who takes the slots of a pool, queue by queue.

        Args:
            page, limit: of the queues.
            flow_run_limit: of each queue so many runs are named.

        Raises:
            ObjectNotFound: there is no such pool.
        """
    async def read_work_pools(
        self,
        limit: int | None = None,
        offset: int = 0,
        work_pool_filter: WorkPoolFilter | None = None,
    ) -> list[WorkPool]:
        """The work pools that meet the filter, by name."""
    async def read_work_queue(
        self,
        id: UUID,
    ) -> WorkQueue:
        """The queue with that id.

        Raises:
            ObjectNotFound: there is none.
        """
    async def read_work_queue_by_name(
        self,
        name: str,
        work_pool_name: str | None = None,
    ) -> WorkQueue:
        """The queue of that name.

        Raises:
            ObjectNotFound: there is none.
        """
    async def read_work_queue_concurrency_status(
        self,
        id: UUID,
        page: int = 1,
        limit: int | None = None,
    ) -> WorkQueueConcurrencyStatus:
        """Who takes the slots of a queue.

        Args:
            page, limit: of the runs.

        Raises:
            ObjectNotFound: there is no such queue.
        """
    async def read_work_queue_of_agents(
        self,
        name: str,
    ) -> WorkQueue:
        """The queue of that name of the agents' pool.

        Raises:
            ObjectNotFound: there is none.
        """
    async def read_work_queue_of_pool(
        self,
        work_pool_name: str,
        name: str,
    ) -> WorkQueue:
        """The queue of that name of the pool of that name.

        Raises:
            ObjectNotFound: there is none.
        """
    async def read_work_queue_status(
        self,
        id: UUID,
    ) -> WorkQueueStatusDetail:
        """Whether a queue is polled and its runs start in time.

        Raises:
            ObjectNotFound: there is no such queue.
        """
    async def read_work_queues(
        self,
        work_pool_name: str | None = None,
        work_queue_filter: WorkQueueFilter | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> list[WorkQueue]:
        """The queues that meet the filter; of all pools unless one is named."""
    async def read_work_queues_of_pool(
        self,
        work_pool_name: str,
        work_queue_filter: WorkQueueFilter | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[WorkQueue]:
        """The queues of a pool that meet the filter, by priority.

        Raises:
            ObjectNotFound: there is no such pool.
        """
    async def read_worker_metadata(self) -> dict[str, Any]:
        """The types of workers there are, with the templates of their pools, by package."""
    async def read_workers_for_work_pool(
        self,
        work_pool_name: str,
        worker_filter: WorkerFilter | None = None,
        offset: int | None = None,
        limit: int | None = None,
    ) -> list[Worker]:
        """The workers of a pool, those heard of last first.

        Raises:
            ObjectNotFound: there is no such pool.
        """
    async def record_worker_heartbeat(
        self,
        work_pool_name: str,
        worker_name: str,
        heartbeat_interval_seconds: int | None = None,
    ) -> None:
        """A worker lives; one that is not known yet is now.

        Raises:
            ObjectNotFound: there is no such pool.
        """
    async def release_concurrency_slots(
        self,
        names: list[str],
        slots: int,
        occupancy_seconds: float | None = None,
        create_if_missing: bool | None = None,
    ) -> httpx.Response:
        """Give back slots of the limits of these names.

        Args:
            occupancy_seconds: how long they were held; what others are told to wait is estimated from it.
            create_if_missing: of no effect, kept for older clients.
        """
    async def release_concurrency_slots_with_lease(
        self,
        lease_id: UUID,
    ) -> httpx.Response:
        """Give back what a lease holds; one that has ended holds nothing."""
    async def renew_concurrency_lease(
        self,
        lease_id: UUID,
        lease_duration: float = 300.0,
    ) -> httpx.Response:
        """Let a lease last so many seconds from now.

        Raises:
            ConcurrencyLeaseLostError: it has expired or was given back.
        """
    async def request(
        self,
        method: str,
        path: str,
        params: dict[str, Any] | None = None,
        path_params: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> httpx.Response:
        """Send a request as it is told, and return the answer.

        Args:
            path: below the API's URL, such as `/flow_runs/{id}`.
            params: of the query.
            path_params: what stands for the names in `path`; it is escaped.
            kwargs: what httpx takes of a request besides: `json`, `content`, `headers`, `timeout` in seconds, ...

        Raises:
            PrefectHTTPStatusError: the API refuses; `error.response` tells why.
            ValueError: `path` has a name that `path_params` does not tell.
        """
    async def reset_concurrency_limit_by_tag(
        self,
        tag: str,
        slot_override: list[UUID | str] | None = None,
    ) -> None:
        """Let these task runs hold the slots of the limit on a tag, and nobody else; by default nobody.

        Raises:
            ObjectNotFound: there is no such limit.
        """
    async def resume_automation(
        self,
        automation_id: UUID,
    ) -> None:
        """Let an automation that rests go on.

        Raises:
            ObjectNotFound: there is no such automation.
        """
    async def resume_deployment(
        self,
        deployment_id: UUID | str,
    ) -> None:
        """Let the schedules of a paused deployment go on.

        Raises:
            ObjectNotFound: there is no such deployment.
        """
    async def resume_flow_run(
        self,
        flow_run_id: UUID,
        run_input: dict[str, Any] | None = None,
    ) -> OrchestrationResult[Any]:
        """Let a paused flow run go on, with the input it waits for if it waits for one.

        Raises:
            ObjectNotFound: there is no such run.
        """
    async def schedule_deployment(
        self,
        deployment_id: UUID,
        start_time: datetime.datetime | None = None,
        end_time: datetime.datetime | None = None,
        min_time: datetime.timedelta | None = None,
        min_runs: int | None = None,
        max_runs: int | None = None,
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
    async def send_worker_heartbeat(
        self,
        work_pool_name: str,
        worker_name: str,
        heartbeat_interval_seconds: float | None = None,
        get_worker_id: bool = False,
        worker_metadata: WorkerMetadata | None = None,
    ) -> UUID | None:
        """Tell that a worker lives. Returns None: only Prefect Cloud knows ids and metadata of workers.

        Raises:
            ObjectNotFound: there is no such pool.
        """
    async def set_deployment_paused_state(
        self,
        deployment_id: UUID,
        paused: bool,
    ) -> None:
        """Let the schedules of a deployment rest or go on.

        Raises:
            ObjectNotFound: there is no such deployment.
        """
    async def set_flow_run_name(
        self,
        flow_run_id: UUID,
        name: str,
    ) -> httpx.Response:
        """Give a flow run another name.

        Raises:
            ObjectNotFound: there is no such run.
        """
    async def set_flow_run_state(
        self,
        flow_run_id: UUID | str,
        state: State[T],
        force: bool = False,
    ) -> OrchestrationResult[T]:
        """Propose a state for a flow run; the answer says what became of it.

        Args:
            force: leave the rules of orchestration out.

        Raises:
            ObjectNotFound: there is no such run.
        """
    async def set_task_run_name(
        self,
        task_run_id: UUID,
        name: str,
    ) -> httpx.Response:
        """Give a task run another name.

        Raises:
            ObjectNotFound: there is no such run.
        """
    async def set_task_run_state(
        self,
        task_run_id: UUID,
        state: State[T],
        force: bool = False,
    ) -> OrchestrationResult[T]:
        """Propose a state for a task run; the answer says what became of it.

        Args:
            force: leave the rules of orchestration out.

        Raises:
            ObjectNotFound: there is no such run.
        """
    async def task_run_history(
        self,
        history_start: datetime.datetime,
        history_end: datetime.datetime,
        history_interval: datetime.timedelta,
        *,
        flow_filter: FlowFilter | None = None,
        flow_run_filter: FlowRunFilter | None = None,
        task_run_filter: TaskRunFilter | None = None,
        deployment_filter: DeploymentFilter | None = None,
    ) -> list[HistoryResponse]:
        """How many task runs were expected to start in each interval of time, by their current state."""
    async def update_artifact(
        self,
        artifact_id: UUID,
        artifact: ArtifactUpdate,
    ) -> None:
        """Change an artifact; what is not set stays as it is.

        Raises:
            ObjectNotFound: there is no such artifact.
        """
    async def update_automation(
        self,
        automation_id: UUID,
        automation: AutomationCore,
    ) -> None:
        """Put another automation in the place of one; its owner stays.

        Raises:
            ObjectNotFound: there is no such automation.
        """
    async def update_block_document(
        self,
        block_document_id: UUID,
        block_document: BlockDocumentUpdate,
    ) -> None:
        """Change the values of a block; secret values are stored themselves.

        Raises:
            ObjectNotFound: there is no such document.
        """
    async def update_block_type(
        self,
        block_type_id: UUID,
        block_type: BlockTypeUpdate,
    ) -> None:
        """Change a block type; what is not set stays as it is.

        Raises:
            ObjectNotFound: there is no such type.
        """
    async def update_deployment(
        self,
        deployment_id: UUID,
        deployment: DeploymentUpdate,
    ) -> None:
        """Change a deployment; what is not set stays as it is.

        Raises:
            ObjectNotFound: there is no such deployment.
        """
    async def update_deployment_schedule(
        self,
        deployment_id: UUID,
        schedule_id: UUID,
        active: bool | None = None,
        schedule: IntervalSchedule | CronSchedule | RRuleSchedule | NoSchedule | None = None,
        max_scheduled_runs: int | None = None,
        parameters: dict[str, Any] | None = None,
        slug: str | None = None,
    ) -> None:
        """Change a schedule; None leaves a field as it is.

        Raises:
            ObjectNotFound: the deployment has no such schedule.
        """
    async def update_flow(
        self,
        flow_id: UUID,
        flow: FlowUpdate,
    ) -> None:
        """Change the tags of a flow.

        Raises:
            ObjectNotFound: there is no such flow.
        """
    async def update_flow_run(
        self,
        flow_run_id: UUID,
        flow_version: str | None = None,
        parameters: dict[str, Any] | None = None,
        name: str | None = None,
        tags: Iterable[str] | None = None,
        empirical_policy: FlowRunPolicy | None = None,
        infrastructure_pid: str | None = None,
        job_variables: dict[str, Any] | None = None,
    ) -> httpx.Response:
        """Change what of a flow run does not belong to its state; None leaves a field as it is.

        Raises:
            ObjectNotFound: there is no such run.
        """
    async def update_flow_run_labels(
        self,
        flow_run_id: UUID,
        labels: dict[str, bool | int | float | str],
    ) -> None:
        """Add labels to a flow run; those of the same keys are replaced.

        Raises:
            ObjectNotFound: there is no such run.
        """
    async def update_flow_run_notification_policy(
        self,
        policy_id: UUID,
        policy: FlowRunNotificationPolicyUpdate,
    ) -> None:
        """Change a policy; what is not set stays as it is.

        Raises:
            ObjectNotFound: there is no such policy, or block document.
        """
    async def update_global_concurrency_limit(
        self,
        name: str,
        concurrency_limit: GlobalConcurrencyLimitUpdate,
    ) -> httpx.Response:
        """Change a limit; what is not set stays as it is.

        Raises:
            ObjectNotFound: there is no such limit.
        """
    async def update_server_default_result_storage(
        self,
        default_result_storage_block_id: UUID,
    ) -> ServerDefaultResultStorage:
        """Keep results in that block when nothing else is said.

        Raises:
            ObjectNotFound: there is no such block.
        """
    async def update_task_run(
        self,
        task_run_id: UUID,
        task_run: TaskRunUpdate,
    ) -> httpx.Response:
        """Change what of a task run does not belong to its state.

        Raises:
            ObjectNotFound: there is no such run.
        """
    async def update_variable(
        self,
        variable: VariableUpdate,
    ) -> None:
        """Change the variable of the name that `variable` has; what is not set stays as it is.

        Raises:
            ObjectNotFound: there is none of that name.
            ValueError: `variable` has no name.
        """
    async def update_variable_by_id(
        self,
        variable_id: UUID,
        variable: VariableUpdate,
    ) -> None:
        """Change a variable; what is not set stays as it is.

        Raises:
            ObjectNotFound: there is no such variable.
            ObjectAlreadyExists: another has the new name.
        """
    async def update_variable_by_name(
        self,
        name: str,
        variable: VariableUpdate,
    ) -> None:
        """Change the variable of a name; what is not set stays as it is.

        Raises:
            ObjectNotFound: there is no such variable.
            ObjectAlreadyExists: another has the new name.
        """
    async def update_work_pool(
        self,
        work_pool_name: str,
        work_pool: WorkPoolUpdate,
    ) -> None:
        """Change a work pool; what is not set stays as it is.

        Raises:
            ObjectNotFound: there is no such pool.
            ValueError: the defaults of its variables do not fit what it says of them.
        """
    async def update_work_queue(
        self,
        id: UUID,
        **kwargs: Any,
    ) -> None:
        """Change fields of a queue.

        Args:
            kwargs: the fields and their new values.

        Raises:
            ObjectNotFound: there is no such queue.
            ValueError: nothing is to be changed.
        """
    async def update_work_queue_of_pool(
        self,
        work_pool_name: str,
        name: str,
        work_queue: WorkQueueUpdate,
    ) -> None:
        """Change a queue of a pool; what is not set stays as it is.

        Raises:
            ObjectNotFound: there is no such queue.
            ObjectAlreadyExists: another queue of the pool has the new name.
        """
    async def upsert_global_concurrency_limit_by_name(
        self,
        name: str,
        limit: int,
        slot_decay_per_second: float | None = None,
    ) -> None:
        """Change the limit of that name, or make it.

        Args:
            slot_decay_per_second: None leaves it as it is; of a new limit it is 0.
        """
    async def validate_automation_template(
        self,
        template: str = '',
    ) -> None:
        """Check a template as automations use them.

        Raises:
            ValueError: it is broken or does too much.
        """
    async def validate_schema_values(
        self,
        json_schema: dict[str, Any],
        values: dict[str, Any],
    ) -> SchemaValuesValidationResponse:
        """What is wrong with values, as forms send them, by a JSON schema.

        Raises:
            ValueError: the schema is none.
        """
    async def validate_template(
        self,
        template: str = '',
    ) -> None:
        """Check a template as automations use them.

        Raises:
            ValueError: it is broken or does too much.
        """
    async def work_queue_check_for_deployment(
        self,
        deployment_id: UUID,
    ) -> list[WorkQueue]:
        """The queues that runs of a deployment are taken from.

        Raises:
            ObjectNotFound: there is no such deployment.
        """

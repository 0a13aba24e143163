"""The nouns under their documented import path. Homes: one file each in `prefect.schemas`."""

from prefect.schemas.artifacts import Artifact, ArtifactCollection
from prefect.schemas.blocks import (
    DEFAULT_BLOCK_SCHEMA_VERSION,
    BlockDocument,
    BlockDocumentReference,
    BlockSchema,
    BlockSchemaReference,
    BlockType,
)
from prefect.schemas.cloud import IPAllowlist, IPAllowlistEntry, IPAllowlistMyAccessResponse, Workspace
from prefect.schemas.concurrency import (
    ConcurrencyLeaseHolder,
    ConcurrencyLimit,
    ConcurrencyLimitConfig,
    ConcurrencyLimitStrategy,
    ConcurrencyOptions,
    GlobalConcurrencyLimit,
)
from prefect.schemas.configuration import (
    Configuration,
    CsrfToken,
    ServerDefaultResultStorage,
    ServerDefaultResultStorageUpdate,
)
from prefect.schemas.deployments import (
    BranchingScheduleHandling,
    Deployment,
    DeploymentBranchingOptions,
    DeploymentSchedule,
    DeploymentStatus,
    VersionInfo,
)
from prefect.schemas.fields import CreatedBy, UpdatedBy
from prefect.schemas.flow_run_inputs import FlowRunInput
from prefect.schemas.flows import Flow
from prefect.schemas.logs import Log
from prefect.schemas.notifications import FLOW_RUN_NOTIFICATION_TEMPLATE_KWARGS, FlowRunNotificationPolicy
from prefect.schemas.results import ResultRecordMetadata
from prefect.schemas.runs import (
    Constant,
    FlowRun,
    FlowRunPolicy,
    FlowRunResult,
    Parameter,
    RunInput,
    RunType,
    TaskRun,
    TaskRunInput,
    TaskRunPolicy,
    TaskRunResult,
)
from prefect.schemas.saved_searches import SavedSearch, SavedSearchFilter
from prefect.schemas.state_data import data_discriminator
from prefect.schemas.states import TERMINAL_STATES, State, StateDetails, StateType
from prefect.schemas.variables import Variable
from prefect.schemas.work_pools import (
    DEFAULT_AGENT_WORK_POOL_NAME,
    WorkPool,
    WorkPoolStatus,
    WorkPoolStorageConfiguration,
)
from prefect.schemas.work_queues import (
    QueueFilter,
    WorkQueue,
    WorkQueueHealthPolicy,
    WorkQueueStatus,
    WorkQueueStatusDetail,
)
from prefect.schemas.workers import Agent, Integration, Worker, WorkerMetadata, WorkerStatus

__all__ = [
    "DEFAULT_AGENT_WORK_POOL_NAME",
    "DEFAULT_BLOCK_SCHEMA_VERSION",
    "FLOW_RUN_NOTIFICATION_TEMPLATE_KWARGS",
    "TERMINAL_STATES",
    "Agent",
    "Artifact",
    "ArtifactCollection",
    "BlockDocument",
    "BlockDocumentReference",
    "BlockSchema",
    "BlockSchemaReference",
    "BlockType",
    "BranchingScheduleHandling",
    "ConcurrencyLeaseHolder",
    "ConcurrencyLimit",
    "ConcurrencyLimitConfig",
    "ConcurrencyLimitStrategy",
    "ConcurrencyOptions",
    "Configuration",
    "Constant",
    "CreatedBy",
    "CsrfToken",
    "Deployment",
    "DeploymentBranchingOptions",
    "DeploymentSchedule",
    "DeploymentStatus",
    "Flow",
    "FlowRun",
    "FlowRunInput",
    "FlowRunNotificationPolicy",
    "FlowRunPolicy",
    "FlowRunResult",
    "GlobalConcurrencyLimit",
    "IPAllowlist",
    "IPAllowlistEntry",
    "IPAllowlistMyAccessResponse",
    "Integration",
    "Log",
    "Parameter",
    "QueueFilter",
    "ResultRecordMetadata",
    "RunInput",
    "RunType",
    "SavedSearch",
    "SavedSearchFilter",
    "ServerDefaultResultStorage",
    "ServerDefaultResultStorageUpdate",
    "State",
    "StateDetails",
    "StateType",
    "TaskRun",
    "TaskRunInput",
    "TaskRunPolicy",
    "TaskRunResult",
    "UpdatedBy",
    "Variable",
    "VersionInfo",
    "WorkPool",
    "WorkPoolStatus",
    "WorkPoolStorageConfiguration",
    "WorkQueue",
    "WorkQueueHealthPolicy",
    "WorkQueueStatus",
    "WorkQueueStatusDetail",
    "Worker",
    "WorkerMetadata",
    "WorkerStatus",
    "Workspace",
    "data_discriminator",
]

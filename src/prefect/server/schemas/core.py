"""The nouns as the server names them: the same classes as everywhere. Homes: `prefect.schemas`."""

from prefect.schemas.artifacts import Artifact, ArtifactCollection
from prefect.schemas.blocks import (
    DEFAULT_BLOCK_SCHEMA_VERSION,
    BlockDocument,
    BlockDocumentReference,
    BlockSchema,
    BlockSchemaReference,
    BlockType,
)
from prefect.schemas.concurrency import (
    ConcurrencyLeaseHolder,
    ConcurrencyLimit,
    ConcurrencyLimitStrategy,
    ConcurrencyOptions,
)
from prefect.schemas.concurrency import GlobalConcurrencyLimit as ConcurrencyLimitV2
from prefect.schemas.configuration import Configuration, CsrfToken, ServerDefaultResultStorage
from prefect.schemas.deployments import Deployment, DeploymentSchedule, VersionInfo
from prefect.schemas.fields import CreatedBy, UpdatedBy
from prefect.schemas.flow_run_inputs import FlowRunInput
from prefect.schemas.flows import Flow
from prefect.schemas.logs import Log
from prefect.schemas.notifications import FLOW_RUN_NOTIFICATION_TEMPLATE_KWARGS, FlowRunNotificationPolicy
from prefect.schemas.runs import (
    Constant,
    FlowRun,
    FlowRunPolicy,
    FlowRunResult,
    Parameter,
    RunInput,
    TaskRun,
    TaskRunPolicy,
    TaskRunResult,
)
from prefect.schemas.saved_searches import SavedSearch, SavedSearchFilter
from prefect.schemas.variables import Variable
from prefect.schemas.work_pools import WorkPool, WorkPoolStorageConfiguration
from prefect.schemas.work_queues import QueueFilter, WorkQueue, WorkQueueHealthPolicy, WorkQueueStatusDetail
from prefect.schemas.workers import Agent, Worker

__all__ = [
    "DEFAULT_BLOCK_SCHEMA_VERSION",
    "FLOW_RUN_NOTIFICATION_TEMPLATE_KWARGS",
    "Agent",
    "Artifact",
    "ArtifactCollection",
    "BlockDocument",
    "BlockDocumentReference",
    "BlockSchema",
    "BlockSchemaReference",
    "BlockType",
    "ConcurrencyLeaseHolder",
    "ConcurrencyLimit",
    "ConcurrencyLimitStrategy",
    "ConcurrencyLimitV2",
    "ConcurrencyOptions",
    "Configuration",
    "Constant",
    "CreatedBy",
    "CsrfToken",
    "Deployment",
    "DeploymentSchedule",
    "Flow",
    "FlowRun",
    "FlowRunInput",
    "FlowRunNotificationPolicy",
    "FlowRunPolicy",
    "FlowRunResult",
    "Log",
    "Parameter",
    "QueueFilter",
    "RunInput",
    "SavedSearch",
    "SavedSearchFilter",
    "ServerDefaultResultStorage",
    "TaskRun",
    "TaskRunPolicy",
    "TaskRunResult",
    "UpdatedBy",
    "Variable",
    "VersionInfo",
    "WorkPool",
    "WorkPoolStorageConfiguration",
    "WorkQueue",
    "WorkQueueHealthPolicy",
    "WorkQueueStatusDetail",
    "Worker",
]

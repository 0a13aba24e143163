"""What a client may ask for: `…Create` and `…Update` of each noun, one file per group, all names here.

Unknown fields are refused (a misspelt field must not be lost silently). Each action serves SDK, wire and
server. Actions of automations are in `prefect.schemas.automations`.
"""

from prefect.schemas.actions.blocks import (
    BlockDocumentCreate,
    BlockDocumentReferenceCreate,
    BlockDocumentUpdate,
    BlockSchemaCreate,
    BlockTypeCreate,
    BlockTypeUpdate,
)
from prefect.schemas.actions.concurrency import (
    ConcurrencyLimitCreate,
    ConcurrencyLimitV2Create,
    ConcurrencyLimitV2Update,
    GlobalConcurrencyLimitCreate,
    GlobalConcurrencyLimitUpdate,
)
from prefect.schemas.actions.deployments import (
    DeploymentBranch,
    DeploymentCreate,
    DeploymentScheduleCreate,
    DeploymentScheduleUpdate,
    DeploymentUpdate,
    NormalizedSchedule,
    ParameterSchema,
)
from prefect.schemas.actions.flows import FlowCreate, FlowUpdate
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
from prefect.schemas.actions.runs import (
    DeploymentFlowRunCreate,
    FlowRunCreate,
    FlowRunUpdate,
    TaskRunCreate,
    TaskRunUpdate,
)
from prefect.schemas.actions.saved_searches import SavedSearchCreate
from prefect.schemas.actions.states import StateCreate
from prefect.schemas.actions.work_pools import (
    WorkPoolCreate,
    WorkPoolUpdate,
    WorkQueueCreate,
    WorkQueueUpdate,
)

__all__ = [
    "ArtifactCreate",
    "ArtifactUpdate",
    "BlockDocumentCreate",
    "BlockDocumentReferenceCreate",
    "BlockDocumentUpdate",
    "BlockSchemaCreate",
    "BlockTypeCreate",
    "BlockTypeUpdate",
    "ConcurrencyLimitCreate",
    "ConcurrencyLimitV2Create",
    "ConcurrencyLimitV2Update",
    "DeploymentBranch",
    "DeploymentCreate",
    "DeploymentFlowRunCreate",
    "DeploymentScheduleCreate",
    "DeploymentScheduleUpdate",
    "DeploymentUpdate",
    "FlowCreate",
    "FlowRunCreate",
    "FlowRunNotificationPolicyCreate",
    "FlowRunNotificationPolicyUpdate",
    "FlowRunUpdate",
    "FlowUpdate",
    "GlobalConcurrencyLimitCreate",
    "GlobalConcurrencyLimitUpdate",
    "LogCreate",
    "NormalizedSchedule",
    "ParameterSchema",
    "SavedSearchCreate",
    "StateCreate",
    "TaskRunCreate",
    "TaskRunUpdate",
    "VariableCreate",
    "VariableUpdate",
    "WorkPoolCreate",
    "WorkPoolUpdate",
    "WorkQueueCreate",
    "WorkQueueUpdate",
]

"""Deployments: a flow with where and when to run it, and with which parameters.

One `Deployment` serves the SDK and the API's responses (`DeploymentResponse`): what only a response tells
(status, pool, limit) has defaults. Not here: schedules themselves (`schedules`), how a deployment is made
(`prefect.deployments`).
"""

from enum import Enum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pydantic import ConfigDict, Field

from prefect.schemas.bases import ObjectBaseModel, PrefectBaseModel
from prefect.schemas.concurrency import ConcurrencyOptions, GlobalConcurrencyLimit
from prefect.schemas.fields import CreatedBy, UpdatedBy
from prefect.schemas.schedules import SCHEDULE_TYPES
from prefect.types import DateTime, KeyValueLabels, PositiveInteger
from prefect.types.names import Name
from prefect.utilities.collections import AutoEnum

if TYPE_CHECKING:
    from prefect.schemas.events import RelatedResource


class DeploymentStatus(AutoEnum):
    """Whether somebody takes the deployment's runs."""

    READY = "READY"
    NOT_READY = "NOT_READY"
    DISABLED = "DISABLED"


class DeploymentSchedule(ObjectBaseModel):
    """One schedule of a deployment, with parameters that override the deployment's."""

    deployment_id: UUID | None = None
    schedule: SCHEDULE_TYPES
    active: bool = True
    max_scheduled_runs: PositiveInteger | None = None
    parameters: dict[str, Any] = Field(default_factory=dict)
    slug: str | None = None


class VersionInfo(PrefectBaseModel):
    """What a version of a deployment was made from, by type (`vcs:git`, …); further fields are kept."""

    model_config = ConfigDict(extra="allow")

    type: str
    version: str


class Deployment(ObjectBaseModel):
    """A deployment, known by its name within its flow."""

    name: Name
    version: str | None = None
    version_info: VersionInfo | None = None
    # known in the cloud of the original only: no server tells these
    version_id: UUID | None = Field(default=None, exclude=True)
    branch: str | None = Field(default=None, exclude=True)
    base: UUID | None = Field(default=None, exclude=True)
    root: UUID | None = Field(default=None, exclude=True)
    description: str | None = None
    flow_id: UUID
    paused: bool = False
    concurrency_limit: int | None = None
    global_concurrency_limit: GlobalConcurrencyLimit | None = None
    concurrency_options: ConcurrencyOptions | None = None
    schedules: list[DeploymentSchedule] = Field(default_factory=list)
    job_variables: dict[str, Any] = Field(default_factory=dict)
    parameters: dict[str, Any] = Field(default_factory=dict)
    pull_steps: list[dict[str, Any]] | None = None
    tags: list[str] = Field(default_factory=list)
    labels: KeyValueLabels = Field(default_factory=dict)
    work_queue_name: str | None = None
    work_queue_id: UUID | None = None
    work_pool_name: str | None = None
    last_polled: DateTime | None = None
    status: DeploymentStatus | None = None
    parameter_openapi_schema: dict[str, Any] | None = None
    path: str | None = None
    entrypoint: str | None = None
    storage_document_id: UUID | None = None
    infrastructure_document_id: UUID | None = None
    created_by: CreatedBy | None = None
    updated_by: UpdatedBy | None = None
    enforce_parameter_schema: bool = True

    def as_related_resource(self, role: str = "deployment") -> "RelatedResource":
        """This deployment as an event mentions it."""
        from prefect.schemas.events import RelatedResource

        return RelatedResource(
            {
                "prefect.resource.id": f"prefect.deployment.{self.id}",
                "prefect.resource.role": role,
                "prefect.resource.name": self.name,
            }
        )


class BranchingScheduleHandling(str, Enum):
    """What becomes of the schedules in a branch of a deployment."""

    KEEP = "keep"
    REMOVE = "remove"
    INACTIVE = "inactive"


class DeploymentBranchingOptions(ObjectBaseModel):
    """How a branch of a deployment is made."""

    schedule_handling: BranchingScheduleHandling = BranchingScheduleHandling.REMOVE

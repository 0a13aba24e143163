"""Work pools: where runs of deployments are executed, and with which settings.

One `WorkPool` serves the SDK and the API's responses: `default_queue_id` may be null, as the API says. Not
here: queues (`work_queues`), workers (`workers`).
"""

from typing import Any
from uuid import UUID

from pydantic import Field

from prefect.schemas.bases import ObjectBaseModel, PrefectBaseModel
from prefect.types import NonNegativeInteger
from prefect.types.names import Name
from prefect.utilities.collections import AutoEnum

DEFAULT_AGENT_WORK_POOL_NAME = "default-agent-pool"


class WorkPoolStatus(AutoEnum):
    """Whether a pool's workers are there."""

    READY = "READY"
    NOT_READY = "NOT_READY"
    PAUSED = "PAUSED"

    @property
    def display_name(self) -> str:
        """The status as people read it."""
        return self.name.replace("_", " ").capitalize()


class WorkPoolStorageConfiguration(PrefectBaseModel):
    """Where a pool keeps bundles of code and the results of its runs."""

    bundle_upload_step: dict[str, Any] | None = None
    bundle_execution_step: dict[str, Any] | None = None
    default_result_storage_block_id: UUID | None = None


class WorkPool(ObjectBaseModel):
    """A pool of a type (`process`, `docker`, …), known by its unique name."""

    name: Name
    description: str | None = None
    type: str
    base_job_template: dict[str, Any] = Field(default_factory=dict)
    is_paused: bool = False
    concurrency_limit: NonNegativeInteger | None = None
    status: WorkPoolStatus | None = None
    active_slots: int | None = None
    storage_configuration: WorkPoolStorageConfiguration = Field(default_factory=WorkPoolStorageConfiguration)
    default_queue_id: UUID | None = None

    @property
    def is_push_pool(self) -> bool:
        """Whether runs are pushed to a service, without workers."""
        return self.type.endswith(":push")

    @property
    def is_managed_pool(self) -> bool:
        """Whether the provider of the pool runs its own workers."""
        return self.type.endswith(":managed")

"""Filters of deployments."""

from uuid import UUID

from prefect.schemas.bases import PrefectBaseModel
from prefect.schemas.filters.bases import AnyId, AnyText, OperatorMixin, TagsAny, TextMatch


class DeploymentFilterId(AnyId):
    """By deployment."""

    not_any_: list[UUID] | None = None


class DeploymentFilterName(TextMatch):
    """By name; `like_` also takes "flow name/deployment name"."""


class DeploymentOrFlowNameFilter(PrefectBaseModel):
    """By the name of the deployment or of its flow."""

    like_: str | None = None


class DeploymentFilterPaused(PrefectBaseModel):
    """By whether the deployment is paused."""

    eq_: bool | None = None


class DeploymentFilterTags(TagsAny):
    """By tags."""


class DeploymentFilterWorkQueueName(AnyText):
    """By the name of the work queue."""


class DeploymentFilterConcurrencyLimit(PrefectBaseModel):
    """By the concurrency limit."""

    ge_: int | None = None
    le_: int | None = None
    is_null_: bool | None = None


class DeploymentFilter(PrefectBaseModel, OperatorMixin):
    """Which deployments."""

    id: DeploymentFilterId | None = None
    name: DeploymentFilterName | None = None
    flow_or_deployment_name: DeploymentOrFlowNameFilter | None = None
    paused: DeploymentFilterPaused | None = None
    tags: DeploymentFilterTags | None = None
    work_queue_name: DeploymentFilterWorkQueueName | None = None
    concurrency_limit: DeploymentFilterConcurrencyLimit | None = None

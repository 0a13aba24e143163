"""Making and changing work pools and their queues."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from prefect.schemas.bases import ActionBaseModel
from prefect.schemas.work_pools import WorkPoolStorageConfiguration
from prefect.schemas.work_queues import QueueFilter
from prefect.types import DateTime, NonNegativeInteger, PositiveInteger
from prefect.types.names import Name, NonEmptyishName
from prefect.utilities.templating import find_placeholders


def _complete(template: dict[str, Any]) -> dict[str, Any]:
    """A template is empty, or has both parts, and uses no variable that it does not describe."""
    if not template:
        return template
    if not all(isinstance(template.get(part), dict) for part in ("job_configuration", "variables")):
        raise ValueError(
            "The `base_job_template` must contain both a `job_configuration` key and a `variables` key."
        )
    described = template["variables"].get("properties", {})
    if not isinstance(described, dict):
        raise ValueError("`variables.properties` of the `base_job_template` must be an object.")
    used = {placeholder.name for placeholder in find_placeholders(template["job_configuration"])}
    unknown = sorted(used - set(described))
    if unknown:
        raise ValueError(
            "The variables specified in the job configuration template must be present as properties in the "
            f"variables schema. Your job configuration uses the following undeclared variable(s): "
            f"{', '.join(unknown)}."
        )
    return template


BaseJobTemplate = Annotated[dict[str, Any], AfterValidator(_complete)]


class WorkPoolCreate(ActionBaseModel):
    """A work pool to make."""

    name: NonEmptyishName
    description: str | None = None
    type: str = "prefect-agent"
    base_job_template: BaseJobTemplate = Field(default_factory=dict)
    is_paused: bool = False
    concurrency_limit: NonNegativeInteger | None = None
    storage_configuration: WorkPoolStorageConfiguration = Field(default_factory=WorkPoolStorageConfiguration)


class WorkPoolUpdate(ActionBaseModel):
    """What can be changed of a work pool."""

    description: str | None = None
    is_paused: bool | None = None
    base_job_template: BaseJobTemplate | None = None
    concurrency_limit: NonNegativeInteger | None = None
    storage_configuration: WorkPoolStorageConfiguration | None = None


class WorkQueueCreate(ActionBaseModel):
    """A work queue to make; without a priority it comes last."""

    name: Name
    description: str | None = None
    is_paused: bool = False
    concurrency_limit: NonNegativeInteger | None = None
    priority: PositiveInteger | None = None
    filter: QueueFilter | None = Field(default=None, json_schema_extra={"deprecated": True})


class WorkQueueUpdate(ActionBaseModel):
    """What can be changed of a work queue."""

    name: Name | None = None
    description: str | None = None
    is_paused: bool = False
    concurrency_limit: NonNegativeInteger | None = None
    priority: PositiveInteger | None = None
    last_polled: DateTime | None = None
    filter: QueueFilter | None = Field(default=None, json_schema_extra={"deprecated": True})

"""Making and changing deployments, their schedules and branches.

Fields of 3.0 and older that mean nothing any more (`max_active_runs`, `catchup`, `worker_pool_*`) are
dropped, so that older clients are still served.
"""

import datetime
from typing import Annotated, Any, Protocol
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from prefect.schemas.bases import ActionBaseModel
from prefect.schemas.concurrency import ConcurrencyOptions
from prefect.schemas.deployments import DeploymentBranchingOptions, VersionInfo
from prefect.schemas.schedules import SCHEDULE_TYPES, normalize_schedule_rrule
from prefect.types import KeyValueLabels, PositiveInteger
from prefect.types.names import NameOrEmpty

MAX_SCHEDULED_RUNS = 50

_OLD_SCHEDULE_FIELDS = ("max_active_runs", "catchup")
_OLD_DEPLOYMENT_FIELDS = ("worker_pool_queue_id", "worker_pool_name", "worker_pool_queue_name")


def _without(values: Any, names: tuple[str, ...]) -> Any:
    if not isinstance(values, dict):
        return values
    return {name: value for name, value in values.items() if name not in names}


def _empty_parameter_schema() -> dict[str, Any]:
    return {"type": "object", "properties": {}}


def _normalize_parameter_schema(schema: Any) -> Any:
    return _empty_parameter_schema() if schema == {} else schema


ParameterSchema = Annotated[dict[str, Any], BeforeValidator(_normalize_parameter_schema)]
"""A JSON schema of parameters; an empty one says that there are none."""

NormalizedSchedule = Annotated[SCHEDULE_TYPES, AfterValidator(normalize_schedule_rrule)]
"""A schedule; a recurrence rule says when it begins."""


def _within_bounds(max_scheduled_runs: int | None) -> int | None:
    if max_scheduled_runs is not None and max_scheduled_runs > MAX_SCHEDULED_RUNS:
        raise ValueError(
            f"`max_scheduled_runs` must be less than or equal to {MAX_SCHEDULED_RUNS}; "
            f"got {max_scheduled_runs}."
        )
    return max_scheduled_runs


ScheduledRuns = Annotated[PositiveInteger | None, AfterValidator(_within_bounds)]


class ScheduleOptions(Protocol):
    """What `Cron(…)`, `Interval(…)`, `RRule(…)` of `prefect.schedules` make: a schedule and its options."""

    @property
    def interval(self) -> datetime.timedelta | None: ...
    @property
    def anchor_date(self) -> datetime.datetime: ...
    @property
    def cron(self) -> str | None: ...
    @property
    def day_or(self) -> bool: ...
    @property
    def rrule(self) -> str | None: ...
    @property
    def timezone(self) -> str | None: ...
    @property
    def active(self) -> bool: ...
    @property
    def parameters(self) -> dict[str, Any]: ...
    @property
    def slug(self) -> str | None: ...


class DeploymentScheduleCreate(ActionBaseModel):
    """A schedule to add; `replaces` names (by slug) the one it takes the place of."""

    schedule: NormalizedSchedule
    active: bool = True
    max_scheduled_runs: ScheduledRuns = None
    parameters: dict[str, Any] = Field(default_factory=dict)
    slug: str | None = None
    replaces: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _drop_old_fields(cls, values: Any) -> Any:
        return _without(values, _OLD_SCHEDULE_FIELDS)

    @classmethod
    def from_schedule(cls, schedule: ScheduleOptions) -> "DeploymentScheduleCreate":
        """What `Cron(…)`, `Interval(…)` or `RRule(…)` stands for; `NoSchedule` if none of them is set."""
        content: dict[str, Any] = {}
        if schedule.interval:
            content = {"interval": schedule.interval, "anchor_date": schedule.anchor_date}
        elif schedule.cron:
            content = {"cron": schedule.cron, "day_or": schedule.day_or}
        elif schedule.rrule:
            content = {"rrule": schedule.rrule}
        if content and schedule.timezone:
            content["timezone"] = schedule.timezone
        return cls.model_validate(
            {
                "schedule": content,
                "active": schedule.active,
                "parameters": schedule.parameters,
                "slug": schedule.slug,
            }
        )


class DeploymentScheduleUpdate(ActionBaseModel):
    """What can be changed of a schedule."""

    schedule: NormalizedSchedule | None = None
    active: bool | None = None
    max_scheduled_runs: ScheduledRuns = None
    parameters: dict[str, Any] | None = None
    slug: str | None = None
    replaces: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _drop_old_fields(cls, values: Any) -> Any:
        return _without(values, _OLD_SCHEDULE_FIELDS)


class DeploymentCreate(ActionBaseModel):
    """A deployment to make, or to put in place of the one of the same name.

    None for `paused` and `enforce_parameter_schema` leaves the choice to the server: not paused, enforced.
    """

    name: NameOrEmpty
    flow_id: UUID
    paused: bool | None = None
    schedules: list[DeploymentScheduleCreate] = Field(default_factory=list)
    concurrency_limit: int | None = None
    concurrency_options: ConcurrencyOptions | None = None
    global_concurrency_limit_id: UUID | None = None
    enforce_parameter_schema: bool | None = None
    parameter_openapi_schema: ParameterSchema | None = Field(default_factory=_empty_parameter_schema)
    parameters: dict[str, Any] = Field(default_factory=dict)
    tags: list[str] = Field(default_factory=list)
    labels: KeyValueLabels = Field(default_factory=dict)
    pull_steps: list[dict[str, Any]] | None = None
    work_queue_name: str | None = None
    work_pool_name: str | None = None
    storage_document_id: UUID | None = None
    infrastructure_document_id: UUID | None = None
    description: str | None = None
    path: str | None = None
    entrypoint: str | None = None
    job_variables: dict[str, Any] = Field(default_factory=dict)
    version: str | None = None
    version_info: VersionInfo | None = None
    branch: str | None = None
    base: UUID | None = None
    root: UUID | None = None

    @model_validator(mode="before")
    @classmethod
    def _drop_old_fields(cls, values: Any) -> Any:
        return _without(values, _OLD_DEPLOYMENT_FIELDS)

    @field_validator("tags", mode="before")
    @classmethod
    def _tags_are_text(cls, tags: Any) -> Any:
        return [str(tag) for tag in tags] if isinstance(tags, list | tuple | set) else tags


class DeploymentUpdate(ActionBaseModel):
    """What can be changed of a deployment."""

    version: str | None = None
    version_info: VersionInfo | None = None
    description: str | None = None
    parameters: dict[str, Any] | None = None
    paused: bool | None = None
    schedules: list[DeploymentScheduleUpdate] | None = None
    concurrency_limit: int | None = None
    concurrency_options: ConcurrencyOptions | None = None
    global_concurrency_limit_id: UUID | None = None
    tags: list[str] = Field(default_factory=list)
    work_queue_name: str | None = None
    work_pool_name: str | None = None
    path: str | None = None
    job_variables: dict[str, Any] | None = Field(default_factory=dict)
    entrypoint: str | None = None
    storage_document_id: UUID | None = None
    infrastructure_document_id: UUID | None = None
    enforce_parameter_schema: bool | None = None
    parameter_openapi_schema: ParameterSchema | None = Field(default_factory=_empty_parameter_schema)
    pull_steps: list[dict[str, Any]] | None = None

    @model_validator(mode="before")
    @classmethod
    def _drop_old_fields(cls, values: Any) -> Any:
        return _without(values, _OLD_DEPLOYMENT_FIELDS)


class DeploymentBranch(ActionBaseModel):
    """A branch of a deployment to make."""

    branch: str
    options: DeploymentBranchingOptions = Field(default_factory=DeploymentBranchingOptions)
    overrides: DeploymentUpdate | None = None

    @field_validator("branch")
    @classmethod
    def _has_a_name(cls, branch: str) -> str:
        if not branch.strip():
            raise ValueError("Branch name cannot be empty or contain only whitespace")
        return branch

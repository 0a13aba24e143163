"""Making and changing flow runs and task runs. Fields that are not given stay as they are."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field, field_validator

from prefect.schemas.actions.states import StateCreate
from prefect.schemas.bases import ActionBaseModel
from prefect.schemas.runs import FlowRunPolicy, TaskInput, TaskRunPolicy
from prefect.types import DateTime, KeyValueLabels


class FlowRunCreate(ActionBaseModel):
    """A run of a flow."""

    state: StateCreate | None = None
    name: str | None = None
    flow_id: UUID
    deployment_id: UUID | None = None
    flow_version: str | None = None
    parameters: dict[str, Any] = Field(default_factory=dict)
    context: dict[str, Any] = Field(default_factory=dict)
    parent_task_run_id: UUID | None = None
    infrastructure_document_id: UUID | None = None
    empirical_policy: FlowRunPolicy = Field(default_factory=FlowRunPolicy)
    tags: list[str] = Field(default_factory=list)
    idempotency_key: str | None = None
    labels: KeyValueLabels = Field(default_factory=dict)
    work_pool_name: str | None = None
    work_queue_name: str | None = None
    job_variables: dict[str, Any] | None = None


def _plain_data(value: Any) -> Any:
    """Models as what they are in JSON (secrets masked); everything else as it is."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, dict):
        return {key: _plain_data(item) for key, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_plain_data(item) for item in value)
    return value


class DeploymentFlowRunCreate(ActionBaseModel):
    """A run of a deployment; what is not given comes from the deployment."""

    state: StateCreate | None = None
    name: str | None = None
    parameters: dict[str, Any] = Field(default_factory=dict)
    enforce_parameter_schema: bool | None = None
    context: dict[str, Any] = Field(default_factory=dict)
    infrastructure_document_id: UUID | None = None
    empirical_policy: FlowRunPolicy = Field(default_factory=FlowRunPolicy)
    tags: list[str] = Field(default_factory=list)
    idempotency_key: str | None = None
    parent_task_run_id: UUID | None = None
    work_queue_name: str | None = None
    job_variables: dict[str, Any] | None = None
    labels: KeyValueLabels = Field(default_factory=dict)

    @field_validator("parameters", mode="before")
    @classmethod
    def _parameters_as_plain_data(cls, parameters: Any) -> Any:
        return _plain_data(parameters)


class FlowRunUpdate(ActionBaseModel):
    """What can be changed of a flow run."""

    name: str | None = None
    flow_version: str | None = None
    parameters: dict[str, Any] | None = Field(default_factory=dict)
    empirical_policy: FlowRunPolicy = Field(default_factory=FlowRunPolicy)
    tags: list[str] = Field(default_factory=list)
    infrastructure_pid: str | None = None
    job_variables: dict[str, Any] | None = None


class TaskRunCreate(ActionBaseModel):
    """A run of a task."""

    id: UUID | None = None
    state: StateCreate | None = None
    name: str | None = None
    flow_run_id: UUID | None = None
    task_key: str
    dynamic_key: str
    cache_key: str | None = None
    cache_expiration: DateTime | None = None
    task_version: str | None = None
    empirical_policy: TaskRunPolicy = Field(default_factory=TaskRunPolicy)
    tags: list[str] = Field(default_factory=list)
    labels: KeyValueLabels = Field(default_factory=dict)
    task_inputs: dict[str, list[TaskInput]] = Field(default_factory=dict)


class TaskRunUpdate(ActionBaseModel):
    """What can be changed of a task run."""

    name: str | None = None

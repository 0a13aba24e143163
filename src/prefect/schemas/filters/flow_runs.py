"""Filters of flow runs. Unknown criteria are refused: a misspelt one would select, and delete, too much."""

from uuid import UUID

from pydantic import ConfigDict

from prefect.schemas.bases import PrefectBaseModel
from prefect.schemas.filters.bases import OperatorMixin
from prefect.schemas.states import StateType
from prefect.types import DateTime


class _FlowRunCriterion(PrefectBaseModel):
    model_config = ConfigDict(extra="forbid")


class FlowRunFilterId(_FlowRunCriterion):
    """By flow run."""

    any_: list[UUID] | None = None
    not_any_: list[UUID] | None = None


class FlowRunFilterName(_FlowRunCriterion):
    """By name."""

    any_: list[str] | None = None
    like_: str | None = None


class FlowRunFilterTags(_FlowRunCriterion, OperatorMixin):
    """By tags; no tags count as null."""

    all_: list[str] | None = None
    any_: list[str] | None = None
    is_null_: bool | None = None


class FlowRunFilterDeploymentId(_FlowRunCriterion, OperatorMixin):
    """By deployment."""

    any_: list[UUID] | None = None
    is_null_: bool | None = None


class FlowRunFilterWorkQueueName(_FlowRunCriterion, OperatorMixin):
    """By the name of the work queue."""

    any_: list[str] | None = None
    is_null_: bool | None = None


class FlowRunFilterStateType(_FlowRunCriterion):
    """By the type of the current state."""

    any_: list[StateType] | None = None
    not_any_: list[StateType] | None = None


class FlowRunFilterStateName(_FlowRunCriterion):
    """By the name of the current state."""

    any_: list[str] | None = None
    not_any_: list[str] | None = None


class FlowRunFilterState(_FlowRunCriterion, OperatorMixin):
    """By the current state."""

    type: FlowRunFilterStateType | None = None
    name: FlowRunFilterStateName | None = None


class FlowRunFilterFlowVersion(_FlowRunCriterion):
    """By the version of the flow."""

    any_: list[str] | None = None


class FlowRunFilterStartTime(_FlowRunCriterion):
    """By the time of the first start; null when the run has not started."""

    before_: DateTime | None = None
    after_: DateTime | None = None
    is_null_: bool | None = None


class FlowRunFilterEndTime(_FlowRunCriterion):
    """By the time of the end; null when the run has not ended."""

    before_: DateTime | None = None
    after_: DateTime | None = None
    is_null_: bool | None = None


class FlowRunFilterExpectedStartTime(_FlowRunCriterion):
    """By the time the run was, or is, to start first."""

    before_: DateTime | None = None
    after_: DateTime | None = None


class FlowRunFilterNextScheduledStartTime(_FlowRunCriterion):
    """By the time the run is to start next."""

    before_: DateTime | None = None
    after_: DateTime | None = None


class FlowRunFilterParentFlowRunId(_FlowRunCriterion, OperatorMixin):
    """By the flow run that called this one."""

    any_: list[UUID] | None = None


class FlowRunFilterParentTaskRunId(_FlowRunCriterion, OperatorMixin):
    """By the task run that stands for this one in its parent; null when there is no parent."""

    any_: list[UUID] | None = None
    is_null_: bool | None = None


class FlowRunFilterIdempotencyKey(_FlowRunCriterion):
    """By the key under which the run was asked for."""

    any_: list[str] | None = None
    not_any_: list[str] | None = None


class FlowRunFilterCreatedBy(_FlowRunCriterion, OperatorMixin):
    """By who made the run (`id_`, `type_`: one of these)."""

    id_: list[UUID] | None = None
    type_: list[str] | None = None
    is_null_: bool | None = None


class FlowRunFilter(_FlowRunCriterion, OperatorMixin):
    """Which flow runs."""

    id: FlowRunFilterId | None = None
    name: FlowRunFilterName | None = None
    tags: FlowRunFilterTags | None = None
    deployment_id: FlowRunFilterDeploymentId | None = None
    work_queue_name: FlowRunFilterWorkQueueName | None = None
    state: FlowRunFilterState | None = None
    flow_version: FlowRunFilterFlowVersion | None = None
    start_time: FlowRunFilterStartTime | None = None
    end_time: FlowRunFilterEndTime | None = None
    expected_start_time: FlowRunFilterExpectedStartTime | None = None
    next_scheduled_start_time: FlowRunFilterNextScheduledStartTime | None = None
    parent_flow_run_id: FlowRunFilterParentFlowRunId | None = None
    parent_task_run_id: FlowRunFilterParentTaskRunId | None = None
    idempotency_key: FlowRunFilterIdempotencyKey | None = None
    created_by: FlowRunFilterCreatedBy | None = None

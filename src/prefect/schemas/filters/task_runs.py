"""Filters of task runs."""

from prefect.schemas.bases import PrefectBaseModel
from prefect.schemas.filters.bases import (
    AnyId,
    AnyText,
    Between,
    BetweenOrNull,
    OperatorMixin,
    Tags,
    TextMatch,
)
from prefect.schemas.states import StateType


class TaskRunFilterFlowRunId(AnyId, OperatorMixin):
    """By flow run; `is_null_`: task runs outside any flow run (False asks for nothing)."""

    is_null_: bool | None = False


class TaskRunFilterId(AnyId):
    """By task run."""


class TaskRunFilterName(TextMatch):
    """By name."""


class TaskRunFilterTags(Tags):
    """By tags."""


class TaskRunFilterStateType(PrefectBaseModel):
    """By the type of the current state."""

    any_: list[StateType] | None = None


class TaskRunFilterStateName(AnyText):
    """By the name of the current state."""


class TaskRunFilterState(PrefectBaseModel, OperatorMixin):
    """By the current state."""

    type: TaskRunFilterStateType | None = None
    name: TaskRunFilterStateName | None = None


class TaskRunFilterSubFlowRuns(PrefectBaseModel):
    """By whether the task run stands for a flow run called by its flow run."""

    exists_: bool | None = None


class TaskRunFilterStartTime(BetweenOrNull):
    """By the time of the first start; null when the run has not started."""


class TaskRunFilterEndTime(BetweenOrNull):
    """By the time of the end; null when the run has not ended."""


class TaskRunFilterExpectedStartTime(Between):
    """By the time the run was, or is, to start first."""


class TaskRunFilter(PrefectBaseModel, OperatorMixin):
    """Which task runs."""

    id: TaskRunFilterId | None = None
    name: TaskRunFilterName | None = None
    tags: TaskRunFilterTags | None = None
    state: TaskRunFilterState | None = None
    start_time: TaskRunFilterStartTime | None = None
    end_time: TaskRunFilterEndTime | None = None
    expected_start_time: TaskRunFilterExpectedStartTime | None = None
    subflow_runs: TaskRunFilterSubFlowRuns | None = None
    flow_run_id: TaskRunFilterFlowRunId | None = None

"""Flow runs and task runs: the nouns the engine makes and everything else shows.

Also here: their policies (how often and when to try again) and the inputs of a task run (the dependency
edges). Not here: flows and deployments, what a client may send to change a run (`schemas.actions`), how a run
is stored (`server/database`). One `FlowRun` serves SDK, wire and server: the fields only some peers send
(`work_pool_name`, `work_pool_id`) are optional. On the import path of `from prefect import flow`: pydantic
only.
"""

import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeAlias
from uuid import UUID

from pydantic import ConfigDict, Field, FiniteFloat, field_validator, model_validator

from prefect.schemas.bases import ObjectBaseModel, PrefectBaseModel, TimeSeriesBaseModel, trusted, uuid7
from prefect.schemas.fields import CreatedBy
from prefect.schemas.states import State, StateType
from prefect.types import DateTime, KeyValueLabels

if TYPE_CHECKING:
    AnyState: TypeAlias = State[Any]
else:
    # A parametrised generic is another class to pydantic: it would copy each state it is handed.
    AnyState = State

_StoredNumber = Annotated[int, Field(ge=-(2**63), lt=2**63)]
"""Larger ones come back from databases as something else, and then fit no policy any more."""

MAX_RETRY_DELAYS = 50
_NO_TIME = datetime.timedelta(0)


def new_run_name() -> str:
    """A name for what was given none: an adjective and an animal, or the like."""
    from prefect.utilities.names import generate_slug

    return generate_slug(2)


class RunType(str, Enum):
    """The two kinds of run."""

    FLOW_RUN = "flow_run"
    TASK_RUN = "task_run"


# --- policies -------------------------------------------------------------------------------------------


def _take_over_old_names(values: Any) -> Any:
    """Policies written by peers of before 2.0 say `max_retries` and `retry_delay_seconds`."""
    if not isinstance(values, dict):
        return values
    values = dict(values)
    if values.get("retries") is None and values.get("max_retries"):
        values["retries"] = values["max_retries"]
    if values.get("retry_delay") is None and values.get("retry_delay_seconds"):
        values["retry_delay"] = values["retry_delay_seconds"]
    return values


_OLD_NAME: dict[str, Any] = {"deprecated": True}


class FlowRunPolicy(PrefectBaseModel):
    """How a flow run is retried, and what is known about its pauses. Delays are in seconds."""

    max_retries: _StoredNumber = Field(default=0, json_schema_extra=_OLD_NAME)
    retry_delay_seconds: FiniteFloat = Field(default=0, json_schema_extra=_OLD_NAME)
    retries: _StoredNumber | None = None
    retry_delay: _StoredNumber | FiniteFloat | None = None
    pause_keys: set[str] | None = Field(default_factory=set)
    resuming: bool | None = False
    retry_type: Literal["in_process", "reschedule"] | None = None

    @model_validator(mode="before")
    @classmethod
    def _populate_from_old_names(cls, values: Any) -> Any:
        return _take_over_old_names(values)


class TaskRunPolicy(PrefectBaseModel):
    """How a task run is retried: how often, after which delay or delays (seconds), with how much jitter."""

    max_retries: _StoredNumber = Field(default=0, json_schema_extra=_OLD_NAME)
    retry_delay_seconds: FiniteFloat = Field(default=0, json_schema_extra=_OLD_NAME)
    retries: _StoredNumber | None = None
    retry_delay: _StoredNumber | FiniteFloat | list[_StoredNumber] | list[FiniteFloat] | None = None
    retry_jitter_factor: FiniteFloat | None = None

    @model_validator(mode="before")
    @classmethod
    def _populate_from_old_names(cls, values: Any) -> Any:
        return _take_over_old_names(values)

    @field_validator("retry_delay")
    @classmethod
    def _bounded_delays(cls, delays: Any) -> Any:
        if isinstance(delays, list) and len(delays) > MAX_RETRY_DELAYS:
            raise ValueError(
                f"Can not configure more than {MAX_RETRY_DELAYS} retry delays per task; got {len(delays)}."
            )
        return delays

    @field_validator("retry_jitter_factor")
    @classmethod
    def _no_negative_jitter(cls, factor: float | None) -> float | None:
        if factor is not None and factor < 0:
            raise ValueError(f"`retry_jitter_factor` must be >= 0; got {factor}.")
        return factor


# --- inputs of a task run -------------------------------------------------------------------------------


class RunInput(PrefectBaseModel):
    """What went into one argument of a run. Immutable, so that inputs can be members of sets."""

    model_config = ConfigDict(frozen=True)

    input_type: str

    def __hash__(self) -> int:
        return hash((type(self), *self.__dict__.values()))


class TaskRunResult(RunInput):
    """The result of another task run."""

    input_type: Literal["task_run"] = "task_run"
    id: UUID


class FlowRunResult(RunInput):
    """The result of another flow run."""

    input_type: Literal["flow_run"] = "flow_run"
    id: UUID


class Parameter(RunInput):
    """A parameter of the flow."""

    input_type: Literal["parameter"] = "parameter"
    name: str


class Constant(RunInput):
    """A plain value, known by its type."""

    input_type: Literal["constant"] = "constant"
    type: str


TaskInput: TypeAlias = TaskRunResult | FlowRunResult | Parameter | Constant

TaskRunInput = RunInput
"""The name of `RunInput` in 3.0."""


# --- runs -----------------------------------------------------------------------------------------------


class FlowRun(TimeSeriesBaseModel, ObjectBaseModel):
    """One execution of a flow: what it was called with, where it stands, how long it took."""

    model_config = ConfigDict(from_attributes=True, ser_json_timedelta="float")
    _reset_fields: ClassVar[set[str]] = {"id", "created", "updated"}
    _estimates: ClassVar[set[str]] = {"estimated_run_time", "estimated_start_time_delta"}

    name: str = Field(default_factory=new_run_name)
    flow_id: UUID
    state_id: UUID | None = None
    deployment_id: UUID | None = None
    deployment_version: str | None = None
    work_queue_name: str | None = None
    flow_version: str | None = None
    parameters: dict[str, Any] = Field(default_factory=dict)
    idempotency_key: str | None = None
    context: dict[str, Any] = Field(default_factory=dict)
    empirical_policy: FlowRunPolicy = Field(default_factory=FlowRunPolicy)
    tags: list[str] = Field(default_factory=list)
    labels: KeyValueLabels = Field(default_factory=dict)
    parent_task_run_id: UUID | None = None
    run_count: int = 0
    expected_start_time: DateTime | None = None
    next_scheduled_start_time: DateTime | None = None
    start_time: DateTime | None = None
    end_time: DateTime | None = None
    total_run_time: datetime.timedelta = _NO_TIME
    estimated_run_time: datetime.timedelta = _NO_TIME
    estimated_start_time_delta: datetime.timedelta = _NO_TIME
    auto_scheduled: bool = False
    infrastructure_document_id: UUID | None = None
    infrastructure_pid: str | None = None
    created_by: CreatedBy | None = None
    work_queue_id: UUID | None = None
    work_pool_id: UUID | None = None
    work_pool_name: str | None = None
    state: AnyState | None = None
    job_variables: dict[str, Any] | None = None
    state_type: StateType | None = None
    state_name: str | None = None

    @field_validator("name", mode="before")
    @classmethod
    def _name_if_none(cls, name: Any) -> Any:
        return name or new_run_name()

    def __eq__(self, other: Any) -> bool:
        """Equality of what is recorded: the estimates move with the clock and do not count."""
        if not isinstance(other, FlowRun):
            return super().__eq__(other)
        estimates = {name: getattr(self, name) for name in self._estimates}
        return super().__eq__(other.model_copy(update=estimates))


class TaskRun(TimeSeriesBaseModel, ObjectBaseModel):
    """One execution of a task: which inputs went in, where it stands, how long it took."""

    model_config = ConfigDict(from_attributes=True, ser_json_timedelta="float")
    _reset_fields: ClassVar[set[str]] = {"id", "created", "updated"}

    name: str = Field(default_factory=new_run_name)
    flow_run_id: UUID | None = None
    task_key: str
    dynamic_key: str
    cache_key: str | None = None
    cache_expiration: DateTime | None = None
    task_version: str | None = None
    empirical_policy: TaskRunPolicy = Field(default_factory=TaskRunPolicy)
    tags: list[str] = Field(default_factory=list)
    labels: KeyValueLabels = Field(default_factory=dict)
    state_id: UUID | None = None
    task_inputs: dict[str, list[TaskInput]] = Field(default_factory=dict)
    state_type: StateType | None = None
    state_name: str | None = None
    run_count: int = 0
    flow_run_run_count: int = 0
    expected_start_time: DateTime | None = None
    next_scheduled_start_time: DateTime | None = None
    start_time: DateTime | None = None
    end_time: DateTime | None = None
    total_run_time: datetime.timedelta = _NO_TIME
    estimated_run_time: datetime.timedelta = _NO_TIME
    estimated_start_time_delta: datetime.timedelta = _NO_TIME
    state: AnyState | None = None

    @field_validator("name", mode="before")
    @classmethod
    def _name_if_none(cls, name: Any) -> Any:
        return name or new_run_name()


# --- cheap construction ---------------------------------------------------------------------------------


def _plain_defaults(model: type[PrefectBaseModel]) -> dict[str, Any]:
    """Defaults that may be shared between instances; what needs a factory or a value is left out."""
    return {
        name: field.default
        for name, field in model.model_fields.items()
        if not field.is_required() and field.default_factory is None
    }


_FLOW_RUN_DEFAULTS = _plain_defaults(FlowRun)
_TASK_RUN_DEFAULTS = _plain_defaults(TaskRun)


def trusted_flow_run(*, name: str, flow_id: UUID, empirical_policy: FlowRunPolicy, **known: Any) -> FlowRun:
    """A flow run from values this program has made itself, unvalidated and cheap; the rest is default."""
    fields = {
        **_FLOW_RUN_DEFAULTS,
        "id": uuid7(),
        "name": name,
        "flow_id": flow_id,
        "empirical_policy": empirical_policy,
        "parameters": {},
        "context": {},
        "tags": [],
        "labels": {},
        **known,
    }
    return trusted(FlowRun, fields)


def trusted_task_run(
    *, name: str, task_key: str, dynamic_key: str, empirical_policy: TaskRunPolicy, **known: Any
) -> TaskRun:
    """A task run from values this program has made itself, unvalidated and cheap; the rest is default."""
    fields = {
        **_TASK_RUN_DEFAULTS,
        "id": uuid7(),
        "name": name,
        "task_key": task_key,
        "dynamic_key": dynamic_key,
        "empirical_policy": empirical_policy,
        "tags": [],
        "labels": {},
        "task_inputs": {},
        **known,
    }
    return trusted(TaskRun, fields)

"""What a state is, and THE table of which state may follow which.

Here: state types, the `State` model, its details, the transition table. Not here: making states from
exceptions or return values (`prefect.states`), the rules with more than a type to look at
(`server/orchestration`), how a state is stored (`server/database`).
"""

from __future__ import annotations

import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, Self, TypeVar, overload
from uuid import UUID

from pydantic import ConfigDict, Field, PrivateAttr, field_validator, model_validator

from prefect.schemas.bases import ObjectBaseModel, PrefectBaseModel, TimeSeriesBaseModel, now, trusted, uuid7
from prefect.types import DateTime

if TYPE_CHECKING:
    from prefect.schemas.actions import StateCreate

R = TypeVar("R")


class StateType(str, Enum):
    """The nine types of state. What the system does follows from the type, never from the name."""

    SCHEDULED = "SCHEDULED"
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    CRASHED = "CRASHED"
    PAUSED = "PAUSED"
    CANCELLING = "CANCELLING"


_T = StateType

TERMINAL_STATES: frozenset[StateType] = frozenset({_T.COMPLETED, _T.CANCELLED, _T.FAILED, _T.CRASHED})
"""Types a run ends in."""

TRANSITIONS: dict[StateType | None, frozenset[StateType]] = {
    None: frozenset(
        {_T.SCHEDULED, _T.PENDING, _T.RUNNING, _T.FAILED, _T.CRASHED, _T.CANCELLED, _T.COMPLETED}
    ),
    _T.SCHEDULED: frozenset(
        {_T.SCHEDULED, _T.PENDING, _T.RUNNING, _T.CANCELLING, *TERMINAL_STATES},
    ),
    _T.PENDING: frozenset(
        {_T.SCHEDULED, _T.PENDING, _T.RUNNING, _T.CANCELLING, *TERMINAL_STATES},
    ),
    _T.RUNNING: frozenset(
        {_T.SCHEDULED, _T.PENDING, _T.RUNNING, _T.PAUSED, _T.CANCELLING, *TERMINAL_STATES},
    ),
    _T.PAUSED: frozenset({_T.SCHEDULED, _T.RUNNING, _T.CANCELLING, *TERMINAL_STATES}),
    _T.CANCELLING: frozenset({_T.CANCELLING, _T.CANCELLED}),
    _T.COMPLETED: frozenset({_T.SCHEDULED, _T.PENDING, _T.RUNNING, *TERMINAL_STATES}),
    _T.FAILED: frozenset({_T.SCHEDULED, _T.PENDING, _T.RUNNING, *TERMINAL_STATES}),
    _T.CRASHED: frozenset({_T.SCHEDULED, _T.PENDING, _T.RUNNING, *TERMINAL_STATES}),
    _T.CANCELLED: frozenset({_T.CANCELLED}),
}
"""THE table: the types that may follow a type (None: no state yet) unless a change is forced.

It says what is possible at all; the rules in `server/orchestration` narrow it down (a completed run whose
result is stored is not run again, a run is not submitted twice, a scheduled time is waited for, …).
"""


class StateDetails(PrefectBaseModel):
    """Facts that go with a state: whose it is, when it is due, what it waits for."""

    flow_run_id: UUID | None = None
    task_run_id: UUID | None = None
    child_flow_run_id: UUID | None = None
    scheduled_time: DateTime | None = None
    cache_key: str | None = None
    cache_expiration: DateTime | None = None
    deferred: bool | None = None
    untrackable_result: bool = False
    pause_timeout: DateTime | None = None
    pause_reschedule: bool = False
    pause_key: str | None = None
    run_input_keyset: dict[str, str] | None = None
    refresh_cache: bool | None = None
    retriable: bool | None = None
    transition_id: UUID | None = None
    task_parameters_id: UUID | None = None
    traceparent: str | None = None
    deployment_concurrency_lease_id: UUID | None = None

    def to_run_result(self, run_type: Any = None) -> Any:
        """The run this state belongs to, as an input of another run; None when it belongs to none.

        Args:
            run_type: `RunType.FLOW_RUN` or `RunType.TASK_RUN` to ask for one kind; default: the task run if
                there is one, else the flow run.
        """
        from prefect.schemas.runs import FlowRunResult, TaskRunResult

        wanted = getattr(run_type, "value", run_type)
        if self.task_run_id is not None and wanted in (None, "task_run"):
            return TaskRunResult(id=self.task_run_id)
        if self.flow_run_id is not None and wanted in (None, "flow_run"):
            return FlowRunResult(id=self.flow_run_id)
        return None


_DETAIL_DEFAULTS: dict[str, Any] = {name: field.default for name, field in StateDetails.model_fields.items()}


def trusted_details(**known: Any) -> StateDetails:
    """State details from values already of the right type, unvalidated and cheap."""
    return trusted(StateDetails, {**_DETAIL_DEFAULTS, **known})


class State(TimeSeriesBaseModel, ObjectBaseModel, Generic[R]):
    """The state of a run at a moment: a type, a name, a message, and the result once there is one."""

    model_config = ConfigDict(from_attributes=True)
    _reset_fields: ClassVar[set[str]] = {"id", "created", "updated", "timestamp"}

    # a state is entered, not changed: no server tells these
    created: datetime.datetime | None = Field(default=None, repr=False, exclude=True)
    updated: datetime.datetime | None = Field(default=None, repr=False, exclude=True)
    type: StateType
    name: str | None = Field(default=None)
    timestamp: DateTime = Field(default_factory=now)
    message: str | None = Field(default=None, examples=["Run started"])
    state_details: StateDetails = Field(default_factory=StateDetails)
    data: Any = Field(default=None)
    _is_kept: bool = PrivateAttr(default=False)

    @field_validator("data", mode="before")
    @classmethod
    def _forget_unpersisted(cls, data: Any) -> Any:
        """The marker with which older peers say "there was a result, it was not stored" means no data."""
        if isinstance(data, dict) and data.get("type") == "unpersisted":
            return None
        return data

    @model_validator(mode="after")
    def _name_from_type(self) -> Self:
        if self.name is None:
            self.__dict__["name"] = default_name(self.type)
        return self

    @model_validator(mode="after")
    def _scheduled_means_a_time(self) -> Self:
        if self.type is StateType.SCHEDULED and self.state_details.scheduled_time is None:
            self.state_details.scheduled_time = now()
        return self

    # --- results -------------------------------------------------------------------------------------

    @overload
    def result(self, raise_on_failure: Literal[True] = ..., retry_result_failure: bool = ...) -> R: ...
    @overload
    def result(self, raise_on_failure: Literal[False], retry_result_failure: bool = ...) -> R | Exception: ...
    @overload
    def result(self, raise_on_failure: bool = ..., retry_result_failure: bool = ...) -> R | Exception: ...

    def result(
        self, raise_on_failure: bool = True, retry_result_failure: bool = True, fetch: bool | None = None
    ) -> R | Exception:
        """The value of a completed run, or the exception of one that did not complete.

        Args:
            raise_on_failure: raise the run's exception (default); False returns it instead.
            retry_result_failure: look again for a short time when a stored result cannot be read yet.
            fetch: accepted for programs written for 3.0; the result is always fetched.

        Raises:
            Exception: what the run raised, when it failed.
            prefect.exceptions.FailedRun, CrashedRun, CancelledRun, PausedRun, UnfinishedRun: the state is not
                COMPLETED and holds no exception of its own.
            prefect.exceptions.MissingResult: the run completed but its result was not kept.
        """
        from prefect.states import get_state_result

        return get_state_result(self, raise_on_failure, retry_result_failure)  # type: ignore[no-any-return]

    async def aresult(
        self, raise_on_failure: bool = True, retry_result_failure: bool = True
    ) -> R | Exception:
        """`result()` for async code."""
        from prefect.states import aget_state_result

        return await aget_state_result(self, raise_on_failure, retry_result_failure)  # type: ignore[no-any-return]

    # --- predicates ----------------------------------------------------------------------------------

    def is_scheduled(self) -> bool:
        """Whether the run waits for a time."""
        return self.type is StateType.SCHEDULED

    def is_pending(self) -> bool:
        """Whether the run is about to start."""
        return self.type is StateType.PENDING

    def is_running(self) -> bool:
        """Whether the run executes."""
        return self.type is StateType.RUNNING

    def is_completed(self) -> bool:
        """Whether the run ended well."""
        return self.type is StateType.COMPLETED

    def is_failed(self) -> bool:
        """Whether the run ended in an error of its own."""
        return self.type is StateType.FAILED

    def is_crashed(self) -> bool:
        """Whether the run was ended from outside."""
        return self.type is StateType.CRASHED

    def is_cancelled(self) -> bool:
        """Whether the run was cancelled."""
        return self.type is StateType.CANCELLED

    def is_cancelling(self) -> bool:
        """Whether the run is being cancelled."""
        return self.type is StateType.CANCELLING

    def is_final(self) -> bool:
        """Whether the run has ended, well or not."""
        return self.type in TERMINAL_STATES

    def is_paused(self) -> bool:
        """Whether the run waits to be resumed."""
        return self.type is StateType.PAUSED

    # --- copies --------------------------------------------------------------------------------------

    def model_copy(self, *, update: Any = None, deep: bool = False) -> Self:
        """A copy with a new timestamp (unless `update` gives one)."""
        return super().model_copy(update={"timestamp": now(), **(update or {})}, deep=deep)

    def fresh_copy(self, **kwargs: Any) -> Self:
        """A copy that is a state of its own: new id, new timestamp, never stored, no transition."""
        details = self.state_details.model_copy(update={"transition_id": None})
        update = {"id": uuid7(), "created": now(), "updated": now(), "state_details": details}
        return self.model_copy(update=update, **kwargs)

    def to_state_create(self) -> StateCreate:
        """This state as a client proposes it to a server: without id and times."""
        from prefect.states import to_state_create

        return to_state_create(self)

    # --- text ----------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        """`Name(message='…', type=TYPE, result=…)`."""
        return f"{self.name}(message={self.message!r}, type={self.type.value}, result={self.data!r})"

    def __str__(self) -> str:
        """`Name('message', type=TYPE)`; the type only where the name does not say it."""
        parts = [repr(self.message)] if self.message else []
        if (self.name or "").lower() != self.type.value.lower():
            parts.append(f"type={self.type.value}")
        return f"{self.name}({', '.join(parts)})"

    def __hash__(self) -> int:
        details = self.state_details
        return hash((details.flow_run_id, details.task_run_id, self.timestamp, self.type))


def default_name(type: StateType) -> str:
    """The name of a state that was given none: `COMPLETED` is called "Completed"."""
    return _DEFAULT_NAMES[type]


_DEFAULT_NAMES = {type: " ".join(word.capitalize() for word in type.value.split("_")) for type in StateType}


def trusted_state(
    type: StateType,
    name: str,
    details: StateDetails,
    message: str | None = None,
    data: Any = None,
    timestamp: datetime.datetime | None = None,
    id: UUID | None = None,
    kept: bool = True,
) -> State[Any]:
    """A state from values this program has made itself, unvalidated and cheap (about 2 µs).

    Args:
        kept: whether `data` is its run's value, also when it is None; see `keep_data`.
    """
    state = trusted(
        State,
        {
            "id": id or uuid7(),
            "created": None,
            "updated": None,
            "type": type,
            "name": name,
            "timestamp": timestamp or now(),
            "message": message,
            "state_details": details,
            "data": data,
        },
    )
    object.__setattr__(state, "__pydantic_private__", {"_is_kept": kept})
    return state


_KEPT = {"_is_kept": True}


def keep_data(state: State[Any]) -> State[Any]:
    """Mark that a state's data is its run's value, also when it is None.

    Without the mark None means that the value is not known here: the state was read from a store, or made by a
    program that gave it no data.
    """
    object.__setattr__(state, "__pydantic_private__", _KEPT.copy())
    return state


def data_is_kept(state: State[Any]) -> bool:
    """Whether a state's data is its run's value, also when it is None."""
    private = state.__pydantic_private__
    return state.data is not None or bool(private and private["_is_kept"])

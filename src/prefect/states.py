"""States by their names: a constructor for each.

Here too, from rooms of their own: final states from values and exceptions (`_final_states`), results and
exceptions out of states (`_state_results`). Not here: what a state is and what may follow it (`schemas.states`),
which state a run proposes when (`engine`).
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from prefect._clock import clock
from prefect._final_states import (
    StateGroup,
    crashed_state,
    exception_to_crashed_state,
    exception_to_failed_state,
    failed_state,
    format_exception,
    is_state_iterable,
    return_value_to_state,
    state_of_value,
)
from prefect._state_results import (
    RESULT_READ_MAXIMUM_ATTEMPTS,
    RESULT_READ_RETRY_DELAY,
    aget_state_exception,
    aget_state_result,
    araise_state_exception,
    described_result,
    get_state_exception,
    get_state_result,
    raise_state_exception,
    result_life,
)
from prefect.schemas.bases import now
from prefect.schemas.states import State, StateDetails, StateType

if TYPE_CHECKING:
    from prefect.schemas.actions import StateCreate

__all__ = [
    "RESULT_READ_MAXIMUM_ATTEMPTS",
    "RESULT_READ_RETRY_DELAY",
    "AwaitingConcurrencySlot",
    "AwaitingRetry",
    "Cancelled",
    "Cancelling",
    "Completed",
    "Crashed",
    "Failed",
    "InfrastructurePending",
    "Late",
    "Paused",
    "Pending",
    "Retrying",
    "Running",
    "Scheduled",
    "State",
    "StateDetails",
    "StateGroup",
    "StateType",
    "Submitting",
    "Suspended",
    "aget_state_exception",
    "aget_state_result",
    "araise_state_exception",
    "crashed_state",
    "described_result",
    "due_in_seconds",
    "exception_to_crashed_state",
    "exception_to_failed_state",
    "failed_state",
    "format_exception",
    "get_state_exception",
    "get_state_result",
    "is_state_iterable",
    "raise_state_exception",
    "result_life",
    "return_value_to_state",
    "state_of_value",
    "to_state_create",
]


def _details(given: Any, **own: Any) -> dict[str, Any]:
    """State details given by the caller, with those that the constructor sets."""
    known = given.model_dump(exclude_unset=True) if isinstance(given, StateDetails) else dict(given or {})
    return {**known, **own}


def Scheduled(
    cls: type[State[Any]] = State, scheduled_time: datetime.datetime | None = None, **kwargs: Any
) -> State[Any]:
    """A state that waits for a time.

    Args:
        scheduled_time: when the run is due (default: now).

    Raises:
        ValueError: a scheduled time is also given in `state_details`.
    """
    details = _details(kwargs.pop("state_details", None))
    if scheduled_time is not None and details.get("scheduled_time") is not None:
        raise ValueError(
            "The scheduled time was given twice: as `scheduled_time` and in `state_details`; give one."
        )
    details.setdefault("scheduled_time", scheduled_time or now())
    if details["scheduled_time"] is None:
        details["scheduled_time"] = now()
    return cls(type=StateType.SCHEDULED, state_details=StateDetails(**details), **kwargs)


def Completed(cls: type[State[Any]] = State, **kwargs: Any) -> State[Any]:
    """The run ended well."""
    return cls(type=StateType.COMPLETED, **kwargs)


def Running(cls: type[State[Any]] = State, **kwargs: Any) -> State[Any]:
    """The run executes."""
    return cls(type=StateType.RUNNING, **kwargs)


def Failed(cls: type[State[Any]] = State, **kwargs: Any) -> State[Any]:
    """The run ended in an error of its own."""
    return cls(type=StateType.FAILED, **kwargs)


def Crashed(cls: type[State[Any]] = State, **kwargs: Any) -> State[Any]:
    """The run was ended from outside: a signal, a dead process, a lost machine."""
    return cls(type=StateType.CRASHED, **kwargs)


def Cancelling(cls: type[State[Any]] = State, **kwargs: Any) -> State[Any]:
    """The run is asked to end."""
    return cls(type=StateType.CANCELLING, **kwargs)


def Cancelled(cls: type[State[Any]] = State, **kwargs: Any) -> State[Any]:
    """The run was cancelled."""
    return cls(type=StateType.CANCELLED, **kwargs)


def Pending(cls: type[State[Any]] = State, **kwargs: Any) -> State[Any]:
    """The run is about to start."""
    return cls(type=StateType.PENDING, **kwargs)


def Submitting(cls: type[State[Any]] = State, **kwargs: Any) -> State[Any]:
    """A worker is handing the run to its infrastructure."""
    return cls(type=StateType.PENDING, name="Submitting", **kwargs)


def InfrastructurePending(cls: type[State[Any]] = State, **kwargs: Any) -> State[Any]:
    """The run's infrastructure is being prepared."""
    return cls(type=StateType.PENDING, name="InfrastructurePending", **kwargs)


def Paused(
    cls: type[State[Any]] = State,
    timeout_seconds: int | None = None,
    pause_expiration_time: datetime.datetime | None = None,
    reschedule: bool = False,
    pause_key: str | None = None,
    **kwargs: Any,
) -> State[Any]:
    """The run waits to be resumed.

    Args:
        timeout_seconds: how long it waits (None: without end).
        pause_expiration_time: until when it waits, instead of `timeout_seconds`.
        reschedule: whether the run leaves its process while it waits ("suspended").
        pause_key: identifies this pause within the run.

    Raises:
        ValueError: the end of the pause is given in more than one way.
    """
    details = _details(kwargs.pop("state_details", None))
    if details.get("pause_timeout") is not None:
        raise ValueError(
            "`pause_timeout` in `state_details` is set by this constructor: give `timeout_seconds`."
        )
    if timeout_seconds is not None and pause_expiration_time is not None:
        raise ValueError(
            "The end of a pause was given twice: as `timeout_seconds` and `pause_expiration_time`."
        )
    if timeout_seconds is not None:
        pause_expiration_time = now() + datetime.timedelta(seconds=timeout_seconds)
    own = {"pause_timeout": pause_expiration_time, "pause_reschedule": reschedule, "pause_key": pause_key}
    return cls(type=StateType.PAUSED, state_details=StateDetails(**{**details, **own}), **kwargs)


def Suspended(
    cls: type[State[Any]] = State,
    timeout_seconds: int | None = None,
    pause_expiration_time: datetime.datetime | None = None,
    pause_key: str | None = None,
    **kwargs: Any,
) -> State[Any]:
    """The run waits to be resumed, outside any process."""
    return Paused(
        cls=cls,
        name="Suspended",
        reschedule=True,
        timeout_seconds=timeout_seconds,
        pause_expiration_time=pause_expiration_time,
        pause_key=pause_key,
        **kwargs,
    )


def AwaitingRetry(
    cls: type[State[Any]] = State, scheduled_time: datetime.datetime | None = None, **kwargs: Any
) -> State[Any]:
    """The run failed and will be tried again at `scheduled_time`."""
    return Scheduled(cls=cls, scheduled_time=scheduled_time, name="AwaitingRetry", **kwargs)


def AwaitingConcurrencySlot(
    cls: type[State[Any]] = State, scheduled_time: datetime.datetime | None = None, **kwargs: Any
) -> State[Any]:
    """The run waits for a concurrency slot and asks again at `scheduled_time`."""
    return Scheduled(cls=cls, scheduled_time=scheduled_time, name="AwaitingConcurrencySlot", **kwargs)


def Retrying(cls: type[State[Any]] = State, **kwargs: Any) -> State[Any]:
    """The run executes again after a failure."""
    return cls(type=StateType.RUNNING, name="Retrying", **kwargs)


def Late(
    cls: type[State[Any]] = State, scheduled_time: datetime.datetime | None = None, **kwargs: Any
) -> State[Any]:
    """The run is due but nobody has picked it up."""
    return Scheduled(cls=cls, scheduled_time=scheduled_time, name="Late", **kwargs)


def to_state_create(state: State[Any]) -> StateCreate:
    """A state as a client proposes it to a server: without id and times, data only when it is a stored result's."""
    from prefect.schemas.actions import StateCreate

    metadata = getattr(state.data, "metadata", state.data)
    data = metadata if hasattr(metadata, "storage_key") else None
    return StateCreate(
        type=state.type, name=state.name, message=state.message, data=data, state_details=state.state_details
    )


def due_in_seconds(state: State[Any]) -> float:
    """How long until the state's scheduled time, by the clock in force; 0 when it is past or there is none."""
    due = state.state_details.scheduled_time
    return 0.0 if due is None else max(0.0, (due - clock().now()).total_seconds())

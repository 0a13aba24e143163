"""Final states: what follows from a returned value or an exception, and several states summed up.

Not here: constructors of named states (`states`), which state a run proposes when (`engine`).
"""

from __future__ import annotations

import asyncio
import datetime
import sys
import traceback
from collections import Counter
from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeGuard

from prefect.exceptions import TaskRunGivenUp, TerminationSignal
from prefect.schemas.states import State, StateType

if TYPE_CHECKING:
    from prefect.results import ResultStore


class StateGroup:
    """Several states looked at together."""

    def __init__(self, states: list[State[Any]]) -> None:
        self.states = states
        self.total_count = len(states)
        self.type_counts = Counter(state.type for state in states)
        self.not_final_count = sum(1 for state in states if not state.is_final())

    @property
    def fail_count(self) -> int:
        """How many failed or crashed."""
        return self.type_counts[StateType.FAILED] + self.type_counts[StateType.CRASHED]

    def all_completed(self) -> bool:
        """Whether every one completed."""
        return self.type_counts[StateType.COMPLETED] == self.total_count

    def any_cancelled(self) -> bool:
        """Whether one was cancelled."""
        return self.type_counts[StateType.CANCELLED] > 0

    def any_failed(self) -> bool:
        """Whether one failed or crashed."""
        return self.fail_count > 0

    def any_paused(self) -> bool:
        """Whether one is paused."""
        return self.type_counts[StateType.PAUSED] > 0

    def all_final(self) -> bool:
        """Whether every one has ended."""
        return self.not_final_count == 0

    def counts_message(self) -> str:
        """The counts in words, such as `total=3 'COMPLETED'=2 'FAILED'=1`."""
        counts = [f"{type.value!r}={count}" for type, count in sorted(self.type_counts.items()) if count]
        unfinished = [f"'not final'={self.not_final_count}"] if self.not_final_count else []
        return " ".join([f"total={self.total_count}", *unfinished, *counts])

    def __repr__(self) -> str:
        return f"StateGroup<{self.counts_message()}>"


def is_state_iterable(obj: Any) -> TypeGuard[Iterable[State[Any]]]:
    """Whether `obj` is a list, set or tuple of states and nothing else (an empty one is not)."""
    return isinstance(obj, list | set | tuple) and bool(obj) and all(isinstance(item, State) for item in obj)


# --- into a state ---------------------------------------------------------------------------------------


def state_of_value(value: Any) -> State[Any] | None:
    """The final state that a returned value says by itself, or None when it is only a value.

    A state that the program made counts as it is; a state of a run, or a list, set or tuple of states, is
    summed up (all completed, else cancelled, paused or failed in this order).
    """
    if isinstance(value, State):
        details = value.state_details
        if details.flow_run_id is None and details.task_run_id is None:
            return value
        return _sum_of_states([value], value)
    if is_state_iterable(value):
        return _sum_of_states(list(value), value)
    return None


def _sum_of_states(states: list[State[Any]], data: Any) -> State[Any]:
    group = StateGroup(states)
    if group.all_completed():
        type, message = StateType.COMPLETED, "All states completed."
    elif group.any_cancelled():
        type, message = (
            StateType.CANCELLED,
            f"{group.type_counts[StateType.CANCELLED]}/{group.total_count} states cancelled.",
        )
    elif group.any_paused():
        type, message = (
            StateType.PAUSED,
            f"{group.type_counts[StateType.PAUSED]}/{group.total_count} states paused.",
        )
    elif group.any_failed():
        type, message = StateType.FAILED, f"{group.fail_count}/{group.total_count} states failed."
    else:
        type, message = StateType.FAILED, f"{group.not_final_count}/{group.total_count} states are not final."
    return State(type=type, message=message, data=data)


def failed_state(
    error: BaseException, prefix: str = "", name: str | None = None, **kwargs: Any
) -> State[Any]:
    """The state of a run that raised `error`: FAILED, the error as data, its text as message."""
    said = str(error)
    message = f"{prefix}{type(error).__name__}: {said}" if said else f"{prefix}{type(error).__name__}"
    return State(type=StateType.FAILED, name=name or "Failed", message=message, data=error, **kwargs)


def crashed_state(error: BaseException) -> State[Any]:
    """The state of a run that was ended by `error` from outside: CRASHED, with the reason in words."""
    if isinstance(error, KeyboardInterrupt):
        reason = "Execution was aborted by an interrupt signal (Ctrl-C)."
    elif isinstance(error, TerminationSignal):
        reason = "Execution was aborted by a termination signal."
    elif isinstance(error, TaskRunGivenUp):
        reason = str(error)
    elif isinstance(error, SystemExit):
        reason = f"Execution was aborted by a Python system exit call (code {error.code!r})."
    elif isinstance(error, asyncio.CancelledError):
        reason = "Execution was cancelled by the runtime environment."
    elif isinstance(error, GeneratorExit):
        reason = "Execution was abandoned: the generator was closed before it ended."
    else:
        reason = f"Execution was interrupted by an unexpected exception: {format_exception(error)}"
    return State(type=StateType.CRASHED, message=reason, data=error)


async def exception_to_failed_state(
    exc: BaseException | None = None,
    result_store: ResultStore | None = None,
    write_result: bool = False,
    **kwargs: Any,
) -> State[BaseException]:
    """The FAILED state for an exception (default: the one being handled).

    Args:
        write_result: store the exception through `result_store`.

    Raises:
        ValueError: no exception was given and none is being handled.
    """
    error = exc if exc is not None else sys.exc_info()[1]
    if error is None:
        raise ValueError("No exception was given and none is being handled here.")
    prefix = kwargs.pop("message", None)
    state = failed_state(error, prefix=f"{prefix} " if prefix else "", **kwargs)
    if result_store is not None:
        record = result_store.create_result_record(error)
        if write_result:
            await result_store.apersist_result_record(record)
        state.data = record
    return state


async def exception_to_crashed_state(
    exc: BaseException, result_store: ResultStore | None = None
) -> State[Any]:
    """The CRASHED state for an exception that ended a run from outside."""
    state = crashed_state(exc)
    if result_store is not None:
        state.data = result_store.create_result_record(exc)
    return state


async def return_value_to_state(
    retval: Any,
    result_store: ResultStore,
    key: str | None = None,
    expiration: datetime.datetime | None = None,
    write_result: bool = False,
) -> State[Any]:
    """The final state that follows from a returned value (see the manual: final state of a flow)."""
    told = state_of_value(retval)
    if told is not None and not (isinstance(retval, State) and told is retval and retval.data is None):
        value, state = (retval.data, retval) if told is retval else (retval, told)
    elif told is not None:
        return told
    else:
        value, state = retval, State(type=StateType.COMPLETED)
    record = result_store.create_result_record(value, key=key, expiration=expiration)
    if write_result:
        await result_store.apersist_result_record(record)
    state.data = record
    return state


def format_exception(exc: BaseException, tb: TracebackType | None = None) -> str:
    """An exception as Python prints it: the traceback when there is one, else the last line only."""
    shown = tb or exc.__traceback__
    if shown is None:
        return "".join(traceback.format_exception_only(type(exc), exc))
    return "".join(traceback.format_exception(type(exc), exc, shown))

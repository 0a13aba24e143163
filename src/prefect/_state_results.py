"""Taking results and exceptions out of states; loading what a state only describes.

Not here: making states (`states`, `_final_states`), how results are stored (`results`).
"""

from __future__ import annotations

from typing import Any, TypeVar

from prefect._final_states import is_state_iterable
from prefect._steps import Call, Life, Sleep, run_awaiting, run_blocking
from prefect.exceptions import CancelledRun, CrashedRun, FailedRun, MissingResult, PausedRun, UnfinishedRun
from prefect.schemas.states import State, data_is_kept

R = TypeVar("R")

RESULT_READ_MAXIMUM_ATTEMPTS = 10
RESULT_READ_RETRY_DELAY = 0.25


def get_state_result(
    state: State[R], raise_on_failure: bool = True, retry_result_failure: bool = True
) -> Any:
    """The value of a completed state, or its exception; see `State.result`."""
    return run_blocking(result_life(state, raise_on_failure, retry_result_failure))


async def aget_state_result(
    state: State[R], raise_on_failure: bool = True, retry_result_failure: bool = True
) -> Any:
    """`get_state_result` for async code."""
    return await run_awaiting(result_life(state, raise_on_failure, retry_result_failure))


def get_state_exception(state: State[Any]) -> BaseException:
    """The exception that a failed, crashed, cancelled (or not finished) state stands for.

    Raises:
        TypeError: the state holds something that is neither an exception, a text nor states.
        ValueError: the state completed; there is no exception in it.
    """
    return run_blocking(_exception_life(state))


async def aget_state_exception(state: State[Any]) -> BaseException:
    """`get_state_exception` for async code."""
    return await run_awaiting(_exception_life(state))


def raise_state_exception(state: State[Any]) -> None:
    """Raise the exception that a state stands for; nothing happens for a completed one."""
    if not state.is_completed():
        raise get_state_exception(state)


async def araise_state_exception(state: State[Any]) -> None:
    """`raise_state_exception` for async code."""
    if not state.is_completed():
        raise await aget_state_exception(state)


def result_life(state: State[Any], raise_on_failure: bool = True, retry: bool = True) -> Life[Any]:
    """The body of `get_state_result`."""
    if state.is_paused() and raise_on_failure:
        raise PausedRun(f"Run is paused: {state}", state=state)
    if not state.is_final() and not state.is_paused():
        unfinished = UnfinishedRun(f"Run is in the state {state}; its result is not known yet.")
        if raise_on_failure:
            raise unfinished
        return unfinished
    if not state.is_completed():
        error = yield from _exception_life(state)
        if raise_on_failure and not state.is_completed():
            raise error
        return error
    return (yield from _data_life(state, retry))


def _exception_life(state: State[Any]) -> Life[BaseException]:
    if is_state_iterable(state.data):
        for inner in state.data:
            if inner.is_failed() or inner.is_crashed() or inner.is_cancelled():
                return (yield from _exception_life(inner))
    wrapper = _wrapper_of(state)
    value = None if state.data is None else (yield from _data_life(state, retry=True))
    if value is None:
        return wrapper(state.message or f"Run ended in the state {state}.")
    if isinstance(value, BaseException):
        return value
    if isinstance(value, str):
        return wrapper(value)
    if isinstance(value, State):
        return (yield from _exception_life(value))
    if is_state_iterable(value):
        for inner in value:
            if not inner.is_completed():
                return (yield from _exception_life(inner))
    raise TypeError(
        f"The data of the state {state} is a {type(value).__name__}, which stands for no exception; "
        "an exception, a text or states were expected."
    )


def _wrapper_of(state: State[Any]) -> type[Exception]:
    """The class for a state that brings no exception of its own."""
    if state.is_failed():
        return FailedRun
    if state.is_crashed():
        return CrashedRun
    if state.is_cancelled() or state.is_cancelling():
        return CancelledRun
    if state.is_completed():
        raise ValueError(f"The state {state} completed; there is no exception in it.")
    return PausedRun if state.is_paused() else UnfinishedRun


def _data_life(state: State[Any], retry: bool) -> Life[Any]:
    """What the state's data stands for: a value, or the value a stored record or its description holds."""
    data = state.data
    if data is None:
        if state.is_completed() and not data_is_kept(state):
            raise MissingResult("The result of this run was not kept: its results are not persisted.")
        return data
    if isinstance(data, dict) and "storage_key" in data:
        data = described_result(data)
    read = getattr(type(data), "__load_result__", None)
    if read is None:
        return data
    attempts = RESULT_READ_MAXIMUM_ATTEMPTS if retry else 1
    for attempt in range(1, attempts + 1):
        try:
            return (yield Call(read, (data,)))
        except (FileNotFoundError, MissingResult, KeyError, ValueError) as error:
            if attempt == attempts:
                raise MissingResult(f"The result of this run cannot be read: {error}") from error
        yield Sleep(RESULT_READ_RETRY_DELAY)
    raise AssertionError("unreachable: the last attempt returns or raises")


def described_result(data: Any) -> Any:
    """The description of a stored result, from the dictionary that a store or the wire has of it."""
    if not isinstance(data, dict):
        return data
    if data.get("type") == "reference":
        from prefect.results import PersistedResult

        return PersistedResult.model_validate(data)
    from prefect.schemas.results import ResultRecordMetadata

    return ResultRecordMetadata.model_validate(data)

"""What crosses between a flow's process and its workers, and how it is pickled.

Functions, tasks and flows of modules that a worker can import are pickled by reference, all others by value:
those of the program's main module, of notebooks, of files that were loaded by path. Not here: who sends what
when (`pool`, `worker`).
"""

from __future__ import annotations

import io
import pickle
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from multiprocessing.pool import ExceptionWithTraceback  # type: ignore[attr-defined]
from types import FunctionType
from typing import Any, NamedTuple

import cloudpickle

from prefect.exceptions import FailedRun, SerializationError
from prefect.schemas.bases import trusted
from prefect.schemas.runs import TaskRun
from prefect.schemas.states import State, trusted_state

# --- messages -------------------------------------------------------------------------------------------


class Greeting(NamedTuple):
    """To a worker, first of all: what to do before any work (pickled `(initializer, initargs)`, or None)."""

    initializer: bytes | None


class Begun(NamedTuple):
    """A run as far as the flow's process has brought it, with its pickled parameters."""

    parameters: bytes
    run: dict[str, Any]
    state: tuple[Any, ...]
    step: str | None
    was_cut_short: bool


class Job(NamedTuple):
    """To a worker: run a task.

    Attributes:
        surroundings, task: numbers of parcels.
        parcels: pickles by number, those that this worker has not been sent yet.
        forget: drop all parcels sent before.
        begun: what belongs to this run alone.
    """

    surroundings: int
    task: int
    parcels: dict[int, bytes]
    forget: bool
    begun: Begun


class Answer(NamedTuple):
    """To a worker: what came of an operation it asked for (pickled value or exception)."""

    worked: bool
    outcome: bytes


class Ready(NamedTuple):
    """From a worker: it takes jobs."""


class Unusable(NamedTuple):
    """From a worker: its initializer raised."""

    reason: str


class Entered(NamedTuple):
    """From a worker: a task run has entered a state. `outcome` is the pickled value of the job's own run."""

    run: dict[str, Any]
    state: tuple[Any, ...]
    outcome: bytes | None


class Limit(NamedTuple):
    """From a worker: the task's code runs now, for at most so many seconds; None: it has ended."""

    seconds: float | None


class Logged(NamedTuple):
    """From a worker: a log record of a run."""

    record: dict[str, Any]


class Asked(NamedTuple):
    """From a worker: carry out an operation of the engine's client, and answer."""

    operation: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


class Refused(NamedTuple):
    """From a worker: the job could not be taken up (a module is missing, say)."""

    reason: str


class Done(NamedTuple):
    """From a worker: the job is over. `reason` says why, if the run has not reached a final state."""

    reason: str | None


# --- pickling -------------------------------------------------------------------------------------------


class _Pickler(cloudpickle.CloudPickler):  # type: ignore[misc]
    """By reference whatever a worker can import."""

    def reducer_override(self, obj: Any) -> Any:
        if type(obj) is FunctionType and (path := _path_to_holder(obj)) is not None:
            return _function_of, path
        return super().reducer_override(obj)


def dump(value: Any) -> bytes:
    """Pickle anything that can be pickled."""
    buffer = io.BytesIO()
    _Pickler(buffer, protocol=pickle.HIGHEST_PROTOCOL).dump(value)
    return buffer.getvalue()


def load(data: bytes) -> Any:
    """The value of a pickle."""
    return pickle.loads(data)


def dump_task(task: Any) -> bytes:
    """Pickle a task: as a name where a worker finds it under that name."""
    path = _path_to_holder(task.fn) if isinstance(task.fn, FunctionType) else None
    if path is not None and _holder(*path) is task:
        return pickle.dumps(_Named(*path))
    return dump(task)


class _Named:
    """Unpickles to what is found under a name in a module."""

    def __init__(self, module: str, name: str) -> None:
        self._path = module, name

    def __reduce__(self) -> Any:
        return _holder, self._path


def _path_to_holder(fn: FunctionType) -> tuple[str, str] | None:
    """Where a worker finds the task or flow that was made of a function; None: nowhere."""
    module, name = fn.__module__, fn.__qualname__
    if "<locals>" in name or not is_importable(module):
        return None
    try:
        found = _holder(module, name)
    except AttributeError:
        return None
    return (module, name) if found is not fn and getattr(found, "fn", None) is fn else None


def _holder(module: str, name: str) -> Any:
    found: Any = sys.modules.get(module)
    if found is None:
        from importlib import import_module

        found = import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found


def _function_of(module: str, name: str) -> Any:
    return _holder(module, name).fn


@lru_cache(maxsize=1024)
def is_importable(name: str) -> bool:
    """Whether another process with the same import path would find this very module under that name."""
    module = sys.modules.get(name)
    if module is None or name == "__main__":
        return False
    parent, _, _ = name.rpartition(".")
    if parent and not is_importable(parent):
        return False
    path = list(sys.modules[parent].__path__) if parent else None
    for finder in sys.meta_path:
        try:
            spec = finder.find_spec(name, path, None)
        except Exception:
            continue
        if spec is not None:
            return not spec.has_location or spec.origin == getattr(module, "__file__", None)
    return False


_registering = threading.Lock()


@contextmanager
def module_by_value(name: str) -> Iterator[None]:
    """Within the block everything of a module is pickled by value, unless workers can import it."""
    module = sys.modules.get(name)
    if module is None or name == "__main__" or is_importable(name):
        yield
        return
    with _registering:
        register = name not in cloudpickle.list_registry_pickle_by_value()
        if register:
            cloudpickle.register_pickle_by_value(module)
        try:
            yield
        finally:
            if register:
                cloudpickle.unregister_pickle_by_value(module)


# --- runs and states ------------------------------------------------------------------------------------


def run_parts(run: TaskRun) -> dict[str, Any]:
    """The fields of a run without its state."""
    return {**run.__dict__, "state": None}


def state_parts(state: State[Any]) -> tuple[Any, ...]:
    """A state without its value; of a stored result the description stays."""
    details, data = state.state_details, _description(state.data)
    return state.type, state.name, details, state.message, data, state.timestamp, state.id


def run_in_state(run: dict[str, Any], state: State[Any]) -> TaskRun:
    """A run from its parts, in a state."""
    named = {"state": state, "state_id": state.id, "state_type": state.type, "state_name": state.name}
    return trusted(TaskRun, {**run, **named})


def state_of(parts: tuple[Any, ...]) -> State[Any]:
    """A state from its parts."""
    return trusted_state(*parts)


def without_values(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments of an operation with every state in them freed of its value."""
    return tuple(
        argument.model_copy(update={"data": _description(argument.data)})
        if isinstance(argument, State)
        else argument
        for argument in arguments
    )


def _description(data: Any) -> Any:
    metadata = getattr(data, "metadata", data)
    written = hasattr(metadata, "storage_key") and getattr(data, "_persisted", True)
    return metadata if written else None


# --- outcomes -------------------------------------------------------------------------------------------


def dump_outcome(data: Any) -> bytes:
    """Pickle the value or exception of a run; a value that is stored may be left where it is.

    Raises:
        SerializationError: it cannot be pickled; the message names its type.
    """
    try:
        if not isinstance(data, BaseException):
            return dump(data)
        # That an exception can be pickled does not mean that it can be made again from what was.
        pickled = dump(ExceptionWithTraceback(data, data.__traceback__))
        load(pickled)
        return pickled
    except Exception as error:
        if (stored := _description(data)) is not None:
            return dump(stored)
        raise SerializationError(_cannot_be_sent(data, error)) from error


def _cannot_be_sent(data: Any, error: Exception) -> str:
    what = "exception" if isinstance(data, BaseException) else "result"
    kind = type(getattr(data, "result", data) if hasattr(data, "metadata") else data)
    return (
        f"The {what}, of type {kind.__module__}.{kind.__qualname__}, cannot be sent from the worker process "
        f"to the flow ({type(error).__name__}: {error})."
    )


def stand_in_for(error: SerializationError, message: str) -> FailedRun:
    """What takes the place of an exception that cannot leave its worker."""
    return FailedRun(f"{message.rstrip('.')}. {error}")


def arguments_cannot_be_sent(parameters: dict[str, Any], error: Exception) -> SerializationError:
    """The error about arguments that cannot be pickled; it names the first that cannot."""
    for name, value in parameters.items():
        try:
            dump(value)
        except Exception as own:
            kind = type(value)
            return SerializationError(
                f"The argument {name!r}, of type {kind.__module__}.{kind.__qualname__}, cannot be sent to a "
                f"worker process ({type(own).__name__}: {own}). Make it inside of the task, or run the task "
                "on threads (ThreadPoolTaskRunner)."
            )
    return SerializationError(
        f"The task cannot be sent to a worker process ({type(error).__name__}: {error}): something that its "
        "function refers to cannot be pickled. Make that inside of the task, put the task into a module of "
        "its own, or run it on threads (ThreadPoolTaskRunner)."
    )


def picklable_only(values: dict[str, Any]) -> dict[str, Any]:
    """Those of the values that can be pickled."""

    def can_be_pickled(value: Any) -> bool:
        try:
            dump(value)
        except Exception:
            return False
        return True

    return {name: value for name, value in values.items() if can_be_pickled(value)}


Initializer = Callable[..., None]

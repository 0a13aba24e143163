"""The options of flows: their types, and the checks and defaults that need no flow.

Not here: the flow that has them (`flows`), options that tasks have likewise (`_declarations`).
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Protocol, TypedDict, TypeVar

from prefect.exceptions import InvalidNameError
from prefect.schemas.runs import FlowRun
from prefect.schemas.states import State
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

if TYPE_CHECKING:
    from prefect.flows import Flow

R = TypeVar("R")
P = ParamSpec("P")

_FORBIDDEN_IN_NAMES = ("/", "%", "&", ">", "<")
_source_hashes: dict[str, str | None] = {}


class FlowStateHook(Protocol, Generic[P, R]):
    """A hook of a flow: called with the flow, its run and the state entered."""

    def __call__(self, flow: Flow[P, R], flow_run: FlowRun, state: State[Any]) -> Awaitable[None] | None: ...


class FlowOptions(TypedDict, total=False):
    """The options of a flow, for code that passes them on."""

    name: str | None
    version: str | None
    flow_run_name: Callable[[], str] | str | None
    retries: int | None
    retry_delay_seconds: int | float | None
    task_runner: TaskRunner[Any] | type[TaskRunner[Any]] | None
    description: str | None
    timeout_seconds: int | float | None
    validate_parameters: bool
    persist_result: bool | None
    result_storage: Any
    result_serializer: Any
    cache_result_in_memory: bool
    log_prints: bool | None
    on_completion: list[FlowStateHook[..., Any]] | None
    on_failure: list[FlowStateHook[..., Any]] | None
    on_cancellation: list[FlowStateHook[..., Any]] | None
    on_crashed: list[FlowStateHook[..., Any]] | None
    on_running: list[FlowStateHook[..., Any]] | None


def checked_runner(given: Any) -> TaskRunner[Any]:
    """A task runner, given as one, as a class of them, or not at all.

    Raises:
        TypeError: it is none.
    """
    runner = given() if isinstance(given, type) else given
    if runner is None:
        return ThreadPoolTaskRunner()
    if not hasattr(runner, "submit") or not hasattr(runner, "duplicate"):
        raise TypeError(f"`task_runner` must be a TaskRunner or a class of one; got {type(runner).__name__}.")
    return runner  # type: ignore[no-any-return]


def name_of_function(fn: Any) -> str:
    """The name of a flow that was not given one."""
    name: str = getattr(fn, "__name__", type(fn).__name__)
    return "unknown-lambda" if name == "<lambda>" else name.replace("_", "-")


def checked_name(name: Any) -> str:
    """A name for a flow.

    Raises:
        TypeError: it is no text.
        InvalidNameError: it holds a character that is not allowed.
    """
    if not isinstance(name, str):
        raise TypeError(f"Expected string for flow parameter 'name'; got {type(name).__name__} instead.")
    found = [character for character in _FORBIDDEN_IN_NAMES if character in name]
    if found:
        raise InvalidNameError(
            f"The flow name {name!r} contains the invalid character(s) {' '.join(found)}; "
            f"these are not allowed: {' '.join(_FORBIDDEN_IN_NAMES)}"
        )
    return name


def hash_of_source(fn: Any) -> str | None:
    """The hash of the file a function is written in; None where there is no such file."""
    code = getattr(inspect.unwrap(fn), "__code__", None)
    if code is None:
        return None
    path: str = code.co_filename
    if path not in _source_hashes:
        from prefect.utilities.hashing import file_hash

        try:
            _source_hashes[path] = file_hash(path)
        except OSError:
            _source_hashes[path] = None
    return _source_hashes[path]

"""Flows: functions whose every call is recorded as a run that contains task runs and other flow runs.

Here: what a user declares. Not here: calling a flow (`_flow_calls`), checks of its options (`_flow_options`), finding
flows in files (`_entrypoints`, offered here), the life of a run (`engine.flow_run`).
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, Self, TypeVar, Unpack, overload

from prefect._declarations import (
    checked_retries,
    checked_run_name,
    checked_storage,
    given_or_setting,
    options_of,
)
from prefect._flow_calls import CallableFlow
from prefect._flow_options import (
    FlowOptions,
    FlowStateHook,
    checked_name,
    checked_runner,
    hash_of_source,
    name_of_function,
)
from prefect.engine.inputs import Upstream
from prefect.task_runners import TaskRunner
from prefect.utilities.annotations import NotSet

if TYPE_CHECKING:
    from prefect._entrypoints import is_entrypoint_async as is_entrypoint_async
    from prefect._entrypoints import (
        load_flow_arguments_from_entrypoint as load_flow_arguments_from_entrypoint,
    )
    from prefect._entrypoints import load_flow_from_entrypoint as load_flow_from_entrypoint
    from prefect._entrypoints import load_function_and_convert_to_flow as load_function_and_convert_to_flow
    from prefect._entrypoints import load_placeholder_flow as load_placeholder_flow
    from prefect._entrypoints import safe_load_flow_from_entrypoint as safe_load_flow_from_entrypoint
    from prefect._entrypoints import select_flow as select_flow
    from prefect.futures import PrefectFuture
    from prefect.results import ResultSerializer, ResultStorage
    from prefect.utilities.callables import ParameterSchema

R = TypeVar("R")
P = ParamSpec("P")
F = TypeVar("F", bound="Flow[Any, Any]")

_FROM_SOURCE = frozenset({"_entrypoint", "_storage"})
"""What a flow keeps of the source it was loaded from."""


class Flow(CallableFlow[P, R]):
    """A function whose calls are recorded as flow runs. Usually made by the decorator `flow`.

    Args:
        fn: the function; plain, async, a generator or an async generator, or a static or class method.
        name: default: the function's name with "-" for "_".
        version: default: a hash of the source file.
        flow_run_name: a `str.format` template over the parameters, or a callable.
        retries: further attempts after a failure. Default: PREFECT_FLOWS_DEFAULT_RETRIES (0).
        retry_delay_seconds: seconds before each retry.
        task_runner: runs submitted tasks; an instance or a class. Default: `ThreadPoolTaskRunner()`.
        description: default: the function's docstring.
        timeout_seconds: limit on each attempt.
        validate_parameters: check and coerce parameters by their annotations (pydantic rules).
        persist_result: whether results are stored; default: the enclosing flow's choice, then the settings'.
        result_storage, result_serializer: where and how; also for its tasks.
        cache_result_in_memory: keep a stored result in memory as well.
        log_prints: send `print` to the run's log; default: the enclosing flow's choice, then the settings'.
        on_completion, on_failure, on_cancellation, on_crashed, on_running: hooks `fn(flow, flow_run, state)`.

    Raises:
        TypeError: an option has a wrong type.
        InvalidNameError: the name holds a character that is not allowed.
        ReservedArgumentError: a parameter is called `return_state` or `wait_for`.
    """

    on_completion_hooks: list[FlowStateHook[P, R]]
    on_failure_hooks: list[FlowStateHook[P, R]]
    on_cancellation_hooks: list[FlowStateHook[P, R]]
    on_crashed_hooks: list[FlowStateHook[P, R]]
    on_running_hooks: list[FlowStateHook[P, R]]

    _hook_kinds = ("on_completion", "on_failure", "on_cancellation", "on_crashed", "on_running")
    _sentinel_options = frozenset({"persist_result", "result_storage", "result_serializer", "log_prints"})

    def __init__(
        self,
        fn: Callable[P, R] | classmethod[Any, P, R] | staticmethod[P, R],
        name: str | None = None,
        version: str | None = None,
        flow_run_name: Callable[[], str] | str | None = None,
        retries: int | None = None,
        retry_delay_seconds: int | float | None = None,
        task_runner: type[TaskRunner[PrefectFuture[Any]]] | TaskRunner[PrefectFuture[Any]] | None = None,
        description: str | None = None,
        timeout_seconds: int | float | None = None,
        validate_parameters: bool = True,
        persist_result: bool | None = None,
        result_storage: ResultStorage | str | None = None,
        result_serializer: ResultSerializer | None = None,
        cache_result_in_memory: bool = True,
        log_prints: bool | None = None,
        on_completion: list[FlowStateHook[P, R]] | None = None,
        on_failure: list[FlowStateHook[P, R]] | None = None,
        on_cancellation: list[FlowStateHook[P, R]] | None = None,
        on_crashed: list[FlowStateHook[P, R]] | None = None,
        on_running: list[FlowStateHook[P, R]] | None = None,
    ) -> None:
        self._declared = options_of(locals())
        self._take_function(fn)
        self._take_identity(name, version, description, flow_run_name)
        self.retries: int = checked_retries(given_or_setting(retries, "flows", "default_retries"))
        self.retry_delay_seconds: float = given_or_setting(
            retry_delay_seconds, "flows", "default_retry_delay_seconds"
        )
        if not isinstance(self.retry_delay_seconds, int | float):
            raise TypeError(
                "`retry_delay_seconds` of a flow must be one number; got "
                f"{type(self.retry_delay_seconds).__name__}."
            )
        self.timeout_seconds = float(timeout_seconds) if timeout_seconds else None
        self.task_runner: TaskRunner[Any] = checked_runner(task_runner)
        self.log_prints = log_prints
        keeps = result_storage is not None or result_serializer is not None
        self.persist_result = True if persist_result is None and keeps else persist_result
        self.result_storage = checked_storage(result_storage)
        self.result_serializer = result_serializer
        self.cache_result_in_memory = cache_result_in_memory
        self._take_hooks(self._declared)
        self.should_validate_parameters = validate_parameters
        self._parameter_model: Any = None
        self._parameters: ParameterSchema | None = None

    # --- options ---------------------------------------------------------------------------------------

    def _take_identity(
        self,
        name: str | None,
        version: str | None,
        description: str | None,
        flow_run_name: Callable[[], str] | str | None,
    ) -> None:
        self.name = name_of_function(self.fn) if name in (None, "") else checked_name(name)
        self.flow_run_name = checked_run_name("flow_run_name", flow_run_name)
        self.description = description or inspect.getdoc(self.fn)
        self.version = version or hash_of_source(self.fn)

    # --- description -----------------------------------------------------------------------------------

    @property
    def parameters(self) -> ParameterSchema:
        """The JSON schema of the parameters."""
        if self._parameters is None:
            from prefect.utilities.callables import parameter_schema

            self._parameters = parameter_schema(self.fn)
        return self._parameters

    def entrypoint_in_file(self) -> str | None:
        """Where this flow is found again: `path/to/file.py:name`; None for one that is in no file."""
        fn = inspect.unwrap(self.fn)
        code = getattr(fn, "__code__", None)
        path = None if code is None else os.path.abspath(code.co_filename)
        if path is None or "<locals>" in fn.__qualname__ or not os.path.isfile(path):
            return None
        return f"{path}:{fn.__qualname__}"

    def __repr__(self) -> str:
        return f"<Flow {self.name!r}>"

    def __get__(self, instance: Any, owner: Any) -> Self:
        """Declared in a class, it is bound to the instance (or class) it is asked from."""
        bound = super().__get__(instance, owner)
        if bound is not self:
            bound._parameter_model = bound._parameters = None
        return bound

    def with_options(
        self,
        *,
        name: str | None = None,
        version: str | None = None,
        retries: int | None = None,
        retry_delay_seconds: int | float | None = None,
        description: str | None = None,
        flow_run_name: Callable[[], str] | str | None = None,
        task_runner: type[TaskRunner[PrefectFuture[Any]]] | TaskRunner[PrefectFuture[Any]] | None = None,
        timeout_seconds: int | float | None = None,
        validate_parameters: bool | None = None,
        persist_result: bool | type[NotSet] | None = NotSet,
        result_storage: ResultStorage | type[NotSet] | None = NotSet,
        result_serializer: ResultSerializer | type[NotSet] | None = NotSet,
        cache_result_in_memory: bool | None = None,
        log_prints: bool | type[NotSet] | None = NotSet,
        on_completion: list[FlowStateHook[P, R]] | None = None,
        on_failure: list[FlowStateHook[P, R]] | None = None,
        on_cancellation: list[FlowStateHook[P, R]] | None = None,
        on_crashed: list[FlowStateHook[P, R]] | None = None,
        on_running: list[FlowStateHook[P, R]] | None = None,
    ) -> Flow[P, R]:
        """A copy with other options; what is not given stays as it is. See `Flow` for the options."""
        copy = self._copy_with(self._options_with(options_of(locals())))
        copy.__dict__.update({key: value for key, value in self.__dict__.items() if key in _FROM_SOURCE})
        return copy

    # --- parameters ------------------------------------------------------------------------------------

    def validate_parameters(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """The parameters, coerced to their annotations by pydantic's (lax) rules.

        Raises:
            ParameterTypeError: a value does not fit; all that do not are named.
        """
        if self._parameter_model is None:
            from prefect.utilities.parameters import ParameterModel

            self._parameter_model = ParameterModel(self.fn)
        return self._parameter_model.validate(parameters)  # type: ignore[no-any-return]

    def serialize_parameters(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """The parameters as JSON can say them; what it cannot becomes the name of its type, as `"<Name>"`."""
        if not parameters:
            return {}
        from prefect.utilities.jsonable import serialize_parameters

        plain = {
            name: f"<{type(value).__name__}>" if isinstance(value, Upstream) else value
            for name, value in parameters.items()
        }
        return serialize_parameters(plain)

    # --- hooks -----------------------------------------------------------------------------------------

    def on_completion(self, fn: FlowStateHook[P, R]) -> FlowStateHook[P, R]:
        """Decorator: call `fn(flow, flow_run, state)` when a run has completed."""
        self.on_completion_hooks.append(fn)
        return fn

    def on_cancellation(self, fn: FlowStateHook[P, R]) -> FlowStateHook[P, R]:
        """Decorator: call `fn(flow, flow_run, state)` when a run is cancelled."""
        self.on_cancellation_hooks.append(fn)
        return fn

    def on_crashed(self, fn: FlowStateHook[P, R]) -> FlowStateHook[P, R]:
        """Decorator: call `fn(flow, flow_run, state)` when a run was ended from outside."""
        self.on_crashed_hooks.append(fn)
        return fn

    def on_running(self, fn: FlowStateHook[P, R]) -> FlowStateHook[P, R]:
        """Decorator: call `fn(flow, flow_run, state)` when an attempt starts."""
        self.on_running_hooks.append(fn)
        return fn

    def on_failure(self, fn: FlowStateHook[P, R]) -> FlowStateHook[P, R]:
        """Decorator: call `fn(flow, flow_run, state)` when a run has failed for good."""
        self.on_failure_hooks.append(fn)
        return fn


class FlowDecorator:
    """The decorator `flow`: makes a function a flow, with or without options (see `Flow` for them)."""

    @overload
    def __call__(self, __fn: Callable[P, R]) -> Flow[P, R]: ...
    @overload
    def __call__(
        self, __fn: Literal[None] = None, **options: Unpack[FlowOptions]
    ) -> Callable[[Callable[P, R]], Flow[P, R]]: ...

    def __call__(  # type: ignore[misc]  # the options of both overloads in one list
        self,
        __fn: Callable[P, R] | None = None,
        *,
        name: str | None = None,
        version: str | None = None,
        flow_run_name: Callable[[], str] | str | None = None,
        retries: int | None = None,
        retry_delay_seconds: int | float | None = None,
        task_runner: TaskRunner[PrefectFuture[Any]] | None = None,
        description: str | None = None,
        timeout_seconds: int | float | None = None,
        validate_parameters: bool = True,
        persist_result: bool | None = None,
        result_storage: ResultStorage | None = None,
        result_serializer: ResultSerializer | None = None,
        cache_result_in_memory: bool = True,
        log_prints: bool | None = None,
        on_completion: list[FlowStateHook[..., Any]] | None = None,
        on_failure: list[FlowStateHook[..., Any]] | None = None,
        on_cancellation: list[FlowStateHook[..., Any]] | None = None,
        on_crashed: list[FlowStateHook[..., Any]] | None = None,
        on_running: list[FlowStateHook[..., Any]] | None = None,
    ) -> Any:
        """Make a function a flow.

        >>> @flow(log_prints=True)
        ... def hello(name: str = "world"):
        ...     print(f"Hello {name}!")
        """
        options = options_of(locals())
        if __fn is None:
            return lambda fn: Flow(fn, **options)
        return Flow(__fn, **options)


flow = FlowDecorator()

_OF_ENTRYPOINTS = {
    "is_entrypoint_async",
    "load_flow_arguments_from_entrypoint",
    "load_flow_from_entrypoint",
    "load_function_and_convert_to_flow",
    "load_placeholder_flow",
    "safe_load_flow_from_entrypoint",
    "select_flow",
}


def __getattr__(name: str) -> Any:
    if name in _OF_ENTRYPOINTS:
        from prefect import _entrypoints

        return getattr(_entrypoints, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

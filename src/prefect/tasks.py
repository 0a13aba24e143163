"""Tasks: functions whose every call is recorded, and may be retried, cached, mapped and run elsewhere.

Here: what a user declares and calls. Not here: the life of a run (`engine.task_run`), where submitted runs live
(`task_runners`), deferred runs (`task_worker`).
"""

from __future__ import annotations

import datetime
import inspect
from collections.abc import Callable, Coroutine, Iterable
from typing import TYPE_CHECKING, Any, Literal, NoReturn, ParamSpec, TypeVar, Unpack, cast, overload
from uuid import UUID

from prefect._declarations import (
    Declaration,
    checked_retries,
    checked_run_name,
    checked_storage,
    given_or_setting,
    options_of,
)
from prefect._steps import run_awaiting
from prefect._task_options import (
    FutureOrResult,
    OneOrManyFutureOrResult,
    RetryConditionCallable,
    RetryDelays,
    StateHookCallable,
    TaskOptions,
    TaskRunNameCallbackWithParameters,
    TaskRunNameValueOrCallable,
    TransactionHook,
    checked_condition,
    checked_delays,
    checked_jitter,
    exponential_backoff,
    task_key_of,
)
from prefect._tracking import tracker
from prefect.cache_policies import DEFAULT, NO_CACHE, CacheKeyFnPolicy, CachePolicy
from prefect.context import FlowRunContext, TaskRunContext
from prefect.engine.inputs import wait_for_list
from prefect.schemas.runs import RunInput, TaskRun, TaskRunPolicy
from prefect.schemas.states import State
from prefect.utilities.annotations import NotSet

if TYPE_CHECKING:
    from prefect.futures import PrefectDistributedFuture, PrefectFuture, PrefectFutureList
    from prefect.results import ResultSerializer, ResultStorage

__all__ = [
    "NUM_CHARS_DYNAMIC_KEY",
    "FutureOrResult",
    "OneOrManyFutureOrResult",
    "RetryConditionCallable",
    "StateHookCallable",
    "Task",
    "TaskOptions",
    "TaskRunNameCallbackWithParameters",
    "TaskRunNameValueOrCallable",
    "exponential_backoff",
    "task",
    "task_input_hash",
]

T = TypeVar("T")
R = TypeVar("R")
P = ParamSpec("P")

NUM_CHARS_DYNAMIC_KEY = 3


def task_input_hash(context: TaskRunContext, arguments: dict[str, Any]) -> str | None:
    """A cache key from the task, its code and its arguments, for `cache_key_fn`.

    Raises:
        prefect.exceptions.HashError: an argument can be expressed neither as JSON nor as a pickle.
    """
    from prefect.utilities.hashing import hash_objects

    return hash_objects(context.task.task_key, context.task.fn.__code__.co_code, arguments)


class Task(Declaration[P, R]):
    """A function whose calls are recorded as task runs. Usually made by the decorator `task`.

    Args:
        fn: the function; plain, async, a generator or an async generator, or a static or class method.
        name: default: the function's name.
        description: default: the function's docstring.
        tags: tags of every run.
        version: any text.
        cache_policy: how calls are told apart; a call like an earlier one reuses its stored result. Default: by
            inputs, source and flow run, once results are persisted.
        cache_key_fn: instead of a policy: `fn(context, parameters) -> str | None`.
        cache_expiration: how long a stored result may be reused.
        task_run_name: a `str.format` template over the parameters, or a callable.
        retries: further attempts after a failure. Default: PREFECT_TASKS_DEFAULT_RETRIES (0).
        retry_delay_seconds: seconds before a retry: one number, one for each, or a callable that is given
            `retries` and returns a list.
        retry_jitter_factor: how far a delay may stray: evenly within delay x (1 ± factor).
        persist_result: whether results are stored; default: the flow's choice, then the settings'.
        result_storage, result_storage_key, result_serializer: where, under which name and how.
        cache_result_in_memory: keep a stored result in memory as well.
        timeout_seconds: limit on each attempt.
        log_prints: send `print` to the run's log; default: as the flow.
        refresh_cache: compute and store anew.
        on_completion, on_failure, on_running: hooks `fn(task, task_run, state)`.
        on_rollback, on_commit: hooks `fn(transaction)`.
        retry_condition_fn: `fn(task, task_run, state) -> bool`: whether to retry after this failure.
        viz_return_value: what `flow.visualize` takes for the result.
        asset_deps: assets the task depends on.

    Raises:
        TypeError: an option has a wrong type.
        ValueError: an option has a value that makes no sense.
        ReservedArgumentError: a parameter is called `return_state` or `wait_for`.
    """

    on_completion_hooks: list[StateHookCallable]
    on_failure_hooks: list[StateHookCallable]
    on_running_hooks: list[StateHookCallable]
    on_rollback_hooks: list[TransactionHook]
    on_commit_hooks: list[TransactionHook]

    _hook_kinds = ("on_completion", "on_failure", "on_running", "on_rollback", "on_commit")
    _sentinel_options = frozenset(
        {
            "cache_policy", "task_run_name", "retries", "retry_delay_seconds", "retry_jitter_factor",
            "persist_result", "result_storage", "result_serializer", "result_storage_key", "log_prints",
            "refresh_cache",
        }
    )  # fmt: skip

    def __init__(
        self,
        fn: Callable[P, R] | classmethod[Any, P, R] | staticmethod[P, R],
        name: str | None = None,
        description: str | None = None,
        tags: Iterable[str] | None = None,
        version: str | None = None,
        cache_policy: CachePolicy | type[NotSet] = NotSet,
        cache_key_fn: Callable[[TaskRunContext, dict[str, Any]], str | None] | None = None,
        cache_expiration: datetime.timedelta | None = None,
        task_run_name: TaskRunNameValueOrCallable | None = None,
        retries: int | None = None,
        retry_delay_seconds: RetryDelays | None = None,
        retry_jitter_factor: float | None = None,
        persist_result: bool | None = None,
        result_storage: ResultStorage | None = None,
        result_serializer: ResultSerializer | None = None,
        result_storage_key: str | None = None,
        cache_result_in_memory: bool = True,
        timeout_seconds: int | float | None = None,
        log_prints: bool | None = False,
        refresh_cache: bool | None = None,
        on_completion: list[StateHookCallable] | None = None,
        on_failure: list[StateHookCallable] | None = None,
        on_running: list[StateHookCallable] | None = None,
        on_rollback: list[TransactionHook] | None = None,
        on_commit: list[TransactionHook] | None = None,
        retry_condition_fn: RetryConditionCallable | None = None,
        viz_return_value: Any | None = None,
        asset_deps: list[Any] | None = None,
    ) -> None:
        self._declared = options_of(locals())
        self._take_function(fn)
        self._take_identity(name, description, tags, version, task_run_name)
        self._take_retries(retries, retry_delay_seconds, retry_jitter_factor, retry_condition_fn)
        self._take_hooks(self._declared)
        self.timeout_seconds = float(timeout_seconds) if timeout_seconds else None
        self.log_prints = log_prints
        self.viz_return_value = viz_return_value
        self.asset_deps = list(asset_deps or ())
        self.result_storage = checked_storage(result_storage)
        self.result_serializer = result_serializer
        self.result_storage_key = result_storage_key
        self.cache_result_in_memory = cache_result_in_memory
        self.cache_expiration = cache_expiration
        self.refresh_cache = refresh_cache
        self.cache_key_fn = cache_key_fn
        self._take_caching(persist_result, cache_policy)

    # --- options ---------------------------------------------------------------------------------------

    def _take_identity(
        self,
        name: str | None,
        description: str | None,
        tags: Iterable[str] | None,
        version: str | None,
        task_run_name: TaskRunNameValueOrCallable | None,
    ) -> None:
        self.name: str = name or str(getattr(self.fn, "__name__", type(self.fn).__name__))
        self.description = description or inspect.getdoc(self.fn)
        self.tags: set[str] = {tags} if isinstance(tags, str) else set(tags or ())
        self.version = version
        self.task_run_name = checked_run_name("task_run_name", task_run_name)
        self.task_key = task_key_of(self.fn)

    def _take_retries(
        self,
        retries: int | None,
        delays: RetryDelays | None,
        jitter: float | None,
        condition: RetryConditionCallable | None,
    ) -> None:
        self.retries: int = checked_retries(given_or_setting(retries, "tasks", "default_retries"))
        given = given_or_setting(delays, "tasks", "default_retry_delay_seconds")
        self.retry_delay_seconds = checked_delays(given(self.retries) if callable(given) else given)
        self.retry_jitter_factor = checked_jitter(jitter)
        self.retry_condition_fn = checked_condition(condition)
        self.policy = TaskRunPolicy(
            retries=self.retries, retry_delay=self.retry_delay_seconds, retry_jitter_factor=jitter
        )

    def _take_caching(self, persist_result: bool | None, policy: CachePolicy | type[NotSet]) -> None:
        """Settle whether results are kept and what makes two calls alike; asking for either asks for the other."""
        from prefect.logging import get_logger

        warn = get_logger("tasks").warning
        if self.cache_key_fn is not None and policy is not NotSet:
            warn(
                "Both `cache_policy` and `cache_key_fn` are given to the task %r; `cache_key_fn` is used.",
                self.name,
            )
        chosen: CachePolicy | type[NotSet] = policy
        if self.cache_key_fn is not None:
            chosen = CacheKeyFnPolicy(cache_key_fn=self.cache_key_fn)
        elif self.result_storage_key is not None:
            chosen = NO_CACHE
        asks_for_caching = self.cache_key_fn is not None or policy not in (NotSet, None, NO_CACHE)
        if persist_result is False and asks_for_caching:
            warn("The task %r does not persist its results; its cache policy is ignored.", self.name)
        if persist_result is False:
            chosen = NO_CACHE
        keeps = (self.result_storage_key, self.result_storage, self.result_serializer)
        if persist_result is None and (asks_for_caching or any(option is not None for option in keeps)):
            persist_result = True
        self.persist_result = persist_result
        self.cache_policy: CachePolicy = (
            DEFAULT if chosen is NotSet else cast(CachePolicy, chosen or NO_CACHE)
        )

    # --- description -----------------------------------------------------------------------------------

    def __repr__(self) -> str:
        return f"<Task {self.name!r}>"

    def with_options(
        self,
        *,
        name: str | None = None,
        description: str | None = None,
        tags: Iterable[str] | None = None,
        cache_policy: CachePolicy | type[NotSet] = NotSet,
        cache_key_fn: Callable[[TaskRunContext, dict[str, Any]], str | None] | None = None,
        task_run_name: TaskRunNameValueOrCallable | type[NotSet] | None = NotSet,
        cache_expiration: datetime.timedelta | None = None,
        retries: int | type[NotSet] | None = NotSet,
        retry_delay_seconds: RetryDelays | type[NotSet] | None = NotSet,
        retry_jitter_factor: float | type[NotSet] | None = NotSet,
        persist_result: bool | type[NotSet] | None = NotSet,
        result_storage: ResultStorage | type[NotSet] | None = NotSet,
        result_serializer: ResultSerializer | type[NotSet] | None = NotSet,
        result_storage_key: str | type[NotSet] | None = NotSet,
        cache_result_in_memory: bool | None = None,
        timeout_seconds: int | float | None = None,
        log_prints: bool | type[NotSet] | None = NotSet,
        refresh_cache: bool | type[NotSet] | None = NotSet,
        on_completion: list[StateHookCallable] | None = None,
        on_failure: list[StateHookCallable] | None = None,
        on_running: list[StateHookCallable] | None = None,
        on_rollback: list[TransactionHook] | None = None,
        on_commit: list[TransactionHook] | None = None,
        retry_condition_fn: RetryConditionCallable | None = None,
        viz_return_value: Any | None = None,
        asset_deps: list[Any] | None = None,
    ) -> Task[P, R]:
        """A copy with other options; what is not given stays as it is. See `Task` for the options."""
        asked = options_of(locals())
        options = self._options_with(asked)
        if asked["cache_policy"] is not NotSet and asked["cache_key_fn"] is None:
            options["cache_key_fn"] = None
        elif asked["cache_key_fn"] is not None and asked["cache_policy"] is NotSet:
            options["cache_policy"] = NotSet
        return self._copy_with(options)

    # --- hooks -----------------------------------------------------------------------------------------

    def on_completion(self, fn: StateHookCallable) -> StateHookCallable:
        """Decorator: call `fn(task, task_run, state)` when a run has completed."""
        self.on_completion_hooks.append(fn)
        return fn

    def on_failure(self, fn: StateHookCallable) -> StateHookCallable:
        """Decorator: call `fn(task, task_run, state)` when a run has failed for good."""
        self.on_failure_hooks.append(fn)
        return fn

    def on_running(self, fn: StateHookCallable) -> StateHookCallable:
        """Decorator: call `fn(task, task_run, state)` when an attempt starts."""
        self.on_running_hooks.append(fn)
        return fn

    def on_commit(self, fn: TransactionHook) -> TransactionHook:
        """Decorator: call `fn(transaction)` when the task's transaction commits."""
        self.on_commit_hooks.append(fn)
        return fn

    def on_rollback(self, fn: TransactionHook) -> TransactionHook:
        """Decorator: call `fn(transaction)` when the task's transaction is rolled back."""
        self.on_rollback_hooks.append(fn)
        return fn

    # --- calling ---------------------------------------------------------------------------------------

    @overload
    def __call__(  # type: ignore[overload-overlap]
        self: Task[P, NoReturn], *args: P.args, **kwargs: P.kwargs
    ) -> None: ...
    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R: ...
    @overload
    def __call__(
        self: Task[P, Coroutine[Any, Any, T]],
        *args: Any,
        return_state: Literal[True],
        wait_for: Any = ...,
        **kwargs: Any,
    ) -> Coroutine[Any, Any, State[T]]: ...
    @overload
    def __call__(
        self, *args: Any, return_state: Literal[True], wait_for: Any = ..., **kwargs: Any
    ) -> State[R]: ...
    @overload
    def __call__(self, *args: Any, return_state: Literal[False], wait_for: Any = ..., **kwargs: Any) -> R: ...
    @overload
    def __call__(self, *args: Any, wait_for: Any, **kwargs: Any) -> R: ...

    def __call__(  # type: ignore[misc]  # an overload with ParamSpec promises more than any body can say
        self, *args: Any, return_state: bool = False, wait_for: OneOrManyFutureOrResult = None, **kwargs: Any
    ) -> Any:
        """Run the task here and give its value (a coroutine of an async task, an iterator of a generator task).

        A task run that does not complete is recorded with its reason before this raises.

        Args:
            return_state: give the final state instead of the value; nothing is raised then.
            wait_for: futures, states or values that the run depends on besides its arguments.

        Raises:
            ParameterBindError: the arguments do not fit the function's signature; no run is made.
            Exception: what the function raised.
        """
        parameters = self.binder.bind(args, kwargs)
        if tracker.open and (watcher := tracker.current()) is not None:
            return watcher.track(self, parameters, wait_for)
        from prefect.task_engine import run_task

        return run_task(
            self,
            parameters=parameters,
            wait_for=wait_for,
            return_type="state" if return_state else "result",
        )

    @overload
    def submit(
        self: Task[P, Coroutine[Any, Any, T]],
        *args: Any,
        return_state: Literal[False] = ...,
        wait_for: Any = ...,
        **kwargs: Any,
    ) -> PrefectFuture[T]: ...
    @overload
    def submit(
        self, *args: Any, return_state: Literal[False] = ..., wait_for: Any = ..., **kwargs: Any
    ) -> PrefectFuture[R]: ...
    @overload
    def submit(
        self, *args: Any, return_state: Literal[True], wait_for: Any = ..., **kwargs: Any
    ) -> State[R]: ...

    def submit(
        self, *args: Any, return_state: bool = False, wait_for: OneOrManyFutureOrResult = None, **kwargs: Any
    ) -> Any:
        """Start a run on the flow's task runner and give its future at once.

        Args:
            return_state: wait for the run and give its final state.
            wait_for: futures to wait for before the run starts, besides those among the arguments.

        Raises:
            RuntimeError: there is no flow run here to submit to.
            ParameterBindError: the arguments do not fit the function's signature.
        """
        self._refuse_while_tracking("submit")
        parameters = self.binder.bind(args, kwargs)
        future = self._runner("submit").submit(self, parameters, wait_for=wait_for_list(wait_for) or None)
        if return_state:
            future.wait()
            return future.state
        return future

    @overload
    def map(
        self: Task[P, Coroutine[Any, Any, T]],
        *args: Any,
        return_state: Literal[False] = ...,
        wait_for: Iterable[Any] | None = ...,
        deferred: bool = ...,
        **kwargs: Any,
    ) -> PrefectFutureList[T]: ...
    @overload
    def map(
        self: Task[P, Coroutine[Any, Any, T]],
        *args: Any,
        return_state: Literal[True],
        wait_for: Iterable[Any] | None = ...,
        deferred: bool = ...,
        **kwargs: Any,
    ) -> list[State[T]]: ...
    @overload
    def map(
        self,
        *args: Any,
        return_state: Literal[False] = ...,
        wait_for: Iterable[Any] | None = ...,
        deferred: bool = ...,
        **kwargs: Any,
    ) -> PrefectFutureList[R]: ...
    @overload
    def map(
        self,
        *args: Any,
        return_state: Literal[True],
        wait_for: Iterable[Any] | None = ...,
        deferred: bool = ...,
        **kwargs: Any,
    ) -> list[State[R]]: ...

    def map(
        self,
        *args: Any,
        return_state: bool = False,
        wait_for: Iterable[Any] | None = None,
        deferred: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Start a run for each item of the iterable arguments; wrap in `unmapped` what is the same for all.

        Args:
            return_state: wait for the runs and give their final states.
            wait_for: futures to wait for before any of the runs starts.
            deferred: leave the runs to task workers instead of the flow's task runner.

        Returns:
            A `PrefectFutureList`, in the order of the items.

        Raises:
            MappingMissingIterable: no argument is iterable.
            MappingLengthMismatch: the iterables differ in length.
            RuntimeError: there is no flow run here to submit to.
        """
        self._refuse_while_tracking("map")
        parameters = self.binder.bind_given(args, kwargs)
        if deferred:
            from prefect.engine.deferral import PrefectTaskRunner

            with PrefectTaskRunner[R]() as runner:
                futures: Any = runner.map(self, parameters, wait_for=wait_for_list(wait_for))
        else:
            futures = self._runner("map").map(self, parameters, wait_for=wait_for_list(wait_for) or None)
        if return_state:
            futures.wait()
            return [future.state for future in futures]
        return futures

    def delay(self, *args: P.args, **kwargs: P.kwargs) -> PrefectDistributedFuture[R]:
        """Leave a run with these arguments to a task worker; see `apply_async`."""
        return self.apply_async(args=args, kwargs=kwargs)

    def apply_async(
        self,
        args: tuple[Any, ...] | None = None,
        kwargs: dict[str, Any] | None = None,
        wait_for: Iterable[PrefectFuture[Any]] | None = None,
        dependencies: dict[str, set[RunInput]] | None = None,
    ) -> PrefectDistributedFuture[R]:
        """Leave a run to a task worker: it is recorded as Scheduled, with its arguments stored, when this returns.

        Futures of this process among the arguments are waited for; deferred ones are left for the worker to
        wait for. The run does not hold up the flow it is called in, and outlives it.

        Args:
            args, kwargs: the arguments.
            wait_for: futures that the run depends on besides those among the arguments.
            dependencies: further inputs to record, by parameter.

        Raises:
            ParameterBindError: the arguments do not fit the function's signature.
            SerializationError: the arguments cannot be stored with the task's result serializer.
        """
        parameters = self.binder.bind(args or (), kwargs or {})
        self._refuse_while_tracking("apply_async")
        from prefect.engine.deferral import defer

        return defer(self, parameters, wait_for, dependencies)

    async def create_run(
        self,
        client: Any = None,
        id: UUID | None = None,
        parameters: dict[str, Any] | None = None,
        flow_run_context: FlowRunContext | None = None,
        parent_task_run_context: TaskRunContext | None = None,
        wait_for: OneOrManyFutureOrResult | None = None,
        extra_task_inputs: dict[str, set[RunInput]] | None = None,
        deferred: bool = False,
    ) -> TaskRun:
        """Record a run of the task without running it: Scheduled for a worker when `deferred`, else Pending.

        Args:
            client: where to record it; default: where the run around the caller is recorded.
            id: the id it is to have.
            parameters: bound arguments.
            flow_run_context, parent_task_run_context: the runs it belongs to; default: those around the caller.
            wait_for: what the run depends on besides its arguments.
            extra_task_inputs: further inputs to record, by parameter.
        """
        from prefect.engine.deferral import recorded_run

        life = recorded_run(
            self,
            parameters or {},
            wait_for,
            extra_task_inputs,
            deferred=deferred,
            client=client,
            run_id=id,
            flow_context=flow_run_context,
            parent=parent_task_run_context,
        )
        return await run_awaiting(life)

    async def create_local_run(
        self,
        client: Any = None,
        id: UUID | None = None,
        parameters: dict[str, Any] | None = None,
        flow_run_context: FlowRunContext | None = None,
        parent_task_run_context: TaskRunContext | None = None,
        wait_for: OneOrManyFutureOrResult | None = None,
        extra_task_inputs: dict[str, set[RunInput]] | None = None,
        deferred: bool = False,
    ) -> TaskRun:
        """A run of the task, Pending, that is recorded nowhere before it starts. Arguments as for `create_run`."""
        from prefect.engine.deferral import local_run

        return local_run(
            self,
            parameters or {},
            wait_for,
            extra_task_inputs,
            client=client,
            run_id=id,
            flow_context=flow_run_context,
            parent=parent_task_run_context,
        )

    def _runner(self, verb: str) -> Any:
        context = FlowRunContext.get()
        if context is None:
            raise RuntimeError(
                f"Unable to determine a task runner to use: `{self.name}.{verb}(...)` works inside a flow run only. "
                f"Call `{self.name}(...)` directly, or use `delay` (for a map `deferred=True`) to have a task "
                "worker run it."
            )
        return context.task_runner

    def _refuse_while_tracking(self, verb: str) -> None:
        if (watcher := tracker.current()) is not None:
            watcher.refuse(self, verb)


@overload
def task(__fn: Callable[P, R]) -> Task[P, R]: ...
@overload
def task(
    __fn: Literal[None] = None, **options: Unpack[TaskOptions]
) -> Callable[[Callable[P, R]], Task[P, R]]: ...


def task(
    __fn: Callable[P, R] | None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    tags: Iterable[str] | None = None,
    version: str | None = None,
    cache_policy: CachePolicy | type[NotSet] = NotSet,
    cache_key_fn: Callable[[TaskRunContext, dict[str, Any]], str | None] | None = None,
    cache_expiration: datetime.timedelta | None = None,
    task_run_name: TaskRunNameValueOrCallable | None = None,
    retries: int | None = None,
    retry_delay_seconds: RetryDelays | None = None,
    retry_jitter_factor: float | None = None,
    persist_result: bool | None = None,
    result_storage: ResultStorage | None = None,
    result_storage_key: str | None = None,
    result_serializer: ResultSerializer | None = None,
    cache_result_in_memory: bool = True,
    timeout_seconds: int | float | None = None,
    log_prints: bool | None = None,
    refresh_cache: bool | None = None,
    on_completion: list[StateHookCallable] | None = None,
    on_failure: list[StateHookCallable] | None = None,
    on_running: list[StateHookCallable] | None = None,
    on_rollback: list[TransactionHook] | None = None,
    on_commit: list[TransactionHook] | None = None,
    retry_condition_fn: RetryConditionCallable | None = None,
    viz_return_value: Any = None,
    asset_deps: list[Any] | None = None,
) -> Any:
    """Decorator: make a function a task. With or without options; see `Task` for them.

    >>> @task(retries=3)
    ... def fetch(url: str) -> bytes: ...
    """
    options = options_of(locals())
    if __fn is None:
        return lambda fn: Task(fn, **options)
    return Task(__fn, **options)

"""Tasks: functions whose every call is recorded, and may be retried, cached, mapped and run elsewhere.

Here: what a user declares. Not here: calling a task (`_task_calls`), checks of its options (`_task_options`), the
life of a run (`engine.task_run`).
"""

from __future__ import annotations

import datetime
import inspect
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeVar, Unpack, overload

from prefect._declarations import (
    checked_retries,
    checked_run_name,
    checked_storage,
    given_or_setting,
    options_of,
)
from prefect._task_calls import CallableTask
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
    settled_caching,
    task_key_of,
)
from prefect.cache_policies import CachePolicy
from prefect.context import TaskRunContext
from prefect.schemas.runs import TaskRunPolicy
from prefect.utilities.annotations import NotSet

if TYPE_CHECKING:
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


class Task(CallableTask[P, R]):
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
        kept_as = (result_storage_key, result_storage, result_serializer)
        self.persist_result, self.cache_policy = settled_caching(
            self.name, persist_result, cache_policy, cache_key_fn, kept_as
        )

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

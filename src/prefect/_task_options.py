"""The options of tasks: their types, and the checks and conversions that need no task.

Not here: the task that has them (`tasks`).
"""

from __future__ import annotations

import datetime
import hashlib
import inspect
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypedDict, cast

from prefect.cache_policies import DEFAULT, NO_CACHE, CacheKeyFnPolicy, CachePolicy
from prefect.logging import get_logger
from prefect.schemas.runs import MAX_RETRY_DELAYS, TaskRun
from prefect.schemas.states import State
from prefect.utilities.annotations import NotSet

if TYPE_CHECKING:
    from prefect.context import TaskRunContext
    from prefect.tasks import Task
    from prefect.transactions import Transaction

OneOrManyFutureOrResult: TypeAlias = Any
FutureOrResult: TypeAlias = Any
StateHookCallable: TypeAlias = Callable[["Task[..., Any]", TaskRun, State[Any]], Any]
RetryConditionCallable: TypeAlias = Callable[["Task[..., Any]", TaskRun, State[Any]], Any]
TransactionHook: TypeAlias = Callable[["Transaction"], Any]
RetryDelays: TypeAlias = float | int | list[float] | Callable[[int], list[float]]


class TaskRunNameCallbackWithParameters(Protocol):
    """A callable that names a run from the parameters of its call."""

    @classmethod
    def is_callback_with_parameters(cls, callable: Callable[..., str]) -> bool:
        """Whether a callable takes an argument called `parameters`."""
        return "parameters" in inspect.signature(callable).parameters

    def __call__(self, parameters: dict[str, Any]) -> str: ...


TaskRunNameValueOrCallable: TypeAlias = Callable[[], str] | TaskRunNameCallbackWithParameters | str


class TaskOptions(TypedDict, total=False):
    """The options of a task, for code that passes them on."""

    name: str | None
    description: str | None
    tags: Iterable[str] | None
    version: str | None
    cache_policy: CachePolicy | type[NotSet]
    cache_key_fn: Callable[[TaskRunContext, dict[str, Any]], str | None] | None
    cache_expiration: datetime.timedelta | None
    task_run_name: TaskRunNameValueOrCallable | None
    retries: int | None
    retry_delay_seconds: RetryDelays | None
    retry_jitter_factor: float | None
    persist_result: bool | None
    result_storage: Any
    result_serializer: Any
    result_storage_key: str | None
    cache_result_in_memory: bool
    timeout_seconds: int | float | None
    log_prints: bool | None
    refresh_cache: bool | None
    on_completion: list[StateHookCallable] | None
    on_failure: list[StateHookCallable] | None
    on_running: list[StateHookCallable] | None
    on_rollback: list[TransactionHook] | None
    on_commit: list[TransactionHook] | None
    retry_condition_fn: RetryConditionCallable | None
    viz_return_value: Any
    asset_deps: list[Any] | None


def exponential_backoff(backoff_factor: float) -> Callable[[int], list[float]]:
    """Delays that double with each retry: `factor`, `2 * factor`, `4 * factor`, … seconds.

    Args:
        backoff_factor: the first delay, in seconds.

    Returns:
        A callable for `retry_delay_seconds`: given the number of retries, a list of delays (50 at most).
    """

    def delays(retries: int) -> list[float]:
        return [backoff_factor * 2**retry for retry in range(min(retries, MAX_RETRY_DELAYS))]

    return delays


def checked_delays(delays: Any) -> Any:
    """Delays before retries: one number for all, or a list.

    Raises:
        TypeError: one is not a number.
        ValueError: one is negative, or there are more than 50.
    """
    if isinstance(delays, Sequence) and not isinstance(delays, str):
        if len(delays) > MAX_RETRY_DELAYS:
            raise ValueError(
                f"Can not configure more than {MAX_RETRY_DELAYS} retry delays per task; got {len(delays)}."
            )
        delays = list(delays)
    for delay in delays if isinstance(delays, list) else [delays]:
        if not isinstance(delay, int | float) or isinstance(delay, bool):
            raise TypeError(
                "`retry_delay_seconds` must be a number, a list of numbers, or a callable that returns one; "
                f"got {type(delay).__name__}."
            )
        if delay < 0:
            raise ValueError(f"`retry_delay_seconds` must not be negative; got {delay}.")
    return delays


def checked_jitter(factor: float | None) -> float | None:
    """A jitter factor.

    Raises:
        ValueError: it is negative.
    """
    if factor is not None and factor < 0:
        raise ValueError(f"`retry_jitter_factor` must be >= 0; got {factor}.")
    return factor


def checked_condition(condition: RetryConditionCallable | None) -> RetryConditionCallable | None:
    """A condition for retries.

    Raises:
        TypeError: it is not callable.
    """
    if condition is not None and not callable(condition):
        raise TypeError(
            f"Expected `retry_condition_fn` to be callable, got {type(condition).__name__} instead."
        )
    return condition


def settled_caching(
    name: str,
    persist_result: bool | None,
    policy: CachePolicy | type[NotSet] | None,
    key_fn: Callable[[TaskRunContext, dict[str, Any]], str | None] | None,
    kept_as: tuple[Any, Any, Any],
) -> tuple[bool | None, CachePolicy]:
    """Whether results are kept, and what makes two calls alike; asking for either asks for the other.

    Args:
        name: of the task, for warnings.
        kept_as: the key, the storage and the serializer of its results, as far as they are given.
    """
    warn = get_logger("tasks").warning
    if key_fn is not None and policy is not NotSet:
        warn("Both `cache_policy` and `cache_key_fn` are given to the task %r; `cache_key_fn` is used.", name)
    asks_for_caching = key_fn is not None or policy not in (NotSet, None, NO_CACHE)
    if persist_result is False:
        if asks_for_caching:
            warn("The task %r does not persist its results; its cache policy is ignored.", name)
        return False, NO_CACHE
    if persist_result is None and (asks_for_caching or any(option is not None for option in kept_as)):
        persist_result = True
    if key_fn is not None:
        return persist_result, CacheKeyFnPolicy(cache_key_fn=key_fn)
    if kept_as[0] is not None:
        return persist_result, NO_CACHE
    return persist_result, DEFAULT if policy is NotSet else cast("CachePolicy", policy or NO_CACHE)


def task_key_of(fn: Any) -> str:
    """A name for a task's code that is the same in every process: qualified name and a hash of the code."""
    if not hasattr(fn, "__qualname__"):
        return type(fn).__qualname__.split(".")[-1]
    code = getattr(inspect.unwrap(fn), "__code__", None)
    origin = code.co_code if code is not None else fn.__qualname__.encode()
    if fn.__module__ == "__main__":
        main = getattr(sys.modules.get("__main__"), "__file__", None)
        origin += str(Path(main).resolve() if main else "").encode()
    return f"{fn.__qualname__.split('.')[-1]}-{hashlib.sha256(origin).hexdigest()[:8]}"

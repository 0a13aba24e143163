"""Crossing between blocking and async code, in both directions, with the standard library alone.

From blocking to async: `run_coro_as_sync`. From async to blocking: `run_sync_in_worker_thread`. Telling
functions apart: `is_async_fn`. Public from here, at home beside it: gathering (`_gathering`), tasks and
callbacks of a running loop (`_loop_tools`). Not here: functions of both colours over one body
(`prefect._colours`), time limits (`prefect._time_limits`).
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import functools
import inspect
import logging
import os
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeGuard, TypeVar, cast

from prefect.utilities._gathering import GatherIncomplete as GatherIncomplete
from prefect.utilities._gathering import GatherTaskGroup as GatherTaskGroup
from prefect.utilities._gathering import create_gather_task_group as create_gather_task_group
from prefect.utilities._gathering import gather as gather
from prefect.utilities._loop_tools import BACKGROUND_TASKS as BACKGROUND_TASKS
from prefect.utilities._loop_tools import EVENT_LOOP_GC_REFS as EVENT_LOOP_GC_REFS
from prefect.utilities._loop_tools import LazySemaphore as LazySemaphore
from prefect.utilities._loop_tools import add_event_loop_shutdown_callback as add_event_loop_shutdown_callback
from prefect.utilities._loop_tools import asyncnullcontext as asyncnullcontext
from prefect.utilities._loop_tools import background_task_lock as background_task_lock
from prefect.utilities._loop_tools import create_task as create_task

if TYPE_CHECKING:
    from anyio import CapacityLimiter

logger = logging.getLogger("prefect.utilities.asyncutils")

P = ParamSpec("P")
R = TypeVar("R")

Sync = Literal[False]
Async = Literal[True]

RUNNING_IN_RUN_SYNC_LOOP_FLAG = contextvars.ContextVar("running_in_run_sync_loop", default=False)
"""Set in what runs on the loop that `run_coro_as_sync` keeps, and must not wait for that loop."""
RUNNING_ASYNC_FLAG = contextvars.ContextVar("run_async", default=False)
"""Set in what `run_sync_in_worker_thread` runs: async code is waiting for it."""

MAX_WORKER_THREADS = 250


# --- Telling functions apart --------------------------------------------------------------------


def _innermost(func: Callable[..., Any]) -> Callable[..., Any]:
    while True:
        if isinstance(func, functools.partial):
            func = func.func
        elif hasattr(func, "__wrapped__"):
            func = func.__wrapped__
        else:
            return func


def is_async_fn(func: Callable[P, Any]) -> TypeGuard[Callable[P, Coroutine[Any, Any, Any]]]:
    """Whether a function, under its decorators, is declared with `async def`."""
    return inspect.iscoroutinefunction(_innermost(func))


def is_async_gen_fn(func: Callable[P, Any]) -> TypeGuard[Callable[P, AsyncGenerator[Any, Any]]]:
    """Whether a function, under its decorators, is an async generator function."""
    return inspect.isasyncgenfunction(_innermost(func))


# --- From blocking code to async code -----------------------------------------------------------

_INTERRUPTION_CHECK_SECONDS = 0.1


class _LoopThread:
    """An event loop in a thread of its own, started at first need, that lasts as long as the process.

    One loop for all calls: what async libraries create in one call belongs to a loop and is used in the next.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                thread = threading.Thread(
                    target=self._loop.run_forever, name="prefect-sync-loop", daemon=True
                )
                thread.start()
            return self._loop


_loop_thread = _LoopThread()


def _forget_threads() -> None:
    global _loop_thread, _workers
    _loop_thread = _LoopThread()
    _workers = None


os.register_at_fork(after_in_child=_forget_threads)


def run_coro_as_sync(
    coroutine: Awaitable[R], *, force_new_thread: bool = False, wait_for_result: bool = True
) -> R | None:
    """Run a coroutine from blocking code and return its result.

    It runs in another thread, with a copy of the caller's context variables, on a loop that all such calls
    share; a call from that loop itself gets a thread and a loop of its own. If waiting is interrupted, by
    Ctrl-C or a time limit, the coroutine is cancelled.

    Args:
        coroutine: what to run.
        force_new_thread: use a thread and a loop of its own.
        wait_for_result: False returns None at once and leaves the coroutine running.
    """
    future: concurrent.futures.Future[R] = concurrent.futures.Future()
    try:
        if force_new_thread or RUNNING_IN_RUN_SYNC_LOOP_FLAG.get():
            _start_in_new_thread(coroutine, future)
        else:
            asyncio.run_coroutine_threadsafe(_deliver(coroutine, future), _loop_thread.loop())
        if wait_for_result:
            return _waited_for(future)
        future.add_done_callback(_log_failure)
        return None
    except BaseException:
        future.cancel()
        raise


async def _deliver(coroutine: Awaitable[R], future: concurrent.futures.Future[R]) -> None:
    """Run a coroutine; what comes of it goes into the future, and cancelling the future cancels it."""
    RUNNING_IN_RUN_SYNC_LOOP_FLAG.set(True)
    loop, task = asyncio.get_running_loop(), asyncio.current_task()

    def cancel(done: concurrent.futures.Future[R]) -> None:
        if done.cancelled() and task is not None and not loop.is_closed():
            loop.call_soon_threadsafe(task.cancel)

    future.add_done_callback(cancel)
    # A cancelled future takes no result any more.
    with suppress(concurrent.futures.InvalidStateError):
        try:
            result = await coroutine
        except BaseException as exc:
            # All of them: what ends a process would end the loop here; it belongs to the caller's thread.
            future.set_exception(exc)
        else:
            future.set_result(result)


def _start_in_new_thread(coroutine: Awaitable[R], future: concurrent.futures.Future[R]) -> None:
    context = contextvars.copy_context()
    threading.Thread(
        target=lambda: context.run(asyncio.run, _deliver(coroutine, future)),
        name="prefect-sync-call",
        daemon=True,
    ).start()


def _waited_for(future: concurrent.futures.Future[R]) -> R:
    while not future.done():
        # Between waits Python delivers what was raised in this thread from outside, as time limits do.
        concurrent.futures.wait([future], timeout=_INTERRUPTION_CHECK_SECONDS)
    return future.result()


def _log_failure(future: concurrent.futures.Future[Any]) -> None:
    if not future.cancelled() and (exc := future.exception()) is not None:
        logger.error("A coroutine that nobody waits for failed", exc_info=exc)


def run_async_in_new_loop(__fn: Callable[P, Awaitable[R]], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call an async function in a new event loop in this thread, which must not have one running."""

    async def main() -> R:
        return await __fn(*args, **kwargs)

    return asyncio.run(main())


# --- From async code to blocking code -----------------------------------------------------------

_thread = threading.local()
_workers: ThreadPoolExecutor | None = None
_workers_lock = threading.Lock()


def _worker_pool() -> ThreadPoolExecutor:
    # Not the pool of asyncio: it has few threads, and blocking code waiting for more would wait forever.
    global _workers
    with _workers_lock:
        if _workers is None:
            _workers = ThreadPoolExecutor(MAX_WORKER_THREADS, thread_name_prefix="prefect-worker")
        return _workers


async def run_sync_in_worker_thread(__fn: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a blocking function in a worker thread, with a copy of the context variables.

    If the caller is cancelled meanwhile, the call is left running and its result dropped.
    """
    loop = asyncio.get_running_loop()
    context = contextvars.copy_context()
    call = functools.partial(__fn, *args, **kwargs)

    def in_worker() -> R:
        _thread.loop = loop
        try:
            return context.run(call_with_mark, call)
        finally:
            _thread.loop = None

    return await loop.run_in_executor(_worker_pool(), in_worker)


def run_async_from_worker_thread(__fn: Callable[P, Awaitable[R]], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call an async function on the loop that waits for this worker thread.

    Raises:
        RuntimeError: this is no thread started by `run_sync_in_worker_thread`.
    """
    loop = getattr(_thread, "loop", None)
    if loop is None:
        raise RuntimeError("No event loop waits for this thread; use `run_coro_as_sync` instead.")

    future: concurrent.futures.Future[R] = concurrent.futures.Future()
    try:
        asyncio.run_coroutine_threadsafe(_deliver(__fn(*args, **kwargs), future), loop)
        return _waited_for(future)
    except BaseException:
        future.cancel()
        raise


def in_async_worker_thread() -> bool:
    """Whether this is blocking code that async code waits for."""
    return getattr(_thread, "loop", None) is not None


def in_async_main_thread() -> bool:
    """Whether an event loop runs in this thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def mark_as_worker_thread() -> None:
    """Note that async code waits for the code in this context."""
    RUNNING_ASYNC_FLAG.set(True)


def call_with_mark(call: Callable[..., R]) -> R:
    """`mark_as_worker_thread`, then call."""
    mark_as_worker_thread()
    return call()


@functools.cache
def get_thread_limiter() -> CapacityLimiter:
    """For users of anyio: a limiter of as many threads as `run_sync_in_worker_thread` uses."""
    import anyio

    return anyio.CapacityLimiter(MAX_WORKER_THREADS)


# --- Both ---------------------------------------------------------------------------------------


def sync(__async_fn: Callable[P, Awaitable[R]], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call an async function from blocking code, wherever that runs, and return its result."""
    if in_async_worker_thread():
        return run_async_from_worker_thread(__async_fn, *args, **kwargs)
    return cast(R, run_coro_as_sync(__async_fn(*args, **kwargs)))


def sync_compatible(
    async_fn: Callable[P, Coroutine[Any, Any, R]],
) -> Callable[P, R | Coroutine[Any, Any, R]]:
    """A function that gives its result in blocking code and a coroutine in async code.

    The code of a run has the colour of its flow or task; other code is async where an event loop runs in its
    thread. `_sync=True` or `_sync=False` in a call forces a colour. The async function itself stays
    available as the attribute `aio`.
    """

    @functools.wraps(async_fn)
    def either(*args: P.args, **kwargs: P.kwargs) -> R | Coroutine[Any, Any, R]:
        from prefect._colours import is_async_here

        forced = kwargs.pop("_sync", None)
        coroutine = async_fn(*args, **kwargs)
        if is_async_here() if forced is None else not forced:
            return coroutine
        return cast(R, run_coro_as_sync(coroutine))

    if not is_async_fn(async_fn):
        raise TypeError(f"Only an async function can be made sync compatible, got {async_fn!r}.")
    either.aio = async_fn  # type: ignore[attr-defined]
    return either

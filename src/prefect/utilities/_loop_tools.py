"""Tasks, callbacks and contexts within a running event loop; public as part of `asyncutils`."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

R = TypeVar("R")

BACKGROUND_TASKS: set[asyncio.Task[Any]] = set()
"""Tasks nobody holds; without a reference the loop would let them be collected half way."""
EVENT_LOOP_GC_REFS: dict[int, AsyncGenerator[None, None]] = {}
"""What runs the shutdown callbacks of loops; held here until their loop ends."""
background_task_lock = threading.Lock()


def create_task(coroutine: Coroutine[Any, Any, R]) -> asyncio.Task[R]:
    """Start a task on the running loop and keep it alive until it ends, whoever else forgets it."""
    task = asyncio.get_running_loop().create_task(coroutine)
    with background_task_lock:
        BACKGROUND_TASKS.add(task)
    task.add_done_callback(BACKGROUND_TASKS.discard)
    return task


async def add_event_loop_shutdown_callback(coroutine_fn: Callable[[], Awaitable[Any]]) -> None:
    """Have an async function called when the running loop shuts down, as `asyncio.run` does at its end."""

    async def wait_for_the_end() -> AsyncGenerator[None, None]:
        # A loop has no such callback, but it closes the generators that are still open.
        try:
            yield
        finally:
            EVENT_LOOP_GC_REFS.pop(key, None)
            await coroutine_fn()

    generator = wait_for_the_end()
    key = id(generator)
    EVENT_LOOP_GC_REFS[key] = generator
    await anext(generator)


class LazySemaphore:
    """A semaphore whose value is asked for when it is first entered: settings may not be known before."""

    def __init__(self, initial_value_func: Callable[[], int]) -> None:
        self._initial_value_func = initial_value_func
        self._semaphore: asyncio.Semaphore | None = None

    async def __aenter__(self) -> asyncio.Semaphore:
        if self._semaphore is None:
            self._semaphore = asyncio.Semaphore(self._initial_value_func())
        await self._semaphore.acquire()
        return self._semaphore

    async def __aexit__(self, *args: Any) -> None:
        if self._semaphore is not None:
            self._semaphore.release()


@asynccontextmanager
async def asyncnullcontext(
    value: R | None = None, *args: Any, **kwargs: Any
) -> AsyncGenerator[R | None, None]:
    """An async context manager that gives `value` and does nothing; other arguments are ignored."""
    yield value

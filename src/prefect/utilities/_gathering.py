"""Running coroutines together and collecting what they return; public as part of `asyncutils`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import Context
from types import TracebackType
from typing import Any, Self, TypeVar
from uuid import UUID, uuid4

T = TypeVar("T")


class GatherIncomplete(RuntimeError):
    """A result was asked for before its task was done."""


class GatherTaskGroup:
    """A task group that keeps the results of its tasks.

    Leaving the group waits for all tasks; the first to fail cancels the others, and its error is raised.
    """

    def __init__(self, task_group: asyncio.TaskGroup) -> None:
        self._task_group = task_group
        self._tasks: dict[UUID, asyncio.Task[Any]] = {}

    async def __aenter__(self) -> Self:
        await self._task_group.__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            await self._task_group.__aexit__(exc_type, exc, traceback)
        except BaseExceptionGroup as group:
            # Errors after the first are mostly consequences of it; callers want the one they can catch.
            raise group.exceptions[0] from None

    def start_soon(self, func: Callable[..., Awaitable[Any]], *args: Any, name: object = None) -> UUID:
        """Start a task. Returns the key to its result."""

        async def call() -> Any:
            return await func(*args)

        return self._add(self._task_group.create_task(call(), name=None if name is None else str(name)))

    def create_task(
        self,
        coro: Coroutine[Any, Any, T],
        *,
        name: object = None,
        context: Context | None = None,
    ) -> asyncio.Task[T]:
        """Start a coroutine as a task of the group."""
        return self._task_group.create_task(coro, name=None if name is None else str(name), context=context)

    async def start(self, func: object, *args: object, name: object = None) -> None:
        """Refused: a task that reports when it has started has no result to gather.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError("`GatherTaskGroup` does not support `start`; use `start_soon`.")

    def get_result(self, key: UUID) -> Any:
        """What a task returned.

        Raises:
            GatherIncomplete: it is not done.
        """
        task = self._tasks[key]
        if not task.done():
            raise GatherIncomplete(
                "The task is not complete. Results are there when the block of the task group has ended."
            )
        return task.result()

    def _add(self, task: asyncio.Task[Any]) -> UUID:
        key = uuid4()
        self._tasks[key] = task
        return key


def create_gather_task_group() -> GatherTaskGroup:
    """A task group that keeps the results of its tasks, for `async with`."""
    return GatherTaskGroup(asyncio.TaskGroup())


async def gather(*calls: Callable[[], Coroutine[Any, Any, T]]) -> list[T]:
    """Call async functions together; their results in the order of the calls.

    The first error cancels the others and is raised.
    """
    async with create_gather_task_group() as group:
        keys = [group.start_soon(call) for call in calls]
    return [group.get_result(key) for key in keys]

"""The threads in which requests are done, and the bound on how many may be under way."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, TypeVarTuple

A = TypeVarTuple("A")
R = TypeVar("R")


class TooBusy(Exception):
    """As many requests are under way as may be."""


class Threads:
    """A pool of threads for the coroutines of one event loop.

    Args:
        size: how many calls are done at a time.
        most_under_way: how many may be done or wait.
    """

    def __init__(self, size: int, most_under_way: int) -> None:
        self._pool = ThreadPoolExecutor(size, thread_name_prefix="prefect-api")
        self._most_under_way = most_under_way
        self._under_way = 0

    async def run(self, function: Callable[[*A], R], *args: *A) -> R:
        """What the function returns, called in a thread, in the settings that are in force here.

        Raises:
            TooBusy: too many others are under way.
        """
        if self._under_way >= self._most_under_way:
            raise TooBusy
        return await self.go_on(function, *args)

    async def go_on(self, function: Callable[[*A], R], *args: *A) -> R:
        """The same for an answer that has begun: there it is too late to refuse."""
        self._under_way += 1
        try:
            context = contextvars.copy_context()
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._pool, context.run, function, *args)
        finally:
            self._under_way -= 1

    def close(self) -> None:
        """Wait for the calls under way; those that only wait are given up."""
        self._pool.shutdown(wait=True, cancel_futures=True)

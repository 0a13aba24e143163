"""Loops that do the same work again and again, and bear with a server that is away for a while."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from traceback import format_exception
from types import TracebackType
from typing import Any

from prefect.utilities.collections import distinct
from prefect.utilities.math import clamped_poisson_interval

logger = logging.getLogger("prefect.utilities.services")

_Failure = tuple[Exception, TracebackType | None]


async def critical_service_loop(
    workload: Callable[..., Coroutine[Any, Any, Any]],
    interval: float,
    memory: int = 10,
    consecutive: int = 3,
    backoff: int = 1,
    printer: Callable[..., None] = print,
    run_once: bool = False,
    jitter_range: float | None = None,
) -> None:
    """Call an async function at intervals, until it goes wrong too often.

    Failures to reach the API, and its answers that say it is overloaded or broken, are borne with; any
    other error ends the loop.

    Args:
        workload: what to call.
        interval: seconds between calls.
        memory: how many recent failures are kept to be shown.
        consecutive: so many failures one after another are too often.
        backoff: how often to double the interval and start counting anew before giving up; 0 for never.
        printer: shows messages to the user.
        run_once: call it once only.
        jitter_range: makes intervals random, at most `1 + jitter_range` times as long.

    Raises:
        RuntimeError: it failed too often.
    """
    failures: deque[_Failure] = deque(maxlen=memory)
    in_a_row = 0
    backoffs = 0
    while True:
        try:
            await workload()
            in_a_row = 0
        except Exception as exc:
            if not _is_passing(exc):
                raise
            logger.debug(
                "Run of %r failed: the API cannot be reached or is overloaded", workload, exc_info=True
            )
            failures.append((exc, exc.__traceback__))
            in_a_row += 1
        if in_a_row >= consecutive:
            _show(failures, in_a_row, interval, printer)
            backoffs += 1
            if backoffs > backoff:
                raise RuntimeError("Service exceeded error threshold.")
            in_a_row = 0
            failures.clear()
            interval *= 2
            printer(f"Backing off due to consecutive errors, using increased interval of {interval}s.")
        if run_once:
            return
        wait = interval if jitter_range is None else clamped_poisson_interval(interval, jitter_range)
        await asyncio.sleep(wait)


def _is_passing(exc: Exception) -> bool:
    """Whether an error of an HTTP client is one that time may heal."""
    # By name: nothing here may load an HTTP client, and who raised one of these has loaded it.
    names = {base.__name__ for base in type(exc).__mro__ if base.__module__.partition(".")[0] == "httpx"}
    if "TransportError" in names:
        return True
    status = getattr(getattr(exc, "response", None), "status_code", 0)
    return "HTTPStatusError" in names and (status >= 500 or status == 429)


def _show(failures: deque[_Failure], in_a_row: int, interval: float, printer: Callable[..., None]) -> None:
    printer(f"\nFailed the last {in_a_row} attempts. Please check your environment and configuration.")
    printer("Examples of recent errors:\n")
    for exc, traceback in distinct(reversed(failures), key=lambda failure: repr(type(failure[0]))):
        printer("".join(format_exception(type(exc), exc, traceback)))
        printer()

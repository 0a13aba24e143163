"""Loops that bear with a server that is away, and temporary contexts."""

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from prefect.utilities import services
from prefect.utilities.context import (
    get_flow_run_id,
    get_task_and_flow_run_ids,
    get_task_run_id,
    temporary_context,
)
from prefect.utilities.services import critical_service_loop


class Enough(Exception):
    """Ends a loop that would go on for ever."""


@pytest.fixture
def sleeps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(services, "asyncio", SimpleNamespace(sleep=sleep))
    return slept


def workload(*outcomes: Exception | None) -> Callable[[], Coroutine[Any, Any, None]]:
    remaining = iter(outcomes)

    async def work() -> None:
        outcome = next(remaining, Enough())
        if outcome is not None:
            raise outcome

    return work


def status_error(code: int) -> httpx.HTTPStatusError:
    request = httpx.Request("GET", "http://api")
    return httpx.HTTPStatusError(str(code), request=request, response=httpx.Response(code, request=request))


def run(work: Callable[[], Coroutine[Any, Any, None]], **options: Any) -> list[str]:
    messages: list[str] = []
    options = {"interval": 1, "printer": lambda message="": messages.append(message), **options}
    asyncio.run(critical_service_loop(work, **options))
    return messages


def test_once(sleeps: list[float]) -> None:
    assert run(workload(None), run_once=True) == []
    assert sleeps == []


def test_intervals_lie_between_calls(sleeps: list[float]) -> None:
    with pytest.raises(Enough):
        run(workload(None, None), interval=5)
    assert sleeps == [5, 5]


def test_intervals_can_be_random(sleeps: list[float]) -> None:
    with pytest.raises(Enough):
        run(workload(*[None] * 50), interval=10, jitter_range=0.3)
    assert 7 < min(sleeps) < max(sleeps) <= 13


@pytest.mark.parametrize("error", [httpx.ConnectError("away"), status_error(503), status_error(429)], ids=str)
def test_a_server_that_is_away_is_borne_with(sleeps: list[float], error: Exception) -> None:
    with pytest.raises(Enough):
        run(workload(error, error, None, error, error, None))


@pytest.mark.parametrize("error", [status_error(404), ValueError("x")], ids=str)
def test_other_errors_end_the_loop(sleeps: list[float], error: Exception) -> None:
    with pytest.raises(type(error)):
        run(workload(error))


def test_too_many_failures_double_the_interval_then_end_the_loop(sleeps: list[float]) -> None:
    messages: list[str] = []
    with pytest.raises(RuntimeError, match="threshold"):
        run(workload(*[httpx.ConnectError("away")] * 6), printer=lambda message="": messages.append(message))
    assert sleeps == [1, 1, 2, 2, 2]
    assert any("ConnectError: away" in message for message in messages)


def test_a_context_is_entered_for_a_while() -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="outside")
    context = contextvars.copy_context()
    context.run(variable.set, "inside")
    with temporary_context(context):
        assert variable.get() == "inside"
    assert variable.get() == "outside"


def test_outside_of_runs_there_are_no_ids() -> None:
    assert get_task_and_flow_run_ids() == (get_task_run_id(), get_flow_run_id()) == (None, None)

"""Hooks are called in order, in either colour, and never harm the run."""

from __future__ import annotations

import asyncio
import functools
import logging
from typing import Any

import pytest

from prefect._steps import run_awaiting, run_blocking
from prefect.engine.hooks import call_hooks

LOGGER = logging.getLogger("test.hooks")


def call(colour: str, hooks: list[Any]) -> None:
    life = call_hooks(hooks, LOGGER, flow="the flow", flow_run="the run", state="the state")
    if colour == "blocking":
        run_blocking(life)
    else:
        asyncio.run(run_awaiting(life))


@pytest.mark.parametrize("colour", ["blocking", "awaiting"])
def test_hooks_of_either_colour_are_called_in_order_with_the_same_arguments(colour: str) -> None:
    calls: list[Any] = []

    def sync_hook(*arguments: Any) -> None:
        calls.append(("sync", arguments))

    async def async_hook(*arguments: Any) -> None:
        await asyncio.sleep(0)
        calls.append(("async", arguments))

    arguments = ("the flow", "the run", "the state")
    call(colour, [sync_hook, async_hook, functools.partial(sync_hook, "first"), sync_hook])
    assert calls == [
        ("sync", arguments),
        ("async", arguments),
        ("sync", ("first", *arguments)),
        ("sync", arguments),
    ]


@pytest.mark.parametrize("colour", ["blocking", "awaiting"])
def test_a_hook_that_raises_is_logged_by_name_and_the_next_one_called(
    colour: str, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[str] = []

    class Hook:
        def __call__(self, *_: Any) -> None:
            raise ValueError("of an object")

    async def bad(*_: Any) -> None:
        raise KeyError("of a function")

    def wants_too_little() -> None: ...

    call(colour, [Hook(), bad, wants_too_little, lambda *_: calls.append("reached")])
    assert calls == ["reached"]
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [record.args for record in errors] == [("Hook",), ("bad",), ("wants_too_little",)]
    assert [record.exc_info[0] for record in errors if record.exc_info] == [ValueError, KeyError, TypeError]


def test_an_interruption_of_a_hook_goes_on_its_way() -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    def never(*_: Any) -> None:
        raise AssertionError

    with pytest.raises(KeyboardInterrupt):
        call("blocking", [interrupted, never])


def test_a_stop_iteration_of_a_hook_is_an_error_like_any_other(caplog: pytest.LogCaptureFixture) -> None:
    call("blocking", [lambda *_: next(iter(()))])
    assert len(caplog.records) == 1

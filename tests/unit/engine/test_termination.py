"""SIGTERM becomes an exception, once, and is handed on afterwards."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest

from prefect.engine.signals import is_termination_raised, termination_raised
from prefect.exceptions import TerminationSignal


@pytest.fixture
def received() -> Iterator[list[int]]:
    """What the program's own handler of SIGTERM was given."""
    signals: list[int] = []
    previous = signal.signal(signal.SIGTERM, lambda signum, _: signals.append(signum))
    yield signals
    signal.signal(signal.SIGTERM, previous)


def terminate() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def test_the_signal_is_raised_and_then_handed_on(received: list[int]) -> None:
    with pytest.raises(TerminationSignal) as caught, termination_raised():
        assert is_termination_raised()
        terminate()
        assert received == []
    assert caught.value.signal == signal.SIGTERM
    assert received == [signal.SIGTERM]
    assert not is_termination_raised()


def test_without_the_signal_nothing_happens(received: list[int]) -> None:
    with termination_raised():
        pass
    terminate()
    assert received == [signal.SIGTERM]


def test_the_handler_is_put_back_when_the_block_fails(received: list[int]) -> None:
    with pytest.raises(ZeroDivisionError), termination_raised():
        _ = 1 / 0
    terminate()
    assert received == [signal.SIGTERM]


def test_an_exception_made_of_the_signal_by_the_block_is_not_handed_on(received: list[int]) -> None:
    with termination_raised(), suppress(TerminationSignal):
        terminate()
    assert received == []


def test_only_the_outermost_block_acts(received: list[int]) -> None:
    with pytest.raises(TerminationSignal), termination_raised():
        try:
            with termination_raised():
                terminate()
        finally:
            assert received == []
    assert received == [signal.SIGTERM]


def test_a_second_signal_does_not_interrupt_what_records_the_first(received: list[int]) -> None:
    recorded = []
    with pytest.raises(TerminationSignal), termination_raised():
        try:
            terminate()
        except TerminationSignal:
            terminate()
            recorded.append("recorded")
            raise
    assert recorded == ["recorded"]
    assert received == [signal.SIGTERM]


def test_other_threads_leave_signals_alone() -> None:
    before = signal.getsignal(signal.SIGTERM)
    handlers: list[Any] = []

    def enter() -> None:
        with termination_raised():
            handlers.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert handlers == [before]


def test_a_waiting_event_loop_cancels_the_flow(received: list[int]) -> None:
    watches: list[Any] = []

    async def main() -> None:
        with termination_raised(awaiting=True) as watch:
            watches.append(watch)
            asyncio.get_running_loop().call_soon(watch.on_signal, signal.SIGTERM, in_the_loop())
            await asyncio.Event().wait()

    def in_the_loop() -> Any:
        return SimpleNamespace(f_globals={"__name__": "selectors"})

    with pytest.raises(TerminationSignal):
        asyncio.run(main())
    assert isinstance(watches[0].cause_of(asyncio.CancelledError()), TerminationSignal)


def test_a_cancellation_without_the_signal_is_what_it_is(received: list[int]) -> None:
    async def main() -> None:
        with termination_raised(awaiting=True) as watch:
            raise watch.cause_of(asyncio.CancelledError())

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(main())
    assert received == []


def test_async_code_hands_the_signal_on_at_once_where_somebody_handles_it(received: list[int]) -> None:
    async def main() -> None:
        with pytest.raises(TerminationSignal), termination_raised(awaiting=True):
            terminate()
        assert received == [signal.SIGTERM]

    asyncio.run(main())


def test_an_unprotected_process_dies_of_the_signal() -> None:
    program = (
        "import os, signal\n"
        "from prefect.engine.signals import termination_raised\n"
        "with termination_raised():\n"
        "    try:\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n"
        "    finally:\n"
        "        print('recorded', flush=True)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (-signal.SIGTERM, "recorded\n")

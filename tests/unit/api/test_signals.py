"""Signals that end a server in order."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from prefect.server.api.serving import Server

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="there are no terminals that hang up")


async def nothing(scope: Any, receive: Any, send: Any) -> None:
    """Serves nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    before = signal.getsignal(signal.SIGHUP)
    yield Server(uvicorn.Config(nothing))
    signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it(server: Server, number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with server.capture_signals():
        signal.raise_signal(number)
    assert server.should_exit
    assert signal.getsignal(number) is before


def test_what_is_ignored_stays_ignored(server: Server) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with server.capture_signals():
        signal.raise_signal(signal.SIGHUP)
    assert not server.should_exit
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN

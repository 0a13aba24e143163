"""A server that is away, or refuses: every command says so in words, soon, on standard error, with exit code 1."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from prefect._clock import VirtualClock, use_clock
from prefect.client.orchestration.local import close_stores

AWAY = "http://127.0.0.1:9/api"
COMMANDS = [
    "flow ls",
    "flow-run ls",
    "flow-run inspect some-run",
    "flow-run logs some-run",
    "flow-run logs --follow some-run",
    "flow-run delete some-run",
    "flow-run cancel some-run",
    "flow-run pause some-run",
    "flow-run suspend some-run",
    "flow-run resume some-run",
    "flow-run retry some-run",
    "flow-run watch some-run",
    "task-run ls",
    "result get some-run",
    "events emit a.thing --resource-id here",
    "events stream",
]


@pytest.fixture(autouse=True)
def clock() -> Iterator[VirtualClock]:
    clock = VirtualClock()
    with use_clock(clock):
        yield clock
    close_stores()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_server_that_is_away_is_told_soon(
    prefect: Any, monkeypatch: Any, clock: VirtualClock, command: str
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", AWAY)
    outcome = prefect(*command.split())
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith(f"The server at {AWAY} cannot be reached: ")
    assert "prefect server start" in outcome.err
    assert outcome.err.count("\n") == 1
    assert sum(clock.slept) < 10


def test_patience_is_as_it_was_set(prefect: Any, monkeypatch: Any, clock: VirtualClock) -> None:
    monkeypatch.setenv("PREFECT_API_URL", AWAY)
    monkeypatch.setenv("PREFECT_CLIENT_MAX_RETRIES", "3")
    assert prefect("flow-run", "ls").code == 1
    assert len(clock.slept) == 3


class Refusing(BaseHTTPRequestHandler):
    """Answers everything with the status of the server."""

    def do_GET(self) -> None:
        self.send_response(self.server.status)  # type: ignore[attr-defined]
        self.end_headers()

    do_POST = do_GET

    def log_message(self, *args: Any) -> None:
        pass


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (401, "The server at {url} does not let you in (401 Unauthorized). Set PREFECT_API_AUTH_STRING"),
        (404, "There is no API at {url}. PREFECT_API_URL has to name the whole path"),
        (500, "The server at {url} refuses: Server error '500"),
    ],
)
@pytest.mark.parametrize("command", ["flow-run ls", "flow-run cancel some-run"])
def test_a_server_that_refuses_is_quoted(
    prefect: Any, monkeypatch: Any, command: str, status: int, told: str
) -> None:
    with HTTPServer(("127.0.0.1", 0), Refusing) as server:
        server.status = status  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}/api"
        monkeypatch.setenv("PREFECT_API_URL", url)
        outcome = prefect(*command.split())
        server.shutdown()
        thread.join()
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith(told.format(url=url))

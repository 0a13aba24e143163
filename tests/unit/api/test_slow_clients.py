"""Clients that do not finish what they say, or do not read what they are answered, are let go."""

from __future__ import annotations

import asyncio
import socket
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import uvicorn
from uvicorn.server import ServerState

from prefect.server.api import connections

PATIENCE_SECONDS = 60.0
HEAD = b"POST /api/flows/ HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture(autouse=True)
def _little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LONGEST_HEAD_SECONDS", "LONGEST_BODY_SECONDS", "LONGEST_UNREAD_SECONDS"):
        monkeypatch.setattr(connections, name, 0.05)


def connected(api: httpx.Client) -> socket.socket:
    url = urlsplit(str(api.base_url))
    return socket.create_connection((url.hostname, url.port), timeout=PATIENCE_SECONDS)


def all_of(client: socket.socket) -> bytes:
    """What is answered until the server closes the connection."""
    parts = []
    while part := client.recv(65536):
        parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"P",
        HEAD,
        HEAD + b"Content-Length: 10\r\n\r\n{",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
    ],
)
def test_who_does_not_finish_is_let_go(api: httpx.Client, said: bytes) -> None:
    with connected(api) as client:
        client.sendall(said)
        assert all_of(client).startswith(b"HTTP/1.1 408 ")


def test_a_second_request_has_its_time_too(api: httpx.Client) -> None:
    with connected(api) as client:
        client.sendall(b"GET /api/health HTTP/1.1\r\nHost: x\r\n\r\nGET /api")
        first, _, rest = all_of(client).partition(b"true")
        assert first.startswith(b"HTTP/1.1 200 ")
        # here the time is that of connections on which nothing is under way
        assert rest == b""


class FullTransport(asyncio.Transport):
    """To a client that reads nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.aborted = asyncio.Event()

    def abort(self) -> None:
        self.aborted.set()

    def is_closing(self) -> bool:
        return self.aborted.is_set()


def test_who_does_not_read_is_let_go() -> None:
    async def nothing(scope: Any, receive: Any, send: Any) -> None: ...

    async def served() -> None:
        protocol = connections.HttpProtocol(uvicorn.Config(nothing), ServerState(), {})
        transport = FullTransport()
        protocol.connection_made(transport)
        protocol.pause_writing()
        protocol.resume_writing()
        protocol.pause_writing()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await transport.aborted.wait()

    asyncio.run(served())


def test_who_is_quick_is_served(api: httpx.Client) -> None:
    for _ in range(3):
        assert api.get("/api/health").json() is True

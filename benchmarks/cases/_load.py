"""Eight connections that ask one server as fast as it answers: prepared bytes out, whole answers in.

Leaner than an HTTP client, which would need more of the machine than the server that is measured.
"""

import asyncio
import contextlib
import json
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

CONNECTIONS = 8
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_LARGEST_ANSWER = 2**24
_MOST_ATTEMPTS = 5


@dataclass
class Load:
    """What came of it.

    `seconds` is from the first question to the last answer, `times` those of each answer, sorted.
    """

    seconds: float = 0.0
    times: list[float] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    refused: int = 0

    def figures(self) -> dict[str, Any]:
        count = len(self.times)
        return {
            "units": count,
            "unit_ms": self.seconds / count * 1000,
            "median_ms": self.times[count // 2] * 1000,
            "p99_ms": self.times[int(count * 0.99)] * 1000,
            "refused": self.refused,
        }


def question(method: str, url: str, body: Any = None) -> bytes:
    """A request as it travels."""
    parts = urlsplit(url)
    content = b"" if body is None else json.dumps(body).encode()
    head = (
        f"{method} {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def ask(url: str, questions: Iterable[bytes], connections: int = CONNECTIONS) -> Load:
    """Ask a server all these, each connection the next one as soon as it has its answer."""
    return asyncio.run(_ask(url, iter(list(questions)), connections))


class _Connection:
    """One connection; made anew when the server has closed it, as the original does now and then."""

    def __init__(self, url: str) -> None:
        self._parts = urlsplit(url)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, one: bytes) -> tuple[bytes, bytes]:
        """The head and the body of the answer."""
        for _ in range(_MOST_ATTEMPTS):
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                return await self._asked(one)
            self.close()
        raise SystemExit("the server closes connections instead of answering")

    async def _asked(self, one: bytes) -> tuple[bytes, bytes]:
        if self._streams is None:
            host, port = self._parts.hostname, self._parts.port
            self._streams = await asyncio.open_connection(host, port, limit=_LARGEST_ANSWER)
        reader, writer = self._streams
        writer.write(one)
        head = await reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        return head, await reader.readexactly(int(length.group(1))) if length else b""

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def _ask(url: str, questions: Iterator[bytes], connections: int) -> Load:
    load = Load()

    async def connection() -> None:
        speaking = _Connection(url)
        for one in questions:
            began = time.perf_counter()
            head, body = await speaking.ask(one)
            load.times.append(time.perf_counter() - began)
            load.bodies.append(body)
            load.refused += not head.startswith(b"HTTP/1.1 2")
        speaking.close()

    began = time.perf_counter()
    await asyncio.gather(*(connection() for _ in range(connections)))
    load.seconds = time.perf_counter() - began
    load.times.sort()
    return load

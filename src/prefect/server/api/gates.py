"""What every request must pass before it reaches a route: credentials, version, token, size, room.

One plain ASGI wrapper around the routes of the API; WebSockets pass, since their credentials come in a message.
Not here: which origins browsers may come from (`app`), issuing tokens (`root`).
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Mapping
from typing import Protocol

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from prefect.server.api.answers import Answer, json_answer, send_answer
from prefect.server.api.threads import TooBusy
from prefect.settings import Settings

OPEN = frozenset({"/health", "/ready"})
"""Paths that ask for no credentials: whoever watches over the server has none."""

_MOST_LARGE_BODIES = 16
"""So many bodies of the largest size may be held at a time."""

OLDEST_API_VERSION = (0, 8, 0)
_CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_HEADERS = {
    name.lower().encode(): name
    for name in (
        "Authorization", "X-PREFECT-API-VERSION", "Content-Length", "Prefect-Csrf-Token", "Prefect-Csrf-Client"
    )
}  # fmt: skip

Headers = Mapping[str, str]


class Guard(Protocol):
    """Knows which token belongs to which client."""

    async def admits(self, client: str, token: str) -> bool:
        """Whether the client may use that token."""
        ...


class Gate:
    """Lets through what may pass.

    Args:
        app: what is behind.
        settings: what is asked for.
        guard: the tokens against cross-site requests; None: none are asked for.
    """

    def __init__(self, app: ASGIApp, settings: Settings, guard: Guard | None = None) -> None:
        self._app = app
        self._credentials = credentials_of(settings)
        self._guard = guard
        self._most_bytes = settings.server.api.max_body_size
        self._room = Room(_MOST_LARGE_BODIES * self._most_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = _known(scope["headers"])
        refused = self._refusal(scope, headers) or await self._refusal_for_token(scope, headers)
        if refused is not None:
            await send_answer(send, refused)
            return
        body = BoundedBody(receive, self._most_bytes, self._room)
        try:
            await self._app(scope, body.receive, send)
        except TooLarge:
            await send_answer(send, _too_large(self._most_bytes))
        finally:
            body.forget()

    def _refusal(self, scope: Scope, headers: Headers) -> Answer | None:
        is_open = _path(scope) in OPEN
        if not is_open and not self._is_known(headers):
            return _UNAUTHORIZED
        version = headers.get("X-PREFECT-API-VERSION")
        wrong = None if version is None or is_open else wrong_version(version)
        if wrong is not None:
            return json_answer(400, {"detail": wrong})
        length = headers.get("Content-Length", "")
        return _too_large(self._most_bytes) if length and int(length) > self._most_bytes else None

    def _is_known(self, headers: Headers) -> bool:
        expected = self._credentials
        return expected is None or is_same(headers.get("Authorization", ""), expected)

    async def _refusal_for_token(self, scope: Scope, headers: Headers) -> Answer | None:
        if self._guard is None or scope["method"] not in _CHANGING:
            return None
        client, token = headers.get("Prefect-Csrf-Client"), headers.get("Prefect-Csrf-Token")
        if not client or not token:
            return json_answer(403, {"detail": "Missing CSRF token."})
        if not await self._guard.admits(client, token):
            return json_answer(403, {"detail": "Invalid CSRF token or client identifier."})
        return None


def credentials_of(settings: Settings) -> str | None:
    """The header `Authorization` that must be sent; None: anybody may come."""
    auth_string = settings.server.api.auth_string
    if auth_string is None or not auth_string.get_secret_value():
        return None
    return f"Basic {base64.b64encode(auth_string.get_secret_value().encode()).decode()}"


def is_same(given: str, expected: str) -> bool:
    """Whether two secrets are the same, in a time that tells nothing about them."""
    return hmac.compare_digest(given.encode(), expected.encode())


def wrong_version(text: str) -> str | None:
    """What is wrong with the version of the API that a client speaks; None: nothing."""
    if re.fullmatch(r"\d{1,9}\.\d{1,9}\.\d{1,9}", text) is None:
        return (
            "Invalid X-PREFECT-API-VERSION header format. "
            f"Expected header in format 'x.y.z' but received {text[:100]}"
        )
    if tuple(map(int, text.split("."))) < OLDEST_API_VERSION:
        oldest = ".".join(map(str, OLDEST_API_VERSION))
        return (
            f"The request specified API version {text} but this server requires version {oldest} or higher."
        )
    return None


def _known(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """The headers that are looked at."""
    return {_HEADERS[name]: value.decode("latin-1") for name, value in headers if name in _HEADERS}


def _path(scope: Scope) -> str:
    """The path below the API's."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


# --- bounds ---------------------------------------------------------------------------------------------


class TooLarge(Exception):
    """A body is larger than it may be, which was seen while it came."""


class Room:
    """How many bytes of bodies may be held at a time, whoever sends them."""

    def __init__(self, most_bytes: int) -> None:
        self._free = most_bytes

    def take(self, size: int) -> None:
        """Take some of it.

        Raises:
            TooBusy: there is not so much.
        """
        if size > self._free:
            raise TooBusy
        self._free -= size

    def give_back(self, size: int) -> None:
        """Give some of it back."""
        self._free += size


class BoundedBody:
    """The body of a request, but not more of it than may be: its length need not be told before."""

    def __init__(self, receive: Receive, most_bytes: int, room: Room) -> None:
        self._receive = receive
        self._most_bytes = most_bytes
        self._room = room
        self._held = 0

    async def receive(self) -> Message:
        """The next part.

        Raises:
            TooLarge: the body is.
            TooBusy: the server holds as many bodies as it may.
        """
        message = await self._receive()
        size = len(message.get("body", b""))
        if self._held + size > self._most_bytes:
            raise TooLarge
        self._room.take(size)
        self._held += size
        return message

    def forget(self) -> None:
        """The request is answered: its body is held no more."""
        self._room.give_back(self._held)


_UNAUTHORIZED = json_answer(401, {"exception_message": "Unauthorized"})


def _too_large(most_bytes: int) -> Answer:
    detail = f"The body is larger than {most_bytes} bytes (PREFECT_SERVER_API_MAX_BODY_SIZE)."
    return json_answer(413, {"detail": detail}).with_headers((b"connection", b"close"))

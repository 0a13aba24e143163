"""Speaking to a server's sockets: where they are, the handshake, and a socket that outlives its connections.

Not here: what is sent or streamed (`clients`, `_subscribing`).
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.typing import Subprotocol

from prefect._clock import clock
from prefect.exceptions import PrefectException
from prefect.logging import get_logger
from prefect.settings import get_current_settings

R = TypeVar("R")

RETRYABLE_EXCEPTIONS = (ConnectionClosed, TimeoutError, OSError)
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.2, 5.0
_STEADY_SECONDS = 10.0
"""A connection that has lasted so long was a good one, also if nothing came over it."""

_LARGEST_MESSAGE_BYTES = 32_000_000
_HANDSHAKE_SECONDS = 30.0
_USELESS_TO_TRY_AGAIN = (1002, 1003, 1007, 1008, 1009)
"""Codes by which a server says that it will never take what was said to it."""

_REMEDY = "Check PREFECT_API_KEY, PREFECT_API_AUTH_STRING and what is sent or asked for."


class RefusedError(PrefectException):
    """A server did not let in, or did not take what was said."""


def http_to_ws(url: str) -> str:
    """The URL of sockets below an HTTP URL."""
    return url.replace("https://", "wss://", 1).replace("http://", "ws://", 1).rstrip("/")


def socket_url(api_url: str | None, path: str) -> str:
    """Where a socket of an API is; default: of the API that the settings name.

    Raises:
        ValueError: none was given, and the settings name none; or it is no HTTP URL.
    """
    url = api_url or get_current_settings().api.url
    if not url:
        raise ValueError("api_url must be provided or set in the Prefect configuration (PREFECT_API_URL).")
    if not http_to_ws(url).startswith(("ws://", "wss://")):
        raise ValueError(f"{url!r} is no URL of an API, such as http://127.0.0.1:4200/api (PREFECT_API_URL).")
    return f"{http_to_ws(url)}{path}"


def _token(api_key: str | None) -> str | None:
    api = get_current_settings().api
    if api_key is None and api.auth_string is not None:
        return api.auth_string.get_secret_value()
    return api_key or (api.key.get_secret_value() if api.key is not None else None)


async def open_socket(url: str, api_key: str | None = None) -> ClientConnection:
    """A socket on which the server has let us in.

    Raises:
        RefusedError: it does not.
        OSError, TimeoutError, websockets.exceptions.ConnectionClosed: it cannot be reached.
    """
    settings = get_current_settings()
    options: dict[str, Any] = {"additional_headers": settings.client.custom_headers}
    if url.startswith("wss:"):
        options["ssl"] = _trust(settings.api.tls_insecure_skip_verify, settings.api.ssl_cert_file)
    try:
        socket = await connect(
            url, subprotocols=[Subprotocol("prefect")], max_size=_LARGEST_MESSAGE_BYTES, **options
        )
    except InvalidHandshake as error:
        if isinstance(error, InvalidStatus) and error.response.status_code in (401, 403):
            raise RefusedError(f"{url} lets nobody in like that: {error}. {_REMEDY}") from error
        # a proxy without its server, or a server that is starting
        raise ConnectionError(f"{url} does not serve sockets now: {error}") from error
    try:
        await socket.send(orjson.dumps({"type": "auth", "token": _token(api_key)}).decode())
        await _be_let_in(socket, url)
    except BaseException as error:
        await socket.close()
        raise refusal(url, error) or error from None
    return socket


async def _be_let_in(socket: ClientConnection, url: str) -> None:
    try:
        async with asyncio.timeout(_HANDSHAKE_SECONDS):
            answer = await socket.recv()
    except TimeoutError:
        raise TimeoutError(f"{url} did not answer the handshake within {_HANDSHAKE_SECONDS:g} s.") from None
    try:
        is_in = orjson.loads(answer)["type"] == "auth_success"
    except (ValueError, KeyError, TypeError):
        is_in = False
    if not is_in:
        raise RefusedError(f"{url} did not answer the handshake as expected: {answer!r:.100}")


def _trust(anyone: bool, certificates: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=certificates)
    if anyone:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def refusal(url: str, error: BaseException) -> RefusedError | None:
    """What a closed connection means; None: it is worth to try again."""
    if not isinstance(error, ConnectionClosed) or error.rcvd is None:
        return None
    if error.rcvd.code not in _USELESS_TO_TRY_AGAIN:
        return None
    return RefusedError(
        f"{url} was closed by the server (code {error.rcvd.code}): {error.rcvd.reason or 'it gave no reason'}. "
        f"{_REMEDY}"
    )


class ReconnectingSocket:
    """A socket that is opened when it is needed, and anew when its connection is lost.

    Args:
        url: of the socket.
        begin: what is said first on each new connection.
        attempts: how often it is tried to connect anew, in a row.
        api_key: who we are, before what the settings say.

    Raises:
        ValueError: `attempts` is negative.
    """

    def __init__(
        self,
        url: str,
        begin: Callable[[ClientConnection], Awaitable[None]],
        attempts: int,
        api_key: str | None = None,
    ) -> None:
        if attempts < 0:
            raise ValueError(f"reconnection_attempts must be a non-negative integer; got {attempts}.")
        self._url = url
        self._begin = begin
        self._attempts = attempts
        self._api_key = api_key
        self._connection: ClientConnection | None = None
        self._connected_at = 0.0
        self._failures = 0

    async def connect(self) -> None:
        """Be connected.

        Raises:
            RefusedError, OSError, TimeoutError, websockets.exceptions.ConnectionClosed: as `do`.
        """
        await self.do(_nothing)

    async def do(self, act: Callable[[ClientConnection], Awaitable[R]]) -> R:
        """Do something over the connection; if that is lost, over a new one.

        Raises:
            RefusedError: the server does not take what is said.
            OSError, TimeoutError, websockets.exceptions.ConnectionClosed: it could not be reached in the end.
        """
        while True:
            try:
                done = await act(await self._connected())
            except RETRYABLE_EXCEPTIONS as error:
                await self._wait_after(error)
            else:
                self._failures = 0
                return done

    async def close(self) -> None:
        """Close the connection; it is opened anew when it is needed."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _connected(self) -> ClientConnection:
        if self._connection is not None:
            return self._connection
        connection = await open_socket(self._url, self._api_key)
        try:
            await self._begin(connection)
        except BaseException:
            await connection.close()
            raise
        self._connection, self._connected_at = connection, time.monotonic()
        return connection

    async def _wait_after(self, error: Exception) -> None:
        """Wait until it is worth to try again.

        Raises:
            RefusedError: it never is.
            OSError, TimeoutError, websockets.exceptions.ConnectionClosed: it was tried often enough.
        """
        if self._connection is not None and time.monotonic() - self._connected_at >= _STEADY_SECONDS:
            self._failures = 0
        await self.close()
        if (refused := refusal(self._url, error)) is not None:
            raise refused from error
        self._failures += 1
        if self._failures > self._attempts:
            raise error
        get_logger("events").debug("%s cannot be reached (%r); it is tried again.", self._url, error)
        # a power that stays small, however often it is tried
        await clock().asleep(min(FIRST_WAIT_SECONDS * 2 ** min(self._failures - 1, 16), LONGEST_WAIT_SECONDS))


async def _nothing(connection: ClientConnection) -> None:
    pass

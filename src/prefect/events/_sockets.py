"""Speaking to a server's sockets: where they are, the handshake, and a stream that outlives its connections.

Not here: what is sent or streamed (`clients`, `log_clients`).
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar
from uuid import UUID

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, ConnectionClosedOK, InvalidHandshake
from websockets.typing import Subprotocol

from prefect._clock import clock
from prefect.exceptions import PrefectException
from prefect.logging import get_logger
from prefect.settings import get_current_settings

T = TypeVar("T")

RETRYABLE_EXCEPTIONS = (ConnectionClosed, TimeoutError, OSError)
SEEN_SIZE, SEEN_SECONDS = 500_000, 120
RECONNECT_SECONDS = 1.0
_LARGEST_MESSAGE_BYTES = 32_000_000
_HANDSHAKE_SECONDS = 30.0
_USELESS_TO_TRY_AGAIN = (1002, 1003, 1007, 1008)
"""Codes by which a server says that it will never take what was said to it."""


class RefusedError(PrefectException):
    """A server did not let in, or did not take what was said."""


def http_to_ws(url: str) -> str:
    """The URL of sockets below an HTTP URL."""
    return url.replace("https://", "wss://", 1).replace("http://", "ws://", 1).rstrip("/")


def socket_url(api_url: str | None, path: str) -> str:
    """Where a socket of an API is; default: of the API that the settings name.

    Raises:
        ValueError: none was given, and the settings name none.
    """
    url = api_url or get_current_settings().api.url
    if not url:
        raise ValueError("api_url must be provided or set in the Prefect configuration (PREFECT_API_URL).")
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
        # a proxy without its server, or a server that is starting
        raise ConnectionError(f"{url} does not serve sockets now: {error}") from error
    try:
        await socket.send(orjson.dumps({"type": "auth", "token": _token(api_key)}).decode())
        async with asyncio.timeout(_HANDSHAKE_SECONDS):
            answer = orjson.loads(await socket.recv())
        if answer.get("type") != "auth_success":
            raise RefusedError(f"{url} did not answer the handshake as expected: {answer!r:.100}")
    except BaseException as error:
        await socket.close()
        raise refusal(url, error) or error from None
    return socket


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
        "Check PREFECT_API_KEY, PREFECT_API_AUTH_STRING and the filter."
    )


class Seen:
    """The ids of what was seen lately, bounded by number and age."""

    def __init__(self, size: int = SEEN_SIZE, seconds: float = SEEN_SECONDS) -> None:
        self._size = size
        self._seconds = seconds
        self._times: OrderedDict[UUID, float] = OrderedDict()

    def add(self, id: UUID) -> bool:
        """Note an id; whether it was not there."""
        moment = time.monotonic()
        while self._times:
            oldest = next(iter(self._times.values()))
            if len(self._times) < self._size and moment - oldest <= self._seconds:
                break
            self._times.popitem(last=False)
        if id in self._times:
            return False
        self._times[id] = moment
        return True


class Stream(Generic[T]):
    """What a server streams, over as many connections as it takes; each item once.

    Args:
        url: of the socket.
        wish: the message that says what is wanted, for each connection.
        read: an item and its id, from a message.
        attempts: how often it is tried to connect anew, in a row.
        again_after_clean_close: also when the server has closed the socket in good order.
        api_key: who we are, before what the settings say.
    """

    def __init__(
        self,
        url: str,
        wish: Callable[[], dict[str, Any]],
        read: Callable[[dict[str, Any]], tuple[UUID, T]],
        attempts: int = 10,
        again_after_clean_close: bool = False,
        api_key: str | None = None,
    ) -> None:
        if attempts < 0:
            raise ValueError("reconnection_attempts must be a non-negative integer")
        self._url = url
        self._wish = wish
        self._read = read
        self._attempts = attempts
        self._again_after_clean_close = again_after_clean_close
        self._api_key = api_key
        self._socket: ClientConnection | None = None
        self._seen = Seen()

    async def __aenter__(self) -> Self:
        await self._connect_in_the_end()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        while True:
            if self._socket is None:
                await self._connect_in_the_end()
            assert self._socket is not None
            try:
                message = orjson.loads(await self._socket.recv())
            except ConnectionClosed as error:
                await self._close()
                if isinstance(error, ConnectionClosedOK) and not self._again_after_clean_close:
                    raise StopAsyncIteration from None
                if (refused := refusal(self._url, error)) is not None:
                    raise refused from None
                continue
            id, item = self._read(message)
            if self._seen.add(id):
                return item

    async def _connect_in_the_end(self) -> None:
        for attempt in range(self._attempts + 1):
            try:
                socket = await open_socket(self._url, self._api_key)
                await socket.send(orjson.dumps(self._wish()).decode())
                self._socket = socket
                return
            except RETRYABLE_EXCEPTIONS as error:
                if attempt == self._attempts:
                    raise
                get_logger("events").debug("%s cannot be reached (%r); it is tried again.", self._url, error)
                await clock().asleep(RECONNECT_SECONDS)

    async def _close(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            await socket.close()

"""The transport over HTTP: to a Prefect server, ours or the original, as the settings say.

A request that a server or the way to it could not serve for now is sent again, after a growing and slightly
random wait. The only place that imports an HTTP client. Not here: what travels (`_messages`).
"""

from __future__ import annotations

import asyncio
import os
import random
import threading
from collections.abc import Callable
from typing import Any, TypeVar
from uuid import uuid4
from weakref import WeakKeyDictionary

import httpx
from pydantic_core import to_jsonable_python

from prefect._steps import Life, Sleep, run_awaiting, run_blocking
from prefect.client.orchestration._messages import Message, message_of, result_of
from prefect.client.orchestration._terms import Terms
from prefect.client.orchestration.transport import Transport
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound, PrefectHTTPStatusError
from prefect.schemas.downloads import Download
from prefect.schemas.operations import Operation, Request, Response
from prefect.schemas.operations.declaring import is_repeatable
from prefect.settings import Settings, get_current_settings

R = TypeVar("R")

IN_PROCESS_URL = "http://ephemeral-prefect/api"
"""Stands for the API of this process where an address must be told."""

LONGEST_WAIT_SECONDS = 60.0
TRANSPORT_ERRORS = (httpx.TransportError,)
"""What is raised when no answer came."""

_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_UNANSWERED = (httpx.ReadError, httpx.ReadTimeout, httpx.RemoteProtocolError, httpx.WriteError)
_CSRF_HEADERS = ("Prefect-Csrf-Token", "Prefect-Csrf-Client")


class _Send:
    """A step: one message, once."""

    __slots__ = ("headers", "message", "options", "transport")

    def __init__(
        self, transport: HttpTransport, message: Message, headers: dict[str, str], options: dict[str, Any]
    ) -> None:
        self.transport = transport
        self.message = message
        self.headers = {**(options.get("headers") or {}), **headers}
        self.options = options

    def block(self) -> httpx.Response:
        return self.transport.client().request(**self._arguments())

    async def wait(self) -> httpx.Response:
        return await self.transport.async_client().request(**self._arguments())

    def _arguments(self) -> dict[str, Any]:
        method, path, query, body = self.message
        url = self.transport.terms.url + path
        given = {"params": query, **self.options, "method": method, "url": url, "headers": self.headers}
        if isinstance(body, bytes):
            headers = {**self.headers, "Content-Type": "application/json"}
            return {**given, "headers": headers, "content": body}
        return given if body is None else {**given, "json": body}


class HttpTransport:
    """Speaks to one server; threads and loops may share it. Connections are made when needed, and kept."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.url: str | None = terms.url
        self.is_checked = False
        self._opening = threading.Lock()
        self._client: httpx.Client | None = None
        self._async_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, httpx.AsyncClient]
        self._async_clients = WeakKeyDictionary()
        self._csrf_token: dict[str, str] = {}

    def perform(self, request: Request[R]) -> R:
        """What the operation returns.

        Raises:
            ObjectNotFound, ObjectAlreadyExists: the server says so.
            PrefectHTTPStatusError: the server refuses for another reason.
            httpx.TransportError: the server cannot be reached.
        """
        return run_blocking(self._exchange(request))

    async def perform_async(self, request: Request[R]) -> R:
        """The same without holding up the event loop."""
        return await run_awaiting(self._exchange(request))

    def exchange(self, method: str, path: str, options: dict[str, Any]) -> Life[httpx.Response]:
        """As steps: send a request as it is told, and return the answer.

        Raises:
            PrefectHTTPStatusError: the server refuses.
            httpx.TransportError: the server cannot be reached.
        """
        message = Message(method, path, {}, None)
        return accepted((yield from self.send(message, is_repeatable(method, path), options)))

    def send(
        self, message: Message, repeatable: bool = False, options: dict[str, Any] | None = None
    ) -> Life[httpx.Response]:
        """Send a message until it is answered, and return the answer, whatever its status.

        Args:
            repeatable: it does no harm twice, so it is also sent again when only the answer got lost.
            options: what the HTTP client takes of a request besides.

        Raises:
            httpx.TransportError: the server cannot be reached.
        """
        retried_errors = (*_NEVER_SENT, *_UNANSWERED) if repeatable else _NEVER_SENT
        attempt, tokens = 0, 0
        while True:
            try:
                response: httpx.Response = yield _Send(self, message, dict(self._csrf_token), options or {})
            except retried_errors:
                if attempt >= self.terms.max_retries:
                    raise
                response = None  # type: ignore[assignment]
            if response is not None:
                if tokens == 0 and self._wants_csrf_token(response):
                    yield from self._fetch_csrf_token()
                    tokens += 1
                    continue
                if (
                    response.status_code not in self.terms.retried_statuses
                    or attempt >= self.terms.max_retries
                ):
                    return response
            yield Sleep(self._wait_seconds(attempt, response))
            attempt += 1

    def _exchange(self, request: Request[R]) -> Life[R]:
        operation = request.operation
        response = yield from self.send(message_of(request), operation.repeatable)
        if not response.is_success:
            raise error_of(operation, response)
        result: Any = response if operation.result is Response else result_of(operation, response.content)
        return result  # type: ignore[no-any-return]

    def _wait_seconds(self, attempt: int, response: httpx.Response | None) -> float:
        told = None if response is None else response.headers.get("Retry-After")
        try:
            seconds = float(told) if told is not None else 2.0**attempt
        except ValueError:
            seconds = 2.0**attempt
        return min(seconds, LONGEST_WAIT_SECONDS) * (1 + random.uniform(0, self.terms.jitter))

    # --- tokens against cross-site requests ------------------------------------------------------------

    def _wants_csrf_token(self, response: httpx.Response) -> bool:
        forbidden = response.status_code == httpx.codes.FORBIDDEN
        return self.terms.csrf and forbidden and "csrf" in response.text.lower()

    def _fetch_csrf_token(self) -> Life[None]:
        client = str(uuid4())
        response: httpx.Response = yield _Send(
            self, Message("GET", "/csrf-token", {"client": client}, None), {}, {}
        )
        response.raise_for_status()
        self._csrf_token = dict(zip(_CSRF_HEADERS, (response.json()["token"], client), strict=True))

    # --- connections -----------------------------------------------------------------------------------

    def client(self) -> httpx.Client:
        """The HTTP client of blocking calls."""
        with self._opening:
            if self._client is None:
                self._client = httpx.Client(**self._client_arguments())
            return self._client

    def async_client(self) -> httpx.AsyncClient:
        """The HTTP client of the running event loop."""
        loop = asyncio.get_running_loop()
        client = self._async_clients.get(loop)
        if client is None:
            client = self._async_clients[loop] = httpx.AsyncClient(**self._client_arguments())
        return client

    def _client_arguments(self) -> dict[str, Any]:
        return {**self.terms.httpx_settings, "headers": dict(self.terms.headers)}

    def close(self) -> None:
        """Close the connections of blocking calls."""
        with self._opening:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    async def close_async(self) -> None:
        """Close the connections of the running event loop."""
        client = self._async_clients.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.aclose()


# --- the transports of this process ---------------------------------------------------------------------

_shared: dict[Any, HttpTransport] = {}


def shared_transport(settings: Settings, url: str) -> HttpTransport:
    """The transport of all clients of this process while the settings are these: connections are kept."""
    terms = Terms.from_settings(settings, url)
    transport = _shared.get(terms.key)
    if transport is None:
        transport = _shared[terms.key] = HttpTransport(terms)
    return transport


def transport_to(
    api: str | Callable[..., Any], httpx_settings: dict[str, Any] | None = None, **given: str | None
) -> HttpTransport:
    """A transport of one's own to a URL, or to an ASGI application (for coroutines only).

    Args:
        httpx_settings: arguments of the HTTP client, on top of what the settings say.
        given: credentials and the like that come before what the settings say; see `Terms.from_settings`.
    """
    options = dict(httpx_settings or {})
    if not isinstance(api, str):
        options.setdefault("transport", httpx.ASGITransport(app=api))
    url = api if isinstance(api, str) else IN_PROCESS_URL
    return HttpTransport(Terms.from_settings(get_current_settings(), url, httpx_settings=options, **given))


def url_of(transport: Transport) -> httpx.URL:
    """Where a transport goes, as clients show it."""
    return httpx.URL(f"{transport.url or IN_PROCESS_URL}/")


# A forked child must not share its parent's connections.
os.register_at_fork(after_in_child=_shared.clear)


# --- answers --------------------------------------------------------------------------------------------


def error_of(operation: Operation[Any, Any], response: httpx.Response) -> Exception:
    """The error that a refusing answer to an operation means."""
    return refusal_of(response, operation.conflict_means_existing)


def accepted(response: httpx.Response) -> httpx.Response:
    """An answer that does not refuse.

    Raises:
        PrefectHTTPStatusError: it does.
    """
    if not response.is_success:
        raise _status_error(response)
    return response


def _status_error(response: httpx.Response) -> PrefectHTTPStatusError:
    try:
        response.raise_for_status()
    except httpx.HTTPStatusError as error:
        return PrefectHTTPStatusError.from_httpx_error(error)
    # a redirect that leads nowhere
    return PrefectHTTPStatusError(
        f"Unexpected status {response.status_code}.", request=response.request, response=response
    )


def refusal_of(response: httpx.Response, conflict_means_existing: bool = False) -> Exception:
    """The error that a refusing answer means."""
    refused = _status_error(response)
    if response.status_code == httpx.codes.NOT_FOUND:
        return ObjectNotFound(refused)
    if response.status_code == httpx.codes.CONFLICT and conflict_means_existing:
        return ObjectAlreadyExists(refused)
    return refused


def is_away(error: Exception) -> bool:
    """Whether an error means that the server cannot be reached, or cannot answer, for now."""
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code in (408, 429, 502, 503)
    return isinstance(error, httpx.TransportError)


def response_of(operation: Operation[Any, Any], result: Any) -> httpx.Response:
    """The answer that a server would give to an operation that was done in this process."""
    if isinstance(result, Download):
        headers = {"content-type": result.media_type, "content-disposition": result.disposition}
        return httpx.Response(operation.status, content=b"".join(result.parts), headers=headers)
    if result is None:
        return httpx.Response(operation.status)
    return httpx.Response(operation.status, json=to_jsonable_python(result))


def answered_in_process(
    answer: Callable[[str, str, bytes, bytes], Any], method: str, path: str, options: dict[str, Any]
) -> httpx.Response:
    """What `answer` (to method, path, query and body) says to a request that does not travel.

    Raises:
        PrefectHTTPStatusError: it refuses.
    """
    told = {name: value for name, value in options.items() if name not in _ON_THE_WAY}
    request = httpx.Request(method, f"{IN_PROCESS_URL}{path}", **told)
    below = request.url.path.removeprefix(httpx.URL(IN_PROCESS_URL).path)
    status, body, headers = answer(request.method, below, request.url.query, request.read())
    return accepted(httpx.Response(status, content=body, headers=list(headers), request=request))


_ON_THE_WAY = frozenset({"auth", "follow_redirects", "timeout"})
"""What is said of the way of a request, which one in this process does not go."""

"""Clients that send events, and subscribers that get them: over the sockets of a server, or in this process.

For coroutines. `emit_event` (`utilities`) is for everybody else. Not here: sockets (`_sockets`), how one
subscribes (`_subscribing`).
"""

from __future__ import annotations

import abc
import asyncio
import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Self

from websockets.asyncio.client import ClientConnection
from websockets.protocol import State

from prefect.events._sockets import (
    RETRYABLE_EXCEPTIONS,
    ReconnectingSocket,
    RefusedError,
    http_to_ws,
    socket_url,
)
from prefect.events._subscribing import (
    SEEN_SIZE,
    Kind,
    ServerSubscriber,
    StoreSubscriber,
    Subscriber,
)
from prefect.schemas.event_filters import EventFilter
from prefect.schemas.events import Event, ReceivedEvent
from prefect.settings import get_current_settings

if TYPE_CHECKING:
    from prefect.client.orchestration.local_events import LocalEvents

__all__ = [
    "RETRYABLE_EXCEPTIONS",
    "AssertingEventsClient",
    "AssertingPassthroughEventsClient",
    "EventsClient",
    "NullEventsClient",
    "PrefectCloudAccountEventSubscriber",
    "PrefectCloudEventSubscriber",
    "PrefectCloudEventsClient",
    "PrefectEventSubscriber",
    "PrefectEventsClient",
    "get_events_client",
    "get_events_subscriber",
    "http_to_ws",
]

SEEN_EVENTS_SIZE, SEEN_EVENTS_TTL = SEEN_SIZE, 1_200
"""The second in seconds: servers look back fifteen minutes (PREFECT_SERVER_EVENTS_MAXIMUM_WEBSOCKET_BACKFILL)."""

_EVENTS = Kind("event", "/events/out", ReceivedEvent, SEEN_EVENTS_TTL)
_EVENTS_IN_PATH = "/events/in"


def get_events_client(
    reconnection_attempts: int = 10, checkpoint_every: int = 700, checkpoint_interval: float = 30.0
) -> EventsClient:
    """A client that sends events to the server that the settings name; without one, to the store.

    Args:
        reconnection_attempts: how often it is tried to connect anew, in a row.
        checkpoint_every: after so many events it is made sure that the server has them.
        checkpoint_interval: after so many seconds, too.
    """
    if get_current_settings().api.url is None:
        return _StoreEventsClient()
    return PrefectEventsClient(None, reconnection_attempts, checkpoint_every, checkpoint_interval)


def get_events_subscriber(
    filter: EventFilter | None = None, reconnection_attempts: int = 10, reconnect_on_clean_close: bool = False
) -> Subscriber[ReceivedEvent]:
    """A subscriber to the events of the server that the settings name; without one, of the store.

    Args:
        filter: which events.
        reconnection_attempts: how often it is tried to connect anew, in a row.
        reconnect_on_clean_close: also when the server has closed the stream in good order.
    """
    if get_current_settings().api.url is None:
        return StoreSubscriber(_EVENTS, lambda: _watch(filter or EventFilter()))
    return PrefectEventSubscriber(None, filter, reconnection_attempts, reconnect_on_clean_close)


def _watch(filter: EventFilter) -> LocalEvents:
    from prefect.client.orchestration.local_events import LocalEvents

    return LocalEvents(filter)


def events_in_socket_from_api_url(url: str) -> str:
    """Where an API takes events."""
    return socket_url(url, _EVENTS_IN_PATH)


def events_out_socket_from_api_url(url: str) -> str:
    """Where an API streams events."""
    return socket_url(url, _EVENTS.path)


# --- sending --------------------------------------------------------------------------------------------


class EventsClient(abc.ABC):
    """Sends events; used as an async context manager."""

    _is_entered = False

    @property
    def client_name(self) -> str:
        """What the client is called in logs."""
        return type(self).__name__

    async def emit(self, event: Event) -> None:
        """Send an event.

        Raises:
            TypeError: the client is not entered.
        """
        if not self._is_entered:
            raise TypeError("Events may only be emitted while this client is being used as a context manager")
        await self._emit(event)

    @abc.abstractmethod
    async def _emit(self, event: Event) -> None: ...

    async def __aenter__(self) -> Self:
        self._is_entered = True
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        self._is_entered = False


class NullEventsClient(EventsClient):
    """Drops events."""

    async def _emit(self, event: Event) -> None:
        pass


class _StoreEventsClient(EventsClient):
    """Puts events into the store of this process."""

    async def _emit(self, event: Event) -> None:
        from prefect.client.orchestration import PrefectClient
        from prefect.client.orchestration.local_operations import LocalTransport

        await PrefectClient.over(LocalTransport()).create_events([event])


class _Remembering(EventsClient):
    """Keeps in memory what is emitted, and every client that was made: each kind has its own `last` and `all`."""

    last: ClassVar[Any]
    all: ClassVar[list[Any]]

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    events: list[Event]

    def _remember(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Remember how the client was made."""
        self.args, self.kwargs = args, kwargs
        self.events = []

    @classmethod
    def reset(cls) -> None:
        """Forget every client."""
        cls.last = None
        cls.all.clear()

    def pop_events(self) -> list[Event]:
        """What was emitted; it is forgotten."""
        events, self.events = self.events, []
        return events

    async def __aenter__(self) -> Self:
        self.events = []
        return await super().__aenter__()


class AssertingEventsClient(_Remembering):
    """Keeps events in memory, for tests.

    Attributes:
        last: the client that was made last.
        all: every client that was made.
        args, kwargs: what it was made with.
        events: what was emitted while it was entered last.
    """

    last: ClassVar[AssertingEventsClient | None] = None
    all: ClassVar[list[AssertingEventsClient]] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        AssertingEventsClient.last = self
        AssertingEventsClient.all.append(self)
        self._remember(args, kwargs)

    async def _emit(self, event: Event) -> None:
        self.events.append(event)


class PrefectEventsClient(EventsClient):
    """Sends events to a server's socket. What the server may not have got is sent again over a new connection.

    Args:
        api_url: of the server; default: of the settings.
        reconnection_attempts: how often it is tried to connect anew, in a row.
        checkpoint_every: after so many events it is made sure, by a ping, that the server has them.
        checkpoint_interval: after so many seconds, too.

    Raises:
        ValueError: no server is named.
    """

    _api_key: str | None = None

    def __init__(
        self,
        api_url: str | None = None,
        reconnection_attempts: int = 10,
        checkpoint_every: int = 700,
        checkpoint_interval: float = 30.0,
    ) -> None:
        url = socket_url(api_url, _EVENTS_IN_PATH)
        self._socket = ReconnectingSocket(url, self._send_again, reconnection_attempts, self._api_key)
        self._checkpoint_every = checkpoint_every
        self._checkpoint_interval = checkpoint_interval
        self._unconfirmed: list[Event] = []
        self._confirmed_at = time.monotonic()
        self._lock = asyncio.Lock()

    async def __aenter__(self) -> Self:
        await self._socket.connect()
        return await super().__aenter__()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        try:
            if exc_type is None:
                async with self._lock:
                    await self._do(self._confirm)
        finally:
            await self._socket.close()
            await super().__aexit__(exc_type, exc_val, exc_tb)

    async def _emit(self, event: Event) -> None:
        async with self._lock:
            await self._do(lambda connection: connection.send(event.model_dump_json()))
            self._unconfirmed.append(event)
            waited = time.monotonic() - self._confirmed_at
            if len(self._unconfirmed) >= self._checkpoint_every or waited >= self._checkpoint_interval:
                await self._do(self._confirm)

    async def _do(self, act: Callable[[ClientConnection], Awaitable[None]]) -> None:
        """Do something over the socket. What may be what the server refuses is not sent again."""
        try:
            await self._socket.do(act)
        except RefusedError as error:
            suspects, self._unconfirmed = len(self._unconfirmed), []
            if not suspects:
                raise
            raise RefusedError(f"{error} What was sent last may be lost (events: {suspects}).") from error

    async def _send_again(self, connection: ClientConnection) -> None:
        """Send over a new connection what was sent over the one before."""
        for event in self._unconfirmed:
            await connection.send(event.model_dump_json())

    async def _confirm(self, connection: ClientConnection) -> None:
        """Make sure that the server has heard everything."""
        if self._unconfirmed:
            await (await connection.ping())
            if connection.close_code is not None or connection.state is not State.OPEN:
                # it answered while it was closing: what was sent last may not have been taken in
                raise ConnectionError("The server closes the connection.")
            self._unconfirmed.clear()
        self._confirmed_at = time.monotonic()


class AssertingPassthroughEventsClient(_Remembering, PrefectEventsClient):
    """Sends events to a server and keeps them in memory, for tests; see `AssertingEventsClient`."""

    last: ClassVar[AssertingPassthroughEventsClient | None] = None
    all: ClassVar[list[AssertingPassthroughEventsClient]] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        AssertingPassthroughEventsClient.last = self
        AssertingPassthroughEventsClient.all.append(self)
        self._remember(args, kwargs)

    async def _emit(self, event: Event) -> None:
        await super()._emit(event)
        self.events.append(event)


class PrefectCloudEventsClient(PrefectEventsClient):
    """The same for a server that knows clients by API keys."""

    def __init__(
        self,
        api_url: str | None = None,
        api_key: str | None = None,
        reconnection_attempts: int = 10,
        checkpoint_every: int = 700,
        checkpoint_interval: float = 30.0,
    ) -> None:
        self._api_key = api_key
        super().__init__(api_url, reconnection_attempts, checkpoint_every, checkpoint_interval)


# --- subscribing ----------------------------------------------------------------------------------------


class PrefectEventSubscriber(ServerSubscriber[ReceivedEvent]):
    """The events of a server, as they come; used as an async context manager and iterator.

        async with PrefectEventSubscriber() as subscriber:
            async for event in subscriber:
                ...

    Those of the last minutes come first. A lost connection is made anew; no event comes twice.

    Args:
        api_url: of the server; default: of the settings.
        filter: which events.
        reconnection_attempts: how often it is tried to connect anew, in a row.
        reconnect_on_clean_close: also when the server has closed the stream in good order.

    Raises:
        ValueError: no server is named.
    """

    _api_key: str | None = None

    def __init__(
        self,
        api_url: str | None = None,
        filter: EventFilter | None = None,
        reconnection_attempts: int = 10,
        reconnect_on_clean_close: bool = False,
    ) -> None:
        wanted = wire_filter(filter or EventFilter())
        super().__init__(
            _EVENTS, api_url, wanted, reconnection_attempts, reconnect_on_clean_close, self._api_key
        )


def wire_filter(filter: EventFilter) -> dict[str, Any]:
    """A filter as it travels. An end that nobody gave does: the original's server takes it for the end of time,
    and would stream nothing after it."""
    told = filter.model_dump(mode="json")
    if "occurred" not in filter.model_fields_set or "until" not in filter.occurred.model_fields_set:
        told["occurred"]["until"] = "9999-01-01T00:00:00Z"
    return told


class PrefectCloudEventSubscriber(PrefectEventSubscriber):
    """The same for a server that knows clients by API keys."""

    def __init__(
        self,
        api_url: str | None = None,
        api_key: str | None = None,
        filter: EventFilter | None = None,
        reconnection_attempts: int = 10,
        reconnect_on_clean_close: bool = False,
    ) -> None:
        self._api_key = api_key
        super().__init__(api_url, filter, reconnection_attempts, reconnect_on_clean_close)


class PrefectCloudAccountEventSubscriber(PrefectCloudEventSubscriber):
    """The same for all workspaces of an account."""

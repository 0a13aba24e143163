"""Clients that send events, and subscribers that get them: over the sockets of a server, or in this process.

For coroutines. `emit_event` (`utilities`) is for everybody else. Not here: sockets (`_sockets`), what is done
without a server (`client/orchestration/local_events`).
"""

from __future__ import annotations

import abc
import asyncio
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Self
from uuid import UUID

from websockets.protocol import State

from prefect._clock import clock
from prefect.events._sockets import (
    RETRYABLE_EXCEPTIONS,
    SEEN_SECONDS,
    SEEN_SIZE,
    Seen,
    Stream,
    http_to_ws,
    open_socket,
    refusal,
    socket_url,
)
from prefect.schemas.event_filters import EventFilter
from prefect.schemas.events import Event, ReceivedEvent
from prefect.settings import get_current_settings

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

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

SEEN_EVENTS_SIZE, SEEN_EVENTS_TTL = SEEN_SIZE, SEEN_SECONDS
_LOOK_SECONDS = 0.1
_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 0.2, 5.0


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
) -> PrefectEventSubscriber | _StoreEventSubscriber:
    """A subscriber to the events of the server that the settings name; without one, of the store.

    Args:
        filter: which events.
        reconnection_attempts: how often it is tried to connect anew, in a row.
        reconnect_on_clean_close: also when the server has closed the stream in good order.
    """
    if get_current_settings().api.url is None:
        return _StoreEventSubscriber(filter)
    return PrefectEventSubscriber(None, filter, reconnection_attempts, reconnect_on_clean_close)


def events_in_socket_from_api_url(url: str) -> str:
    """Where an API takes events."""
    return socket_url(url, "/events/in")


def events_out_socket_from_api_url(url: str) -> str:
    """Where an API streams events."""
    return socket_url(url, "/events/out")


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


class AssertingEventsClient(EventsClient):
    """Keeps events in memory, for tests.

    Attributes:
        last: the client that was made last.
        all: every client that was made.
        args, kwargs: what it was made with.
        events: what was emitted while it was entered last.
    """

    last: ClassVar[AssertingEventsClient | None] = None
    all: ClassVar[list[AssertingEventsClient]] = []

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    events: list[Event]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        AssertingEventsClient.last = self
        AssertingEventsClient.all.append(self)
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

    async def _emit(self, event: Event) -> None:
        self.events.append(event)

    async def __aenter__(self) -> Self:
        self.events = []
        return await super().__aenter__()


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
        self._url = socket_url(api_url, "/events/in")
        self._attempts = reconnection_attempts
        self._checkpoint_every = checkpoint_every
        self._checkpoint_interval = checkpoint_interval
        self._unconfirmed: list[Event] = []
        self._confirmed_at = time.monotonic()
        self._socket: ClientConnection | None = None

    async def __aenter__(self) -> Self:
        await self._persist(self._connect)
        return await super().__aenter__()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        try:
            if exc_type is None:
                await self._persist(self._confirm)
        finally:
            await self._close()
            await super().__aexit__(exc_type, exc_val, exc_tb)

    async def _emit(self, event: Event) -> None:
        self._unconfirmed.append(event)
        await self._persist(lambda: self._send(event))
        waited = time.monotonic() - self._confirmed_at
        if len(self._unconfirmed) >= self._checkpoint_every or waited >= self._checkpoint_interval:
            await self._persist(self._confirm)

    async def _send(self, event: Event) -> None:
        # a new connection has sent everything that is unconfirmed, this one too
        if not await self._connect():
            assert self._socket is not None
            await self._socket.send(event.model_dump_json())

    async def _confirm(self) -> None:
        """Make sure that the server has heard everything."""
        await self._connect()
        assert self._socket is not None
        if self._unconfirmed:
            await (await self._socket.ping())
            if self._socket.close_code is not None or self._socket.state is not State.OPEN:
                # it answered while it was closing: what was sent last may not have been taken in
                raise ConnectionError("The server closes the connection.")
            self._unconfirmed.clear()
        self._confirmed_at = time.monotonic()

    async def _connect(self) -> bool:
        """Be connected; whether that took a new connection."""
        if self._socket is not None:
            return False
        self._socket = await open_socket(self._url, self._api_key)
        for event in self._unconfirmed:
            await self._socket.send(event.model_dump_json())
        return True

    async def _persist(self, attempt: Any) -> None:
        """Do something that needs the connection, if need be over a new one.

        Raises:
            RefusedError: the server does not take what is sent.
            OSError, TimeoutError, websockets.exceptions.ConnectionClosed: it could not be reached in the end.
        """
        wait = _FIRST_WAIT_SECONDS
        for number in range(self._attempts + 1):
            try:
                await attempt()
                return
            except RETRYABLE_EXCEPTIONS as error:
                await self._close()
                if (refused := refusal(self._url, error)) is not None:
                    raise refused from error
                if number == self._attempts:
                    raise
                await clock().asleep(wait)
                wait = min(2 * wait, _LONGEST_WAIT_SECONDS)

    async def _close(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            await socket.close()


class AssertingPassthroughEventsClient(PrefectEventsClient):
    """Sends events to a server and keeps them in memory, for tests; see `AssertingEventsClient`."""

    last: ClassVar[AssertingPassthroughEventsClient | None] = None
    all: ClassVar[list[AssertingPassthroughEventsClient]] = []

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    events: list[Event]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        AssertingPassthroughEventsClient.last = self
        AssertingPassthroughEventsClient.all.append(self)
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

    async def _emit(self, event: Event) -> None:
        await super()._emit(event)
        self.events.append(event)

    async def __aenter__(self) -> Self:
        self.events = []
        return await super().__aenter__()


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
        super().__init__(api_url, reconnection_attempts, checkpoint_every, checkpoint_interval)
        self._api_key = api_key


# --- subscribing ----------------------------------------------------------------------------------------


class PrefectEventSubscriber:
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
        self._filter = filter or EventFilter()
        self._stream = Stream(
            socket_url(api_url, "/events/out"),
            self._wish,
            _event_of,
            reconnection_attempts,
            reconnect_on_clean_close,
            self._api_key,
        )

    @property
    def client_name(self) -> str:
        """What the subscriber is called in logs."""
        return type(self).__name__

    def _wish(self) -> dict[str, Any]:
        return {"type": "filter", "filter": wire_filter(self._filter)}

    async def __aenter__(self) -> Self:
        await self._stream.__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        await self._stream.__aexit__()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ReceivedEvent:
        return await self._stream.__anext__()


def wire_filter(filter: EventFilter) -> dict[str, Any]:
    """A filter as it travels. An end that nobody gave does: the original's server takes it for the end of time,
    and would stream nothing after it."""
    told = filter.model_dump(mode="json")
    if "occurred" not in filter.model_fields_set or "until" not in filter.occurred.model_fields_set:
        told["occurred"]["until"] = "9999-01-01T00:00:00Z"
    return told


def _event_of(message: dict[str, Any]) -> tuple[UUID, ReceivedEvent]:
    event = ReceivedEvent.model_validate(message["event"])
    return event.id, event


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


class _StoreEventSubscriber:
    """The events of the store of this process, as they come, whoever puts them there."""

    def __init__(self, filter: EventFilter | None) -> None:
        self._filter = filter or EventFilter()
        self._seen = Seen()
        self._waiting: list[ReceivedEvent] = []
        self._watch: Any = None

    async def __aenter__(self) -> Self:
        from prefect.client.orchestration.local_events import LocalEvents

        self._watch = await asyncio.to_thread(LocalEvents, self._filter)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._watch = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ReceivedEvent:
        while not self._waiting:
            messages = await asyncio.to_thread(self._watch.take)
            new = [message for message in messages if self._seen.add(message.id)]
            self._waiting = [_event_of(_json(message.text))[1] for message in reversed(new)]
            if not messages:
                await clock().asleep(_LOOK_SECONDS)
        return self._waiting.pop()


def _json(text: str) -> Any:
    import orjson

    return orjson.loads(text)

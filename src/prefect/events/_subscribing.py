"""What all subscribers have in common: items as they come, over a server's socket or from the store of this process.

A subscriber is an async context manager and iterator. Not here: items of which kind (`clients`, `log_clients`), the
socket (`_sockets`), how the store is watched (`client/orchestration/local_events`).
"""

from __future__ import annotations

import abc
import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar
from uuid import UUID

import orjson
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosedOK

from prefect._clock import clock
from prefect.events._sockets import ReconnectingSocket, socket_url
from prefect.logging import get_logger

SEEN_SIZE = 500_000
_LOOK_SECONDS = 0.1


class Item(Protocol):
    """What one can subscribe to: a model with an id."""

    id: UUID

    @classmethod
    def model_validate(cls, obj: Any, /) -> Self:
        """The item that is told."""
        ...


T = TypeVar("T", bound=Item)


@dataclass(frozen=True)
class Kind(Generic[T]):
    """A kind of items.

    Attributes:
        name: as messages say it.
        path: of the socket over which a server streams them.
        model: what they are.
        seen_seconds: for how long it is known what has come. A server that tells again, to each new connection,
            what there was lately must not look back as far.
    """

    name: str
    path: str
    model: type[T]
    seen_seconds: float


class Seen:
    """The ids of what was seen lately, bounded by number and age."""

    def __init__(self, size: int, seconds: float) -> None:
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


class Subscriber(abc.ABC, Generic[T]):
    """Items as they come, each once."""

    def __init__(self, kind: Kind[T]) -> None:
        self._kind = kind
        self._seen = Seen(SEEN_SIZE, kind.seen_seconds)
        self._is_entered = False

    @property
    def client_name(self) -> str:
        """What the subscriber is called in logs."""
        return type(self).__name__

    async def __aenter__(self) -> Self:
        await self._open()
        self._is_entered = True
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        self._is_entered = False
        await self._close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        if not self._is_entered:
            raise TypeError(f"A {self.client_name} is read within `async with` only.")
        while True:
            item = self._item(await self._receive())
            if item is not None and self._seen.add(item.id):
                return item

    def _item(self, message: str | bytes) -> T | None:
        """What a message tells; None: nothing that can be understood, which is no reason to miss what follows."""
        try:
            return self._kind.model.model_validate(orjson.loads(message)[self._kind.name])
        except (ValueError, KeyError, TypeError) as error:
            get_logger("events").warning(
                "A message that tells of no %s is left out (%.100r): %r", self._kind.name, message, error
            )
            return None

    @abc.abstractmethod
    async def _open(self) -> None:
        """Begin to watch."""

    @abc.abstractmethod
    async def _close(self) -> None:
        """Watch no more."""

    @abc.abstractmethod
    async def _receive(self) -> str | bytes:
        """The next message.

        Raises:
            StopAsyncIteration: there will be no more.
        """


class ServerSubscriber(Subscriber[T]):
    """The items of a server.

    Args:
        api_url: of the server; default: of the settings.
        filter: which items, as JSON has it.
        attempts: how often it is tried to connect anew, in a row.
        again_after_clean_close: also when the server has closed the stream in good order.
        api_key: who we are, before what the settings say.

    Raises:
        ValueError: no server is named, or `attempts` is negative.
    """

    def __init__(
        self,
        kind: Kind[T],
        api_url: str | None,
        filter: dict[str, Any],
        attempts: int,
        again_after_clean_close: bool,
        api_key: str | None = None,
    ) -> None:
        super().__init__(kind)
        self._wish = orjson.dumps({"type": "filter", "filter": filter}).decode()
        self._again_after_clean_close = again_after_clean_close
        self._socket = ReconnectingSocket(socket_url(api_url, kind.path), self._say_wish, attempts, api_key)

    async def _say_wish(self, connection: ClientConnection) -> None:
        await connection.send(self._wish)

    async def _open(self) -> None:
        await self._socket.connect()

    async def _close(self) -> None:
        await self._socket.close()

    async def _receive(self) -> str | bytes:
        return await self._socket.do(self._receive_over)

    async def _receive_over(self, connection: ClientConnection) -> str | bytes:
        try:
            return await connection.recv()
        except ConnectionClosedOK:
            if self._again_after_clean_close:
                raise
            raise StopAsyncIteration from None


class Watch(Protocol):
    """Watches the store of this process."""

    def take(self) -> Sequence[Any]:
        """What has come since the last look: messages with a `text`."""
        ...


class StoreSubscriber(Subscriber[T]):
    """The items of the store of this process, whoever puts them there.

    Args:
        watch: begins to watch the store; called in a thread.
    """

    def __init__(self, kind: Kind[T], watch: Callable[[], Watch]) -> None:
        super().__init__(kind)
        self._begin = watch
        self._watch: Watch | None = None
        self._looking: asyncio.Task[Sequence[Any]] | None = None
        self._waiting: deque[str] = deque()

    async def _open(self) -> None:
        self._watch = await asyncio.to_thread(self._begin)

    async def _close(self) -> None:
        self._watch = None
        looking, self._looking = self._looking, None
        if looking is not None:
            # what goes wrong with it concerns nobody any more
            await asyncio.gather(looking, return_exceptions=True)

    async def _receive(self) -> str:
        while not self._waiting:
            self._waiting.extend(message.text for message in await self._look())
            if not self._waiting:
                await clock().asleep(_LOOK_SECONDS)
        return self._waiting.popleft()

    async def _look(self) -> Sequence[Any]:
        """What has come. Who waits for it may be cancelled: what the thread takes meanwhile is there the next time."""
        assert self._watch is not None
        if self._looking is None:
            self._looking = asyncio.ensure_future(asyncio.to_thread(self._watch.take))
        await asyncio.wait({self._looking})
        looking, self._looking = self._looking, None
        return looking.result()

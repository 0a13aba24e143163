"""`/events/in`: events that clients send, one a message. They are stored in batches, in the order they come.

Nothing is answered: clients know by pings that they were heard. A client that sends faster than the store takes is
not read for a while. Not here: what becomes of an event (`server/events/receiving`).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

from pydantic import ValidationError

from prefect._clock import clock
from prefect.exceptions import StoreError
from prefect.logging import get_logger
from prefect.schemas.bases import now
from prefect.schemas.events import ReceivedEvent
from prefect.server.api.threads import Threads, TooBusy
from prefect.server.api.websockets.speaking import (
    INTERNAL_ERROR,
    INVALID_DATA,
    Closing,
    SocketEndpoint,
    Speaker,
)
from prefect.server.database.store import Store
from prefect.server.events import bounds
from prefect.server.events.receiving import take_in
from prefect.settings import Settings

MOST_WAITING = 500
MOST_WAITING_CHARACTERS = 4_000_000
TRIES = 6
"""How often a batch is tried to be stored, with growing waits, before the client is told to come again."""


class EventsIn(SocketEndpoint):
    """Takes events from clients."""

    def __init__(self, store: Store, threads: Threads, settings: Settings) -> None:
        super().__init__(settings)
        self._store = store
        self._threads = threads

    async def serve(self, speaker: Speaker) -> None:
        """Take in what is sent, until the client goes."""
        waiting = _Waiting()
        writing = asyncio.ensure_future(self._write(waiting))
        try:
            await self._read(speaker, waiting, writing)
        finally:
            # what was heard is kept, also of a client that has gone
            waiting.end()
            with contextlib.suppress(Closing):
                await writing

    async def _read(self, speaker: Speaker, waiting: _Waiting, writing: asyncio.Future[None]) -> None:
        """Hear until the client goes, or what it says cannot be written."""
        hearing = asyncio.ensure_future(self._hear(speaker, waiting))
        try:
            await asyncio.wait({hearing, writing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            hearing.cancel()
        if writing.done():
            writing.result()
        await hearing

    async def _hear(self, speaker: Speaker, waiting: _Waiting) -> None:
        """Take in events until nothing more comes, or not as it should."""
        while True:
            text = await speaker.hear()
            await waiting.put(event_from(text), len(text))

    async def _write(self, waiting: _Waiting) -> None:
        while batch := await waiting.take():
            await self._store_batch(batch)

    async def _store_batch(self, batch: Sequence[ReceivedEvent]) -> None:
        for attempt in range(TRIES):
            try:
                await self._threads.run(self._take_in, batch)
                return
            except (StoreError, TooBusy) as error:
                get_logger("server.events").warning(
                    "%d events could not be stored (attempt %d of %d): %s",
                    len(batch),
                    attempt + 1,
                    TRIES,
                    error,
                )
                await clock().asleep(0.1 * 2**attempt)
        raise Closing(INTERNAL_ERROR, "The events cannot be stored; send them again.")

    def _take_in(self, batch: Sequence[ReceivedEvent]) -> None:
        with self._store.writing(apart=True) as connection:
            take_in(connection, batch)


def event_from(text: str) -> ReceivedEvent:
    """The event that a message is, received now.

    Raises:
        Closing: it is none, or out of bounds.
    """
    try:
        event = ReceivedEvent.model_validate_json(text)
        event = event.model_copy(update={"received": now()})
        bounds.check([event])
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "message"
        raise Closing(INVALID_DATA, f"Invalid event: {where}: {first['msg']}") from None
    except ValueError as error:
        raise Closing(INVALID_DATA, f"Invalid event: {error}") from None
    return event


class _Waiting:
    """Events that wait to be stored, bounded by their number and size."""

    def __init__(self) -> None:
        self._events: list[ReceivedEvent] = []
        self._characters = 0
        self._ended = False
        self._changed = asyncio.Event()

    async def put(self, event: ReceivedEvent, characters: int) -> None:
        """Add an event, once there is room."""
        while len(self._events) >= MOST_WAITING or self._characters >= MOST_WAITING_CHARACTERS:
            await self._change()
        self._events.append(event)
        self._characters += characters
        self._changed.set()

    async def take(self) -> list[ReceivedEvent]:
        """All that wait, once there are some; none, when there will be no more."""
        while not self._events and not self._ended:
            await self._change()
        taken, self._events, self._characters = self._events, [], 0
        self._changed.set()
        return taken

    def end(self) -> None:
        """There will be no more."""
        self._ended = True
        self._changed.set()

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

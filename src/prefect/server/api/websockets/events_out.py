"""`/events/out`: events that meet a filter, those of the last minutes first and then live ones, each once."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from prefect.schemas.bases import now
from prefect.schemas.event_filters import EventFilter
from prefect.schemas.events import ReceivedEvent
from prefect.server.api.threads import Threads
from prefect.server.api.websockets.speaking import (
    PROTOCOL_ERROR,
    TRY_AGAIN_LATER,
    Closing,
    SocketEndpoint,
    Speaker,
)
from prefect.server.api.websockets.streaming import Stream
from prefect.server.database.store import Store
from prefect.server.events.feed import EVENT, event_text
from prefect.server.events.reading import Place, read_events
from prefect.server.events.watching import event_wanted, live_filter
from prefect.server.operations.narrowing import check_size
from prefect.server.services.live_feed import LiveFeed
from prefect.settings import Settings

_AHEAD = timedelta(seconds=60)
"""So far the clock of who tells an event may be ahead of ours."""

_MOST_REMEMBERED = 10_000
"""Of so many events that were sent first, the newest, it is known that they need not be sent live."""


class EventsOut(SocketEndpoint):
    """Streams events to clients."""

    def __init__(self, store: Store, threads: Threads, feed: LiveFeed | None, settings: Settings) -> None:
        super().__init__(settings)
        self._store = store
        self._threads = threads
        self._feed = feed if settings.server.events.stream_out_enabled else None

    async def serve(self, speaker: Speaker) -> None:
        """Learn what is wanted, and send it."""
        message = await speaker.hear_in_time("filter", PROTOCOL_ERROR)
        filter = filter_of(message, EventFilter)
        if self._feed is None:
            raise Closing(TRY_AGAIN_LATER, "This server streams no events.")
        events = self._settings.server.events
        wanted = live_filter(filter, now(), events.maximum_websocket_backfill)
        backfill = _Backfill(self._store, self._threads, wanted, now(), events.websocket_backfill_page_size)
        prelude = backfill.texts() if message.get("backfill", True) else None
        stream = Stream(speaker, EVENT, event_wanted(wanted), prelude, backfill.sent)
        await stream.run(self._threads, self._feed)


def filter_of(message: dict[str, Any], type: type[Any]) -> Any:
    """The filter that a message holds.

    Raises:
        Closing: it holds none, or not one that can be understood.
    """
    try:
        filter = type.model_validate(message["filter"])
        check_size({"filter": filter})
        return filter
    except KeyError:
        raise Closing(PROTOCOL_ERROR, "Invalid filter: 'filter' is missing") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "filter"
        raise Closing(PROTOCOL_ERROR, f"Invalid filter: {where}: {first['msg']}") from None
    except ValueError as error:
        raise Closing(PROTOCOL_ERROR, f"Invalid filter: {error}") from None


class _Backfill:
    """The events that were there when a watcher came.

    Attributes:
        sent: those of them that may come live, too.
    """

    def __init__(
        self, store: Store, threads: Threads, filter: EventFilter, came: datetime, page_size: int
    ) -> None:
        self.sent: set[UUID] = set()
        self._store = store
        self._threads = threads
        self._came = came
        self._filter = filter
        self._page_size = page_size
        self._remembered: deque[UUID] = deque()

    async def texts(self) -> AsyncIterator[str]:
        after: Place | None = None
        while page := await self._threads.run(self._page, after):
            for event in page:
                yield event_text(event)
                self._remember(event)
            if len(page) < self._page_size:
                return
            after = Place(page[-1].occurred, page[-1].id)

    def _page(self, after: Place | None) -> list[ReceivedEvent]:
        # what happens later comes live
        until = min(self._filter.occurred.until, self._came + _AHEAD)
        occurred = self._filter.occurred.model_copy(update={"until": until})
        filter = self._filter.model_copy(update={"occurred": occurred})
        with self._store.reading() as connection:
            return read_events(connection, filter, self._page_size, after)

    def _remember(self, event: ReceivedEvent) -> None:
        self._remembered.append(event.id)
        self.sent.add(event.id)
        if len(self._remembered) > _MOST_REMEMBERED:
            self.sent.discard(self._remembered.popleft())

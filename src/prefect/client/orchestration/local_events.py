"""What is live, without a server: a process that watches the store of the settings does what a server would.

It listens, tells the states of runs as events, and hands out what comes, for as long as it looks (`take`). With
`local`, on the SDK's side the only place that opens the brain for events. Not here: how that is done
(`server/events`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from prefect.client.orchestration.local import local_client
from prefect.schemas.bases import now
from prefect.schemas.event_filters import EventFilter
from prefect.schemas.filters.logs import LogFilter
from prefect.server.events.feed import EVENT, LOG, Feed, event_text
from prefect.server.events.hub import Message, Subscription
from prefect.server.events.reading import Place, read_events
from prefect.server.events.telling import tell
from prefect.server.events.watching import event_wanted, live_filter, log_wanted
from prefect.settings import get_current_settings

_SLICE = 200


class LocalWatch:
    """Watches the store of this process.

    Args:
        kind: of what is watched.
        wants: which of it.
    """

    def __init__(self, kind: str, wants: Callable[[Any], bool]) -> None:
        self.store = local_client().store
        self._feed = Feed(self.store)
        self._feed.states_came = self._tell
        self._subscription = Subscription(kind, wants, wake=lambda: None)
        self._feed.hub.add(self._subscription)
        self._feed.watch(kind)

    def _tell(self) -> None:
        with self.store.writing(apart=True) as connection:
            tell(connection, _SLICE)

    def take(self) -> list[Message]:
        """What has come since the last look.

        Raises:
            BufferError: more has come since than may wait.
            prefect.exceptions.StoreError: the store has trouble.
        """
        self._feed.step()
        if self._subscription.overflowed:
            raise BufferError("More has come than may wait to be read; watch again.")
        return self._subscription.take()


class LocalEvents(LocalWatch):
    """Watches events: first those of the last minutes, then what comes."""

    def __init__(self, filter: EventFilter) -> None:
        longest = get_current_settings().server.events.maximum_websocket_backfill
        self._filter = live_filter(filter, now(), longest)
        super().__init__(EVENT, event_wanted(self._filter))
        self._after: Place | None = None
        self._is_filled = False

    def take(self) -> list[Message]:
        """What has come since the last look; some of it may have come before."""
        if self._is_filled:
            return super().take()
        size = get_current_settings().server.events.websocket_backfill_page_size
        with self.store.reading() as connection:
            page = read_events(connection, self._filter, size, self._after)
        self._is_filled = len(page) < size
        if page:
            self._after = Place(page[-1].occurred, page[-1].id)
        return [Message(event.id, event_text(event)) for event in page]


def local_logs(filter: LogFilter | None) -> LocalWatch:
    """Watches log records that come."""
    return LocalWatch(LOG, log_wanted(filter))

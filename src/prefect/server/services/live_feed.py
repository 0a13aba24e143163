"""The service that feeds those who watch over sockets of this server. Not here: how (`server/events/feed`)."""

from __future__ import annotations

import time
from collections.abc import Callable

from prefect.server.database.announcing import CHANNEL
from prefect.server.database.store import Store
from prefect.server.events.feed import WATCHED_SECONDS, Feed
from prefect.server.services.service import Service


class LiveFeed(Service):
    """Does what a feed has to do, again and again.

    Attributes:
        feed: the feed; its hub is where those who watch are.
    """

    name = "live-feed"
    rest_seconds = WATCHED_SECONDS / 2

    def __init__(
        self, store: Store, tells_states: bool = True, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self.feed = Feed(store, tells_states, monotonic)
        self._store = store
        self._listen_no_more: Callable[[], None] | None = None

    def watch(self, kind: str) -> None:
        """Have what is written of a kind from now on come to the hub; for new watchers, before they read on.

        Raises:
            prefect.exceptions.StoreError: the store has trouble.
        """
        self.feed.watch(kind)
        self.wake()

    def step(self) -> float:
        """Hand over what has come."""
        if self._listen_no_more is None and not self._store.journal.connections.serial:
            # on SQLite a look costs less than being told of every write
            self._listen_no_more = self._store.listen(CHANNEL, self.wake)
        return self.feed.step()

    def close(self) -> None:
        """Listen no more."""
        if self._listen_no_more is not None:
            self._listen_no_more()

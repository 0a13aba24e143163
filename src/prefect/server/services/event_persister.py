"""The services that tell states as events, and that remove events which are too old.

Telling keeps out of the way of recording: after a slice it rests for a multiple of the time that took, so that states
which come one after the other are told together, and a flood of them is told later, but never slows down the
writers. Not here: what a slice does (`server/events`).
"""

from __future__ import annotations

import time
from collections.abc import Callable

from prefect.schemas.bases import now
from prefect.server.database.store import Store
from prefect.server.events.retention import remove_old_events
from prefect.server.events.telling import read_announced, store_announced
from prefect.server.services.service import Service
from prefect.settings import Settings

SLICE = 50
"""States that are told at once: those who write wait for it, so it takes milliseconds."""

RESTS, RESTS_AFTERWARDS = 9.0, 1.0
"""So many times as long as it works the service rests: while states keep coming, and when they do not any more."""

IDLE_SECONDS = 60.0


class EventPersister(Service):
    """Takes states out of the outbox and stores the events they are.

    Args:
        told: called when events were stored.
        worked: how many seconds the calling thread has worked; waiting for a lock is no work.
    """

    name = "event-persister"
    single = True

    def __init__(
        self,
        store: Store,
        told: Callable[[], None] = lambda: None,
        worked: Callable[[], float] = time.thread_time,
    ) -> None:
        super().__init__()
        self.told = told
        self._store = store
        self._worked = worked
        self._newest: int | None = None

    def step(self) -> float:
        """Tell some states."""
        began = self._worked()
        with self._store.reading() as connection:
            announced = read_announced(connection, SLICE)
        number = len(announced.outbox_ids)
        if number:
            with self._store.writing(apart=True) as connection:
                store_announced(connection, announced)
            self.told()
        keep_coming, self._newest = announced.newest != self._newest, announced.newest
        self.rest_seconds = (RESTS if keep_coming else RESTS_AFTERWARDS) * (self._worked() - began)
        return self.rest_seconds if number >= SLICE else IDLE_SECONDS


class EventVacuum(Service):
    """Removes events that are older than they are kept."""

    name = "event-vacuum"
    single = True

    def __init__(self, store: Store, settings: Settings) -> None:
        super().__init__()
        self._store = store
        self._settings = settings

    def step(self) -> float:
        """Remove some events."""
        vacuum = self._settings.server.services.db_vacuum
        period = self._settings.server.events.retention_period
        with self._store.writing(apart=True) as connection:
            removed = remove_old_events(
                connection, now(), period, vacuum.event_retention_overrides, vacuum.batch_size
            )
        return 0.1 if removed == vacuum.batch_size else vacuum.loop_seconds

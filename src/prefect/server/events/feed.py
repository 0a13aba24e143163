"""What is announced is handed to those who watch in this process, and announcements are kept coming.

A feed says that this process listens (a lease), looks for what has come, loads it once and gives it to the hub;
states in the outbox it only reports to whoever tells them. While nobody watches, that is two small reads a second.
Not here: the hub, the outbox (`telling`), the threads in which it is done (`server/services`).
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import sqlalchemy as sa

from prefect.schemas.bases import now
from prefect.schemas.events import ReceivedEvent
from prefect.schemas.logs import Log
from prefect.server.database.announcing import TO_EVENTS, TO_LOGS, TO_STATES
from prefect.server.database.store import Store
from prefect.server.database.tables import log
from prefect.server.events.hub import Hub
from prefect.server.events.live import (
    LiveItem,
    LiveReader,
    listen,
    newest_number,
    reader_from_now,
    sweep,
)
from prefect.server.events.reading import events_of
from prefect.server.events.telling import is_anything_to_tell
from prefect.server.models.nouns import log_from

EVENT, LOG = "event", "log"
LISTENING_SECONDS = 30.0
"""How long a process is taken to listen after it has said so; it says so three times as often."""

WATCHED_SECONDS, UNWATCHED_SECONDS = 0.05, 0.5
SLICE = 500
SWEEP_SECONDS = 60.0
"""How long a message stays at least, for servers that are slow to read it."""

_RESOURCES = {EVENT: TO_EVENTS, LOG: TO_LOGS}


class Feed:
    """Feeds the hub of this process.

    Args:
        tells_states: states are to be announced, since this process tells them as events.
        monotonic: the clock of waits.

    Attributes:
        hub: where those who watch are.
        states_came: called when states wait to be told.
    """

    def __init__(
        self,
        store: Store,
        tells_states: bool = True,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.hub = Hub()
        self._store = store
        self._tells_states = tells_states
        self.states_came: Callable[[], None] = lambda: None
        self._monotonic = monotonic
        self._holder = f"listener-{uuid4()}"
        self._lock = threading.Lock()
        self._reader: LiveReader | None = None
        # read and not handed over yet: another step does it when the store has trouble
        self._items: list[LiveItem] = []
        # when it was said, and until when it holds: by the clock of waits, and by that of the store
        self._listening: dict[UUID, tuple[float, datetime]] = {}
        self._marks: deque[tuple[float, int]] = deque()
        self._swept = 0

    def watch(self, kind: str) -> None:
        """Have what is written of a kind from now on come to the hub; for new watchers, before they read on.

        Raises:
            prefect.exceptions.StoreError: the store has trouble.
        """
        with self._lock:
            self._listen({kind})
            if self._reader is None:
                with self._store.reading() as connection:
                    self._reader = reader_from_now(connection)

    def step(self) -> float:
        """Say that this process listens, look, hand over; in how many seconds to do it again."""
        with self._lock:
            # seen under the lock: whoever comes now has the reader kept or made after it is let go
            watched = self.hub.watched()
            self._listen(watched)
            if not watched:
                self._reader = None
        if not self._items:
            self._items = self._read()
        number = len(self._items)
        self._publish(self._items)
        self._items = []
        self._sweep()
        if number >= SLICE:
            return 0.0
        return WATCHED_SECONDS if watched else UNWATCHED_SECONDS

    def _listen(self, kinds: frozenset[str] | set[str]) -> None:
        """Say that this process listens, where that was not said lately."""
        wanted = {_RESOURCES[kind] for kind in kinds} | ({TO_STATES} if self._tells_states else set())
        moment = self._monotonic()
        due = {resource for resource in wanted if self._is_due(resource, moment)}
        if not due:
            return
        with self._store.writing(apart=True) as connection:
            began = now()
            until = began + timedelta(seconds=LISTENING_SECONDS)
            listen(connection, sorted(due), self._holder, began, until)
        self._listening.update(dict.fromkeys(due, (moment, until)))

    def _is_due(self, resource: UUID, moment: float) -> bool:
        """Whether it is to be said again. The clock of waits stands still while the machine sleeps."""
        said, until = self._listening.get(resource, (float("-inf"), now()))
        return moment - said >= LISTENING_SECONDS / 3 or now() >= until

    def _read(self) -> list[LiveItem]:
        # the lock first, as whoever comes takes it; and whoever tells states writes: a store in memory cannot be
        # written while it is read
        with self._lock, self._store.reading() as connection:
            states_wait = self._tells_states and is_anything_to_tell(connection)
            items = [] if self._reader is None else self._reader.read(connection, SLICE)
        if states_wait:
            self.states_came()
        return items

    def _publish(self, items: Sequence[LiveItem]) -> None:
        """Give what has come to the hub, in order: all of it, or nothing when the store has trouble."""
        watched = self.hub.watched()
        ids = {kind: [item.id for item in items if item.kind == kind] for kind in watched}
        if not any(ids.values()):
            return
        with self._store.reading() as connection:
            events = events_of(connection, ids.get(EVENT, []))
            logs = _logs_of(connection, ids.get(LOG, []))
        self.hub.publish(EVENT, events, event_text)
        self.hub.publish(LOG, logs, log_text)

    def _sweep(self) -> None:
        """Delete messages that every server has had time to read."""
        moment = self._monotonic()
        if not self._marks or moment - self._marks[-1][0] >= SWEEP_SECONDS / 2:
            with self._store.reading() as connection:
                self._marks.append((moment, newest_number(connection)))
        while moment - self._marks[0][0] >= SWEEP_SECONDS:
            _, number = self._marks.popleft()
            if number > self._swept:
                with self._store.writing(apart=True) as connection:
                    sweep(connection, number)
                self._swept = number


def event_text(event: ReceivedEvent) -> str:
    """An event as its watchers get it."""
    return f'{{"type":"event","event":{event.model_dump_json()}}}'


def log_text(log: Log) -> str:
    """A log record as its watchers get it."""
    return f'{{"type":"log","log":{log.model_dump_json()}}}'


def _logs_of(connection: sa.Connection, ids: Sequence[UUID]) -> list[Log]:
    if not ids:
        return []
    found = {row.id: log_from(row) for row in connection.execute(sa.select(log).where(log.c.id.in_(ids)))}
    return [found[id] for id in ids if id in found]

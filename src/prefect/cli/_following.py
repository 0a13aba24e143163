"""Following the log of a flow run until it has ended: in the store, or at a server, which may go away for a while.

What is new is asked for again and again: that works with every server, and nothing is missed between two of them.
Pure but for asking, printing and waiting, which are handed in. Not here: how a record is printed (`_run_logs`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from prefect._clock import clock
from prefect.cli._server_client import ServerAway
from prefect.schemas.logs import Log

LOOK_SECONDS = 0.5
LATE = timedelta(seconds=10)
"""Records of other processes may come so late, in the order of their times."""

LOOKS_AFTER_THE_END = 3
"""What the run said last may be written after its end."""

PAGE = 200


class Source(Protocol):
    """Where the log is."""

    def logs(self, after: datetime | None, offset: int) -> list[Log]:
        """A page of the records from a moment on, by time.

        Raises:
            ServerAway: the source is away for now.
        """
        ...

    def has_ended(self) -> bool:
        """Whether the run has ended.

        Raises:
            ServerAway: the source is away for now.
        """
        ...


class Follower:
    """Reads a log on and on, each record once.

    Args:
        source: where the log is.
        show: what is done with new records.
        away: called when the source goes away, with the reason.
    """

    def __init__(
        self, source: Source, show: Callable[[list[Log]], None], away: Callable[[ServerAway], None]
    ) -> None:
        self._source = source
        self._show = show
        self._away = away
        self._seen: dict[UUID, datetime] = {}
        self._newest: datetime | None = None
        self._is_away = False

    def begin_after(self, shown: list[Log]) -> None:
        """These were the last records, and have been shown; what is older is not."""
        if not shown:
            return
        self._note(shown)
        newest = shown[-1].timestamp
        for page in self._pages(newest - LATE):
            self._note(record for record in page if record.timestamp <= newest)

    def run(self) -> None:
        """Show what is new until the run has ended, and what comes soon after."""
        looks_left = LOOKS_AFTER_THE_END
        while looks_left > 0:
            try:
                ended = self._source.has_ended()
                self.look()
                self._is_away = False
            except ServerAway as error:
                ended = False
                if not self._is_away:
                    self._away(error)
                self._is_away = True
            looks_left = looks_left - 1 if ended else LOOKS_AFTER_THE_END
            if looks_left > 0:
                clock().sleep(LOOK_SECONDS)

    def look(self) -> None:
        """Show what is new now."""
        for page in self._pages(None if self._newest is None else self._newest - LATE):
            new = [record for record in page if record.id not in self._seen]
            if new:
                self._show(new)
                self._note(new)
        self._forget()

    def _pages(self, after: datetime | None) -> Iterator[list[Log]]:
        offset = 0
        while page := self._source.logs(after, offset):
            yield page
            if len(page) < PAGE:
                return
            offset += len(page)

    def _note(self, records: Iterable[Log]) -> None:
        for record in records:
            self._seen[record.id] = record.timestamp
            if self._newest is None or record.timestamp > self._newest:
                self._newest = record.timestamp

    def _forget(self) -> None:
        """Records before those that are asked for again need not be known."""
        if self._newest is not None:
            oldest = self._newest - LATE
            self._seen = {id: at for id, at in self._seen.items() if at >= oldest}

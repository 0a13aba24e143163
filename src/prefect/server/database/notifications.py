"""Being woken when something is written: by `NOTIFY` on PostgreSQL, by looking at the file's version on SQLite.

Who listens has a callback called, from a thread of this module, when somebody said that there may be something
new; he looks himself what it is. Nothing is promised but that he is called after what was written can be read: he may
be called for nothing, and once for many. Not here: what is written (`announcing` among others).
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING

from prefect.logging import get_logger
from prefect.server.database.opening import Location, connect
from prefect.server.database.options import DatabaseOptions
from prefect.server.database.postgres_opening import connect as connect_postgres
from prefect.server.database.urls import Database, SqliteDatabase

if TYPE_CHECKING:
    import sqlalchemy as sa

LOOK_SECONDS = 0.05
"""How often a SQLite file is looked at, and at most how late a listener stops."""

_LONGEST_WAIT_SECONDS = 0.5
"""How often a thread that waits for notifications looks whether it is to end."""

_PAUSE_SECONDS = 1.0
_REST_SECONDS = 0.01
"""After a connection broke."""

Wake = Callable[[], None]


def notify(connection: sa.Connection, channel: str) -> None:
    """Within a write transaction: wake those who listen to a channel, once it is committed.

    On SQLite there is nothing to do: everybody who listens is woken by whatever is written.
    """
    if connection.dialect.name == "postgresql":
        import sqlalchemy as sa

        connection.execute(sa.select(sa.func.pg_notify(channel, "")))


class Notifications(ABC):
    """Those of this process who listen to a store. From the first on, until the end, a thread waits for them."""

    def __init__(self) -> None:
        self._wakes: dict[str, list[Wake]] = {}
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def listen(self, channel: str, wake: Wake) -> Callable[[], None]:
        """Call `wake` whenever somebody has notified the channel; returns what ends that.

        Args:
            channel: a name of letters, digits and underscores.
        """
        if not channel.isidentifier():
            raise ValueError(f"A channel is named by letters, digits and underscores, not {channel!r}.")
        with self._lock:
            # a new list: the thread may be going through the old one
            self._wakes[channel] = [*self._wakes.get(channel, ()), wake]
            if self._thread is None:
                self._thread = threading.Thread(target=self._live, name="prefect-notifications", daemon=True)
                self._thread.start()

        def stop() -> None:
            with self._lock:
                self._wakes[channel] = [one for one in self._wakes[channel] if one is not wake]

        return stop

    def close(self) -> None:
        """Listen no more."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(2 * _LONGEST_WAIT_SECONDS + 1)

    def _live(self) -> None:
        told = ""
        while not self._ended.is_set():
            try:
                self._wait()
            except Exception as error:
                # a database that is away is away for thousands of attempts
                if str(error) != told:
                    told = str(error)
                    get_logger("store").warning("Waiting for notifications is interrupted: %s", told)
                self._ended.wait(_PAUSE_SECONDS)

    @abstractmethod
    def _wait(self) -> None:
        """Wake who is to be woken, until the end."""

    def _wake(self, channel: str | None = None) -> None:
        """Wake those who listen to a channel; None: all."""
        wakes = self._wakes.values() if channel is None else [self._wakes.get(channel, [])]
        for wake in [one for ones in list(wakes) for one in ones]:
            try:
                wake()
            except Exception:
                get_logger("store").exception("Who was to be notified failed.")


class SqliteNotifications(Notifications):
    """Looks at the version of the file, which every commit changes, whoever makes it."""

    def __init__(self, location: Location) -> None:
        super().__init__()
        self._location = location

    def _wait(self) -> None:
        connection = connect(self._location)
        try:
            seen = None
            while not self._ended.wait(LOOK_SECONDS):
                version = connection.execute("PRAGMA data_version").fetchone()
                if version != seen:
                    seen = version
                    self._wake()
        finally:
            connection.close()


class PostgresNotifications(Notifications):
    """Listens on a connection of its own."""

    def __init__(self, database: Database, options: DatabaseOptions) -> None:
        super().__init__()
        self._database = database
        self._options = options

    def _wait(self) -> None:
        assert not isinstance(self._database, SqliteDatabase)
        with connect_postgres(self._database, self._options) as connection:
            listened: set[str] = set()
            while not self._ended.is_set():
                wanted = set(self._wakes)
                for channel in wanted - listened:
                    connection.execute(f'LISTEN "{channel}"')
                if wanted - listened:
                    listened = wanted
                    # what was said before is not told any more
                    self._wake()
                told = connection.notifies(timeout=_LONGEST_WAIT_SECONDS, stop_after=1)
                for channel in {one.channel for one in told}:
                    self._wake(channel)
                # what comes meanwhile is read at once, and wakes only once
                self._ended.wait(_REST_SECONDS)


def notifications_of(database: Database, options: DatabaseOptions) -> Notifications:
    """What listens to a store."""
    if isinstance(database, SqliteDatabase):
        return SqliteNotifications(database.location)
    return PostgresNotifications(database, options)

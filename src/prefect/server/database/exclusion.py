"""What only one process over a PostgreSQL store may do at a time: an advisory lock, which ends with its connection.

So whoever dies, or is cut off from the database, has given it back, without a time to wait. On SQLite a lock on a
key does it (`server/models/locks`): there the processes are on one machine, which knows who lives. Not here: what is
done exclusively (`server/services`).
"""

from __future__ import annotations

import threading
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from prefect.server.database.options import DatabaseOptions
from prefect.server.database.postgres_opening import connect, driver, store_errors
from prefect.server.database.urls import PostgresDatabase

if TYPE_CHECKING:
    import psycopg


class Exclusion:
    """The names that this process has for itself, on one connection."""

    def __init__(self, database: PostgresDatabase, options: DatabaseOptions) -> None:
        self._database = database
        self._options = options
        self._lock = threading.Lock()
        self._connection: psycopg.Connection[Any] | None = None
        self._held: set[str] = set()

    def take(self, name: str) -> bool:
        """Whether this process has the name for itself now. Ask again before each thing that rests on it.

        Raises:
            prefect.exceptions.StoreError: the database cannot be asked; nothing is held then.
        """
        with self._lock, store_errors(self._database):
            try:
                if self._connection is None:
                    self._connection = connect(self._database, self._options)
                if name in self._held:
                    # the lock is as alive as the connection
                    self._connection.execute("SELECT 1")
                    return True
                query = "SELECT pg_try_advisory_lock(%s)"
                row = self._connection.execute(query, (_number_of(name),)).fetchone()
            except driver().Error:
                self._forget()
                raise
            if row is None or not row[0]:
                return False
            self._held.add(name)
            return True

    def give_back(self, name: str) -> None:
        """Leave the name to others."""
        with self._lock:
            if name in self._held and self._connection is not None:
                self._held.discard(name)
                with suppress(driver().Error):
                    self._connection.execute("SELECT pg_advisory_unlock(%s)", (_number_of(name),))

    def close(self) -> None:
        """Leave all names to others."""
        with self._lock:
            self._forget()

    def _forget(self) -> None:
        self._held.clear()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _number_of(name: str) -> int:
    """What a name is called among PostgreSQL's own locks."""
    return int.from_bytes(sha256(f"prefect.exclusive.{name}".encode()).digest()[:8], "big", signed=True)

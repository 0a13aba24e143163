"""What waits for a server that is away: letters in a file of this machine, in order, one file per server.

Every process that records at that server may append, and any may send what is there: sending twice does no harm,
so that nobody has to wait for a process that is gone. Not here: sending (`dispatch`), what letters say.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from prefect.exceptions import StoreFullError
from prefect.server.database.errors import store_errors
from prefect.server.database.opening import connect

_SCHEMA = """
    CREATE TABLE IF NOT EXISTS letter (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        sender TEXT NOT NULL,
        method TEXT NOT NULL,
        path TEXT NOT NULL,
        body BLOB NOT NULL
    );
"""


class Letter(NamedTuple):
    """A message that will be sent. Its body is JSON, or empty; sending it twice does no harm."""

    method: str
    path: str
    body: bytes


class Kept(NamedTuple):
    """A letter in the spool; numbers tell the order."""

    number: int
    letter: Letter


class Spool:
    """The file of letters for one server. Threads may share it; it is made when first needed.

    Args:
        path: of the file.
        max_bytes: how large it may get.
    """

    def __init__(self, path: Path, max_bytes: int) -> None:
        self.path = path
        self.max_bytes = max_bytes
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._page_bytes = 4096

    def append(self, sender: str, letters: Iterable[Letter]) -> None:
        """Keep letters behind all that are there; the end of this process does not touch them then.

        Args:
            sender: the process that they are from.

        Raises:
            StoreError: they cannot be kept; `StoreFullError` also when the file has reached its bound.
        """
        with self._open() as connection:
            if self._size(connection) > self.max_bytes:
                raise StoreFullError(
                    self.path, f"it has reached PREFECT_ENGINE_SPOOL_MAX_BYTES ({self.max_bytes} bytes)"
                )
            connection.execute("BEGIN IMMEDIATE")
            try:
                insert = "INSERT INTO letter (sender, method, path, body) VALUES (?, ?, ?, ?)"
                connection.executemany(insert, [(sender, *letter) for letter in letters])
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    def first(self, after: int = 0) -> Kept | None:
        """The letter to be sent next, behind that of a number; None when there is none.

        Raises:
            StoreError: the file cannot be read.
        """
        if not self._exists():
            return None
        with self._open() as connection:
            query = "SELECT number, method, path, body FROM letter WHERE number > ? ORDER BY number LIMIT 1"
            row = connection.execute(query, (after,)).fetchone()
        return None if row is None else Kept(row[0], Letter(*row[1:]))

    def remove(self, number: int) -> None:
        """The letters up to that number are sent, or given up.

        Raises:
            StoreError: the file cannot be written.
        """
        with self._open() as connection:
            connection.execute("DELETE FROM letter WHERE number <= ?", (number,))

    def count(self, after: int = 0) -> int:
        """How many letters wait behind that of a number.

        Raises:
            StoreError: the file cannot be read.
        """
        if not self._exists():
            return 0
        with self._open() as connection:
            row = connection.execute("SELECT count(*) FROM letter WHERE number > ?", (after,)).fetchone()
        return int(row[0])

    def close(self) -> None:
        """Close the file; it is opened again when needed. An empty one is deleted by nobody: it is small."""
        with self._lock:
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _exists(self) -> bool:
        return self._connection is not None or self.path.exists()

    def _size(self, connection: sqlite3.Connection) -> int:
        """Bytes in use: pages that were given back are used again before the file grows."""
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        free = connection.execute("PRAGMA freelist_count").fetchone()[0]
        return int(pages - free) * self._page_bytes

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with self._lock, store_errors(self.path):
            if self._connection is None:
                self._connection = self._opened()
            yield self._connection

    def _opened(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # what runs say may be confidential: the file is its owner's alone
        os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        connection = connect(self.path)
        connection.executescript(_SCHEMA)
        self._page_bytes = connection.execute("PRAGMA page_size").fetchone()[0]
        return connection


def spool_path(home: Path, url: str) -> Path:
    """Where the letters for a server are: one file for each URL, in a home."""
    host = urlsplit(url).netloc.rpartition("@")[2].replace(":", "-") or "server"
    name = f"{host}-{hashlib.sha256(url.encode()).hexdigest()[:12]}.db"
    return home / "spool" / name

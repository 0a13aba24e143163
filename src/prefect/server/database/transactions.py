"""Write transactions on plain connections: at most one for each thread, all of it or nothing.

With the rows goes what the process remembers of what it holds (`holdings`): it follows the transaction's end. Not
here: what is written (`journal`), connections (`connections`), errors and what they mean (`errors`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from prefect.server.database.connections import Connection, Connections
from prefect.server.database.holdings import Changes


class _Here(threading.local):
    """The transaction that a thread is in, if any, and what it changes of what the process holds."""

    connection: Connection | None = None
    changes: Changes


class Transactions:
    """The transactions of the threads of one process over one store.

    Args:
        connections: to the store.
        when_taken: called after a transaction by which the process has taken something.
    """

    def __init__(self, connections: Connections, when_taken: Callable[[], object]) -> None:
        self._connections = connections
        self._when_taken = when_taken
        self._here = _Here()

    @property
    def is_open(self) -> bool:
        """Whether the calling thread is in one."""
        return self._here.connection is not None

    @property
    def connection(self) -> Connection:
        """The connection of the transaction that the calling thread is in."""
        connection = self._here.connection
        assert connection is not None, "only within a transaction"
        return connection

    @property
    def changes(self) -> Changes:
        """What the transaction that the calling thread is in changes of what the process holds."""
        return self._here.changes

    @contextmanager
    def begun(self) -> Iterator[Connection]:
        """A new transaction, committed after the block, rolled back when that fails.

        Raises:
            StoreError: the store cannot be written; nothing of the block was, unless the error says it is unsure.
        """
        changes = Changes()
        is_committing = False
        with self._connections.taken() as connection:
            try:
                self._here.connection, self._here.changes = connection, changes
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                is_committing = True
                connection.execute("COMMIT")
                changes.commit()
            except BaseException as error:
                changes.undo()
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                translated = self._connections.trouble(error, is_committing)
                if translated is not None and translated is not error:
                    raise translated from error
                raise
            finally:
                self._here.connection = None
        if changes.takes:
            self._when_taken()

    def begin_anew(self) -> None:
        """Take back everything that the transaction has done so far."""
        self.connection.execute("ROLLBACK")
        self.changes.undo()
        self.connection.execute("BEGIN IMMEDIATE")

    @contextmanager
    def part(self) -> Iterator[None]:
        """A part of the transaction: when it meets what no store takes, nothing of it is left, and the rest goes on."""
        start = self.changes.mark()
        self.connection.execute("SAVEPOINT part")
        try:
            yield
        except self._connections.faults:
            self.connection.execute("ROLLBACK TO part")
            self.changes.go_back_to(start)
            self.connection.execute("RELEASE part")
            raise
        self.connection.execute("RELEASE part")

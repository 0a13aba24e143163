"""The journal as a process uses it that has no store of its own, but speaks to ours: its leases are its own.

Everything in `server/models` that writes through a journal takes a `Delegate` as well. Not here: what such a
process may ask for (`server/operations/engine`), the rows of its leases (`leases`).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from prefect.server.database import statements as sql
from prefect.server.database.batches import Entry, write_batch
from prefect.server.database.journal import Journal
from prefect.server.database.leases import Leases

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from prefect.server.database.connections import Connection


class Held(Protocol):
    """What a process holds, within a transaction."""

    def take(self, kind: str, resource: bytes, attempt: int) -> None: ...
    def drop(self, kind: str, resource: bytes) -> None: ...
    def take_lock(self, resource: bytes, holder: str, until: datetime | None) -> None: ...
    def drop_lock(self, resource: bytes) -> None: ...
    def fence(self, resource: bytes) -> None: ...
    def is_lost(self, flow_run: bytes) -> bool: ...


class Writer(Protocol):
    """What the models ask of a journal."""

    @property
    def leases(self) -> Held: ...
    def transaction(self) -> AbstractContextManager[Connection]: ...
    def reading(self) -> AbstractContextManager[Connection]: ...


class Delegate:
    """The journal on behalf of another process, for one request.

    Args:
        holder: that process, as its leases name it.
        lease_seconds: how long a lease lasts without renewal.
        late: it is heard of late: it may have been taken for dead meanwhile.

    Attributes:
        leases: what that process holds.
    """

    def __init__(
        self, journal: Journal, holder: str, lease_seconds: float = 30.0, late: bool = False
    ) -> None:
        self.holder = holder
        self.late = late
        self.leases = DelegatedLeases(self, lease_seconds)
        self.reading = journal.reading
        self._journal = journal
        self._connection: Connection | None = None

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction of the journal.

        Raises:
            StoreError: the store cannot be written; nothing of it was.
        """
        with self._journal.transaction() as connection:
            self._connection = connection
            try:
                yield connection
            finally:
                self._connection = None

    @property
    def connection(self) -> Connection:
        """That of the transaction which is under way."""
        assert self._connection is not None, "only within a transaction"
        return self._connection

    def write(self, entries: Sequence[Entry]) -> None:
        """Within a transaction: write entries of the journal as if the process had written them itself.

        It must have been found to run the flow runs that they belong to.
        """
        write_batch(self.connection, entries, frozenset(), self.leases.follow_lone_task_run)


class DelegatedLeases(Leases):
    """What the process of a delegate holds; nothing of it is remembered here."""

    def __init__(self, delegate: Delegate, lease_seconds: float) -> None:
        super().__init__(delegate.holder, lease_seconds, lambda: delegate.connection)
        self._late = delegate.late

    def fence(self, resource: bytes) -> None:
        """Nothing to do: what a process says of a run that was given up does not count without a lease."""

    def is_lost(self, flow_run: bytes) -> bool:
        """Whether the process does not run that flow run any more."""
        found = self._connection().execute(sql.LEASE_OF_FLOW_RUN, (flow_run,)).fetchone()
        return not self._late if found is None else bool(found[0] != self.holder)

"""The journal as a process uses it that has no store of its own, but speaks to ours: its leases are its own.

Everything in `server/models` that writes through a journal takes a `Delegate` as well. Not here: what such a
process may ask for (`server/operations/engine`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from prefect.schemas.bases import now
from prefect.schemas.states import TERMINAL_STATES, State
from prefect.server.database import rows
from prefect.server.database import statements as sql
from prefect.server.database.journal import LOCK, TASK_RUN, Journal

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from prefect.server.database.connections import Connection


class Writer(Protocol):
    """What the models ask of a journal."""

    def transaction(self) -> AbstractContextManager[Connection]: ...
    def reading(self) -> AbstractContextManager[Connection]: ...
    def take_lease(self, kind: str, resource: bytes, attempt: int) -> None: ...
    def drop_lease(self, kind: str, resource: bytes) -> None: ...
    def take_lock(self, resource: bytes, holder: str, until: datetime | None) -> None: ...
    def drop_lock(self, resource: bytes) -> None: ...
    def fence(self, resource: bytes) -> None: ...
    def is_lost(self, flow_run: bytes) -> bool: ...


class Delegate:
    """The journal on behalf of another process, for one request.

    Args:
        holder: that process, as its leases name it.
        lease_seconds: how long a lease lasts without renewal.
        late: it is heard of late: it may have been taken for dead meanwhile.
    """

    def __init__(
        self, journal: Journal, holder: str, lease_seconds: float = 30.0, late: bool = False
    ) -> None:
        self.holder = holder
        self.late = late
        self.lease_seconds = lease_seconds
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

    def write(self, entries: Iterable[tuple[Any, ...]]) -> None:
        """Within a transaction: write entries of the journal as if the process had written them itself."""
        self._journal.write_for(self, list(entries))

    # --- leases ----------------------------------------------------------------------------------------

    def take_lease(self, kind: str, resource: bytes, attempt: int) -> None:
        """Within a transaction: the process now runs that attempt of the resource."""
        acquired = now()
        row = (kind, resource, self.holder, attempt, rows.moment(acquired), self._until(acquired))
        self._execute(sql.TAKE_LEASE.sql(1), row)

    def drop_lease(self, kind: str, resource: bytes) -> None:
        """Within a transaction: nobody runs the resource any more."""
        self._execute(sql.DROP_LEASE, (kind, resource))

    def fence(self, resource: bytes) -> None:
        """Nothing to do: what a process says of a run that was given up does not count without a lease."""

    def is_lost(self, flow_run: bytes) -> bool:
        """Within a transaction: whether the process does not run that flow run any more."""
        found = self._execute(sql.LEASE_OF_FLOW_RUN, (flow_run,)).fetchone()
        return not self.late if found is None else found[0] != self.holder

    def take_lock(self, resource: bytes, holder: str, until: datetime | None) -> None:
        """Within a transaction: the process has the lock on the resource, on behalf of `holder`."""
        acquired = now()
        expires = self._until(acquired) if until is None else rows.moment(until)
        owner = f"{self.holder}|{holder}"
        row = (LOCK, resource, owner, int(until is None), rows.moment(acquired), expires)
        self._execute(sql.TAKE_LEASE.sql(1), row)

    def drop_lock(self, resource: bytes) -> None:
        """Within a transaction: nobody has the lock on the resource any more."""
        self._execute(sql.DROP_LEASE, (LOCK, resource))

    def renew(self) -> None:
        """Within a transaction: everything the process holds is its own for another while."""
        expires = self._until(now())
        self._execute(sql.RENEW_LEASES, (expires, self.holder))
        owner = f"{self.holder}|"
        self._execute(sql.RENEW_LOCKS, (expires, len(owner), owner))

    def lease_lone_task_run(self, run: bytes, state: State[Any]) -> None:
        """Within a transaction: a task run outside flows has a lease of its own while it runs."""
        if state.type in TERMINAL_STATES or state.state_details.deferred:
            self.drop_lease(TASK_RUN, run)
        else:
            self.take_lease(TASK_RUN, run, 1)

    def _until(self, acquired: datetime) -> int | None:
        return rows.moment(acquired + timedelta(seconds=self.lease_seconds))

    def _execute(self, statement: str, values: tuple[Any, ...]) -> Any:
        assert self._connection is not None, "only within a transaction"
        return self._connection.execute(statement, values)

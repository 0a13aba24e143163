"""The leases of this process: in the store, and as the process remembers them, so as to notice what it has lost.

Not here: the rows (`leases`), what memory does when a transaction fails (`holdings`), when leases are renewed
(`journal`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from prefect.schemas.bases import now
from prefect.schemas.states import State
from prefect.server.database import statements as sql
from prefect.server.database.holdings import Holdings
from prefect.server.database.leases import TASK_RUN, Leases
from prefect.server.database.transactions import Transactions

if TYPE_CHECKING:
    from prefect.server.database.connections import Connection


class OwnLeases(Leases):
    """What this process holds. Within a transaction, unless a method says that it begins one.

    Args:
        holder, lease_seconds: as `Leases` has them.
        transactions: those of this process.
        transaction: begins one.
    """

    def __init__(
        self,
        holder: str,
        lease_seconds: float,
        transactions: Transactions,
        transaction: Callable[[], AbstractContextManager[Connection]],
    ) -> None:
        super().__init__(holder, lease_seconds, lambda: transactions.connection)
        self._transactions = transactions
        self._transaction = transaction
        self._held = Holdings()
        self._held_until = now()
        self._renewed = time.monotonic()

    # --- taking and giving back ------------------------------------------------------------------------

    def take(self, kind: str, resource: bytes, attempt: int) -> None:
        """This process now runs that attempt of the resource."""
        expires = self._insert(kind, resource, self.holder, attempt, until=None)
        if not self._held.leases:
            self._held_until = expires
        self._transactions.changes.take(self._held.leases, (kind, resource))
        self._held.fenced.discard(resource)

    def drop(self, kind: str, resource: bytes) -> None:
        """The resource is not run by this process any more; nothing happens if it was not."""
        if self._has(kind, resource):
            super().drop(kind, resource)
            self._transactions.changes.drop(self._held.leases, (kind, resource))

    def take_lock(self, resource: bytes, holder: str, until: datetime | None) -> None:
        """This process now has the lock on the resource, on behalf of `holder`; see `Leases`."""
        super().take_lock(resource, holder, until)
        if until is None:
            self._transactions.changes.take(self._held.locks, resource)

    def drop_lock(self, resource: bytes) -> None:
        """Nobody has the lock on the resource any more."""
        super().drop_lock(resource)
        self._transactions.changes.drop(self._held.locks, resource)

    def follow_lone_task_run(self, run: bytes, state: State[Any]) -> None:
        """A task run outside flows has a lease of its own while it runs; see `Leases`."""
        if state.is_final() or state.state_details.deferred or not self._has(TASK_RUN, run):
            super().follow_lone_task_run(run, state)

    def _has(self, kind: str, resource: bytes) -> bool:
        return self._transactions.changes.has(self._held.leases, (kind, resource))

    # --- renewing --------------------------------------------------------------------------------------

    @property
    def look_seconds(self) -> float | None:
        """How often to see whether they are to be renewed; None: there are none."""
        return self.lease_seconds / 3 if self._held.renewed else None

    def renew_in_time(self) -> None:
        """Renew everything, in a transaction of its own, when a third of its time is over.

        Raises:
            StoreError: the store cannot be written.
        """
        if not self._held.renewed or time.monotonic() - self._renewed < self.lease_seconds / 3:
            return
        with self._transaction():
            until = self.renew(locks=bool(self._held.locks))
            self.notice_lost()
        self._renewed, self._held_until = time.monotonic(), until

    # --- losing ----------------------------------------------------------------------------------------

    @property
    def fenced(self) -> set[bytes]:
        """Flow runs of which this process is not listened to any more."""
        return self._held.fenced

    def fence(self, resource: bytes) -> None:
        """What this process still says of the task runs of a flow run does not count any more."""
        self._held.fenced.add(resource)

    def is_lost(self, flow_run: bytes) -> bool:
        """Whether somebody has taken a flow run from this process."""
        self.notice_lost()
        return flow_run in self._held.fenced

    def superseded(self, flow_run: UUID | None) -> bool:
        """Whether somebody has taken a flow run from this process, which must not go on with it then.

        The store is only asked, in a transaction of its own, when the leases have not been renewed in time: before,
        nobody may take them.

        Raises:
            StoreError: the store cannot be asked.
        """
        if now() >= self._held_until and self._held.leases:
            with self._transaction():
                self.notice_lost()
        fenced = self._held.fenced
        return flow_run is not None and bool(fenced) and flow_run.bytes in fenced

    def notice_lost(self) -> None:
        """Fence off the runs that somebody has taken from this process: what it still says of them is void."""
        leases = self._held.leases
        if leases:
            # in this order: what another thread takes meanwhile is not missed, what it drops is not lost
            mine = leases.copy()
            held = set(self._connection().execute(sql.LEASES_HELD, (self.holder,)).fetchall())
            lost = (mine - held) & leases
            self._held.fenced.update(resource for _, resource in lost)
            leases -= lost

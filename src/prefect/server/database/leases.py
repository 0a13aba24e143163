"""The rows by which a process holds things: leases of runs, and locks on keys, which are leases of a kind of their own.

A process holds things on its own behalf (`own_leases`), or the server does it for one that speaks to it
(`delegation`). Not here: what a lease proves (`server/models/leases`), who is alive (`holders`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from prefect.schemas.bases import now
from prefect.schemas.states import TERMINAL_STATES, State
from prefect.server.database import rows
from prefect.server.database import statements as sql

if TYPE_CHECKING:
    from prefect.server.database.connections import Connection

FLOW_RUN = "flow_run"
TASK_RUN = "task_run"
LOCK = "lock"


class Leases:
    """What one process holds, in the store. Everything here happens within a transaction.

    Args:
        holder: the process, as its leases name it.
        lease_seconds: how long they last without renewal.
        connection: that of the transaction that the calling thread is in.
    """

    def __init__(self, holder: str, lease_seconds: float, connection: Callable[[], Connection]) -> None:
        self.holder = holder
        self.lease_seconds = lease_seconds
        self._connection = connection

    def take(self, kind: str, resource: bytes, attempt: int) -> None:
        """The process now runs that attempt of the resource."""
        self._insert(kind, resource, self.holder, attempt, until=None)

    def drop(self, kind: str, resource: bytes) -> None:
        """Nobody runs the resource any more."""
        self._connection().execute(sql.DROP_LEASE, (kind, resource))

    def take_lock(self, resource: bytes, holder: str, until: datetime | None) -> None:
        """The process now has the lock on the resource, on behalf of `holder`.

        Args:
            until: when the lock ends by itself; None: it is renewed while the process lives.
        """
        self._insert(LOCK, resource, f"{self._owner}{holder}", int(until is None), until)

    def drop_lock(self, resource: bytes) -> None:
        """Nobody has the lock on the resource any more."""
        self._connection().execute(sql.DROP_LEASE, (LOCK, resource))

    def follow_lone_task_run(self, run: bytes, state: State[Any]) -> None:
        """A task run outside flows has a lease of its own while it runs.

        One that is deferred is nobody's until a worker takes it.
        """
        if state.type in TERMINAL_STATES or state.state_details.deferred:
            self.drop(TASK_RUN, run)
        else:
            self.take(TASK_RUN, run, 1)

    def renew(self, locks: bool = True) -> datetime:
        """Everything the process holds is its own for another while.

        Args:
            locks: it holds locks, too.

        Returns:
            Until when.
        """
        until = now() + timedelta(seconds=self.lease_seconds)
        expires = rows.moment(until)
        connection = self._connection()
        connection.execute(sql.RENEW_LEASES, (expires, self.holder))
        if locks:
            connection.execute(sql.RENEW_LOCKS, (expires, len(self._owner), self._owner))
        return until

    @property
    def _owner(self) -> str:
        """What the owners of all locks of the process begin with."""
        return f"{self.holder}|"

    def _insert(
        self, kind: str, resource: bytes, holder: str, attempt: int, until: datetime | None
    ) -> datetime:
        acquired = now()
        expires = until or acquired + timedelta(seconds=self.lease_seconds)
        row = (kind, resource, holder, attempt, rows.moment(acquired), rows.moment(expires))
        self._connection().execute(sql.TAKE_LEASE.sql(1), row)
        return expires

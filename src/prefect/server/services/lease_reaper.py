"""The service that ends runs whose process is gone. Not here: which those are, and how they end (`models/recovery`)."""

from __future__ import annotations

from datetime import timedelta

from prefect.logging import get_logger
from prefect.schemas.bases import now
from prefect.server.database import rows
from prefect.server.database.holders import HostFacts, this_host
from prefect.server.database.store import Store
from prefect.server.models.recovery import FLOW_RUN, reap
from prefect.server.services.service import Service

LOOK_SECONDS = 5.0

_EXTEND = "UPDATE lease SET expires_at = ? WHERE kind IN ('flow_run', 'task_run') AND expires_at < ?"


class LeaseReaper(Service):
    """Looks for leases whose holder is gone, or has not renewed them in time.

    Args:
        lease_seconds: how long a lease lasts without renewal.
        here: what can be seen of the processes of this host.
    """

    name = "lease-reaper"
    single = True

    def __init__(self, store: Store, lease_seconds: float, here: HostFacts | None = None) -> None:
        super().__init__()
        self._store = store
        self._lease = timedelta(seconds=lease_seconds)
        self._here = here
        self._has_begun = False

    def step(self) -> float:
        """Look once."""
        if not self._has_begun:
            self._give_time()
            self._has_begun = True
        with self._store.journal.reading() as connection:
            reaped = reap(connection, now(), self._here or this_host())
        for run in reaped:
            if run.kind == FLOW_RUN:
                get_logger("server.services").warning(
                    "The flow run %r has ended: %s", run.name, run.state.message
                )
        return LOOK_SECONDS

    def _give_time(self) -> None:
        """While no server was there nobody could renew: whoever lives has another while for that."""
        until = rows.moment(now() + self._lease)
        with self._store.journal.transaction() as connection:
            connection.execute(_EXTEND, (until, until))

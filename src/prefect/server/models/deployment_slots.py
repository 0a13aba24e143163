"""The slot of its deployment's concurrency limit that a flow run holds, in the transaction of the run's transition.

The limit is locked while it is decided, so that two servers do not give one slot twice. A run that is about to start
holds its slot for a term, which ends by itself when nobody starts it; a run that has started, until it stops. Plain
SQL on the connection of the transition. Not here: the rules (`server/orchestration/flow_rules`), when a lease is live
(`live_leases`), slots that are asked for by name (`concurrency_slots`).
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from prefect.schemas.bases import uuid7
from prefect.schemas.states import StateType
from prefect.server.database import rows
from prefect.server.models.live_leases import is_live
from prefect.server.orchestration import Changes, DeploymentSlots, FlowRunFacts, Terms
from prefect.settings import get_current_settings

if TYPE_CHECKING:
    from prefect.server.database.connections import Connection

_LIMIT = (
    'SELECT l.id, l."limit", d.concurrency_options FROM deployment AS d'
    " JOIN concurrency_limit_v2 AS l ON l.id = d.concurrency_limit_id"
    " WHERE d.id = ? AND l.active /*postgresql FOR UPDATE OF l */"
)
_LEASES = (
    "SELECT concurrency_lease.id, concurrency_lease.holder_type, concurrency_lease.holder_id, concurrency_slot.slots"
    " FROM concurrency_slot JOIN concurrency_lease ON concurrency_lease.id = concurrency_slot.lease_id"
    f" WHERE concurrency_slot.limit_id = ? AND {is_live('?')}"
)
_LEASES_OF_RUN = (
    "SELECT s.lease_id FROM concurrency_slot AS s JOIN concurrency_lease AS c ON c.id = s.lease_id"
    " WHERE s.limit_id = ? AND c.holder_type = 'flow_run' AND c.holder_id = ?"
)
_TAKE_LEASE = (
    "INSERT INTO concurrency_lease (id, acquired_at, expires_at, holder_type, holder_id)"
    " VALUES (?, ?, ?, 'flow_run', ?)"
)
_TAKE_SLOT = "INSERT INTO concurrency_slot (limit_id, lease_id, slots) VALUES (?, ?, 1)"
_RENEW = "UPDATE concurrency_lease SET expires_at = ? WHERE id = ?"
_DROP_SLOTS = "DELETE FROM concurrency_slot WHERE lease_id = ?"
_DROP_LEASE = "DELETE FROM concurrency_lease WHERE id = ?"


class SlotsOfRun:
    """The limit that a flow run is held to, for one transition.

    Args:
        lease: what the run holds its slot by; None: it holds none.
        grace_seconds: how long it may take to start with it.

    Attributes:
        facts: what the rules may know of it.
        terms: how long they let a run wait.
    """

    def __init__(
        self,
        connection: Connection,
        run: UUID,
        limit: bytes,
        facts: DeploymentSlots,
        lease: bytes | None,
        grace_seconds: float,
    ) -> None:
        self.facts = facts
        self.terms = Terms(
            deployment_slot_wait_seconds=get_current_settings().server.deployments.concurrency_slot_wait_seconds
        )
        self._connection = connection
        self._run = run
        self._limit = limit
        self._lease = lease
        self._grace = timedelta(seconds=grace_seconds)

    def settle(self, changes: Changes, entered: StateType, at: datetime) -> Changes:
        """Take, renew or free the slot as was decided; returns the changes with what the state tells of it."""
        if changes.release_slots:
            self._free()
            return changes
        if not (changes.take_slots or changes.renew_slots):
            return changes
        expires = rows.moment(at + self._grace) if entered is StateType.PENDING else None
        lease = self._lease
        if lease is None:
            lease = self._take(at, expires)
        else:
            self._connection.execute(_RENEW, (expires, lease))
        told = {"deployment_concurrency_lease_id": UUID(bytes=lease)}
        return replace(changes, details={**changes.details, **told})

    def _take(self, at: datetime, expires: int | None) -> bytes:
        # what it held before it was taken for dead would count again
        self._free()
        lease = uuid7().bytes
        self._connection.execute(_TAKE_LEASE, (lease, rows.moment(at), expires, self._run.bytes))
        self._connection.execute(_TAKE_SLOT, (self._limit, lease))
        return lease

    def _free(self) -> None:
        found = self._connection.execute(_LEASES_OF_RUN, (self._limit, self._run.bytes)).fetchall()
        for lease in found:
            self._connection.execute(_DROP_SLOTS, tuple(lease))
            self._connection.execute(_DROP_LEASE, tuple(lease))


def slots_of(connection: Connection, run: FlowRunFacts, at: datetime) -> SlotsOfRun | None:
    """The limit that a run is held to, locked to the end of the transaction; None: nothing limits it."""
    if run.deployment_id is None:
        return None
    found = connection.execute(_LIMIT, (run.deployment_id.bytes,)).fetchone()
    if found is None:
        return None
    limit, size, text = found
    leases = connection.execute(_LEASES, (limit, rows.moment(at))).fetchall()
    own = (lease[0] for lease in leases if lease[1] == "flow_run" and lease[2] == run.id.bytes)
    lease = next(own, None)
    options = json.loads(text or "null") or {}
    facts = DeploymentSlots(
        limit=size,
        free=size - sum(lease[3] for lease in leases),
        held=lease is not None,
        on_full=options.get("collision_strategy") or "ENQUEUE",
    )
    default = get_current_settings().server.concurrency.initial_deployment_lease_duration
    grace_seconds = options.get("grace_period_seconds") or default
    return SlotsOfRun(connection, run.id, limit, facts, lease, grace_seconds)

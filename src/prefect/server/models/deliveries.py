"""Scheduled task runs on their way to task workers: each goes to one, whichever server it is connected to.

A run that is given to a worker is claimed for a while, by a lease of the kind `DELIVERY`. The worker proposes the next
state itself; when it does not, since it is gone, the claim ends and the run goes to another. Not here: the socket.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prefect.schemas.runs import TaskRun
from prefect.schemas.states import StateType
from prefect.server.database.inserting import insert_ignoring
from prefect.server.database.tables import lease, task_run, task_run_state, task_worker
from prefect.server.models.json_columns import object_text
from prefect.server.models.nouns import select_task_runs, task_run_from

DELIVERY = "delivery"
CLAIM = timedelta(seconds=60)
"""How long a worker that was given a run may take to propose its next state."""

_MOST_KEYS = 1000


def _waiting(keys: Sequence[str], now: datetime) -> list[Any]:
    """What holds for runs of these tasks that are due, left to workers, and given to none."""
    deferred = sa.cast(object_text(task_run_state.c.state_details, sa.literal("deferred")), sa.Text)
    given = sa.select(lease.c.resource_id).where(
        lease.c.kind == DELIVERY, lease.c.resource_id == task_run.c.id, lease.c.expires_at > now
    )
    return [
        task_run.c.task_key.in_(keys[:_MOST_KEYS]),
        task_run.c.state_type == StateType.SCHEDULED.value,
        task_run.c.next_scheduled_start_time <= now,
        deferred.in_(("1", "true")),
        sa.not_(given.exists()),
    ]


def is_any_waiting(connection: sa.Connection, keys: Sequence[str], now: datetime) -> bool:
    """Whether a run of these tasks waits for a worker."""
    query = select_task_runs().where(*_waiting(keys, now)).limit(1)
    return connection.execute(query).first() is not None


def claim_next(connection: sa.Connection, keys: Sequence[str], worker: str, now: datetime) -> TaskRun | None:
    """The run of these tasks that has waited longest; it is the worker's from now on. None: none waits."""
    query = select_task_runs().where(*_waiting(keys, now))
    query = query.order_by(task_run.c.next_scheduled_start_time, task_run.c.id).limit(1)
    row = connection.execute(query.with_for_update(of=task_run, skip_locked=True)).first()
    if row is None:
        return None
    mine = sa.and_(lease.c.kind == DELIVERY, lease.c.resource_id == row.id)
    connection.execute(sa.delete(lease).where(mine, lease.c.expires_at <= now))
    claimed = connection.execute(
        insert_ignoring(connection, lease),
        {
            "kind": DELIVERY,
            "resource_id": row.id,
            "holder": worker,
            "acquired_at": now,
            "expires_at": now + CLAIM,
        },
    )
    return task_run_from(row) if claimed.rowcount else None


def give_back(connection: sa.Connection, run_id: UUID, worker: str) -> None:
    """A run was not taken by the worker it was given to: it goes to another."""
    mine = (lease.c.kind == DELIVERY, lease.c.resource_id == run_id, lease.c.holder == worker)
    connection.execute(sa.delete(lease).where(*mine))


def forget_claims(connection: sa.Connection, now: datetime) -> None:
    """Delete the claims that have ended."""
    connection.execute(sa.delete(lease).where(lease.c.kind == DELIVERY, lease.c.expires_at <= now))


def register_worker(connection: sa.Connection, worker: str, keys: Sequence[str], now: datetime) -> None:
    """A worker for these tasks is there."""
    remove_worker(connection, worker)
    row = {"identifier": worker, "task_keys": list(keys), "timestamp": now}
    connection.execute(insert_ignoring(connection, task_worker), row)


def remove_worker(connection: sa.Connection, worker: str) -> None:
    """A worker is not there any more."""
    connection.execute(sa.delete(task_worker).where(task_worker.c.identifier == worker))

"""Deleting runs and flows, with everything that is theirs: each function is to be one transaction.

Kept: the flow runs that a deleted one had called (they lose their parent), and artifacts (they are results,
not records of the run). Not here: what old runs are deleted by themselves.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prefect.exceptions import PrefectException
from prefect.schemas.bases import now
from prefect.server.database.tables import (
    concurrency_lease,
    deployment,
    flow,
    flow_run,
    flow_run_input,
    flow_run_state,
    lease,
    log,
    task_run,
    task_run_state,
)
from prefect.server.models.absent import absent
from prefect.server.models.concurrency_limits import delete_own_limits
from prefect.server.models.pages import rows_deleted


class RunIsActive(PrefectException):
    """A run that a living process holds is not deleted by accident."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what} is running: a live process holds it. Wait for its end, cancel it, or force the deletion."
        )


def delete_flow_run(connection: sa.Connection, flow_run_id: UUID, force: bool = False) -> None:
    """Delete a flow run with its task runs, states, logs, inputs, leases and the slots it holds.

    Args:
        force: delete it even while a process runs it; that process will find its attempt refused.

    Raises:
        ObjectNotFound: there is no such run.
        RunIsActive: a process runs it and `force` is false; nothing was deleted.
    """
    runs = sa.select(flow_run.c.id).where(flow_run.c.id == flow_run_id)
    if connection.execute(runs).first() is None:
        raise absent("flow run", flow_run_id)
    if not force and _held(connection, "flow_run", runs, now()):
        raise RunIsActive(f"Flow run {flow_run_id}")
    _delete_flow_runs(connection, runs)


def delete_task_run(connection: sa.Connection, task_run_id: UUID, force: bool = False) -> None:
    """Delete a task run with its states, logs, lease and slots; a flow run it stands for loses its parent.

    Raises:
        ObjectNotFound: there is no such run.
        RunIsActive: a process runs it (outside a flow) and `force` is false; nothing was deleted.
    """
    runs = sa.select(task_run.c.id).where(task_run.c.id == task_run_id)
    if connection.execute(runs).first() is None:
        raise absent("task run", task_run_id)
    if not force and _held(connection, "task_run", runs, now()):
        raise RunIsActive(f"Task run {task_run_id}")
    _delete_task_runs(connection, runs)


def delete_flow(connection: sa.Connection, flow_id: UUID, force: bool = False) -> None:
    """Delete a flow with its deployments and its runs.

    Raises:
        ObjectNotFound: there is no such flow.
        RunIsActive: a process runs it and `force` is false; nothing was deleted.
    """
    if connection.execute(sa.select(flow.c.id).where(flow.c.id == flow_id)).first() is None:
        raise absent("flow", flow_id)
    runs = sa.select(flow_run.c.id).where(flow_run.c.flow_id == flow_id)
    if not force and _held(connection, "flow_run", runs, now()):
        raise RunIsActive(f"A run of flow {flow_id}")
    _delete_flow_runs(connection, runs)
    deployments = sa.select(deployment.c.id).where(deployment.c.flow_id == flow_id)
    delete_own_limits(connection, connection.execute(deployments).scalars().all())
    connection.execute(sa.delete(deployment).where(deployment.c.flow_id == flow_id))
    connection.execute(sa.delete(flow).where(flow.c.id == flow_id))


def _held(connection: sa.Connection, kind: str, runs: Any, at: datetime) -> bool:
    """Whether somebody holds a live lease on one of the runs."""
    query = sa.select(lease.c.resource_id).where(
        lease.c.kind == kind, lease.c.resource_id.in_(runs), lease.c.expires_at > at
    )
    return connection.execute(query.limit(1)).first() is not None


def _delete_flow_runs(connection: sa.Connection, runs: Any) -> None:
    """Delete the flow runs that a query selects; itself last, since the query looks at them."""
    _delete_task_runs(connection, sa.select(task_run.c.id).where(task_run.c.flow_run_id.in_(runs)))
    for table in (log, flow_run_state, flow_run_input):
        connection.execute(sa.delete(table).where(table.c.flow_run_id.in_(runs)))
    _delete_leases(connection, "flow_run", runs)
    connection.execute(sa.delete(flow_run).where(flow_run.c.id.in_(runs)))
    rows_deleted(connection)


def _delete_task_runs(connection: sa.Connection, runs: Any) -> None:
    orphans = sa.update(flow_run).where(flow_run.c.parent_task_run_id.in_(runs))
    connection.execute(orphans.values(parent_task_run_id=None))
    connection.execute(sa.delete(log).where(log.c.task_run_id.in_(runs)))
    connection.execute(sa.delete(task_run_state).where(task_run_state.c.task_run_id.in_(runs)))
    _delete_leases(connection, "task_run", runs)
    connection.execute(sa.delete(task_run).where(task_run.c.id.in_(runs)))
    rows_deleted(connection)


def _delete_leases(connection: sa.Connection, kind: str, runs: Any) -> None:
    """Delete what the runs hold: that they have ended can be seen no more, and slots would stay taken for good."""
    connection.execute(sa.delete(lease).where(lease.c.kind == kind, lease.c.resource_id.in_(runs)))
    held = concurrency_lease
    connection.execute(sa.delete(held).where(held.c.holder_type == kind, held.c.holder_id.in_(runs)))

"""Reading deployments and their schedules. Not here: making and changing them (`deploying`), their runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prefect.schemas.bases import now
from prefect.schemas.deployments import Deployment, DeploymentSchedule, DeploymentStatus
from prefect.schemas.sorting import DeploymentSort
from prefect.server.database.tables import (
    concurrency_limit_v2,
    deployment,
    deployment_schedule,
    flow,
    work_pool,
    work_queue,
)
from prefect.server.models.absent import absent, absent_name
from prefect.server.models.concurrency_limits import global_limits_from
from prefect.server.models.filters import NO_FILTERS, Filters, deployment_conditions
from prefect.server.models.polling import mark_polled
from prefect.settings import get_current_settings

_ORDERS: Mapping[DeploymentSort, sa.ColumnElement[Any]] = {
    DeploymentSort.CREATED_DESC: deployment.c.created.desc(),
    DeploymentSort.UPDATED_DESC: deployment.c.updated.desc(),
    DeploymentSort.NAME_ASC: deployment.c.name.asc(),
    DeploymentSort.NAME_DESC: deployment.c.name.desc(),
    DeploymentSort.CONCURRENCY_LIMIT_ASC: concurrency_limit_v2.c.limit.asc().nulls_last(),
    DeploymentSort.CONCURRENCY_LIMIT_DESC: concurrency_limit_v2.c.limit.desc().nulls_last(),
}

_EMPTY_WHERE_NULL: Mapping[str, type] = {
    "tags": list,
    "labels": dict,
    "parameters": dict,
    "job_variables": dict,
    "pull_steps": list,
}


def read_deployment(connection: sa.Connection, deployment_id: UUID) -> Deployment:
    """The deployment with that id.

    Raises:
        ObjectNotFound: there is none.
    """
    found = _deployments(connection, _select().where(deployment.c.id == deployment_id))
    if not found:
        raise absent("deployment", deployment_id)
    return found[0]


def read_deployment_by_names(connection: sa.Connection, flow_name: str, deployment_name: str) -> Deployment:
    """The deployment of that name of the flow of that name.

    Raises:
        ObjectNotFound: there is none.
    """
    query = _select().join(flow, flow.c.id == deployment.c.flow_id)
    found = _deployments(
        connection, query.where(flow.c.name == flow_name, deployment.c.name == deployment_name)
    )
    if not found:
        raise absent_name("deployment", f"{flow_name}/{deployment_name}")
    return found[0]


def read_deployments(
    connection: sa.Connection,
    filters: Filters = NO_FILTERS,
    sort: DeploymentSort = DeploymentSort.NAME_ASC,
    limit: int | None = None,
    offset: int = 0,
) -> list[Deployment]:
    """The deployments that meet the filters, in that order."""
    query = _select().where(*deployment_conditions(filters)).order_by(_ORDERS[sort], deployment.c.id)
    return _deployments(connection, query.limit(limit).offset(offset))


def count_deployments(connection: sa.Connection, filters: Filters = NO_FILTERS) -> int:
    """How many deployments meet the filters."""
    query = sa.select(sa.func.count()).select_from(deployment).where(*deployment_conditions(filters))
    return connection.execute(query).scalar_one()


def read_schedules(
    connection: sa.Connection, deployment_ids: Collection[UUID]
) -> dict[UUID, list[DeploymentSchedule]]:
    """The schedules of each of the deployments, the latest first."""
    table = deployment_schedule
    query = sa.select(table).where(table.c.deployment_id.in_(deployment_ids)).order_by(table.c.id.desc())
    found: dict[UUID, list[DeploymentSchedule]] = {id: [] for id in deployment_ids}
    for row in connection.execute(query):
        found[row.deployment_id].append(schedule_from(row))
    return found


def schedule_from(row: Any) -> DeploymentSchedule:
    """A row of `deployment_schedule`."""
    return DeploymentSchedule.model_validate({**row._mapping, "parameters": row.parameters or {}})


def _select() -> sa.Select[Any]:
    """Deployments, each with its concurrency limit and the work pool of its queue."""
    joined = (
        deployment.outerjoin(
            concurrency_limit_v2, concurrency_limit_v2.c.id == deployment.c.concurrency_limit_id
        )
        .outerjoin(work_queue, work_queue.c.id == deployment.c.work_queue_id)
        .outerjoin(work_pool, work_pool.c.id == work_queue.c.work_pool_id)
    )
    more = (work_pool.c.name.label("work_pool_name"), work_queue.c.last_polled.label("queue_polled"))
    return sa.select(deployment, *more).select_from(joined)


def _deployments(connection: sa.Connection, query: sa.Select[Any]) -> list[Deployment]:
    rows = list(connection.execute(query))
    schedules = read_schedules(connection, [row.id for row in rows])
    limit_ids = [row.concurrency_limit_id for row in rows if row.concurrency_limit_id is not None]
    limits = {}
    if limit_ids:
        wanted = sa.select(concurrency_limit_v2).where(concurrency_limit_v2.c.id.in_(limit_ids))
        found = global_limits_from(connection, list(connection.execute(wanted)))
        limits = {limit.id: limit for limit in found}
    return [_deployment(row, schedules[row.id], limits.get(row.concurrency_limit_id)) for row in rows]


def _deployment(row: Any, schedules: list[DeploymentSchedule], limit: Any) -> Deployment:
    fields = dict(row._mapping)
    for name, empty in _EMPTY_WHERE_NULL.items():
        fields[name] = fields[name] or empty()
    polled = max((one for one in (row.last_polled, row.queue_polled) if one is not None), default=None)
    told = {"status": _status(polled), "last_polled": polled, "schedules": schedules}
    return Deployment.model_validate({**fields, **told, "global_concurrency_limit": limit})


def _status(polled: datetime | None) -> DeploymentStatus:
    """Whether somebody has asked for its runs lately, by the clock."""
    foreman = get_current_settings().server.services.foreman
    patience = timedelta(seconds=foreman.deployment_last_polled_timeout_seconds)
    ready = polled is not None and now() - polled <= patience
    return DeploymentStatus.READY if ready else DeploymentStatus.NOT_READY


def mark_deployments_polled(connection: sa.Connection, deployment_ids: Collection[UUID]) -> None:
    """Note that somebody has just asked for runs of these deployments; of those in a queue, the queue knows."""
    mark_polled(connection, deployment, deployment_ids)

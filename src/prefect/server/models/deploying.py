"""Making, changing and deleting deployments and their schedules. Not here: reading them (`deployments`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prefect.exceptions import ObjectAlreadyExists
from prefect.schemas.actions.concurrency import GlobalConcurrencyLimitCreate
from prefect.schemas.actions.deployments import (
    DeploymentCreate,
    DeploymentScheduleCreate,
    DeploymentScheduleUpdate,
    DeploymentUpdate,
)
from prefect.schemas.bases import now, uuid7
from prefect.schemas.deployments import Deployment, DeploymentSchedule, DeploymentStatus
from prefect.schemas.states import StateType
from prefect.server.database.tables import (
    concurrency_limit_v2,
    deployment,
    deployment_schedule,
    flow,
    flow_run,
)
from prefect.server.models.absent import absent
from prefect.server.models.concurrency_limits import create_global_limit, delete_own_limits, own_limit_name
from prefect.server.models.deletion import delete_flow_run
from prefect.server.models.deployments import read_deployment, schedule_from
from prefect.server.models.job_variables import check_job_variables
from prefect.server.models.parameters import ParameterSchemaMismatch, check_parameters, check_schema
from prefect.server.models.work_queues import queue_named

# What a request says beside the columns that it sets.
_ELSEWHERE = {
    "schedules", "concurrency_limit", "global_concurrency_limit_id", "work_pool_name", "branch", "base",
    "root",
}  # fmt: skip

Schedule = DeploymentScheduleCreate | DeploymentScheduleUpdate

# --- deployments ----------------------------------------------------------------------------------------


def create_deployment(connection: sa.Connection, asked: DeploymentCreate) -> Deployment:
    """Make a deployment, or change the one of that name of that flow.

    Then fields that are not set stay; parameters and schedules are those of the request.

    Raises:
        ObjectNotFound: there is no such flow or work pool.
        ValueError: the parameters do not fit the schema, or the schema is none.
    """
    of_flow = connection.execute(sa.select(flow.c.labels).where(flow.c.id == asked.flow_id)).first()
    if of_flow is None:
        raise absent("flow", asked.flow_id)
    if asked.parameter_openapi_schema:
        check_schema(asked.parameter_openapi_schema)
    if asked.enforce_parameter_schema is not False:
        _check_first_parameters(asked)
    there = sa.select(deployment.c.id).where(
        deployment.c.flow_id == asked.flow_id, deployment.c.name == asked.name
    )
    id: UUID | None = connection.execute(there).scalar()
    if id is not None:
        _change(connection, id, asked, {"parameters": asked.parameters}, asked.schedules)
        return read_deployment(connection, id)
    id, moment = uuid7(), now()
    first = {"id": id, "created": moment, "updated": moment, "status": DeploymentStatus.NOT_READY.value}
    told = {name: value for name, value in _columns(asked, unset=True).items() if value is not None}
    told["labels"] = {"prefect.flow.id": str(asked.flow_id), **(of_flow.labels or {}), **(asked.labels or {})}
    connection.execute(sa.insert(deployment).values({**told, **first}))
    _change(connection, id, asked, {}, asked.schedules)
    return read_deployment(connection, id)


def update_deployment(connection: sa.Connection, deployment_id: UUID, asked: DeploymentUpdate) -> None:
    """Change a deployment; fields that are not set stay, schedules that are set take the place of the old.

    Raises:
        ObjectNotFound: there is no such deployment or work pool.
        ParameterSchemaMismatch: the parameters do not fit the schema.
        ValueError: the schema is none.
    """
    _check_changed_parameters(read_deployment(connection, deployment_id), asked)
    _change(connection, deployment_id, asked, {}, asked.schedules)


def _check_first_parameters(asked: DeploymentCreate) -> None:
    try:
        check_parameters(asked.parameters, asked.parameter_openapi_schema)
    except ParameterSchemaMismatch as error:
        # nothing is there yet that they are in conflict with
        raise ValueError(str(error)) from None


def _check_changed_parameters(there: Deployment, asked: DeploymentUpdate) -> None:
    told = asked.model_dump(include={"parameters", "parameter_openapi_schema"}, exclude_unset=True)
    if told.get("parameter_openapi_schema"):
        check_schema(told["parameter_openapi_schema"])
    enforced = asked.enforce_parameter_schema
    if there.enforce_parameter_schema if enforced is None else enforced:
        schema = told.get("parameter_openapi_schema", there.parameter_openapi_schema)
        check_parameters(told.get("parameters") or there.parameters, schema)


def set_paused(connection: sa.Connection, deployment_id: UUID, paused: bool) -> None:
    """Let the schedules of a deployment rest or go on. Runs it has planned already are dropped.

    Raises:
        ObjectNotFound: there is no such deployment.
    """
    values = {"paused": paused, "updated": now()}
    query = sa.update(deployment).where(deployment.c.id == deployment_id).values(values)
    if connection.execute(query).rowcount == 0:
        raise absent("deployment", deployment_id)
    if paused:
        _drop_scheduled_runs(connection, deployment_id, flow_run.c.auto_scheduled.is_(True))


def delete_deployment(connection: sa.Connection, deployment_id: UUID) -> None:
    """Delete a deployment with its schedules, its limit and the runs it has not begun; others stay.

    Raises:
        ObjectNotFound: there is no such deployment.
    """
    _must_exist(connection, deployment_id)
    _drop_scheduled_runs(connection, deployment_id, sa.true())
    connection.execute(sa.delete(deployment).where(deployment.c.id == deployment_id))
    delete_own_limits(connection, [deployment_id])


def _must_exist(connection: sa.Connection, deployment_id: UUID) -> None:
    query = sa.select(deployment.c.id).where(deployment.c.id == deployment_id)
    if connection.execute(query).first() is None:
        raise absent("deployment", deployment_id)


def _drop_scheduled_runs(
    connection: sa.Connection, deployment_id: UUID, which: sa.ColumnElement[bool]
) -> None:
    scheduled = sa.select(flow_run.c.id).where(
        flow_run.c.deployment_id == deployment_id, flow_run.c.state_type == StateType.SCHEDULED.value, which
    )
    for id in list(connection.execute(scheduled).scalars()):
        delete_flow_run(connection, id, force=True)


def _columns(asked: DeploymentCreate | DeploymentUpdate, unset: bool) -> dict[str, Any]:
    return asked.model_dump(mode="json", exclude=_ELSEWHERE, exclude_unset=not unset)


def _change(
    connection: sa.Connection,
    deployment_id: UUID,
    asked: DeploymentCreate | DeploymentUpdate,
    more: Mapping[str, Any],
    schedules: Sequence[Schedule] | None,
) -> None:
    values = {**_columns(asked, unset=False), **more, "updated": now()}
    if asked.work_pool_name is not None:
        queue = queue_named(connection, asked.work_pool_name, asked.work_queue_name)
        values["work_queue_id"], values["work_queue_name"] = queue
    if asked.global_concurrency_limit_id is not None:
        values["concurrency_limit_id"] = asked.global_concurrency_limit_id
    elif "concurrency_limit" in asked.model_fields_set:
        values["concurrency_limit_id"] = _own_limit(connection, deployment_id, asked.concurrency_limit)
    # a request may name a field only to say nothing about it
    required = {"paused": False, "enforce_parameter_schema": True}
    told = {name: value for name, value in values.items() if name not in required or value is not None}
    changed = sa.update(deployment).where(deployment.c.id == deployment_id).values(told)
    row = connection.execute(changed.returning(deployment.c.work_queue_id, deployment.c.job_variables)).one()
    if asked.job_variables is not None or asked.work_pool_name is not None:
        check_job_variables(connection, row.work_queue_id, row.job_variables or {})
    if schedules is not None:
        replace_schedules(connection, deployment_id, schedules)


def _own_limit(connection: sa.Connection, deployment_id: UUID, limit: int | None) -> UUID | None:
    """The id of the concurrency limit that is a deployment's own; None takes it away."""
    if limit is None:
        delete_own_limits(connection, [deployment_id])
        return None
    table, name = concurrency_limit_v2, own_limit_name(deployment_id)
    changed = sa.update(table).where(table.c.name == name).values(limit=limit, updated=now())
    id: UUID | None = connection.execute(changed.returning(table.c.id)).scalar()
    return id or create_global_limit(connection, GlobalConcurrencyLimitCreate(name=name, limit=limit)).id


# --- schedules ------------------------------------------------------------------------------------------


def replace_schedules(connection: sa.Connection, deployment_id: UUID, schedules: Sequence[Schedule]) -> None:
    """Put schedules in the place of all that a deployment has; one of a slug that is there keeps its id."""
    table = deployment_schedule
    there = sa.select(table.c.id, table.c.slug).where(table.c.deployment_id == deployment_id)
    ids = {row.slug: row.id for row in connection.execute(there) if row.slug is not None}
    connection.execute(sa.delete(table).where(table.c.deployment_id == deployment_id))
    for schedule in schedules:
        id = ids.get(schedule.replaces) or ids.get(schedule.slug)
        _insert(connection, deployment_id, schedule, id)


def create_schedules(
    connection: sa.Connection, deployment_id: UUID, schedules: Sequence[DeploymentScheduleCreate]
) -> list[DeploymentSchedule]:
    """Add schedules to a deployment.

    Raises:
        ObjectNotFound: there is no such deployment.
        ObjectAlreadyExists: the deployment has a schedule of that slug.
    """
    _must_exist(connection, deployment_id)
    table = deployment_schedule
    for schedule in schedules:
        same = sa.select(table.c.id).where(
            table.c.deployment_id == deployment_id, table.c.slug == schedule.slug
        )
        if schedule.slug is not None and connection.execute(same).first() is not None:
            raise ObjectAlreadyExists(
                LookupError(
                    f"Deployment {deployment_id} already has a schedule with the slug {schedule.slug!r}."
                )
            )
    return [_insert(connection, deployment_id, schedule) for schedule in schedules]


def update_schedule(
    connection: sa.Connection, deployment_id: UUID, schedule_id: UUID, asked: DeploymentScheduleUpdate
) -> None:
    """Change a schedule; fields that are not set stay.

    Raises:
        ObjectNotFound: the deployment has no such schedule.
    """
    told = asked.model_dump(mode="json", exclude_unset=True, exclude={"replaces"})
    values = {name: value for name, value in told.items() if value is not None}
    query = sa.update(deployment_schedule).where(*_one(deployment_id, schedule_id))
    if connection.execute(query.values({**values, "updated": now()})).rowcount == 0:
        raise absent("deployment schedule", schedule_id)


def delete_schedule(connection: sa.Connection, deployment_id: UUID, schedule_id: UUID) -> None:
    """Take a schedule away.

    Raises:
        ObjectNotFound: the deployment has no such schedule.
    """
    query = sa.delete(deployment_schedule).where(*_one(deployment_id, schedule_id))
    if connection.execute(query).rowcount == 0:
        raise absent("deployment schedule", schedule_id)


def _one(deployment_id: UUID, schedule_id: UUID) -> tuple[sa.ColumnElement[bool], ...]:
    table = deployment_schedule
    return table.c.id == schedule_id, table.c.deployment_id == deployment_id


def _insert(
    connection: sa.Connection, deployment_id: UUID, asked: Schedule, id: UUID | None = None
) -> DeploymentSchedule:
    moment, told = now(), asked.model_dump(mode="json", exclude={"replaces"})
    row = {"id": id or uuid7(), "created": moment, "updated": moment, "deployment_id": deployment_id, **told}
    row["active"] = True if asked.active is None else asked.active
    query = sa.insert(deployment_schedule).values(row).returning(deployment_schedule)
    return schedule_from(connection.execute(query).one())

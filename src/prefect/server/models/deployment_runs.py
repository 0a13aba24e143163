"""Runs of deployments: made from what the deployment says and what the caller adds, and those that are due.

Not here: planning runs from schedules, running them.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prefect.schemas.actions.runs import DeploymentFlowRunCreate, FlowRunCreate
from prefect.schemas.actions.states import StateCreate
from prefect.schemas.bases import now
from prefect.schemas.deployments import Deployment
from prefect.schemas.runs import FlowRun
from prefect.schemas.states import StateDetails, StateType
from prefect.server.database.tables import flow_run
from prefect.server.models.creation import create_flow_run
from prefect.server.models.deployments import read_deployment
from prefect.server.models.job_variables import check_job_variables
from prefect.server.models.nouns import flow_run_from, select_flow_runs
from prefect.server.models.parameters import check_parameters, made_values
from prefect.server.models.work_queues import queue_named


def create_run_of_deployment(
    connection: sa.Connection, deployment_id: UUID, asked: DeploymentFlowRunCreate
) -> FlowRun:
    """Make a run of a deployment; it is scheduled for now unless it is asked for in another state.

    Raises:
        ObjectNotFound: there is no such deployment.
        ParameterSchemaMismatch: the parameters do not fit the schema that the deployment holds them to.
        ValueError: something in the parameters stands for no value, or the job variables do not fit the pool.
    """
    source = read_deployment(connection, deployment_id)
    run = run_of_deployment(source, asked)
    run.parameters = made_values(connection, run.parameters)
    enforced = asked.enforce_parameter_schema
    if source.enforce_parameter_schema if enforced is None else enforced:
        check_parameters(run.parameters, source.parameter_openapi_schema, complete=True)
    queue: dict[str, Any] = {"work_queue_id": source.work_queue_id, "work_queue_name": source.work_queue_name}
    if asked.work_queue_name is not None and source.work_pool_name is not None:
        queue_id, name = queue_named(connection, source.work_pool_name, asked.work_queue_name)
        queue = {"work_queue_id": queue_id, "work_queue_name": name}
    job_variables = {**source.job_variables, **(run.job_variables or {})}
    check_job_variables(connection, queue["work_queue_id"], job_variables, complete=True)
    known = {**queue, "deployment_version": source.version, "created_by": None}
    return create_flow_run(connection, run, **known)


def run_of_deployment(source: Deployment, asked: DeploymentFlowRunCreate) -> FlowRunCreate:
    """What is asked for on top of what the deployment says: parameters and labels by key, tags together."""
    due_now = StateCreate(
        type=StateType.SCHEDULED, name="Scheduled", state_details=StateDetails(scheduled_time=now())
    )
    labels = {"prefect.deployment.id": str(source.id), **source.labels, **asked.labels}
    return FlowRunCreate(
        name=asked.name,
        flow_id=source.flow_id,
        deployment_id=source.id,
        state=asked.state or due_now,
        parameters={**source.parameters, **asked.parameters},
        context=asked.context,
        parent_task_run_id=asked.parent_task_run_id,
        infrastructure_document_id=asked.infrastructure_document_id or source.infrastructure_document_id,
        empirical_policy=asked.empirical_policy,
        tags=list(dict.fromkeys([*source.tags, *asked.tags])),
        idempotency_key=asked.idempotency_key,
        labels=labels,
        job_variables=asked.job_variables,
    )


def read_due_runs(
    connection: sa.Connection, deployment_ids: Collection[UUID], scheduled_before: datetime | None, limit: int
) -> list[FlowRun]:
    """The scheduled runs of deployments, the earliest first.

    Args:
        scheduled_before: only those that are due by then; None: all.
    """
    conditions = [
        flow_run.c.deployment_id.in_(list(deployment_ids)),
        flow_run.c.state_type == StateType.SCHEDULED.value,
    ]
    if scheduled_before is not None:
        conditions.append(flow_run.c.next_scheduled_start_time <= scheduled_before)
    query = select_flow_runs().where(*conditions).order_by(flow_run.c.next_scheduled_start_time).limit(limit)
    return [flow_run_from(row) for row in connection.execute(query)]

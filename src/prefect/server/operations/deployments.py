"""What operations on deployments do."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prefect.exceptions import ObjectNotFound
from prefect.schemas.actions.deployments import (
    DeploymentCreate,
    DeploymentScheduleCreate,
    DeploymentScheduleUpdate,
    DeploymentUpdate,
)
from prefect.schemas.actions.runs import DeploymentFlowRunCreate
from prefect.schemas.bases import now
from prefect.schemas.deployments import Deployment, DeploymentSchedule
from prefect.schemas.filters.deployments import DeploymentFilter
from prefect.schemas.responses import (
    BulkDeleteResponse,
    DeploymentPaginationResponse,
    FlowRunBulkCreateResponse,
    FlowRunCreateResult,
)
from prefect.schemas.runs import FlowRun
from prefect.schemas.sorting import DeploymentSort
from prefect.schemas.work_queues import WorkQueue
from prefect.server.models import deploying, deployment_runs, deployments, planning, work_queues
from prefect.server.operations.doing import reads, writes, writes_apart
from prefect.server.operations.narrowing import check_listed, narrowed
from prefect.server.operations.paging import at_most, offset_of, page_facts
from prefect.settings import get_current_settings

reads(deployments.read_deployment)
reads(deployments.read_deployment_by_names)
writes(deploying.delete_deployment)


@writes
def create_deployment(connection: sa.Connection, deployment: DeploymentCreate) -> Deployment:
    return deploying.create_deployment(connection, deployment)


@reads
def read_deployments(
    connection: sa.Connection, limit: int | None, sort: DeploymentSort | None, offset: int, **filters: Any
) -> list[Deployment]:
    order = sort or DeploymentSort.NAME_ASC
    return deployments.read_deployments(connection, narrowed(filters), order, at_most(limit), offset)


@reads
def paginate_deployments(
    connection: sa.Connection, sort: DeploymentSort | None, page: int, limit: int | None, **filters: Any
) -> DeploymentPaginationResponse:
    size, wanted = at_most(limit), narrowed(filters)
    order = sort or DeploymentSort.NAME_ASC
    found = deployments.read_deployments(connection, wanted, order, size, offset_of(page, size))
    facts = page_facts(page, size, deployments.count_deployments(connection, wanted))
    return DeploymentPaginationResponse(results=found, **facts)


@reads
def count_deployments(connection: sa.Connection, **filters: Any) -> int:
    return deployments.count_deployments(connection, narrowed(filters))


@writes
def update_deployment(connection: sa.Connection, deployment_id: UUID, deployment: DeploymentUpdate) -> None:
    deploying.update_deployment(connection, deployment_id, deployment)


@writes
def bulk_delete_deployments(
    connection: sa.Connection, deployment_filter: DeploymentFilter | None, limit: int
) -> BulkDeleteResponse:
    wanted = narrowed({"deployment_filter": deployment_filter})
    found = deployments.read_deployments(connection, wanted, limit=limit)
    for one in found:
        deploying.delete_deployment(connection, one.id)
    return BulkDeleteResponse(deleted=[one.id for one in found])


@writes
def pause_deployment(connection: sa.Connection, deployment_id: UUID) -> None:
    deploying.set_paused(connection, deployment_id, paused=True)


@writes
def resume_deployment(connection: sa.Connection, deployment_id: UUID) -> None:
    deploying.set_paused(connection, deployment_id, paused=False)


# --- schedules ------------------------------------------------------------------------------------------


@reads
def read_deployment_schedules(connection: sa.Connection, deployment_id: UUID) -> list[DeploymentSchedule]:
    return deployments.read_deployment(connection, deployment_id).schedules


@writes
def create_deployment_schedules(
    connection: sa.Connection, deployment_id: UUID, schedules: list[DeploymentScheduleCreate]
) -> list[DeploymentSchedule]:
    return deploying.create_schedules(connection, deployment_id, schedules)


@writes
def update_deployment_schedule(
    connection: sa.Connection, deployment_id: UUID, schedule_id: UUID, schedule: DeploymentScheduleUpdate
) -> None:
    deploying.update_schedule(connection, deployment_id, schedule_id, schedule)


@writes
def delete_deployment_schedule(connection: sa.Connection, deployment_id: UUID, schedule_id: UUID) -> None:
    deploying.delete_schedule(connection, deployment_id, schedule_id)


@writes
def schedule_deployment(
    connection: sa.Connection,
    deployment_id: UUID,
    start_time: datetime | None,
    end_time: datetime | None,
    min_time: timedelta | None,
    min_runs: int | None,
    max_runs: int | None,
) -> None:
    told = get_current_settings().server.services.scheduler
    start = start_time or now()
    horizon = planning.Horizon(
        start=start,
        end=end_time or start + told.max_scheduled_time,
        at_least=told.min_scheduled_time if min_time is None else min_time,
        min_runs=told.min_runs if min_runs is None else min_runs,
        max_runs=told.max_runs if max_runs is None else max_runs,
    )
    planning.plan_runs(connection, deployment_id, horizon)


@reads
def work_queue_check_for_deployment(connection: sa.Connection, deployment_id: UUID) -> list[WorkQueue]:
    queue_id = deployments.read_deployment(connection, deployment_id).work_queue_id
    return [] if queue_id is None else [work_queues.read_work_queue(connection, queue_id)]


# --- runs -----------------------------------------------------------------------------------------------


@writes
def create_flow_run_from_deployment(
    connection: sa.Connection, deployment_id: UUID, flow_run: DeploymentFlowRunCreate
) -> FlowRun:
    return deployment_runs.create_run_of_deployment(connection, deployment_id, flow_run)


@writes
def bulk_create_flow_runs_from_deployment(
    connection: sa.Connection, deployment_id: UUID, flow_runs: list[DeploymentFlowRunCreate]
) -> FlowRunBulkCreateResponse:
    deployments.read_deployment(connection, deployment_id)
    results = []
    for asked in flow_runs:
        try:
            run = deployment_runs.create_run_of_deployment(connection, deployment_id, asked)
        except (ObjectNotFound, ValueError) as error:
            results.append(FlowRunCreateResult(status="FAILED", error=str(error)))
        else:
            results.append(FlowRunCreateResult(status="CREATED", flow_run_id=run.id))
    return FlowRunBulkCreateResponse(results=results)


@writes_apart
def get_scheduled_flow_runs_for_deployments(
    connection: sa.Connection,
    deployment_ids: list[UUID],
    scheduled_before: datetime | None,
    limit: int | None,
) -> list[FlowRun]:
    check_listed("deployment_ids", deployment_ids)
    deployments.mark_deployments_polled(connection, deployment_ids)
    return deployment_runs.read_due_runs(connection, deployment_ids, scheduled_before, at_most(limit))

"""Runs that the schedules of a deployment ask for, made ahead of their time.

Asking twice makes each run once: it is known by deployment, schedule and moment. Not here: which moments those
are (`prefect.schemas.schedule_dates`), asking at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa

from prefect.schemas.actions.runs import DeploymentFlowRunCreate
from prefect.schemas.actions.states import StateCreate
from prefect.schemas.deployments import Deployment, DeploymentSchedule
from prefect.schemas.states import StateDetails, StateType
from prefect.server.models.creation import create_flow_run
from prefect.server.models.deployment_runs import run_of_deployment
from prefect.server.models.deployments import read_deployment

_TAG = "auto-scheduled"


class Horizon(NamedTuple):
    """How far ahead runs are made, for each schedule.

    Attributes:
        start, end: no run before or after.
        at_least: all runs of so long a time from the start.
        min_runs, max_runs: at least so many runs, if there are as many before the end, and at most.
    """

    start: datetime
    end: datetime
    at_least: timedelta
    min_runs: int
    max_runs: int


def plan_runs(connection: sa.Connection, deployment_id: UUID, horizon: Horizon) -> list[UUID]:
    """Make the runs of a deployment that its active schedules ask for; none while it is paused.

    Raises:
        ObjectNotFound: there is no such deployment.
    """
    deployment = read_deployment(connection, deployment_id)
    if deployment.paused:
        return []
    return [
        _make_run(connection, deployment, schedule, moment)
        for schedule in deployment.schedules
        if schedule.active
        for moment in moments_of(schedule, horizon)
    ]


def moments_of(schedule: DeploymentSchedule, horizon: Horizon) -> Iterator[datetime]:
    """The moments within the horizon at which a schedule asks for runs, in UTC."""
    most = min(horizon.max_runs, schedule.max_scheduled_runs or horizon.max_runs)
    near = horizon.start + horizon.at_least
    for number, moment in enumerate(schedule.schedule.get_dates(most, horizon.start, horizon.end)):
        if number >= horizon.min_runs and moment > near:
            return
        yield moment.astimezone(UTC)


def _make_run(
    connection: sa.Connection, deployment: Deployment, schedule: DeploymentSchedule, moment: datetime
) -> UUID:
    state = StateCreate(
        type=StateType.SCHEDULED,
        name="Scheduled",
        message="Flow run scheduled",
        state_details=StateDetails(scheduled_time=moment),
    )
    asked = DeploymentFlowRunCreate(
        state=state,
        parameters=schedule.parameters,
        tags=[_TAG],
        idempotency_key=f"scheduled {deployment.id} {schedule.id} {moment}",
    )
    creator = {
        "id": str(schedule.id),
        "type": "SCHEDULE",
        "display_value": schedule.slug or type(schedule.schedule).__name__,
    }
    known = {
        "work_queue_id": deployment.work_queue_id,
        "work_queue_name": deployment.work_queue_name,
        "deployment_version": deployment.version,
    }
    run = run_of_deployment(deployment, asked)
    return create_flow_run(connection, run, auto_scheduled=True, created_by=creator, **known).id

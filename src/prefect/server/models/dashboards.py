"""What dashboards show of many runs at once: counts of each of several flows or runs, and charts.

Each is one query, whatever the number of runs. Not here: histories (`histories`), the runs themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from uuid import UUID

import sqlalchemy as sa

from prefect.schemas.responses import SimpleNextFlowRun, TaskRunCount
from prefect.schemas.states import StateType
from prefect.server.database.tables import deployment, flow_run, task_run
from prefect.server.models.filters import Filters, task_run_conditions

PARTS = 20
"""Of the time that a chart of task runs shows."""


def count_deployments_of(connection: sa.Connection, flow_ids: Sequence[UUID]) -> dict[UUID, int]:
    """How many deployments each of the flows has; zero included."""
    query = sa.select(deployment.c.flow_id, sa.func.count()).where(deployment.c.flow_id.in_(flow_ids))
    counts = dict.fromkeys(flow_ids, 0)
    counts.update(connection.execute(query.group_by(deployment.c.flow_id)).tuples().all())
    return counts


def next_runs_of(connection: sa.Connection, flow_ids: Sequence[UUID]) -> dict[UUID, SimpleNextFlowRun | None]:
    """The scheduled run of each of the flows that is due first; None where there is none."""
    run = flow_run.c
    due = sa.func.row_number().over(
        partition_by=run.flow_id, order_by=(run.next_scheduled_start_time, run.id)
    )
    columns = (run.id, run.flow_id, run.name, run.state_name, run.state_type, run.next_scheduled_start_time)
    scheduled = (
        run.flow_id.in_(flow_ids),
        run.state_type == StateType.SCHEDULED.value,
        run.next_scheduled_start_time.is_not(None),
    )
    ranked = sa.select(*columns, due.label("place")).where(*scheduled).subquery()
    found: dict[UUID, SimpleNextFlowRun | None] = dict.fromkeys(flow_ids)
    for row in connection.execute(sa.select(ranked).where(ranked.c.place == 1)):
        found[row.flow_id] = SimpleNextFlowRun.model_validate(row, from_attributes=True)
    return found


def count_ended_task_runs(
    connection: sa.Connection, filters: Filters, start: datetime, end: datetime
) -> list[TaskRunCount]:
    """How the task runs that meet the filters ended, in equal parts of the time they started in."""
    width = (end - start) / PARTS
    edges = [start + number * width for number in range(PARTS + 1)]
    columns = []
    for number, (low, high) in enumerate(pairwise(edges)):
        part = sa.and_(task_run.c.start_time >= low, task_run.c.start_time < high)
        columns.append(_count(part, StateType.COMPLETED).label(f"completed_{number}"))
        columns.append(_count(part, StateType.FAILED, StateType.CRASHED).label(f"failed_{number}"))
    query = sa.select(*columns).select_from(task_run).where(*task_run_conditions(filters))
    counts = connection.execute(query).one()
    return [TaskRunCount(completed=counts[2 * part], failed=counts[2 * part + 1]) for part in range(PARTS)]


def _count(part: sa.ColumnElement[bool], *types: StateType) -> sa.ColumnElement[int]:
    ended_so = task_run.c.state_type.in_([type.value for type in types])
    return sa.func.count().filter(sa.and_(part, ended_so))

"""Reading task runs, and changing what does not belong to their state.

Not here: recording them (`server/database/journal`), deleting them (`deletion`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prefect.schemas.bases import microseconds_since_epoch, now
from prefect.schemas.runs import TaskRun
from prefect.schemas.sorting import TaskRunSort
from prefect.schemas.states import StateType
from prefect.server.database.tables import task_run
from prefect.server.models.absent import absent
from prefect.server.models.as_json import select_raw_task_runs, task_runs_as_json
from prefect.server.models.filters import NO_FILTERS, Filters, task_run_conditions
from prefect.server.models.histories import Interval, history_of
from prefect.server.models.nouns import select_task_runs, task_run_from
from prefect.server.models.pages import Order, page_of

_EXPECTED = task_run.c.expected_start_time

_ORDERS: Mapping[TaskRunSort, Order] = {
    TaskRunSort.ID_DESC: Order(task_run.c.id, descending=True),
    TaskRunSort.EXPECTED_START_TIME_ASC: Order(_EXPECTED, descending=False),
    TaskRunSort.EXPECTED_START_TIME_DESC: Order(_EXPECTED, descending=True),
    TaskRunSort.NAME_ASC: Order(task_run.c.name, descending=False),
    TaskRunSort.NAME_DESC: Order(task_run.c.name, descending=True),
    TaskRunSort.NEXT_SCHEDULED_START_TIME_ASC: Order(
        task_run.c.next_scheduled_start_time, descending=False, nulls_last=True
    ),
    TaskRunSort.END_TIME_DESC: Order(task_run.c.end_time, descending=True, nulls_last=True),
}

# built once: building it for each read would cost more than the read
_ONE = select_task_runs().where(task_run.c.id == sa.bindparam("wanted"))


def read_task_run(connection: sa.Connection, task_run_id: UUID) -> TaskRun:
    """The task run with that id.

    Raises:
        ObjectNotFound: there is none.
    """
    row = connection.execute(_ONE, {"wanted": task_run_id}).first()
    if row is None:
        raise absent("task run", task_run_id)
    return task_run_from(row)


def read_task_runs(
    connection: sa.Connection,
    filters: Filters = NO_FILTERS,
    sort: TaskRunSort = TaskRunSort.ID_DESC,
    limit: int | None = None,
    offset: int = 0,
) -> list[TaskRun]:
    """The task runs that meet the filters, in that order."""
    at = now()
    query = _page(connection, select_task_runs(), filters, sort, limit, offset, at)
    return [task_run_from(row, at) for row in connection.execute(query)]


def read_task_runs_as_json(
    connection: sa.Connection,
    filters: Filters = NO_FILTERS,
    sort: TaskRunSort = TaskRunSort.ID_DESC,
    limit: int | None = None,
    offset: int = 0,
) -> bytes:
    """The same as a list in JSON."""
    dialect = connection.dialect.name
    query = _page(connection, select_raw_task_runs(dialect), filters, sort, limit, offset, now())
    return task_runs_as_json(connection.execute(query).all(), dialect)


def _page(
    connection: sa.Connection,
    nouns: sa.Select[Any],
    filters: Filters,
    sort: TaskRunSort,
    limit: int | None,
    offset: int,
    at: datetime,
) -> sa.Select[Any]:
    # the page is found first: only its rows are joined to their states
    order = _order(connection, sort, at)
    page = page_of(connection, task_run, order, task_run_conditions(filters), limit, offset)
    return nouns.where(task_run.c.id.in_(page.select())).order_by(*order.clauses(task_run.c.id))


def count_task_runs(connection: sa.Connection, filters: Filters = NO_FILTERS) -> int:
    """How many task runs meet the filters."""
    query = sa.select(sa.func.count()).select_from(task_run).where(*task_run_conditions(filters))
    return connection.execute(query).scalar_one()


def count_task_runs_by_state(
    connection: sa.Connection, filters: Filters = NO_FILTERS
) -> dict[StateType, int]:
    """How many of the task runs that meet the filters are in each type of state; absent types have none."""
    query = sa.select(task_run.c.state_type, sa.func.count()).where(*task_run_conditions(filters))
    rows = connection.execute(query.group_by(task_run.c.state_type))
    return {StateType(type): number for type, number in rows if type is not None}


def count_task_runs_of(connection: sa.Connection, flow_run_ids: Sequence[UUID]) -> dict[UUID, int]:
    """How many task runs each of the flow runs has, in one query; zero included."""
    query = sa.select(task_run.c.flow_run_id, sa.func.count())
    query = query.where(task_run.c.flow_run_id.in_(flow_run_ids)).group_by(task_run.c.flow_run_id)
    counts = dict.fromkeys(flow_run_ids, 0)
    counts.update((id, number) for id, number in connection.execute(query))
    return counts


def task_run_history(
    connection: sa.Connection,
    start: datetime,
    end: datetime,
    interval: timedelta,
    filters: Filters = NO_FILTERS,
) -> list[Interval]:
    """How many task runs, by their current state, were expected to start in each interval of time.

    Raises:
        ValueError: the interval is shorter than a second.
    """
    return history_of(connection, task_run, task_run_conditions(filters), start, end, interval, now())


def update_task_run(connection: sa.Connection, task_run_id: UUID, changes: Mapping[str, Any]) -> None:
    """Change fields of a task run that do not belong to its state (`changes`: by their names).

    Raises:
        ObjectNotFound: there is no such task run.
    """
    query = sa.update(task_run).where(task_run.c.id == task_run_id).values({**changes, "updated": now()})
    if connection.execute(query).rowcount == 0:
        raise absent("task run", task_run_id)


def _order(connection: sa.Connection, sort: TaskRunSort, at: datetime) -> Order:
    if sort in _ORDERS:
        return _ORDERS[sort]
    duration = _duration(connection.dialect.name, at)
    return Order(duration, descending=sort is TaskRunSort.DURATION_DESC, is_fixed=False)


def _duration(dialect: str, at: datetime) -> sa.ColumnElement[Any]:
    """The time a task run has been running, in microseconds, up to `at` if it still does."""
    entered: sa.ColumnElement[Any] = sa.type_coerce(task_run.c.state_timestamp, sa.BigInteger)
    if dialect == "postgresql":
        entered = sa.cast(sa.extract("epoch", task_run.c.state_timestamp) * 1_000_000, sa.BigInteger)
    total = sa.type_coerce(task_run.c.total_run_time, sa.BigInteger)
    running = task_run.c.state_type == StateType.RUNNING.value
    return total + sa.case((running, microseconds_since_epoch(at) - entered), else_=0)

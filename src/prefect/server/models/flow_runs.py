"""Reading flow runs, and changing what does not belong to their state.

Not here: creating them and moving them from state to state (`transitions`), deleting them (`deletion`), what
is inside them (`trees`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prefect.schemas.bases import now
from prefect.schemas.runs import FlowRun
from prefect.schemas.sorting import FlowRunSort
from prefect.server.database.tables import flow_run
from prefect.server.models import histories
from prefect.server.models.absent import absent
from prefect.server.models.as_json import flow_runs_as_json, select_raw_flow_runs
from prefect.server.models.filters import NO_FILTERS, START_OF_FLOW_RUN, Filters, flow_run_conditions
from prefect.server.models.histories import Interval, history_of
from prefect.server.models.nouns import flow_run_from, select_flow_runs
from prefect.server.models.pages import Order, page_of

_ID = flow_run.c.id
_EXPECTED = flow_run.c.expected_start_time

_ORDERS: Mapping[FlowRunSort, Order] = {
    FlowRunSort.ID_DESC: Order(_ID, descending=True),
    FlowRunSort.START_TIME_ASC: Order(START_OF_FLOW_RUN, descending=False),
    FlowRunSort.START_TIME_DESC: Order(START_OF_FLOW_RUN, descending=True),
    FlowRunSort.EXPECTED_START_TIME_ASC: Order(_EXPECTED, descending=False),
    FlowRunSort.EXPECTED_START_TIME_DESC: Order(_EXPECTED, descending=True),
    FlowRunSort.NAME_ASC: Order(flow_run.c.name, descending=False),
    FlowRunSort.NAME_DESC: Order(flow_run.c.name, descending=True),
    FlowRunSort.NEXT_SCHEDULED_START_TIME_ASC: Order(
        flow_run.c.next_scheduled_start_time, descending=False, nulls_last=True
    ),
    FlowRunSort.END_TIME_DESC: Order(flow_run.c.end_time, descending=True, nulls_last=True),
}

# built once: building it for each read would cost more than the read
_ONE = select_flow_runs().where(flow_run.c.id == sa.bindparam("wanted"))


def read_flow_run(connection: sa.Connection, flow_run_id: UUID) -> FlowRun:
    """The flow run with that id.

    Raises:
        ObjectNotFound: there is none.
    """
    row = connection.execute(_ONE, {"wanted": flow_run_id}).first()
    if row is None:
        raise absent("flow run", flow_run_id)
    return flow_run_from(row)


def read_flow_runs(
    connection: sa.Connection,
    filters: Filters = NO_FILTERS,
    sort: FlowRunSort = FlowRunSort.ID_DESC,
    limit: int | None = None,
    offset: int = 0,
) -> list[FlowRun]:
    """The flow runs that meet the filters, in that order."""
    query = _page(connection, select_flow_runs(), filters, sort, limit, offset)
    at = now()
    return [flow_run_from(row, at) for row in connection.execute(query)]


def read_flow_runs_as_json(
    connection: sa.Connection,
    filters: Filters = NO_FILTERS,
    sort: FlowRunSort = FlowRunSort.ID_DESC,
    limit: int | None = None,
    offset: int = 0,
) -> bytes:
    """The same as a list in JSON."""
    dialect = connection.dialect.name
    query = _page(connection, select_raw_flow_runs(dialect), filters, sort, limit, offset)
    return flow_runs_as_json(connection.execute(query).all(), dialect)


def _page(
    connection: sa.Connection,
    nouns: sa.Select[Any],
    filters: Filters,
    sort: FlowRunSort,
    limit: int | None,
    offset: int,
) -> sa.Select[Any]:
    # the page is found first: only its rows are joined to their states
    order = _ORDERS[sort]
    page = page_of(connection, flow_run, order, flow_run_conditions(filters), limit, offset)
    return nouns.where(_ID.in_(page.select())).order_by(*order.clauses(_ID))


def count_flow_runs(connection: sa.Connection, filters: Filters = NO_FILTERS) -> int:
    """How many flow runs meet the filters."""
    query = sa.select(sa.func.count()).select_from(flow_run).where(*flow_run_conditions(filters))
    return connection.execute(query).scalar_one()


def flow_run_history(
    connection: sa.Connection,
    start: datetime,
    end: datetime,
    interval: timedelta,
    filters: Filters = NO_FILTERS,
) -> list[Interval]:
    """How many flow runs, by their current state, were expected to start in each interval of time.

    Raises:
        ValueError: the interval is shorter than a second.
    """
    return history_of(connection, flow_run, flow_run_conditions(filters), start, end, interval, now())


def average_lateness(connection: sa.Connection, filters: Filters = NO_FILTERS) -> timedelta | None:
    """By how much the flow runs started, or are by now, later than expected; None without any run."""
    return histories.average_lateness(connection, flow_run, flow_run_conditions(filters), now())


def update_flow_run(connection: sa.Connection, flow_run_id: UUID, changes: Mapping[str, Any]) -> None:
    """Change fields of a flow run that do not belong to its state (`changes`: by their names).

    Policies may be given as models.

    Raises:
        ObjectNotFound: there is no such flow run.
    """
    values = {
        name: value.model_dump(mode="json", exclude_defaults=True) if hasattr(value, "model_dump") else value
        for name, value in changes.items()
    }
    query = sa.update(flow_run).where(flow_run.c.id == flow_run_id).values({**values, "updated": now()})
    if connection.execute(query).rowcount == 0:
        raise absent("flow run", flow_run_id)

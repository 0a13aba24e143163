"""Where the time of a flow run went: its task runs added up by task, in a fixed number of queries.

The database adds up, so that a run with a million task runs is no more to read than one with ten. Not here:
the runs themselves (`trees`), what is made of the sums.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import BeforeValidator, PlainSerializer

from prefect.schemas.bases import microseconds_since_epoch, now
from prefect.schemas.states import TERMINAL_STATES, StateType
from prefect.server.database.tables import flow_run, task_run

_ENDED = [type.value for type in TERMINAL_STATES]
_ZERO = timedelta(0)

Counts = Annotated[
    dict[tuple[StateType, str], int],
    # JSON has no pairs as keys
    PlainSerializer(lambda counts: [[*key, number] for key, number in counts.items()]),
    BeforeValidator(
        lambda told: {(row[0], row[1]): row[2] for row in told} if isinstance(told, list) else told
    ),
]


@dataclass
class TaskSums:
    """The runs of one task in one flow run.

    Attributes:
        flow_run_id: the flow run.
        task_key: the task; for calls of a subflow, the flow's name.
        is_subflow: the runs stand for runs of a subflow.
        counts: how many are in each state, by type and name.
        run_time: how long they ran in all, up to now if they still do.
        waiting_time: how long they were neither running nor over: for upstreams, a worker, a retry.
        retries: attempts after the first ones.
        first_start: when the first of them was expected to start.
        last_end: when the last of them ended; None while one goes on.
        slowest_id, slowest_name, slowest_dynamic_key, slowest_run_time: the one that ran longest.
    """

    flow_run_id: UUID
    task_key: str
    is_subflow: bool = False
    counts: Counts = field(default_factory=dict)
    run_time: timedelta = _ZERO
    waiting_time: timedelta = _ZERO
    retries: int = 0
    first_start: datetime | None = None
    last_end: datetime | None = None
    slowest_id: UUID | None = None
    slowest_name: str = ""
    slowest_dynamic_key: str = ""
    slowest_run_time: timedelta = _ZERO

    @property
    def number(self) -> int:
        """How many runs there are."""
        return sum(self.counts.values())


def read_task_sums(connection: sa.Connection, flow_run_ids: Collection[UUID]) -> list[TaskSums]:
    """The sums of every task of these flow runs, in the order in which the tasks were first called."""
    at = now()
    sums: dict[tuple[UUID, str], TaskSums] = {}
    for row in connection.execute(_sums(connection.dialect.name, flow_run_ids, at)):
        one = sums.setdefault((row.flow_run_id, row.task_key), TaskSums(row.flow_run_id, row.task_key))
        _add(one, row)
    for one in sums.values():
        if any(type not in TERMINAL_STATES for type, _ in one.counts):
            one.last_end = None
    for row in connection.execute(_slowest(connection.dialect.name, flow_run_ids, at)):
        one = sums[row.flow_run_id, row.task_key]
        one.is_subflow = row.is_subflow
        one.slowest_id, one.slowest_name, one.slowest_dynamic_key = row.id, row.name, row.dynamic_key
        one.slowest_run_time = timedelta(microseconds=int(row.ran))
    far = datetime.max.replace(tzinfo=at.tzinfo)
    return sorted(sums.values(), key=lambda one: (one.first_start or far, one.task_key))


def read_busy_time(connection: sa.Connection, flow_run_ids: Collection[UUID]) -> timedelta:
    """How long at least one task run of these flow runs was under way; those that stand for subflows do not
    count, nor does the wait for a first start."""
    dialect, at = connection.dialect.name, now()
    start = _moment(dialect, task_run.c.start_time)
    stop = sa.func.coalesce(_moment(dialect, task_run.c.end_time), microseconds_since_epoch(at))
    query = sa.select(start.label("start"), stop.label("stop"))
    query = query.where(
        task_run.c.flow_run_id.in_(flow_run_ids), task_run.c.start_time.is_not(None), sa.not_(_is_subflow())
    )
    runs = query.subquery("runs")
    # how far the runs that started earlier reach; the rest of a run is time that none of them covers
    reached = sa.func.max(runs.c.stop).over(order_by=(runs.c.start, runs.c.stop), rows=(None, -1))
    ordered = sa.select(runs.c.start, runs.c.stop, reached.label("reached")).subquery("ordered")
    alone = sa.case(
        (
            sa.or_(ordered.c.reached.is_(None), ordered.c.start >= ordered.c.reached),
            ordered.c.stop - ordered.c.start,
        ),
        (ordered.c.stop > ordered.c.reached, ordered.c.stop - ordered.c.reached),
        else_=0,
    )
    return timedelta(microseconds=int(connection.execute(sa.select(sa.func.sum(alone))).scalar() or 0))


def _add(sums: TaskSums, row: Any) -> None:
    # a run without a state has been created only: as good as pending
    type = StateType(row.state_type) if row.state_type else StateType.PENDING
    state = type, row.state_name or "Pending"
    sums.counts[state] = sums.counts.get(state, 0) + row.number
    sums.run_time += timedelta(microseconds=int(row.ran))
    sums.waiting_time += timedelta(microseconds=int(row.waited))
    sums.retries += int(row.retries)
    if row.first_start is not None and (sums.first_start is None or row.first_start < sums.first_start):
        sums.first_start = row.first_start
    if row.last_end is not None and (sums.last_end is None or row.last_end > sums.last_end):
        sums.last_end = row.last_end


def _sums(dialect: str, flow_run_ids: Collection[UUID], at: datetime) -> sa.Select[Any]:
    ran = _ran(dialect, at)
    elapsed = _until(dialect, at) - _moment(dialect, task_run.c.expected_start_time)
    columns = (task_run.c.flow_run_id, task_run.c.task_key, task_run.c.state_type, task_run.c.state_name)
    retries = sa.case((task_run.c.run_count > 1, task_run.c.run_count - 1), else_=0)
    query = sa.select(
        *columns,
        sa.func.count().label("number"),
        sa.func.sum(ran).label("ran"),
        sa.func.coalesce(sa.func.sum(sa.case((elapsed > ran, elapsed - ran), else_=0)), 0).label("waited"),
        sa.func.sum(retries).label("retries"),
        sa.func.min(task_run.c.expected_start_time).label("first_start"),
        sa.func.max(task_run.c.end_time).label("last_end"),
    )
    query = query.join_from(task_run, flow_run, flow_run.c.id == task_run.c.flow_run_id)
    return query.where(task_run.c.flow_run_id.in_(flow_run_ids)).group_by(*columns)


def _slowest(dialect: str, flow_run_ids: Collection[UUID], at: datetime) -> sa.Select[Any]:
    """Of each task of each flow run the run that took longest, the earliest of equals."""
    ran = _ran(dialect, at)
    rank = sa.func.row_number().over(
        partition_by=(task_run.c.flow_run_id, task_run.c.task_key), order_by=(ran.desc(), task_run.c.id)
    )
    ranked = sa.select(task_run.c.id, ran.label("ran"), rank.label("rank"))
    chosen = ranked.where(task_run.c.flow_run_id.in_(flow_run_ids)).subquery("ranked")
    columns = (
        task_run.c.id,
        task_run.c.flow_run_id,
        task_run.c.task_key,
        task_run.c.name,
        task_run.c.dynamic_key,
    )
    query = sa.select(*columns, chosen.c.ran, _is_subflow().label("is_subflow"))
    return query.join_from(task_run, chosen, chosen.c.id == task_run.c.id).where(chosen.c.rank == 1)


def _is_subflow() -> sa.ColumnElement[bool]:
    return sa.select(flow_run.c.id).where(flow_run.c.parent_task_run_id == task_run.c.id).exists()


# --- times in microseconds ------------------------------------------------------------------------------


def _ran(dialect: str, at: datetime) -> sa.ColumnElement[Any]:
    """How long a task run has been running, up to `at` if it still does."""
    running = task_run.c.state_type == StateType.RUNNING.value
    since = microseconds_since_epoch(at) - _moment(dialect, task_run.c.state_timestamp)
    return sa.type_coerce(task_run.c.total_run_time, sa.BigInteger) + sa.case((running, since), else_=0)


def _until(dialect: str, at: datetime) -> sa.ColumnElement[Any]:
    """When a task run ended; while it goes on, the end of its flow run, else `at`."""
    ended = sa.func.coalesce(
        _moment(dialect, task_run.c.end_time), _moment(dialect, task_run.c.state_timestamp)
    )
    # a task run that never was ready stays open when its flow run ends
    over = sa.and_(flow_run.c.state_type.in_(_ENDED), flow_run.c.end_time.is_not(None))
    return sa.case(
        (task_run.c.state_type.in_(_ENDED), ended),
        (over, _moment(dialect, flow_run.c.end_time)),
        else_=microseconds_since_epoch(at),
    )


def _moment(dialect: str, moment: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """A column of moments as microseconds since the epoch."""
    if dialect == "postgresql":
        return sa.cast(sa.extract("epoch", moment) * 1_000_000, sa.BigInteger)
    return sa.type_coerce(moment, sa.BigInteger)

"""How many runs were expected in each interval of time, by state, and how late: what a dashboard shows.

Counted by the database, since a dashboard may ask for all of a million runs. Not here: which runs count (`filters`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from prefect.schemas.states import TERMINAL_STATES, StateType
from prefect.server.database.types import MICROSECOND, Timestamp
from prefect.server.models.criteria import Condition
from prefect.server.models.moments import microseconds_between

MAX_INTERVALS = 500
"""At most so many intervals are counted, from the start; a chart has no room for more."""

_ONE_SECOND = timedelta(seconds=1)


class StateCount(NamedTuple):
    """The runs of an interval that are in one state now, how long they ran and how late they were."""

    state_type: StateType
    state_name: str
    count_runs: int
    sum_estimated_run_time: timedelta
    sum_estimated_lateness: timedelta


class Interval(NamedTuple):
    """The runs expected to start between two moments, the second not included."""

    interval_start: datetime
    interval_end: datetime
    states: list[StateCount]


def history_of(
    connection: sa.Connection,
    table: sa.Table,
    conditions: Sequence[Condition],
    start: datetime,
    end: datetime,
    interval: timedelta,
    at: datetime,
) -> list[Interval]:
    """The history of the rows of `flow_run` or `task_run` that meet the conditions.

    Raises:
        ValueError: the interval is shorter than a second.
    """
    starts = _starts(start, end, interval)
    if not starts:
        return []
    number = microseconds_between(sa.literal(start, Timestamp), table.c.expected_start_time) // (
        interval // MICROSECOND
    )
    query = (
        sa.select(
            number.label("number"),
            table.c.state_type,
            table.c.state_name,
            sa.func.count().label("runs"),
            sa.func.sum(_run_time(table, at)).label("run_time"),
            sa.func.sum(lateness_of(table, at)).label("lateness"),
        )
        .where(
            *conditions,
            table.c.expected_start_time >= start,
            table.c.expected_start_time < starts[-1] + interval,
            table.c.state_type.is_not(None),
        )
        .group_by("number", table.c.state_type, table.c.state_name)
    )
    counted = _by_interval(connection.execute(query))
    return [
        Interval(moment, moment + interval, counted.get(number, [])) for number, moment in enumerate(starts)
    ]


def average_lateness(
    connection: sa.Connection, table: sa.Table, conditions: Sequence[Condition], at: datetime
) -> timedelta | None:
    """By how much the rows of `flow_run` or `task_run` started, or are by now, later than expected."""
    columns = (sa.func.sum(lateness_of(table, at)), sa.func.count())
    total, runs = connection.execute(sa.select(*columns).where(*conditions)).one()
    return timedelta(microseconds=int(total)) / runs if runs else None


def lateness_of(table: sa.Table, at: datetime) -> sa.ColumnElement[int]:
    """`nouns.lateness` in SQL, in microseconds."""
    has_ended = table.c.state_type.in_([type.value for type in TERMINAL_STATES])
    by_now = sa.case((has_ended, table.c.expected_start_time), else_=sa.literal(at, Timestamp))
    started = sa.func.coalesce(table.c.start_time, by_now, type_=Timestamp)
    return _not_negative(microseconds_between(table.c.expected_start_time, started))


def _run_time(table: sa.Table, at: datetime) -> sa.ColumnElement[int]:
    """`nouns.run_time` in SQL, in microseconds."""
    going_on = _not_negative(microseconds_between(table.c.state_timestamp, sa.literal(at, Timestamp)))
    is_running = table.c.state_type == StateType.RUNNING.value
    return sa.type_coerce(table.c.total_run_time, sa.BigInteger) + sa.case((is_running, going_on), else_=0)


def _not_negative(number: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    """The number, or zero where it is less or there is none."""
    return sa.case((number > 0, number), else_=0)


def _starts(start: datetime, end: datetime, interval: timedelta) -> list[datetime]:
    if interval < _ONE_SECOND:
        raise ValueError("History interval must not be less than 1 second.")
    number = min(-(-(end - start) // interval), MAX_INTERVALS)
    return [start + position * interval for position in range(number)]


def _by_interval(rows: Iterable[Any]) -> dict[int, list[StateCount]]:
    by_interval: dict[int, list[StateCount]] = {}
    for row in sorted(rows, key=lambda row: (row.number, row.state_type, row.state_name)):
        run_time, late = (timedelta(microseconds=int(number)) for number in (row.run_time, row.lateness))
        count = StateCount(StateType(row.state_type), row.state_name, row.runs, run_time, late)
        by_interval.setdefault(int(row.number), []).append(count)
    return by_interval

"""Counting events: by their name, by their resource, or by spans of time. Spans are decided here, purely.

Not here: which events (`filtering`).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from prefect.schemas.event_filters import EventFilter
from prefect.schemas.event_pages import Countable, EventCount, TimeUnit
from prefect.server.database.tables import event
from prefect.server.database.types import Duration, Timestamp
from prefect.server.events.filtering import conditions
from prefect.server.models.json_columns import object_text

MOST_SPANS = 1000
_MICROSECOND = timedelta(microseconds=1)


def count_by(
    connection: sa.Connection, filter: EventFilter, countable: Countable, unit: TimeUnit, interval: float
) -> list[EventCount]:
    """How many events there are of each kind.

    Args:
        countable: what makes a kind.
        unit, interval: for spans of time: their length is so many units. Of "day" the length is a day.

    Raises:
        ValueError: there would be too many spans.
    """
    if countable in (Countable.time, Countable.day):
        step = TimeUnit.day if countable is Countable.day else unit
        length = step.length * (1 if countable is Countable.day else interval)
        return _by_time(connection, filter, start_of(step, filter.occurred.since), length)
    if countable is Countable.resource:
        return _by(connection, filter, event.c.resource_id, _name_of_resource())
    return _by(connection, filter, event.c.event, event.c.event)


def _name_of_resource() -> Any:
    name = object_text(event.c.resource, sa.literal("prefect.resource.name"))
    return sa.func.coalesce(sa.func.max(name), event.c.resource_id)


def _by(connection: sa.Connection, filter: EventFilter, value: Any, label: Any) -> list[EventCount]:
    count = sa.func.count().label("found")
    query = (
        sa.select(
            value.label("value"),
            label.label("label"),
            count,
            sa.func.min(event.c.occurred).label("first"),
            sa.func.max(event.c.occurred).label("last"),
        )
        .where(*conditions(filter))
        .group_by(value)
        .order_by(count.desc(), value)
        .limit(MOST_SPANS)
    )
    return [
        EventCount(value=row.value, label=row.label, count=row.found, start_time=row.first, end_time=row.last)
        for row in connection.execute(query)
    ]


def _by_time(
    connection: sa.Connection, filter: EventFilter, start: datetime, length: timedelta
) -> list[EventCount]:
    """A count for every span, those without events too."""
    spans = spans_between(start, filter.occurred.until, length)
    number = span_number(event.c.occurred, sa.literal(start, Timestamp), sa.literal(length, Duration))
    query = sa.select(number.label("number"), sa.func.count().label("found"))
    query = query.where(*conditions(filter)).group_by(number)
    counts = {int(row.number): row.found for row in connection.execute(query)}
    return [
        EventCount(
            value=str(index),
            label=begin.isoformat(),
            count=counts.get(index, 0),
            start_time=begin,
            end_time=begin + length - _MICROSECOND,
        )
        for index, begin in enumerate(spans)
    ]


def start_of(unit: TimeUnit, moment: datetime) -> datetime:
    """The beginning of the unit that a moment is in; weeks begin on Mondays."""
    start = moment.replace(microsecond=0)
    if unit is TimeUnit.second:
        return start
    start = start.replace(second=0)
    if unit is TimeUnit.minute:
        return start
    start = start.replace(minute=0)
    if unit is TimeUnit.hour:
        return start
    start = start.replace(hour=0)
    return start if unit is TimeUnit.day else start - timedelta(days=start.weekday())


def spans_between(start: datetime, until: datetime, length: timedelta) -> list[datetime]:
    """The beginnings of spans of that length, the last of which holds `until`.

    Raises:
        ValueError: there would be too many.
    """
    number = max(0, (until - start) // length) + 1
    if number > MOST_SPANS:
        raise ValueError(
            f"Counting by this interval would make {number} spans; at most {MOST_SPANS} are counted. "
            "Take a larger time_interval or time_unit, or a shorter time in filter.occurred."
        )
    return [start + index * length for index in range(number)]


class span_number(FunctionElement[int]):
    """The number of the span of time that a moment is in: `span_number(column, start, length)`."""

    type = sa.Integer()
    inherit_cache = True


@compiles(span_number)
def _span_number(element: Any, compiler: Any, **kwargs: Any) -> str:
    moment, start, length = (compiler.process(clause, **kwargs) for clause in element.clauses)
    # both are stored as whole microseconds
    return f"(({moment} - {start}) / {length})"


@compiles(span_number, "postgresql")
def _span_number_postgresql(element: Any, compiler: Any, **kwargs: Any) -> str:
    moment, start, length = (compiler.process(clause, **kwargs) for clause in element.clauses)
    return f"floor(extract(epoch FROM ({moment} - {start})) * 1000000 / {length})"

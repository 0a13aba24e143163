"""What a watcher wants, decided in memory: live events by an `EventFilter`, live log records by a `LogFilter`.

Pure. Not here: the same filters over what is stored (`filtering`, `server/models/filters`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic_core import to_json

from prefect.schemas.event_filters import EventFilter, EventOccurredFilter, EventOrder
from prefect.schemas.events import Event
from prefect.schemas.filters.bases import Operator
from prefect.schemas.filters.logs import LogFilter
from prefect.schemas.logs import Log
from prefect.server.models.searching import Query, parse

EVER = datetime(9999, 1, 1, tzinfo=UTC)


def live_filter(filter: EventFilter, now: datetime, longest_backfill: timedelta) -> EventFilter:
    """What a watcher asks for who asks with a filter: from so far back at most, in order, without an end.

    An end that was not given would be the moment of asking, and nothing live would ever come before it.
    """
    given = filter.occurred.model_fields_set if "occurred" in filter.model_fields_set else set()
    occurred = EventOccurredFilter(
        since=max(filter.occurred.since, now - longest_backfill),
        until=filter.occurred.until if "until" in given and filter.occurred.until > now else EVER,
    )
    return filter.model_copy(update={"occurred": occurred, "order": EventOrder.ASC})


def event_wanted(filter: EventFilter) -> Callable[[Event], bool]:
    """Whether an event is wanted by a filter."""
    query = None if filter.text is None else parse(filter.text.query)

    def wanted(event: Event) -> bool:
        if not filter.includes(event):
            return False
        return query is None or _found(query, _texts(event))

    return wanted


def _texts(event: Event) -> list[str]:
    """What the store searches: each part as JSON, without its name."""
    parts = event.model_dump(mode="json", include={"resource", "related", "payload"})
    return [event.event, *(to_json(part).decode() for part in parts.values() if part)]


def log_wanted(filter: LogFilter | None) -> Callable[[Log], bool]:
    """Whether a log record is wanted by a filter."""
    if filter is None:
        return lambda log: True
    query = None if filter.text is None else parse(filter.text.query)
    join = any if filter.operator is Operator.or_ else all

    def wanted(log: Log) -> bool:
        criteria = list(_criteria(filter, log))
        if query is not None:
            criteria.append(_found(query, [log.message, log.name]))
        return not criteria or join(criteria)

    return wanted


def _criteria(filter: LogFilter, log: Log) -> Iterable[bool]:
    """Whether each criterion that asks for something is met."""
    if filter.level is not None:
        yield from _between(log.level, filter.level.ge_, filter.level.le_)
    if filter.timestamp is not None:
        yield from _between(log.timestamp, filter.timestamp.after_, filter.timestamp.before_)
    if filter.flow_run_id is not None and filter.flow_run_id.any_ is not None:
        yield log.flow_run_id in filter.flow_run_id.any_
    if filter.task_run_id is not None and filter.task_run_id.any_ is not None:
        yield log.task_run_id in filter.task_run_id.any_


def _between(value: Any, least: Any, most: Any) -> Iterable[bool]:
    """The parts of one criterion are met together."""
    if least is not None or most is not None:
        yield (least is None or value >= least) and (most is None or value <= most)


def _found(query: Query, texts: Iterable[str]) -> bool:
    lowered = [text.lower() for text in texts]

    def holds(term: str) -> bool:
        return any(term.lower() in text for text in lowered)

    return (
        all(map(holds, query.required))
        and not any(map(holds, query.excluded))
        and (not query.either or any(map(holds, query.either)))
    )

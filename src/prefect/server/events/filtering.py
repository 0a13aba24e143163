"""Which events a filter selects, as SQL conditions. They agree with `EventFilter.includes`, but for the text, which
only the store searches. Not here: reading (`reading`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

import sqlalchemy as sa

from prefect.schemas.event_filters import (
    EventAnyResourceFilter,
    EventFilter,
    EventNameFilter,
    EventRelatedFilter,
    EventResourceFilter,
)
from prefect.schemas.events import ResourceSpecification
from prefect.server.database.tables import event, event_resource
from prefect.server.models.json_columns import object_text
from prefect.server.models.searching import matching, parse

Condition = sa.ColumnElement[bool]
Element = sa.ColumnElement[Any]
C = TypeVar("C")


def conditions(filter: EventFilter) -> list[Condition]:
    """What must hold for an event that the filter selects."""
    found = [event.c.occurred >= filter.occurred.since, event.c.occurred <= filter.occurred.until]
    if filter.id.id:
        found.append(event.c.id.in_(filter.id.id))
    if filter.event is not None:
        found += _by_name(filter.event)
    if filter.resource is not None:
        found += _by_resource(filter.resource)
    found += [_by_related(criterion) for criterion in _listed(filter.related)]
    found += [_by_any_resource(criterion) for criterion in _listed(filter.any_resource)]
    if filter.text is not None:
        columns = [sa.func.coalesce(sa.cast(column, sa.Text), "") for column in _SEARCHED]
        found += matching(parse(filter.text.query), *columns)
    return found


_SEARCHED: tuple[Element, ...] = (event.c.event, event.c.resource, event.c.related, event.c.payload)


def _listed(criteria: C | list[C] | None) -> Iterable[C]:
    if criteria is None:
        return []
    return criteria if isinstance(criteria, list) else [criteria]


def _by_name(criterion: EventNameFilter) -> list[Condition]:
    name = event.c.event
    found: list[Condition] = []
    if criterion.prefix:
        found.append(_begins(name, criterion.prefix))
    if criterion.exclude_prefix:
        found.append(sa.not_(_begins(name, criterion.exclude_prefix)))
    if criterion.name:
        found.append(name.in_(criterion.name))
    if criterion.exclude_name:
        found.append(name.not_in(criterion.exclude_name))
    return found


def _begins(text: Element, prefixes: list[str]) -> Condition:
    # LIKE takes no account of upper and lower case on SQLite
    return sa.or_(*(sa.func.substr(text, 1, len(prefix)) == prefix for prefix in prefixes))


def _by_resource(criterion: EventResourceFilter) -> list[Condition]:
    found: list[Condition] = []
    if criterion.id:
        found.append(event.c.resource_id.in_(criterion.id))
    if criterion.id_prefix:
        found.append(_begins(event.c.resource_id, criterion.id_prefix))
    if criterion.labels is not None:
        found += _by_labels(event.c.resource, criterion.labels)
    return found


def _by_related(criterion: EventRelatedFilter) -> Condition:
    row = event_resource.alias()
    found: list[Condition] = []
    if criterion.id:
        found.append(row.c.resource_id.in_(criterion.id))
    if criterion.role:
        found.append(row.c.resource_role.in_(criterion.role))
    if criterion.resources_in_roles:
        pairs = criterion.resources_in_roles
        found.append(
            sa.or_(*(sa.and_(row.c.resource_id == id, row.c.resource_role == role) for id, role in pairs))
        )
    if criterion.labels:
        found += _by_labels(row.c.resource, criterion.labels)
    if not found:
        return sa.true()
    return _some_resource(row, row.c.position > 0, *found)


def _by_any_resource(criterion: EventAnyResourceFilter) -> Condition:
    row = event_resource.alias()
    found: list[Condition] = []
    if criterion.id:
        found.append(row.c.resource_id.in_(criterion.id))
    if criterion.id_prefix:
        found.append(_begins(row.c.resource_id, criterion.id_prefix))
    if criterion.labels is not None:
        found += _by_labels(row.c.resource, criterion.labels)
    return _some_resource(row, *found) if found else sa.true()


def _some_resource(row: Any, *found: Condition) -> Condition:
    return event.c.id.in_(sa.select(row.c.event_id).where(*found))


def _by_labels(column: Element, labels: ResourceSpecification) -> list[Condition]:
    return [
        sa.or_(sa.false(), *(_fits(object_text(column, sa.literal(label)), pattern) for pattern in patterns))
        for label, patterns in labels.items()
    ]


def _fits(value: Any, pattern: str) -> Condition:
    """Whether a label's value fits a pattern; without the label there is nothing that fits, not even `!`."""
    if pattern.startswith("!"):
        return sa.and_(value.is_not(None), sa.not_(_is_like(value, pattern[1:])))
    return sa.and_(value.is_not(None), _is_like(value, pattern))


def _is_like(value: Any, pattern: str) -> Condition:
    if pattern.endswith("*"):
        return _begins(value, [pattern[:-1]])
    equal: Condition = value == pattern
    return equal

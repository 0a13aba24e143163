"""Criteria of filters as SQL conditions: what `any_`, `like_`, `before_` … mean, said once for every noun.

A filter is joined from its criteria by its operator; a criterion that is None, or whose parts all are, asks
for nothing. Which criterion looks at which column is said in `filters`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from prefect.schemas.bases import PrefectBaseModel
from prefect.schemas.filters.bases import Operator
from prefect.server.models.json_columns import list_holds, list_is_empty

Condition = sa.ColumnElement[bool]
Element = sa.ColumnElement[Any]
Reader = Callable[[Any], list[Condition]]
"""Turns a criterion into the conditions that its parts are."""


def _is_null(column: Element, wanted: bool) -> Condition:
    return column.is_(None) if wanted else column.is_not(None)


_PARTS: Mapping[str, Callable[[Element, Any], Condition]] = {
    "any_": lambda column, values: column.in_(values),
    # a row without a value has none of those either
    "not_any_": lambda column, values: sa.or_(column.is_(None), column.not_in(values)),
    "like_": lambda column, text: column.ilike(f"%{text}%"),
    "startswith_": lambda column, texts: sa.or_(
        sa.false(), *(column.startswith(text, autoescape=True) for text in texts)
    ),
    "before_": lambda column, moment: column <= moment,
    "after_": lambda column, moment: column >= moment,
    "ge_": lambda column, number: column >= number,
    "le_": lambda column, number: column <= number,
    "eq_": lambda column, value: column == value,
    "is_null_": _is_null,
    "exists_": lambda column, wanted: _is_null(column, not wanted),
}

_LIST_PARTS: Mapping[str, Callable[[Element, Any], Condition]] = {
    "all_": lambda column, texts: sa.and_(sa.true(), *(list_holds(column, text) for text in texts)),
    "any_": lambda column, texts: sa.or_(sa.false(), *(list_holds(column, text) for text in texts)),
    "is_null_": lambda column, wanted: list_is_empty(column) if wanted else sa.not_(list_is_empty(column)),
}


def on(column: Element, **columns_of_parts: Element) -> Reader:
    """Reads a criterion about one column; a part may be told to look at another."""

    def read(criterion: PrefectBaseModel) -> list[Condition]:
        return [_PARTS[part](columns_of_parts.get(part, column), value) for part, value in _parts(criterion)]

    return read


def on_list(column: Element) -> Reader:
    """Reads a criterion about a column with a JSON list of texts."""

    def read(criterion: PrefectBaseModel) -> list[Condition]:
        return [_LIST_PARTS[part](column, value) for part, value in _parts(criterion)]

    return read


def nested(readers: Mapping[str, Reader]) -> Reader:
    """Reads a criterion that is made of criteria."""

    def read(criterion: PrefectBaseModel) -> list[Condition]:
        conditions = _conditions(criterion, readers)
        return [_joined(criterion, conditions)] if conditions else []

    return read


def join(filter: PrefectBaseModel, readers: Mapping[str, Reader]) -> Condition:
    """The condition a filter is: that of each criterion, joined by the filter's operator.

    The parts of one criterion are joined in the same way by its own operator, where it has one.
    """
    return _joined(filter, _conditions(filter, readers))


def _conditions(filter: PrefectBaseModel, readers: Mapping[str, Reader]) -> list[Condition]:
    """A condition for each criterion that asks for something."""
    conditions = []
    for name, reader in readers.items():
        criterion = getattr(filter, name, None)
        parts = reader(criterion) if criterion is not None else []
        if parts:
            conditions.append(_joined(criterion, parts))
    return conditions


def _joined(filter: Any, conditions: list[Condition]) -> Condition:
    if not conditions:
        return sa.true()
    if getattr(filter, "operator", Operator.and_) is Operator.or_:
        return sa.or_(*conditions)
    return sa.and_(*conditions)


def _parts(criterion: PrefectBaseModel) -> list[tuple[str, Any]]:
    """The parts that ask for something."""
    parts = criterion.__dict__.items()
    return [(name, value) for name, value in parts if name != "operator" and value is not None]

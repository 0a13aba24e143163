"""The filters that lists are narrowed by: their bounds, and those of runs by the names that operations give them.

What a filter means is in `server/models`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel

from prefect.schemas.operations import Request
from prefect.server.models.filters import NO_FILTERS, Filters

MOST_VALUES = 10_000
"""So many identifiers, names and the like may be listed in one request: what a statement can carry."""

MOST_TERMS = 100
"""So many tags or beginnings of names may be listed together: each is a condition of its own."""

_OF_TERMS = ("startswith_", "prefix", "prefix_", "resources_in_roles")
"""The ends of the names of parts that each member of makes a condition."""

_WITH_TERMS = frozenset({"tags", "block_capabilities", "labels"})
"""Criteria of which each member makes a condition."""

_FILTERS = ("prefect.schemas.filters", "prefect.schemas.event_filters")
"""Where the classes of filters are."""

LONGEST_PATTERN = 1_000
"""So many characters may a text have that is looked for within others."""

_FIELDS = {
    "flow_filter": "flows",
    "flow_run_filter": "flow_runs",
    "task_run_filter": "task_runs",
    "deployment_filter": "deployments",
    "work_pool_filter": "work_pools",
    "work_queue_filter": "work_queues",
}


def narrowed(filters: Mapping[str, Any]) -> Filters:
    """Filters by the names of arguments (`flow_filter`, …), together."""
    told = {_FIELDS[name]: filter for name, filter in filters.items() if filter is not None}
    return Filters(**told) if told else NO_FILTERS


def check_filters(request: Request[Any]) -> None:
    """Hold the filters in a request to the bounds above.

    Raises:
        ValueError: one of them, or all together, are larger than a database can be asked; it is named.
    """
    names = request.operation.arguments
    filters = {names[name].wire_name: value for name, value in request.arguments.items() if _is_filter(value)}
    if filters:
        check_size(filters)


def _is_filter(value: Any) -> bool:
    return isinstance(value, BaseModel) and type(value).__module__.startswith(_FILTERS)


def check_size(filters: Mapping[str, Any]) -> None:
    """Hold filters to the bounds above.

    Raises:
        ValueError: one of them, or all together, are larger; it is named.
    """
    listed = 0
    for part in _parts(filters):
        if isinstance(part.value, str):
            _check(part, "characters", len(part.value), LONGEST_PATTERN)
        else:
            listed += len(part.value)
            _check(part, "values", len(part.value), MOST_TERMS if part.makes_terms else MOST_VALUES)
    if listed > MOST_VALUES:
        raise ValueError(f"The filters list {listed} values; there may be {MOST_VALUES} in one request.")


def check_listed(name: str, values: Collection[Any]) -> None:
    """Hold a list that is no filter to the same bound.

    Raises:
        ValueError: it has more values.
    """
    if len(values) > MOST_VALUES:
        raise ValueError(f"{name} has {len(values)} values; it may have {MOST_VALUES}.")


class _Part(NamedTuple):
    """A part of a criterion: where it is, and its list or text."""

    path: str
    value: list[Any] | str

    @property
    def makes_terms(self) -> bool:
        names = self.path.split(".")
        are_criteria = isinstance(self.value, list) and any(isinstance(one, BaseModel) for one in self.value)
        return are_criteria or names[-1].endswith(_OF_TERMS) or not _WITH_TERMS.isdisjoint(names)


def _parts(filters: Mapping[Any, Any], path: str = "") -> Iterator[_Part]:
    """The lists and texts in filters, wherever they are."""
    for name, value in filters.items():
        here = f"{path}.{name}" if path else name
        if isinstance(value, list | str):
            yield _Part(here, value)
        if isinstance(value, BaseModel):
            yield from _parts(value.__dict__, here)
        elif isinstance(value, Mapping):
            yield _Part(here, list(value))
            yield from _parts(value, here)
        elif isinstance(value, list) and value and isinstance(value[0], BaseModel):
            yield from _parts(dict(enumerate(value)), here)


def _check(part: _Part, what: str, number: int, most: int) -> None:
    if number > most:
        raise ValueError(f"{part.path} has {number} {what}; it may have {most}.")

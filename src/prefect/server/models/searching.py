"""Searching log records by words, as users of search engines write them.

`a b`: either; `+a`: must; `-a` or `!a`: must not; `"a b"`: the phrase; a backslash before one of these signs
takes it as text. Case does not count, and a word may be a part of a longer one. Not here: the other criteria.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import sqlalchemy as sa

_TERM = re.compile(r'(?P<sign>[-!+]?)(?:"(?P<phrase>[^"]*)"?|(?P<word>\S+))')


class Query(NamedTuple):
    """The terms of a search."""

    either: list[str]
    required: list[str]
    excluded: list[str]


def parse(text: str) -> Query:
    """The terms of a search; empty terms are left out."""
    query = Query([], [], [])
    lists = {"": query.either, "+": query.required, "-": query.excluded, "!": query.excluded}
    for match in _TERM.finditer(text):
        phrase = match["phrase"]
        term = re.sub(r'\\([-!+"\\])', r"\1", match["word"]) if phrase is None else phrase
        if term:
            lists[match["sign"]].append(term)
    return query


def matching(query: Query, *columns: sa.ColumnElement[Any]) -> list[sa.ColumnElement[bool]]:
    """The conditions under which any of the columns meets each demand of the search."""

    def found(term: str) -> sa.ColumnElement[bool]:
        return sa.or_(*(column.icontains(term, autoescape=True) for column in columns))

    conditions = [found(term) for term in query.required]
    conditions += [sa.not_(found(term)) for term in query.excluded]
    if query.either:
        conditions.append(sa.or_(*(found(term) for term in query.either)))
    return conditions

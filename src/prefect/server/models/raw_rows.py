"""Rows as the database gives them, and how their values become what JSON can say.

For answers that are written as JSON straight from rows: making objects of every value first, only to write them
as text, costs several times as much. SQLite gives bytes, whole numbers and text; PostgreSQL's driver gives
UUIDs and moments, and is asked for the text of JSON. Not here: what an answer looks like (`as_json`).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.types import NullType

from prefect.server.database.types import Json, moment_from_microseconds, uuid_from_bytes

_PLAIN = NullType()


class Decoders(NamedTuple):
    """How the values of one database become what JSON can say; None stays None."""

    id: Callable[[Any], UUID | None]
    moment: Callable[[Any], datetime | None]


def raw(column: sa.Column[Any], dialect: str) -> sa.ColumnElement[Any]:
    """A column whose values come as the driver gives them; of JSON, its text."""
    if dialect == "postgresql" and isinstance(column.type, Json):
        return sa.type_coerce(sa.cast(column, sa.Text), _PLAIN).label(column.name)
    return sa.type_coerce(column, _PLAIN).label(column.name)


def decoders(dialect: str) -> Decoders:
    """The decoders for the rows of a database."""
    return _POSTGRESQL if dialect == "postgresql" else _SQLITE


def _id_as_it_is(value: UUID | None) -> UUID | None:
    return value


def _moment_in_utc(value: datetime | None) -> datetime | None:
    return None if value is None else value.astimezone(UTC)


_SQLITE = Decoders(uuid_from_bytes, moment_from_microseconds)
_POSTGRESQL = Decoders(_id_as_it_is, _moment_in_utc)


def fragment(text: str | None, empty: Any) -> Any:
    """The text of a JSON column as a part of an answer; `empty` where there is none."""
    if text is None:
        return empty
    # the journal's writer has words for NaN and infinities, JSON has not
    if "NaN" in text or "Infinity" in text:
        return _sayable(_with_nulls(text))
    return orjson.Fragment(text)


def told_over(defaults: dict[str, Any], text: str | None) -> dict[str, Any]:
    """The fields of a model that is stored without those that have their defaults."""
    if not text:
        return defaults
    try:
        return {**defaults, **orjson.loads(text)}
    except orjson.JSONDecodeError:
        return {**defaults, **{name: _sayable(value) for name, value in _with_nulls(text).items()}}


def _with_nulls(text: str) -> Any:
    """The value that a text says, with null for the numbers that JSON has not."""
    return json.loads(text, parse_constant=lambda name: None)


def _sayable(value: Any) -> orjson.Fragment:
    """A value as a part of an answer, however large its numbers."""
    return orjson.Fragment(json.dumps(value))

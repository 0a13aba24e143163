"""Values on their way between the journal and PostgreSQL: the forms are those of SQLite, the types are not.

The journal speaks of ids as 16 bytes, of moments and durations as microseconds since 1970, of JSON as text
(`rows`). PostgreSQL says what type each parameter of a statement has; here a value takes the form of that type,
and back. Not here: statements, connections (`postgres`).
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Sequence
from typing import Any

import orjson
from psycopg import Connection, DataError
from psycopg.adapt import Dumper, Loader
from psycopg.pq import Format
from psycopg.types.json import Json, set_json_dumps, set_json_loads
from psycopg.types.string import StrDumper

_FROM_1970_TO_2000 = 946_684_800_000_000
"""Microseconds; PostgreSQL counts from the year 2000."""

_BOOL, _JSON, _TEXT, _VARCHAR, _TIMESTAMPTZ, _JSONB = 16, 114, 25, 1043, 1184, 3802

_pack = struct.Struct("!q").pack


class Moment(int):
    """A parameter that is a moment, in microseconds since 1970."""


class _IdDumper(Dumper):
    """The 16 bytes of an id as they are. No type is named, here and below: PostgreSQL knows which it expects."""

    format = Format.BINARY
    oid = 0

    def dump(self, obj: bytes) -> bytes:
        return obj


class _MomentDumper(Dumper):
    format = Format.BINARY
    oid = 0

    def dump(self, obj: Moment) -> bytes:
        return _pack(obj - _FROM_1970_TO_2000)


class _NumberDumper(Dumper):
    oid = 0

    def dump(self, obj: int) -> bytes:
        return b"%d" % obj


class _IdLoader(Loader):
    format = Format.BINARY

    def load(self, data: Any) -> bytes:
        return bytes(data)


class _MomentLoader(Loader):
    format = Format.BINARY

    def load(self, data: Any) -> int:
        return int.from_bytes(data, "big", signed=True) + _FROM_1970_TO_2000


class _SpanLoader(Loader):
    format = Format.BINARY

    def load(self, data: Any) -> int:
        microseconds, days, months = struct.unpack("!qii", data)
        return int(microseconds) + (int(days) + 30 * int(months)) * 86_400_000_000


class _ExactJsonLoader(Loader):
    format = Format.BINARY

    def load(self, data: Any) -> str:
        return bytes(data).decode()


class _JsonTextLoader(Loader):
    format = Format.BINARY

    def load(self, data: Any) -> str:
        # the first byte is the version of the format
        return bytes(data[1:]).decode()


def speak_forms_of_rows(connection: Connection[Any]) -> None:
    """Let a connection take and give the forms in which the journal has its values."""
    adapters = connection.adapters
    adapters.register_dumper(bytes, _IdDumper)
    adapters.register_dumper(Moment, _MomentDumper)
    adapters.register_dumper(int, _NumberDumper)
    adapters.register_loader("uuid", _IdLoader)
    adapters.register_loader("timestamptz", _MomentLoader)
    adapters.register_loader("interval", _SpanLoader)
    adapters.register_loader("json", _ExactJsonLoader)
    adapters.register_loader("jsonb", _JsonTextLoader)


class _AnyTextDumper(StrDumper):
    def dump(self, obj: str) -> Any:
        try:
            return super().dump(obj)
        except (UnicodeEncodeError, DataError):
            return super().dump(storable_text(obj))


def store_anything(connection: Connection[Any]) -> None:
    """Let a connection take texts and JSON that PostgreSQL cannot store, as what can be stored of them."""
    connection.adapters.register_dumper(str, _AnyTextDumper)
    set_json_dumps(lambda value: storable_json_text(_dumped(value)), connection)
    set_json_loads(_loaded, connection)
    connection.adapters.register_dumper(Json, _ExactJsonDumper)


def _loaded(text: str | bytes) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        # lone surrogates, which the standard library reads
        return json.loads(text)


def _dumped(value: Any) -> str:
    try:
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
    except orjson.JSONEncodeError:
        # lone surrogates again
        return json.dumps(value)


class _ExactJsonDumper(Dumper):
    oid = _JSON

    def dump(self, obj: Json) -> bytes:
        return exact_json_text(_dumped(obj.obj)).encode()


# --- what a value must become before it is sent -----------------------------------------------------------


def storable_text(text: str) -> str:
    """A text without what PostgreSQL cannot store: NUL and lone surrogates, each as the escape Python shows."""
    return text.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode()


def storable_json(value: Any) -> Any:
    """A JSON value without what JSONB cannot say: texts as `storable_text`, NaN and infinities as null."""
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {storable_text(str(key)): storable_json(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [storable_json(one) for one in value]
    return value


def storable_json_text(text: str) -> str:
    """The text of a JSON value as JSONB takes it; nearly always the text itself."""
    suspicious = "\\u0000" in text or "\\ud" in text or "NaN" in text or "Infinity" in text
    if suspicious or (not text.isascii() and not _is_utf8(text)):
        return json.dumps(storable_json(json.loads(text)), separators=(",", ":"), ensure_ascii=False)
    return text


def exact_json_text(text: str) -> str:
    """The text of a JSON value as PostgreSQL's JSON takes it: what is no text is written as JSON's own escapes."""
    if "NaN" in text or "Infinity" in text:
        return json.dumps(_without_specials(json.loads(text)), separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace").decode()


def _without_specials(value: Any) -> Any:
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {key: _without_specials(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_without_specials(one) for one in value]
    return value


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


_FORM_OF_TYPE: dict[int, Callable[[Any], Any]] = {
    _TIMESTAMPTZ: Moment,
    _JSON: exact_json_text,
    _JSONB: storable_json_text,
    _BOOL: bool,
}

Forms = tuple[tuple[int, Callable[[Any], Any]], ...]
"""Positions of the parameters that need another form, and what makes it."""


def forms_of(types: Sequence[int]) -> Forms:
    """The forms that the parameters of a statement need, from the types (OIDs) PostgreSQL gives them."""
    return tuple(
        (position, _FORM_OF_TYPE[type]) for position, type in enumerate(types) if type in _FORM_OF_TYPE
    )


def formed(values: Sequence[Any], forms: Forms) -> list[Any]:
    """The values in the forms that they need."""
    taken = list(values)
    for position, form in forms:
        value = taken[position]
        if value is not None:
            taken[position] = form(value)
    return taken

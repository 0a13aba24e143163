"""Any value in terms of JSON, for recording and showing: what cannot be expressed becomes `"<TypeName>"`.

It is one way. Values that must come back as they were go through `prefect.serializers`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from pydantic_core import PydanticSerializationError, to_jsonable_python

_AS_THEY_ARE = frozenset({bool, type(None)})


def serialize_parameters(parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters of a run as they are recorded."""
    return {name: jsonable(value) for name, value in parameters.items()}


def jsonable(value: Any) -> Any:
    """`value` made of dicts with string keys, lists, strings, numbers, booleans and None only.

    Models and dataclasses become dicts, sets and tuples lists, dates ISO text, durations seconds, secrets
    asterisks. Numbers JSON has no form for (nan, infinity, above 64 bits) become text that reads back as
    the same number. Iterators are not consumed.
    """
    kind = type(value)
    if kind in _AS_THEY_ARE:
        return value
    if kind is str:
        return value if value.isascii() else _encodable(value)
    if kind is int:
        return value if -(2**63) <= value < 2**64 else str(value)
    if kind is float:
        return value if math.isfinite(value) else str(value)
    return _container_or_object(value)


def _container_or_object(value: Any) -> Any:
    try:
        if isinstance(value, (list, tuple, set, frozenset)):
            return [jsonable(item) for item in value]
        if isinstance(value, dict):
            return {_key(key): jsonable(item) for key, item in value.items()}
        if isinstance(value, (Iterator, type)):
            return _placeholder(value)
        return to_jsonable_python(
            value, fallback=_fallback, timedelta_mode="float", inf_nan_mode="strings", serialize_unknown=False
        )
    except (PydanticSerializationError, RecursionError, TypeError, ValueError):
        return _placeholder(value)


def _placeholder(value: Any) -> str:
    return f"<{type(value).__name__}>"


def _fallback(value: Any) -> Any:
    # A number or text of numpy is no subclass of Python's, but holds one.
    if type(value).__module__ == "numpy" and getattr(value, "shape", None) == ():
        return jsonable(value.item())
    return _placeholder(value)


def _encodable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, as in undecodable file names
        return text.encode(errors="backslashreplace").decode()
    return text


def _key(key: Any) -> str:
    if isinstance(key, str):
        return _encodable(str.__str__(key))
    if key is None or isinstance(key, bool):
        return {None: "null", True: "true", False: "false"}[key]
    encoded = jsonable(key)
    if isinstance(encoded, (dict, list)):
        raise TypeError(f"no JSON key for {type(key).__name__}")
    return encoded if isinstance(encoded, str) else str(encoded)

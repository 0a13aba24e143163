"""From text (variables, files) or Python values to the declared type of a setting.

Written out rather than left to pydantic because building its first schema costs more than twice what
reading all settings may take. Failures say what is allowed; naming the setting is the caller's part.
"""

from __future__ import annotations

import math
import types
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import SecretStr

_TRUE = frozenset({"true", "1", "yes", "on", "t", "y"})
_FALSE = frozenset({"false", "0", "no", "off", "f", "n"})


def coerce(annotation: Any, value: Any) -> Any:
    """Return `value` as an instance of `annotation`, or raise ValueError saying what is allowed."""
    origin = get_origin(annotation)
    if annotation is Any:
        return value
    if origin is Union or origin is types.UnionType:
        return _coerce_union(get_args(annotation), value)
    if origin is Literal:
        return _coerce_choice(get_args(annotation), value)
    if origin is not None:
        return _coerce_collection(origin, get_args(annotation), value)
    return _SCALARS[annotation](value)


def describe(annotation: Any) -> str:
    """Say in words what values `annotation` allows."""
    origin = get_origin(annotation)
    members = get_args(annotation)
    if origin is Union or origin is types.UnionType:
        return _describe_union(members)
    if origin is Literal:
        return "one of " + ", ".join(str(member) for member in members)
    if origin is dict:
        return "a JSON object"
    if origin is not None:
        return f"a comma-separated list (of each: {describe(members[0])})"
    return _WORDS.get(annotation, "any value")


def _describe_union(members: tuple[Any, ...]) -> str:
    implied = {types.NoneType, int} if float in members else {types.NoneType}
    return " or ".join(describe(member) for member in members if member not in implied)


def _coerce_union(members: tuple[Any, ...], value: Any) -> Any:
    optional = types.NoneType in members
    if optional and (value is None or value == ""):
        return None
    for member in members:
        if member is not types.NoneType:
            try:
                return coerce(member, value)
            except ValueError:
                continue
    raise ValueError(f"must be {_describe_union(members)}")


def _coerce_choice(choices: tuple[Any, ...], value: Any) -> Any:
    wanted = str(value).casefold()
    for choice in choices:
        if str(choice).casefold() == wanted:
            return choice
    raise ValueError(f"must be one of {', '.join(map(str, choices))}")


def _coerce_collection(origin: Any, members: tuple[Any, ...], value: Any) -> Any:
    if isinstance(value, str):
        value = _collection_from_text(origin, value)
    if origin is dict:
        if not isinstance(value, dict):
            raise ValueError("must be a JSON object")
        return {coerce(members[0], key): coerce(members[1], item) for key, item in value.items()}
    if isinstance(value, int | float):
        value = [value]
    if not isinstance(value, Iterable) or isinstance(value, dict):
        raise ValueError(f"must be {describe(origin[members])}")
    return origin(coerce(members[0], item) for item in value)


def _collection_from_text(origin: Any, text: str) -> Any:
    text = text.strip()
    if text.startswith(("[", "{")):
        import json

        try:
            return json.loads(text)
        except ValueError as error:
            raise ValueError(f"must be valid JSON ({error})") from None
    if origin is dict:
        if not text:
            return {}
        raise ValueError("must be a JSON object")
    return [item.strip() for item in text.split(",") if item.strip()]


def _to_bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueError("must be true or false")


def _to_int(value: Any) -> int:
    try:
        number = int(value)
        if isinstance(value, float) and number != value:
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        raise ValueError("must be a whole number") from None
    return number


def _to_float(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError("must be a number") from None
    if not math.isfinite(number):
        raise ValueError("must be a finite number")
    return number


def _to_str(value: Any) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, str | int | float | Path):
        return str(value)
    raise ValueError("must be text")


def _to_path(value: Any) -> Path:
    if not isinstance(value, str | Path) or not str(value):
        raise ValueError("must be a path")
    try:
        return Path(value).expanduser()
    except RuntimeError:
        raise ValueError("must be a path; nobody of the name after ~ has a home here") from None


def _to_timedelta(value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    try:
        return timedelta(seconds=float(value))
    except (TypeError, ValueError, OverflowError):
        return _duration_from_text(str(value).strip().upper())


def _duration_from_text(text: str) -> timedelta:
    import re

    number = r"\d+(?:\.\d+)?"
    iso = rf"P(?:(?P<w>{number})W)?(?:(?P<d>{number})D)?"
    iso += rf"(?:T(?=\d)(?:(?P<h>{number})H)?(?:(?P<m>{number})M)?(?:(?P<s>{number})S)?)?"
    clock = rf"(?:(?P<d>\d+) DAYS?,? )?(?P<h>\d+):(?P<m>\d\d):(?P<s>{number})"
    short = rf"(?:(?P<w>{number})W)?(?:(?P<d>{number})D)?"
    short += rf"(?:(?P<h>{number})H)?(?:(?P<m>{number})M)?(?:(?P<s>{number})S)?"
    match = re.fullmatch(iso, text) or re.fullmatch(clock, text) or re.fullmatch(short, text)
    if match is None or text in ("P", ""):
        raise ValueError("must be a number of seconds or a duration such as 30d, PT1H or 1:00:00")
    units = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
    return timedelta(**{units[unit]: float(amount) for unit, amount in match.groupdict().items() if amount})


_SCALARS: dict[Any, Callable[[Any], Any]] = {
    bool: _to_bool,
    int: _to_int,
    float: _to_float,
    str: _to_str,
    Path: _to_path,
    timedelta: _to_timedelta,
    SecretStr: lambda value: SecretStr(_to_str(value)),
}

_WORDS: dict[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    Path: "a path",
    timedelta: "a duration",
    SecretStr: "text",
}

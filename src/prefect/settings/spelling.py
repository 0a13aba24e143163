"""From values back to text: variables, JSON, what people see. Secrets stay masked unless asked for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr

MASK = "********"


def to_text(value: Any, reveal: bool = False) -> str:
    """Spell a value so that reading it again gives an equal one."""
    if isinstance(value, SecretStr):
        return value.get_secret_value() if reveal else MASK
    if isinstance(value, timedelta):
        return _iso_duration(value)
    if isinstance(value, Mapping):
        import json

        return json.dumps(to_json_value(value), sort_keys=True)
    if isinstance(value, set | frozenset | list | tuple):
        items = sorted(value) if isinstance(value, set | frozenset) else value
        return ",".join(to_text(item, reveal) for item in items)
    return str(value)


def to_json_value(value: Any) -> Any:
    """Turn a value into what JSON knows, secrets masked."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): to_json_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_json_value(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(to_json_value(item) for item in value)
    if isinstance(value, SecretStr | timedelta | Path):
        return to_text(value)
    return repr(value)


def _iso_duration(value: timedelta) -> str:
    if value < timedelta(0):
        return str(value.total_seconds())  # what is read knows no sign before a duration
    hours, rest = divmod(value.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    days = f"{value.days}D" if value.days else ""
    fraction = f".{value.microseconds:06d}".rstrip("0") if value.microseconds else ""
    parts = ((f"{hours}H", hours), (f"{minutes}M", minutes), (f"{seconds}{fraction}S", seconds or fraction))
    clock = "".join(text for text, amount in parts if amount)
    if not days and not clock:
        return "PT0S"
    return f"P{days}T{clock}" if clock else f"P{days}"

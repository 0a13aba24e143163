"""Which part of a value a serializer does not take: for messages a user can act on.

Not here: serialising anything for good.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from prefect.serializers import Serializer

_MAX_PARTS = 2_000
"""How many parts of a value are tried; a search through a huge value must not take longer than the task."""


def describe_culprit(value: Any, serializer: Serializer[Any], error: Exception) -> str:
    """Why a value cannot be serialised: the innermost part that fails alone, its type and path; a remedy."""
    path, culprit = _innermost_culprit(value, serializer)
    whole = f"The result, of type {type(value).__name__!r},"
    part = f" Its part at {path} is of type {_type_name(culprit)!r}." if path else ""
    other = "json" if "pickle" in serializer.type else "pickle"
    return (
        f"{whole} cannot be serialised with {serializer.type!r} ({type(error).__name__}: {error}).{part} "
        f'Return something else, choose another serializer (e.g. result_serializer="{other}"), or do not '
        "keep the result (persist_result=False)."
    )


def _innermost_culprit(value: Any, serializer: Serializer[Any]) -> tuple[str, Any]:
    path, budget = "", _MAX_PARTS
    while True:
        for step, part in _parts(value):
            budget -= 1
            if budget < 0:
                return path, value
            if not _can_write(part, serializer):
                path, value = path + step, part
                break
        else:
            return path, value


def _can_write(part: Any, serializer: Serializer[Any]) -> bool:
    try:
        serializer.dumps(part)
    except Exception:
        return False
    return True


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    """The parts of a container with the step of the path that leads to each."""
    if isinstance(value, Mapping):
        yield from ((f"[{key!r}]", item) for key, item in value.items())
    elif isinstance(value, list | tuple):
        yield from ((f"[{index}]", item) for index, item in enumerate(value))
    elif isinstance(value, set | frozenset):
        yield from ((f"{{{item!r}}}", item) for item in value)
    elif isinstance(value, BaseModel):
        yield from ((f".{name}", item) for name, item in value.__dict__.items())
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield from (
            (f".{field.name}", getattr(value, field.name, None)) for field in dataclasses.fields(value)
        )


def _type_name(value: Any) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"

"""Which values of a body no database can hold: looked for once a database has refused it, to name them.

The limits are those of either database: a whole number of 64 bits, a text without null characters, and of 2000 bytes
where it is looked for. Not here: whether a database refused it because of a value (`server.database.refusals`).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from pydantic_core import from_json

_LARGEST_NUMBER = 2**63
_LONGEST_TEXT = 2000
_MOST_NAMED = 5


def unfit_places(body: bytes) -> list[str]:
    """Where values stand in a body of JSON that a database may refuse, the first few."""
    try:
        content = from_json(body)
    except ValueError:
        return []
    return list(islice(_suspects(content, "body"), _MOST_NAMED))


def _suspects(value: Any, place: str) -> Iterator[str]:
    if _is_suspect(value):
        yield place
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _suspects(item, f"{place}.{name[:_LONGEST_TEXT]}")
            if _is_suspect(name):
                yield f"a name in {place}"
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from _suspects(item, f"{place}.{position}")


def _is_suspect(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value or len(value.encode()) > _LONGEST_TEXT
    return isinstance(value, int) and not -_LARGEST_NUMBER <= value < _LARGEST_NUMBER

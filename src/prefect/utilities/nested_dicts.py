"""Dicts in dicts: read, write, merge, flatten. Public as part of `prefect.utilities.collections`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar, cast

KT = TypeVar("KT")
VT = TypeVar("VT")


def dict_to_flatdict(dct: dict[KT, Any]) -> dict[tuple[KT, ...], Any]:
    """One level, keyed by the path to each value. Empty dicts are kept as values."""

    def flatten(branch: dict[KT, Any], path: tuple[KT, ...]) -> Iterator[tuple[tuple[KT, ...], Any]]:
        for key, value in branch.items():
            if isinstance(value, dict) and value:
                yield from flatten(value, (*path, key))
            else:
                yield (*path, key), value

    return dict(flatten(dct, ()))


def flatdict_to_dict(dct: dict[tuple[KT, ...], VT]) -> dict[KT, Any]:
    """Dicts in dicts from values keyed by their paths; undoes `dict_to_flatdict`."""
    nested: dict[KT, Any] = {}
    for path, value in dct.items():
        branch = nested
        for key in path[:-1]:
            branch = branch.setdefault(key, {})
        branch[path[-1]] = value
    return nested


def remove_nested_keys(keys_to_remove: Sequence[Any], obj: Any) -> Any:
    """`obj` without these keys, at any depth of dicts in dicts; what is not a dict is returned as it is."""
    if not isinstance(obj, dict):
        return obj
    return {
        key: remove_nested_keys(keys_to_remove, value)
        for key, value in obj.items()
        if key not in keys_to_remove
    }


def get_from_dict(dct: dict[str, Any], keys: str | Sequence[str | int], default: Any = None) -> Any:
    """The value at a path such as `"a.b[0].c"` or `["a", "b", 0, "c"]`; `default` if there is none."""
    found: Any = dct
    for key in _path(keys):
        try:
            try:
                found = found[key]
            except (KeyError, TypeError):
                # A digit is a position in a list and, failing that, a key of a dict.
                found = found[int(key)]
        except (KeyError, IndexError, TypeError, ValueError):
            return default
    return found


def set_in_dict(dct: dict[str, Any], keys: str | Sequence[str], value: Any) -> None:
    """Put a value at a path, making the dicts on the way that are not there.

    Raises:
        TypeError: something on the way is not a dict.
    """
    *branches, last = _path(keys)
    found: Any = dct
    for key in branches:
        if not isinstance(found, dict):
            break
        found = found.setdefault(key, {})
    if not isinstance(found, dict):
        path = ".".join(map(str, [*branches, last]))
        raise TypeError(f"Cannot set {path!r}: what is on the way is not a dict.")
    found[last] = value


def deep_merge(dct: dict[str, Any], merge: dict[str, Any]) -> dict[str, Any]:
    """A new dict with the entries of both. Dicts under one key are merged; else `merge` wins."""
    merged = dict(dct)
    for key, value in merge.items():
        mine = merged.get(key)
        merged[key] = deep_merge(mine, value) if isinstance(mine, dict) and isinstance(value, dict) else value
    return merged


def deep_merge_dicts(*dicts: dict[str, Any]) -> dict[str, Any]:
    """`deep_merge` of any number of dicts; later ones win."""
    merged: dict[str, Any] = {}
    for dct in dicts:
        merged = deep_merge(merged, dct)
    return merged


def _path(keys: str | Iterable[str | int]) -> list[str]:
    if isinstance(keys, str):
        return [key for key in re.split(r"[.\[\]]+", keys) if key]
    return cast("list[str]", list(keys))

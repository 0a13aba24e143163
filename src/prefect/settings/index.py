"""Finding rows of the table: by path (`api.url`) or by any of the variables that set them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from prefect.settings.base import PrefectBaseSettings
from prefect.settings.fields import SettingField


def _rows(group: type[PrefectBaseSettings]) -> Iterator[SettingField]:
    yield from group.model_fields.values()
    for subgroup in group.subgroups.values():
        yield from _rows(subgroup)


@cache
def by_path() -> dict[str, SettingField]:
    """Every setting by its path, in the order of the table."""
    from prefect.settings.models.root import Settings

    return {row.path: row for row in _rows(Settings)}


@cache
def by_env_name() -> dict[str, SettingField]:
    """Every setting by each variable that sets it."""
    return {name: row for row in by_path().values() for name in row.env_names}


@cache
def computed() -> tuple[SettingField, ...]:
    """The settings whose effective value depends on other settings."""
    return tuple(row for row in by_path().values() if row.derive or row.adjust)


def find(key: str) -> SettingField:
    """Return the setting that a path or a variable names.

    Raises:
        ValueError: nothing has that name.
    """
    row = by_env_name().get(key.upper()) or by_path().get(key)
    if row is None:
        raise ValueError(f"Unknown setting: {key!r}{suggestion(key)}")
    return row


def suggestion(key: str) -> str:
    """Return words that propose the setting somebody may have meant by `key`, or nothing."""
    from difflib import get_close_matches

    names = by_path() if "." in key else by_env_name()
    close = get_close_matches(key if "." in key else key.upper(), names, n=1, cutoff=0.8)
    return f"; did you mean {close[0]!r}?" if close else ""

"""Putting settings together: precedence of sources, checking, values that follow from others.

Everything about a settings object follows from its `Given` values by path, so a changed copy is the same
steps over a changed dictionary.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect.settings import sources
from prefect.settings.base import Given, GroupT, PrefectBaseSettings, assemble
from prefect.settings.coercion import coerce
from prefect.settings.errors import InvalidSettingError, Origin, SettingProblem
from prefect.settings.fields import SettingField
from prefect.settings.index import by_path, computed, find
from prefect.settings.models import checks
from prefect.settings.models.root import Settings
from prefect.settings.spelling import MASK

if TYPE_CHECKING:
    from prefect.settings.legacy import SettingKey, SettingValues
    from prefect.settings.profiles import Profile

GivenValues = dict[str, Given]
"""Given values by setting path."""


class Loaded:
    """Settings, and the profile they were read with: its name and settings until a `Profile` is asked for."""

    __slots__ = ("_profile", "settings")

    def __init__(self, settings: Settings, profile: Profile | tuple[str, dict[str, Any]]) -> None:
        self.settings = settings
        self._profile = profile

    @property
    def profile(self) -> Profile:
        """The profile the settings were read with."""
        if isinstance(self._profile, tuple):
            from prefect.settings.profiles import profile_from_file

            self._profile = profile_from_file(*self._profile)
        return self._profile

    @property
    def profile_name(self) -> str:
        """The name of the profile, without the cost of making it."""
        return self._profile[0] if isinstance(self._profile, tuple) else self._profile.name

    def with_settings(self, settings: Settings) -> Loaded:
        """The same profile with other settings."""
        return Loaded(settings, self._profile)


def load(
    init: Mapping[str, Any] | None = None,
    *,
    profile: str | tuple[str, dict[str, Any]] | None = None,
    profile_wins: bool = False,
    keep: Settings | None = None,
    profile_values: bool = True,
) -> Loaded:
    """Read all sources.

    Args:
        init: Values, nested or by path, that win over all sources.
        profile: Name of the profile to use instead of the active one, or its name and settings.
        profile_wins: Let the profile win over environment and files.
        keep: Settings whose values that were set in code are kept.
        profile_values: Use what the profile sets; otherwise it is only named.

    Raises:
        InvalidSettingError: a value cannot be used.
        MissingProfileError: `profile` does not exist.
        ConfigurationError: a file of settings cannot be read.
    """
    dotenv = sources.dotenv_variables()
    raw: sources.RawValues = {
        path: (value, Origin("init", path)) for path, value in flatten(init or {}).items()
    }
    for source in (
        sources.from_environment(),
        sources.from_variables(dotenv, ".env"),
        sources.from_prefect_toml(),
        sources.from_pyproject(),
    ):
        raw = {**source, **raw}
    set_in_code = keep.given_values() if keep is not None else ()
    given = {**check(raw), **{path: value for path, value in set_in_code if value.origin.kind == "init"}}
    if isinstance(profile, tuple):
        name, table = profile
    else:
        active = os.environ.get("PREFECT_PROFILE") or dotenv.get("PREFECT_PROFILE")
        name, table = choose_profile(_Lookup(given)("profiles_path"), profile, active)
    from_profile = check(sources.from_profile(name, table)) if profile_values else {}
    merged = {**given, **from_profile} if profile_wins else {**from_profile, **given}
    return Loaded(build(merged), (name, table))


def load_group(group: type[GroupT], init: Mapping[str, Any]) -> GroupT:
    """Read all sources and return one group; `init` holds values for it that win."""
    for step in reversed(group.path.split(".") if group.path else ()):
        init = {step: init}
    found: Any = load(init).settings
    for step in group.path.split(".") if group.path else ():
        found = getattr(found, step)
    result: GroupT = found
    return result


def updated(
    settings: Settings,
    updates: SettingValues,
    set_defaults: SettingValues,
    restore_defaults: Iterable[SettingKey],
) -> Settings:
    """Return a copy with other values; see `Settings.copy_with_update`."""
    given = dict(settings.given_values())
    for key in restore_defaults:
        given.pop(find(str_key(key)).path, None)
    raw = {find(str_key(key)).path: value for key, value in set_defaults.items()}
    raw = {path: value for path, value in raw.items() if path not in given}
    raw |= {find(str_key(key)).path: value for key, value in updates.items()}
    given |= check({path: (value, Origin("init", "")) for path, value in raw.items()})
    return build(given)


def str_key(key: SettingKey) -> str:
    """The text form of a key: a path, a variable, or a setting object."""
    return key if isinstance(key, str) else key.name


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Turn nested mappings (or groups) of values into values by path.

    Raises:
        ValueError: a name is no setting.
    """
    flat: dict[str, Any] = {}
    for name, value in values.items():
        path = f"{prefix}{name}"
        if isinstance(value, PrefectBaseSettings):
            flat.update((given_path, given.value) for given_path, given in value.given_values())
        elif isinstance(value, Mapping) and path not in by_path():
            flat.update(flatten(value, f"{path}."))
        else:
            flat[find(path).path] = value
    return flat


def choose_profile(path: Path, wanted: str | None, active: str | None) -> tuple[str, dict[str, Any]]:
    """Name and settings of the profile `wanted`, else `active`, else the one the file at `path` names.

    Only a profile that is wanted must exist; otherwise a missing one is warned about and the default used.
    """
    from prefect.exceptions import MissingProfileError

    try:
        return sources.active_profile(path, wanted or active)
    except KeyError as missing:
        name = missing.args[0]
    if wanted:
        raise MissingProfileError(
            f"Profile {name!r} not found in {path}; `prefect profile ls` lists the profiles."
        )
    warnings.warn(
        f"The active profile {name!r} does not exist in {path}; using the default profile.", stacklevel=2
    )
    return sources.default_profile()


def check(raw: sources.RawValues) -> GivenValues:
    """Convert raw values to the declared types.

    Raises:
        InvalidSettingError: lists every value that cannot be used.
    """
    given: GivenValues = {}
    problems: list[SettingProblem] = []
    rows = by_path()
    for path, (value, origin) in raw.items():
        row = rows[path]
        try:
            converted = coerce(row.annotation, value)
            _check_limits(row, converted)
            given[path] = Given(converted, origin)
        except ValueError as reason:
            problems.append(_problem(row, value, origin, str(reason)))
    if problems:
        raise InvalidSettingError(problems)
    return given


def _check_limits(row: SettingField, value: Any) -> None:
    if value is None or (row.ge is None and row.gt is None and row.le is None):
        return
    for number in value if isinstance(value, set | list) else (value,):
        amount = number.total_seconds() if hasattr(number, "total_seconds") else number
        if row.ge is not None and amount < row.ge:
            raise ValueError(f"must be at least {row.ge:g}")
        if row.gt is not None and amount <= row.gt:
            raise ValueError(f"must be more than {row.gt:g}")
        if row.le is not None and amount > row.le:
            raise ValueError(f"must be at most {row.le:g}")


def _problem(row: SettingField, value: Any, origin: Origin | None, reason: str) -> SettingProblem:
    shown = MASK if row.is_secret else repr(value)
    return SettingProblem(row.path, row.env_name, shown, origin, reason)


class _Lookup:
    """Effective values by path, each computed once."""

    def __init__(self, given: GivenValues) -> None:
        self._given = given
        self._effective: dict[str, Any] = {}

    def __call__(self, path: str) -> Any:
        if path not in self._effective:
            self._effective[path] = self._compute(by_path()[path])
        return self._effective[path]

    def _compute(self, row: SettingField) -> Any:
        given = self._given.get(row.path)
        try:
            if given is not None:
                value = given.value
            else:
                value = row.derive(self) if row.derive else row.default
            return row.adjust(self, value) if row.adjust and value is not None else value
        except InvalidSettingError:
            raise
        except ValueError as reason:
            raise InvalidSettingError([_problem(row, None, None, str(reason))]) from None


def build(given: GivenValues) -> Settings:
    """Make settings of given values, with everything that follows from them.

    Raises:
        InvalidSettingError: values contradict each other.
    """
    lookup = _Lookup(given)
    values: dict[str, Any] = {}
    origins: dict[str, Any] = {}
    for row in computed():
        _put(values, row.path, lookup(row.path))
    for path, value in given.items():
        _put(values, path, lookup(path))
        _put(origins, path, value)
    settings = assemble(Settings, values, origins)
    problems = [
        _problem(by_path()[path], lookup(path), settings.origin_of(path), reason)
        for path, reason in checks.contradictions(settings)
    ]
    if problems:
        raise InvalidSettingError(problems)
    checks.warn_about_api_url(settings)
    return settings


def _put(tree: dict[str, Any], path: str, value: Any) -> None:
    *groups, name = path.split(".")
    for group in groups:
        tree = tree.setdefault(group, {})
    tree[name] = value

"""Profiles: named sets of settings in `profiles.toml`, one of them active.

The file is only written by `save_profiles`; the profiles every installation starts with are never written to.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from prefect.exceptions import ConfigurationError, ProfileSettingsValidationError
from prefect.settings import sources
from prefect.settings.constants import DEFAULT_PROFILES_PATH
from prefect.settings.context import current_frame, get_current_settings
from prefect.settings.errors import InvalidSettingError, Origin
from prefect.settings.legacy import Setting, SettingKey, SettingValues, setting_named
from prefect.settings.loading import check
from prefect.settings.spelling import to_text
from prefect.settings.toml import toml_text, write_atomically


def as_setting(key: SettingKey) -> Setting:
    """Return the setting object a key stands for; a name nobody knows becomes one without effect."""
    if isinstance(key, Setting):
        return key
    try:
        return setting_named(key.upper())
    except AttributeError:
        return Setting(key, None, Any)


class Profile(BaseModel):
    """A named set of settings, and the file it comes from.

    Names that are no settings are kept, so that saving loses nothing, but warned about.
    """

    model_config = ConfigDict(extra="ignore", arbitrary_types_allowed=True, defer_build=True)

    name: str
    settings: dict[Setting, Any] = Field(default_factory=dict)
    source: Path | None = None

    @field_validator("settings", mode="before")
    @classmethod
    def _settings_by_name(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        cast = {as_setting(key): item for key, item in value.items()}
        for setting in cast:
            if setting.is_unknown:
                warnings.warn(f"Setting {setting.name!r} is not recognized", stacklevel=2)
        return cast

    def to_environment_variables(self) -> dict[str, str]:
        """Spell the settings as environment variables, secrets in plain text."""
        return {
            setting.name: to_text(value, reveal=True)
            for setting, value in self.settings.items()
            if value is not None
        }

    def validate_settings(self) -> None:
        """Check all values.

        Raises:
            ProfileSettingsValidationError: pairs each setting whose value cannot be used with the reason.
        """
        errors: list[tuple[Any, Any]] = []
        for setting, value in self.settings.items():
            if setting.accessor is not None:
                try:
                    check({setting.accessor: (value, Origin("profile", self.name))})
                except InvalidSettingError as error:
                    errors.append((setting, error))
        if errors:
            raise ProfileSettingsValidationError(errors)


class ProfilesCollection:
    """Profiles by name, and which one is active."""

    def __init__(self, profiles: Iterable[Profile], active: str | None = None) -> None:
        self.profiles_by_name = {profile.name: profile for profile in profiles}
        self.active_name = active

    @property
    def names(self) -> set[str]:
        """The names of all profiles."""
        return set(self.profiles_by_name)

    @property
    def active_profile(self) -> Profile | None:
        """The active profile, if one is set."""
        return self.profiles_by_name.get(self.active_name) if self.active_name else None

    def set_active(self, name: str | None, check: bool = True) -> None:
        """Make a profile the active one, or none.

        Raises:
            ValueError: there is no such profile, unless `check` is False.
        """
        if check and name is not None and name not in self.profiles_by_name:
            raise ValueError(f"Unknown profile name {name!r}.")
        self.active_name = name

    def add_profile(self, profile: Profile) -> None:
        """Add a profile.

        Raises:
            ValueError: the name is taken.
        """
        if profile.name in self.profiles_by_name:
            raise ValueError(f"Profile name {profile.name!r} already exists in collection.")
        self.profiles_by_name[profile.name] = profile

    def update_profile(self, name: str, settings: SettingValues, source: Path | None = None) -> Profile:
        """Set values in a profile, making it if there is none; a value of None removes the setting."""
        existing = self.profiles_by_name.get(name)
        merged = dict(existing.settings) if existing else {}
        for key, value in settings.items():
            setting = as_setting(key)
            merged.pop(setting, None)  # an older spelling of the same setting must not stay as the key
            if value is not None:
                merged[setting] = value
        profile = Profile(
            name=name, settings=merged, source=source or (existing.source if existing else None)
        )
        self.profiles_by_name[name] = profile
        return profile

    def remove_profile(self, name: str) -> None:
        """Remove a profile.

        Raises:
            KeyError: there is no such profile.
        """
        del self.profiles_by_name[name]

    def without_profile_source(self, path: Path | None) -> ProfilesCollection:
        """Return a collection without the profiles that come from the file at `path`."""
        return ProfilesCollection(
            (profile for profile in self.profiles_by_name.values() if profile.source != path),
            active=self.active_name,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return what a file of these profiles says."""
        return {
            "active": self.active_name,
            "profiles": {
                profile.name: {setting.name: value for setting, value in profile.settings.items()}
                for profile in self.profiles_by_name.values()
            },
        }

    def items(self) -> list[tuple[str, Profile]]:
        """Return names and profiles."""
        return list(self.profiles_by_name.items())

    def __getitem__(self, name: str) -> Profile:
        return self.profiles_by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.profiles_by_name)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ProfilesCollection):
            return NotImplemented
        return (self.profiles_by_name, self.active_name) == (other.profiles_by_name, other.active_name)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        profiles = list(self.profiles_by_name.values())
        return f"ProfilesCollection(profiles={profiles!r}, active={self.active_name!r})"


def profile_from_file(name: str, table: Mapping[str, Any], source: Path | None = None) -> Profile:
    """Make a profile of the table a file has for it."""
    return Profile.model_validate({"name": name, "settings": table, "source": source})


def load_profiles(include_defaults: bool = True) -> ProfilesCollection:
    """Read the profiles of `PREFECT_PROFILES_PATH`, and by default the shipped ones it does not replace.

    Raises:
        ConfigurationError: the file cannot be read.
    """
    profiles = ProfilesCollection([])
    paths = [get_current_settings().profiles_path]
    if include_defaults:
        paths.insert(0, DEFAULT_PROFILES_PATH)
    for path in paths:
        active, tables = sources.read_profiles_file(path)
        for name, table in tables.items():
            profiles.profiles_by_name[name] = profile_from_file(name, table, path)
        if active:
            profiles.set_active(active, check=False)
    return profiles


def load_profile(name: str) -> Profile:
    """Return one profile.

    Raises:
        ValueError: there is no such profile.
    """
    profile = load_profiles().profiles_by_name.get(name)
    if profile is None:
        raise ValueError(f"Profile {name!r} not found.")
    return profile


def load_current_profile() -> Profile:
    """Return the profile the current settings were read with."""
    frame = current_frame()
    return load_profiles().profiles_by_name.get(frame.profile_name) or frame.profile


def save_profiles(profiles: ProfilesCollection) -> None:
    """Write the profiles to `PREFECT_PROFILES_PATH`, leaving out the shipped ones.

    Raises:
        ConfigurationError: the file cannot be written; it is as it was.
    """
    path = get_current_settings().profiles_path
    contents = profiles.without_profile_source(DEFAULT_PROFILES_PATH).to_dict()
    try:
        write_atomically(path, toml_text(contents))
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror}. PREFECT_HOME and PREFECT_PROFILES_PATH say where "
            "profiles are."
        ) from error


def update_current_profile(settings: SettingValues) -> Profile:
    """Set values in the current profile and save it; a value of None removes the setting.

    Raises:
        ProfileSettingsValidationError: a value cannot be used; nothing is saved.
    """
    name = current_frame().profile_name
    profiles = load_profiles()
    profile = profiles.update_profile(name, settings, source=get_current_settings().profiles_path)
    profile.validate_settings()
    save_profiles(profiles)
    return profile

"""The settings in force: read once at first use, replaced for the length of a `with` block.

The current settings live in a context variable here; `prefect.context.SettingsContext` enters and leaves it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prefect.settings.legacy import SettingKey, SettingValues
    from prefect.settings.loading import Loaded
    from prefect.settings.models.root import Settings
    from prefect.settings.profiles import Profile

_current: ContextVar[Loaded | None] = ContextVar("prefect_settings", default=None)
_process_wide: Loaded | None = None


def get_current_settings() -> Settings:
    """Return the settings in force here.

    They are read at first use and then kept: later changes of environment or files count after
    `refresh_global_settings_context()`.

    Raises:
        InvalidSettingError: a value cannot be used.
    """
    return current_frame().settings


def current_frame() -> Loaded:
    """Return the settings in force with the profile they were read with."""
    return _current.get() or process_wide_frame()


def process_wide_frame() -> Loaded:
    """Return the settings of code that runs in no block with settings of its own."""
    global _process_wide
    if _process_wide is None:
        from prefect.settings.loading import load

        _process_wide = load()
    return _process_wide


def refresh_global_settings_context() -> None:
    """Read the process-wide settings anew, from the environment and files as they are now."""
    global _process_wide
    from prefect.settings.loading import load

    _process_wide = load()


def enter_settings(frame: Loaded) -> Token[Loaded | None]:
    """Put settings in force in this context, until `leave_settings` gets the token back."""
    return _current.set(frame)


def leave_settings(token: Token[Loaded | None]) -> None:
    """Put the settings before `enter_settings` in force again."""
    _current.reset(token)


@contextmanager
def temporary_settings(
    updates: SettingValues | None = None,
    set_defaults: SettingValues | None = None,
    restore_defaults: Iterable[SettingKey] | None = None,
) -> Generator[Settings, None, None]:
    """Use other settings for the length of a `with` block.

    Keys are setting objects (`PREFECT_API_URL`), variables (`"PREFECT_API_URL"`) or paths (`"api.url"`).

    Args:
        updates: Values that replace whatever is set.
        set_defaults: Values for settings that nothing sets.
        restore_defaults: Settings that get their default back.

    Raises:
        InvalidSettingError: a value cannot be used.
        ValueError: a key names no setting.

    >>> with temporary_settings({"PREFECT_LOGGING_LEVEL": "DEBUG"}) as settings:
    ...     settings.logging.level
    'DEBUG'
    """
    frame = current_frame()
    settings = frame.settings.copy_with_update(updates, set_defaults, restore_defaults)
    with _in_force(frame.with_settings(settings)):
        yield settings


@contextmanager
def use_profile(
    profile: str | Profile, override_environment_variables: bool = False, include_current_context: bool = True
) -> Generator[Loaded, None, None]:
    """Use another profile for the length of a `with` block.

    Args:
        profile: Name of a profile, or a `Profile`.
        override_environment_variables: Let the profile win over the environment and files.
        include_current_context: Keep values that were set in code, for instance by `temporary_settings`.

    Raises:
        MissingProfileError: there is no profile of that name.
        InvalidSettingError: a value in it cannot be used.
    """
    from prefect.settings.loading import load

    frame = load(
        profile=profile if isinstance(profile, str) else (profile.name, profile.to_environment_variables()),
        profile_wins=override_environment_variables,
        keep=get_current_settings() if include_current_context else None,
    )
    with _in_force(frame):
        yield frame


@contextmanager
def settings_without_profile_values(profile: str | None = None) -> Generator[Loaded, None, None]:
    """Ignore what the profile says, for the length of a `with` block: to mend a profile that is broken."""
    from prefect.settings.loading import load

    frame = load(profile=profile, profile_values=False)
    with _in_force(frame):
        yield frame


@contextmanager
def _in_force(frame: Loaded) -> Generator[None, None, None]:
    token = enter_settings(frame)
    try:
        yield
    finally:
        leave_settings(token)

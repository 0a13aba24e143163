"""Settings: what they are, where they come from, what is in force now.

    get_current_settings().api.url                     the value in force
    with temporary_settings({PREFECT_API_URL: ...}):   another one, for a while

The table of all settings is `prefect.settings.models`; this face loads its rooms on first use, because every
program imports it and few need all of it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from prefect.settings.constants import DEFAULT_PREFECT_HOME, DEFAULT_PROFILES_PATH
from prefect.settings.context import (
    get_current_settings,
    refresh_global_settings_context,
    temporary_settings,
    use_profile,
)

if TYPE_CHECKING:
    from prefect.settings.base import PrefectBaseSettings as PrefectBaseSettings
    from prefect.settings.errors import InvalidSettingError as InvalidSettingError
    from prefect.settings.legacy import Setting
    from prefect.settings.models.root import Settings, canonical_environment_prefix
    from prefect.settings.profiles import (
        Profile,
        ProfilesCollection,
        load_current_profile,
        load_profile,
        load_profiles,
        save_profiles,
        update_current_profile,
    )

    PREFECT_API_AUTH_STRING: Setting
    PREFECT_API_KEY: Setting
    PREFECT_API_URL: Setting
    PREFECT_UI_URL: Setting

__all__ = [
    "DEFAULT_PREFECT_HOME",
    "DEFAULT_PROFILES_PATH",
    "PREFECT_API_AUTH_STRING",
    "PREFECT_API_KEY",
    "PREFECT_API_URL",
    "PREFECT_UI_URL",
    "InvalidSettingError",
    "Profile",
    "ProfilesCollection",
    "Setting",
    "Settings",
    "canonical_environment_prefix",
    "get_current_settings",
    "load_current_profile",
    "load_profile",
    "load_profiles",
    "refresh_global_settings_context",
    "save_profiles",
    "temporary_settings",
    "update_current_profile",
    "use_profile",
]

_ROOMS = {
    "InvalidSettingError": "prefect.settings.errors",
    "PrefectBaseSettings": "prefect.settings.base",
    "Profile": "prefect.settings.profiles",
    "ProfilesCollection": "prefect.settings.profiles",
    "Setting": "prefect.settings.legacy",
    "Settings": "prefect.settings.models.root",
    "canonical_environment_prefix": "prefect.settings.models.root",
    "get_default_settings": "prefect.settings.legacy",
    "get_settings_from_env": "prefect.settings.legacy",
    "load_current_profile": "prefect.settings.profiles",
    "load_profile": "prefect.settings.profiles",
    "load_profiles": "prefect.settings.profiles",
    "save_profiles": "prefect.settings.profiles",
    "update_current_profile": "prefect.settings.profiles",
}


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        value = getattr(import_module(_ROOMS[name]), name)
    elif name == "SETTING_VARIABLES":
        from prefect.settings.legacy import setting_variables

        value = setting_variables()
    elif name.startswith("PREFECT_"):
        from prefect.settings.legacy import setting_named

        value = setting_named(name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    from prefect.settings.index import by_env_name

    return sorted({*globals(), *__all__, *by_env_name()})

"""Setting objects such as `PREFECT_API_URL`: a handle on one setting, by the name of a variable."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from prefect.settings.context import get_current_settings
from prefect.settings.index import by_env_name, by_path
from prefect.settings.spelling import MASK

if TYPE_CHECKING:
    from prefect.settings.models.root import Settings

RETIRED: dict[str, tuple[Any, Any]] = {
    "PREFECT_API_SERVICES_FLOW_RUN_NOTIFICATIONS_ENABLED": (bool, True),
    "PREFECT_ASYNC_FETCH_STATE_RESULT": (bool, False),
    "PREFECT_EXPERIMENTAL_ENABLE_SCHEDULE_CONCURRENCY": (bool, False),
}
"""Names of 3.0 without effect, with type and default: they can be imported and read, no more."""


class Setting:
    """A handle on one setting.

    Args:
        name: The variable that sets it.
        default: Its default.
        type_: The type of its values.
        accessor: Its path in `Settings`, such as `api.url`; None for a name without effect.
    """

    def __init__(self, name: str, default: Any, type_: Any, accessor: str | None = None) -> None:
        self._name = name
        self._default = default
        self._type = type_
        self.accessor = accessor

    @property
    def name(self) -> str:
        """The variable that sets the setting."""
        return self._name

    @property
    def is_secret(self) -> bool:
        """Whether the value must never be shown."""
        return "SecretStr" in str(self._type)

    @property
    def is_unknown(self) -> bool:
        """Whether nothing, now or formerly, has this name."""
        return self.accessor is None and self._name not in RETIRED

    def default(self) -> Any:
        """Return the value when nothing sets it."""
        return self._default

    def value(self) -> Any:
        """Return the current value; secrets as plain text."""
        return self.value_from(get_current_settings())

    def value_from(self, settings: Settings) -> Any:
        """Return the value in `settings`; secrets as plain text."""
        if self.accessor is None:
            return self._default
        value: Any = settings
        for step in self.accessor.split("."):
            value = getattr(value, step)
        return value.get_secret_value() if hasattr(value, "get_secret_value") else value

    def __bool__(self) -> bool:
        return bool(self.value())

    def __str__(self) -> str:
        return MASK if self.is_secret and self.value() is not None else str(self.value())

    def __repr__(self) -> str:
        return f"<{self.name}: {self._type!r}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Setting):
            return NotImplemented
        return self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    @property
    def _identity(self) -> str:
        return self.accessor or self._name


SettingKey = str | Setting
"""How a setting is named in calls: path, variable, or setting object."""

SettingValues = Mapping[str, Any] | Mapping[Setting, Any] | Mapping[SettingKey, Any]
"""Values by such names."""


@cache
def setting_named(name: str) -> Setting:
    """Return the handle of the setting that the variable `name` sets.

    Raises:
        AttributeError: no setting has that variable.
    """
    row = by_env_name().get(name)
    if row is not None:
        return Setting(name, row.derive(default_of) if row.derive else row.default, row.annotation, row.path)
    if name in RETIRED:
        type_, default = RETIRED[name]
        return Setting(name, default, type_)
    raise AttributeError(f"{name} is not a Prefect setting.")


def default_of(path: str) -> Any:
    """Return the default of the setting at `path` when nothing is set at all."""
    row = by_path()[path]
    return row.derive(default_of) if row.derive else row.default


def setting_variables() -> dict[str, Setting]:
    """Return the handles of all settings, by current name."""
    return {row.env_name: setting_named(row.env_name) for row in by_path().values()}


def get_default_settings() -> Settings:
    """Return the settings of a machine on which nothing is set."""
    from prefect.settings.loading import build

    return build({})


def get_settings_from_env() -> Settings:
    """Return settings read from the environment alone: no files, no profile."""
    from prefect.settings.loading import build, check
    from prefect.settings.sources import from_environment

    return build(check(from_environment()))

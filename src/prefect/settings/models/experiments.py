"""`settings.experiments`: features that may still change."""

from typing import TYPE_CHECKING

from prefect.settings.base import PrefectBaseSettings
from prefect.settings.fields import setting

if TYPE_CHECKING:
    from prefect.settings.models.plugins import PluginsSettings


class ExperimentsSettings(PrefectBaseSettings, path="experiments"):
    """Features that may still change."""

    warn: bool = setting(
        True, "Warn when an experimental feature is used.", aliases=("PREFECT_EXPERIMENTAL_WARN",)
    )

    @property
    def plugins(self) -> "PluginsSettings":
        """The former place of `settings.plugins`."""
        from prefect.settings.context import get_current_settings

        return get_current_settings().plugins

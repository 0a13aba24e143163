"""`settings.plugins`: start-up hooks of installed packages."""

from prefect.settings.base import PrefectBaseSettings
from prefect.settings.fields import setting


class PluginsSettings(PrefectBaseSettings, path="plugins"):
    """Start-up hooks of installed packages."""

    enabled: bool = setting(False, "Run the hooks.", aliases=("PREFECT_EXPERIMENTS_PLUGINS_ENABLED",))
    allow: set[str] | None = setting(
        None, "Names of the only plugins to run.", aliases=("PREFECT_EXPERIMENTS_PLUGINS_ALLOW",)
    )
    deny: set[str] | None = setting(
        None, "Names of plugins never to run.", aliases=("PREFECT_EXPERIMENTS_PLUGINS_DENY",)
    )
    setup_timeout_seconds: float = setting(
        20.0, "Time a hook may take.", aliases=("PREFECT_EXPERIMENTS_PLUGINS_SETUP_TIMEOUT_SECONDS",)
    )
    strict: bool = setting(
        False, "A failing required plugin stops the program.", aliases=("PREFECT_EXPERIMENTS_PLUGINS_STRICT",)
    )
    safe_mode: bool = setting(
        False, "Load plugins without running their hooks.", aliases=("PREFECT_EXPERIMENTS_PLUGINS_SAFE_MODE",)
    )

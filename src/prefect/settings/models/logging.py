"""`settings.logging`: what is logged and where it goes."""

from pathlib import Path
from typing import Literal

from prefect.settings.base import PrefectBaseSettings
from prefect.settings.fields import setting
from prefect.settings.models import _defaults


class LoggingToAPISettings(PrefectBaseSettings, path="logging.to_api"):
    """The recording of run logs."""

    enabled: bool = setting(True, "Record the log lines of runs.")
    batch_interval: float = setting(2.0, "Seconds between batches of log lines sent to an API server.")
    batch_size: int = setting(4_000_000, "Largest batch in bytes.")
    max_log_size: int = setting(1_000_000, "Largest log message in bytes; longer ones are cut.")
    when_missing_flow: Literal["warn", "error", "ignore"] = setting(
        "warn", "What to do when a run logger is used outside of runs."
    )


class LoggingSettings(PrefectBaseSettings, path="logging"):
    """What is logged and where it goes."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = setting(
        "INFO", "Lowest level that is logged.", adjust=_defaults.log_level
    )
    config_path: Path = setting(
        None,
        "YAML file that replaces the built-in configuration. Default: logging.yml in PREFECT_HOME, if there.",
        aliases=("PREFECT_LOGGING_SETTINGS_PATH",),
        derive=_defaults.in_home("logging.yml"),
        adjust=_defaults.fill_home,
    )
    extra_loggers: list[str] | None = setting(
        None, "Names of other loggers whose lines belong to the run's record."
    )
    log_prints: bool = setting(False, "Log what flows and tasks print, unless they say otherwise.")
    colors: bool = setting(True, "Colour log lines on terminals.")
    markup: bool = setting(False, "Read [square brackets] in log messages as styles.")
    to_api: LoggingToAPISettings

"""`settings.internal`: for the people who work on this library."""

from typing import Literal

from prefect.settings.base import PrefectBaseSettings
from prefect.settings.fields import setting
from prefect.settings.models import _defaults


class InternalSettings(PrefectBaseSettings, path="internal"):
    """For the people who work on this library."""

    logging_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = setting(
        "ERROR",
        "Level of the library's own log messages.",
        aliases=("PREFECT_LOGGING_INTERNAL_LEVEL",),
        adjust=_defaults.log_level,
    )

"""`settings.cloud`: addresses and limits of the hosted service, for clients that talk to it."""

from prefect.settings.base import PrefectBaseSettings
from prefect.settings.fields import setting
from prefect.settings.models import _defaults


class CloudSettings(PrefectBaseSettings, path="cloud"):
    """Addresses and limits of the hosted service."""

    api_url: str = setting("https://api.prefect.cloud/api", "API of the hosted service.")
    enable_orchestration_telemetry: bool = setting(
        True, "Send traces of orchestration to the hosted service."
    )
    max_log_size: int = setting(25_000, "Largest log message in bytes the hosted service accepts.")
    ui_url: str | None = setting(
        None,
        "UI of the hosted service. Default: follows from the API address.",
        derive=_defaults.cloud_ui_url,
    )

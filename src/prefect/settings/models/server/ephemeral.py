"""`settings.server.ephemeral`: work without a server."""

from prefect.settings.base import PrefectBaseSettings
from prefect.settings.fields import setting


class ServerEphemeralSettings(PrefectBaseSettings, path="server.ephemeral"):
    """Work without a server."""

    enabled: bool = setting(
        False, "Work without an API URL is allowed.", aliases=("PREFECT_SERVER_ALLOW_EPHEMERAL_MODE",)
    )
    startup_timeout_seconds: int = setting(
        20, "Time a temporary server may take to start, where one is used."
    )

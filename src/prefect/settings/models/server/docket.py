"""`settings.server.docket`: the background queue of the original's server; understood, not needed by ours."""

from prefect.settings.base import PrefectBaseSettings
from prefect.settings.fields import setting


class ServerDocketSettings(PrefectBaseSettings, path="server.docket"):
    """The queue of background work."""

    name: str = setting("prefect-server", "Name of the queue.")
    url: str = setting("memory://", "Where the queue lives.")

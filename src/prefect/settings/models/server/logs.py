"""`settings.server.logs`: live streams of log lines."""

from prefect.settings.base import PrefectBaseSettings
from prefect.settings.fields import setting
from prefect.settings.models import _defaults


class ServerLogsSettings(PrefectBaseSettings, path="server.logs"):
    """Live streams of log lines.

    The original leaves them out unless told otherwise; here a stream that nobody watches costs nothing.
    """

    stream_out_enabled: bool = setting(
        None, "Clients may watch the stream of log lines.", derive=_defaults.fresh(lambda: True)
    )
    stream_publishing_enabled: bool = setting(
        None, "New log lines are put on the stream.", derive=_defaults.fresh(lambda: True)
    )

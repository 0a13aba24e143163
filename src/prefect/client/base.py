"""What kind of API a client speaks to. Not here: speaking to it (`prefect.client.orchestration`)."""

from __future__ import annotations

from prefect.settings import get_current_settings
from prefect.utilities.collections import AutoEnum


class ServerType(AutoEnum):
    """Kinds of API: this process, a server, the hosted service, or none where one is needed."""

    EPHEMERAL = "EPHEMERAL"
    SERVER = "SERVER"
    CLOUD = "CLOUD"
    UNCONFIGURED = "UNCONFIGURED"


def determine_server_type() -> ServerType:
    """What kind of API the settings name."""
    return server_type_of(get_current_settings().api.url)


def server_type_of(url: str | None) -> ServerType:
    """What kind of API is at a URL; None: this process serves itself."""
    if url is None:
        return ServerType.EPHEMERAL
    hosted = get_current_settings().cloud.api_url
    return ServerType.CLOUD if url.startswith(hosted) else ServerType.SERVER

"""Subscribers to log records under their documented import path. Home: `prefect.events.log_clients`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prefect.events.log_clients import (
        SEEN_LOGS_SIZE,
        SEEN_LOGS_TTL,
        PrefectCloudLogsSubscriber,
        PrefectLogsSubscriber,
        get_logs_subscriber,
        http_to_ws,
        logs_out_socket_from_api_url,
    )

__all__ = [
    "SEEN_LOGS_SIZE",
    "SEEN_LOGS_TTL",
    "PrefectCloudLogsSubscriber",
    "PrefectLogsSubscriber",
    "get_logs_subscriber",
    "http_to_ws",
    "logs_out_socket_from_api_url",
]


def __getattr__(name: str) -> Any:
    from prefect.events import log_clients

    if name in __all__:
        return getattr(log_clients, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""Subscribers to the log records of runs, as they are written. Documented as `prefect.logging.clients`.

Not here: how one subscribes (`_subscribing`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefect.events._sockets import http_to_ws, socket_url
from prefect.events._subscribing import (
    SEEN_SIZE,
    Kind,
    ServerSubscriber,
    StoreSubscriber,
    Subscriber,
)
from prefect.schemas.filters.logs import LogFilter
from prefect.schemas.logs import Log
from prefect.settings import get_current_settings

if TYPE_CHECKING:
    from prefect.client.orchestration.local_events import LocalWatch

__all__ = [
    "PrefectCloudLogsSubscriber",
    "PrefectLogsSubscriber",
    "get_logs_subscriber",
    "http_to_ws",
    "logs_out_socket_from_api_url",
]

SEEN_LOGS_SIZE, SEEN_LOGS_TTL = SEEN_SIZE, 120
_LOGS = Kind("log", "/logs/out", Log, SEEN_LOGS_TTL)


def logs_out_socket_from_api_url(url: str) -> str:
    """Where an API streams log records."""
    return socket_url(url, _LOGS.path)


def get_logs_subscriber(
    filter: LogFilter | None = None, reconnection_attempts: int = 10, reconnect_on_clean_close: bool = False
) -> Subscriber[Log]:
    """A subscriber to the log records of the server that the settings name; without one, of the store.

    Args:
        filter: which records.
        reconnection_attempts: how often it is tried to connect anew, in a row.
        reconnect_on_clean_close: also when the server has closed the stream in good order.
    """
    if get_current_settings().api.url is None:
        return StoreSubscriber(_LOGS, lambda: _watch(filter))
    return PrefectLogsSubscriber(None, filter, reconnection_attempts, reconnect_on_clean_close)


def _watch(filter: LogFilter | None) -> LocalWatch:
    from prefect.client.orchestration.local_events import local_logs

    return local_logs(filter)


class PrefectLogsSubscriber(ServerSubscriber[Log]):
    """The log records of a server, as they are written; used as an async context manager and iterator.

    What is written while there is no connection is missed.

    Args:
        api_url: of the server; default: of the settings.
        filter: which records.
        reconnection_attempts: how often it is tried to connect anew, in a row.
        reconnect_on_clean_close: also when the server has closed the stream in good order.

    Raises:
        ValueError: no server is named.
    """

    _api_key: str | None = None

    def __init__(
        self,
        api_url: str | None = None,
        filter: LogFilter | None = None,
        reconnection_attempts: int = 10,
        reconnect_on_clean_close: bool = False,
    ) -> None:
        wanted = (filter or LogFilter()).model_dump(mode="json")
        super().__init__(
            _LOGS, api_url, wanted, reconnection_attempts, reconnect_on_clean_close, self._api_key
        )


class PrefectCloudLogsSubscriber(PrefectLogsSubscriber):
    """The same for a server that knows clients by API keys."""

    def __init__(
        self,
        api_url: str | None = None,
        api_key: str | None = None,
        filter: LogFilter | None = None,
        reconnection_attempts: int = 10,
        reconnect_on_clean_close: bool = False,
    ) -> None:
        self._api_key = api_key
        super().__init__(api_url, filter, reconnection_attempts, reconnect_on_clean_close)

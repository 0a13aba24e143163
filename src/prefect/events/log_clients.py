"""Subscribers to the log records of runs, as they are written. Documented as `prefect.logging.clients`.

Not here: sockets (`_sockets`), what is done without a server (`client/orchestration/local_events`).
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import orjson

from prefect._clock import clock
from prefect.events._sockets import SEEN_SECONDS, SEEN_SIZE, Stream, http_to_ws, socket_url
from prefect.schemas.filters.logs import LogFilter
from prefect.schemas.logs import Log
from prefect.settings import get_current_settings

__all__ = [
    "PrefectCloudLogsSubscriber",
    "PrefectLogsSubscriber",
    "get_logs_subscriber",
    "http_to_ws",
    "logs_out_socket_from_api_url",
]

SEEN_LOGS_SIZE, SEEN_LOGS_TTL = SEEN_SIZE, SEEN_SECONDS
_LOOK_SECONDS = 0.1


def logs_out_socket_from_api_url(url: str) -> str:
    """Where an API streams log records."""
    return socket_url(url, "/logs/out")


def get_logs_subscriber(
    filter: LogFilter | None = None, reconnection_attempts: int = 10, reconnect_on_clean_close: bool = False
) -> PrefectLogsSubscriber | _StoreLogsSubscriber:
    """A subscriber to the log records of the server that the settings name; without one, of the store.

    Args:
        filter: which records.
        reconnection_attempts: how often it is tried to connect anew, in a row.
        reconnect_on_clean_close: also when the server has closed the stream in good order.
    """
    if get_current_settings().api.url is None:
        return _StoreLogsSubscriber(filter)
    return PrefectLogsSubscriber(None, filter, reconnection_attempts, reconnect_on_clean_close)


class PrefectLogsSubscriber:
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
        self._filter = filter or LogFilter()
        self._stream = Stream(
            socket_url(api_url, "/logs/out"),
            self._wish,
            _log_of,
            reconnection_attempts,
            reconnect_on_clean_close,
            self._api_key,
        )

    @property
    def client_name(self) -> str:
        """What the subscriber is called in logs."""
        return type(self).__name__

    def _wish(self) -> dict[str, Any]:
        return {"type": "filter", "filter": self._filter.model_dump(mode="json")}

    async def __aenter__(self) -> Self:
        await self._stream.__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        await self._stream.__aexit__()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Log:
        return await self._stream.__anext__()


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


class _StoreLogsSubscriber:
    """The log records of the store of this process, as they are written, whoever does."""

    def __init__(self, filter: LogFilter | None) -> None:
        self._filter = filter
        self._waiting: list[Log] = []
        self._watch: Any = None

    async def __aenter__(self) -> Self:
        from prefect.client.orchestration.local_events import local_logs

        self._watch = await asyncio.to_thread(local_logs, self._filter)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._watch = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Log:
        while not self._waiting:
            messages = await asyncio.to_thread(self._watch.take)
            self._waiting = [_log_of(orjson.loads(message.text))[1] for message in reversed(messages)]
            if not messages:
                await clock().asleep(_LOOK_SECONDS)
        return self._waiting.pop()


def _log_of(message: dict[str, Any]) -> tuple[UUID, Log]:
    log = Log.model_validate(message["log"])
    return log.id, log

"""`/logs/out`: log records of runs as they are written, those that meet a filter."""

from __future__ import annotations

from prefect.schemas.filters.logs import LogFilter
from prefect.server.api.threads import Threads
from prefect.server.api.websockets.events_out import filter_of
from prefect.server.api.websockets.speaking import (
    PROTOCOL_ERROR,
    TRY_AGAIN_LATER,
    Closing,
    SocketEndpoint,
    Speaker,
)
from prefect.server.api.websockets.streaming import Stream
from prefect.server.events.feed import LOG
from prefect.server.events.watching import log_wanted
from prefect.server.services.live_feed import LiveFeed
from prefect.settings import Settings


class LogsOut(SocketEndpoint):
    """Streams log records to clients."""

    def __init__(self, threads: Threads, feed: LiveFeed | None, settings: Settings) -> None:
        super().__init__(settings)
        self._threads = threads
        enabled = settings.server.logs.stream_out_enabled and settings.server.logs.stream_publishing_enabled
        self._feed = feed if enabled else None

    async def serve(self, speaker: Speaker) -> None:
        """Learn what is wanted, and send it."""
        message = await speaker.hear_in_time("filter", PROTOCOL_ERROR)
        filter = filter_of(message, LogFilter)
        if self._feed is None:
            raise Closing(
                TRY_AGAIN_LATER, "This server streams no logs (PREFECT_SERVER_LOGS_STREAM_OUT_ENABLED)."
            )
        await Stream(speaker, LOG, log_wanted(filter)).run(self._threads, self._feed)

"""The sockets of the API: events and log records as they come, events that clients send, task runs for workers.

Not here: what is sent where (`server/events`, `server/services/live_feed`).
"""

from __future__ import annotations

from starlette.routing import BaseRoute, WebSocketRoute

from prefect.server.api.threads import Threads
from prefect.server.api.websockets.events_in import EventsIn
from prefect.server.api.websockets.events_out import EventsOut
from prefect.server.api.websockets.logs_out import LogsOut
from prefect.server.api.websockets.scheduled_task_runs import ScheduledTaskRuns
from prefect.server.database.store import Store
from prefect.server.services.live_feed import LiveFeed
from prefect.settings import Settings

__all__ = ["websocket_routes"]


def websocket_routes(
    store: Store, threads: Threads, feed: LiveFeed | None, settings: Settings
) -> list[BaseRoute]:
    """The routes of the sockets.

    Args:
        feed: what hands out what is live; without it sockets that stream are refused.
    """
    return [
        WebSocketRoute("/events/in", EventsIn(store, threads, settings)),
        WebSocketRoute("/events/out", EventsOut(store, threads, feed, settings)),
        WebSocketRoute("/logs/out", LogsOut(threads, feed, settings)),
        WebSocketRoute("/task_runs/subscriptions/scheduled", ScheduledTaskRuns(store, threads, settings)),
    ]

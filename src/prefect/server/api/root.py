"""What the API says of itself: whether it is there, whether it is ready, which one it is, how it is set.

`/health` asks nothing of the store, so that it tells of the process alone; `/ready` does. Not here: the
operations of the same names that clients in process use (`server/operations/server`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from prefect.client.constants import SERVER_API_VERSION
from prefect.exceptions import StoreError
from prefect.schemas.operations.server import SPOKEN_VERSION
from prefect.server.api.answers import MASK, json_answer, response
from prefect.server.api.threads import Threads
from prefect.server.database.store import Store
from prefect.server.operations import FUNCTIONS
from prefect.settings import Settings

NAMES = frozenset({"hello", "read_health", "api_version"})
"""The operations that are answered here."""


def root_routes(store: Store, threads: Threads, settings: Settings) -> list[BaseRoute]:
    """The routes of this module."""

    async def ready(request: Request) -> Response:
        if await threads.run(_is_usable, store):
            return response(json_answer(200, {"message": "OK"}))
        return response(json_answer(503, {"message": "Database is not available"}))

    return [
        Route("/health", _always(True), name="read_health"),
        Route("/ready", ready, name="perform_readiness_check"),
        Route("/hello", _always("👋"), name="hello"),
        Route("/version", _always(SERVER_API_VERSION), name="server_version"),
        Route("/admin/version", _always(SPOKEN_VERSION), name="api_version"),
        Route("/admin/settings", _always(shown_settings(settings)), name="read_settings"),
    ]


def shown_settings(settings: Settings) -> dict[str, Any]:
    """The settings as they may be shown: without secrets, nor what headers may hold."""
    shown: dict[str, Any] = settings.model_dump(mode="json")
    headers = shown["client"]["custom_headers"]
    shown["client"]["custom_headers"] = dict.fromkeys(headers, MASK)
    return shown


def _is_usable(store: Store) -> bool:
    try:
        with store.reading() as connection:
            return bool(FUNCTIONS["read_health"](connection))
    except StoreError:
        return False


def _always(content: object) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        return response(json_answer(200, content))

    return answer

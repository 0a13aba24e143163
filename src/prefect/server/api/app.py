"""The API as an ASGI application over a store: its routes, what stands before them, what lives beside them.

Not here: how one route works (`routes`), the process that serves the application (`serving`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount

from prefect.exceptions import StoreError
from prefect.schemas.operations import OPERATIONS
from prefect.server.api.answers import TOO_BUSY, internal_error, json_answer, refusal, response
from prefect.server.api.gates import Gate
from prefect.server.api.pages import page_routes
from prefect.server.api.root import NAMES, root_routes
from prefect.server.api.routes import route_of
from prefect.server.api.threads import Threads, TooBusy
from prefect.server.api.tokens import TokenGuard, token_route
from prefect.server.api.websockets import websocket_routes
from prefect.server.database.store import Store
from prefect.server.services import Service, Supervisor, live_feed_of, server_services
from prefect.settings import Settings, get_current_settings

THREADS = 8
"""How many requests are done at a time. They share one interpreter, and on SQLite writers take turns."""


def create_app(
    store: Store, settings: Settings | None = None, services: Sequence[Service] | None = None
) -> Starlette:
    """The API over a store, an ASGI application.

    Args:
        store: open; whoever opened it closes it after the application has ended.
        settings: what the server is told; default: those in force.
        services: what it does on its own; default: what the settings want.
    """
    told = settings or get_current_settings()
    supervisor = Supervisor(server_services(store, told) if services is None else services, store.journal)
    threads = Threads(THREADS, told.server.api.max_waiting_requests)

    @asynccontextmanager
    async def life(app: Starlette) -> AsyncIterator[None]:
        supervisor.start()
        try:
            yield
        finally:
            supervisor.stop()
            threads.close()

    routes: list[BaseRoute] = [*root_routes(store, threads, told), token_route(store, threads, told)]
    routes += [route_of(one, store, threads) for one in OPERATIONS.values() if one.name not in NAMES]
    routes += (pages := page_routes(threads, base_path(told)))
    routes += websocket_routes(store, threads, live_feed_of(supervisor.services), told)
    guard = TokenGuard(store, threads) if told.server.api.csrf_protection_enabled else None
    gate = Middleware(Gate, told, guard)
    return Starlette(
        routes=[Mount(base_path(told), routes=routes, middleware=[gate]), *pages],
        middleware=[_origins(told)],
        exception_handlers={
            HTTPException: _refused,
            TooBusy: _full,
            StoreError: _troubled,
            Exception: _failed,
        },
        lifespan=life,
    )


def _origins(settings: Settings) -> Middleware:
    """Which pages of browsers may speak to the API."""
    api = settings.server.api
    return Middleware(
        CORSMiddleware,
        allow_origins=_listed(api.cors_allowed_origins),
        allow_methods=_listed(api.cors_allowed_methods),
        allow_headers=_listed(api.cors_allowed_headers),
    )


def _listed(names: str) -> list[str]:
    return [name.strip() for name in names.split(",") if name.strip()]


def base_path(settings: Settings) -> str:
    """The path that all routes of the API are below."""
    path = (settings.server.api.base_path or "/api").strip("/")
    return f"/{path}" if path else ""


async def _refused(request: Request, error: Exception) -> Response:
    """The answer to a path or method that is none."""
    assert isinstance(error, HTTPException)
    answer = response(json_answer(error.status_code, {"detail": error.detail}))
    answer.headers.update(error.headers or {})
    return answer


async def _full(request: Request, error: Exception) -> Response:
    """The answer when as many requests are under way as may be, wherever it is noticed."""
    return response(TOO_BUSY)


async def _troubled(request: Request, error: Exception) -> Response:
    """The answer where the store has trouble outside of an operation."""
    return response(refusal(error) or internal_error())


async def _failed(request: Request, error: Exception) -> Response:
    """The answer to our own faults; the process that serves logs them."""
    return response(internal_error())

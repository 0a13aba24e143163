"""Tokens against cross-site requests: the route that issues them, and the guard that knows them.

Not here: which requests must carry one (`gates`), where they are stored (`server/models/csrf_tokens`).
"""

from __future__ import annotations

from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from prefect.schemas.bases import now
from prefect.schemas.csrf_tokens import CsrfToken
from prefect.server.api.answers import invalid_request, json_answer, response
from prefect.server.api.arguments import InvalidRequest
from prefect.server.api.threads import Threads
from prefect.server.database.store import Store
from prefect.server.models.csrf_tokens import csrf_token_expiration, issue_csrf_token
from prefect.settings import Settings

_LONGEST_CLIENT = 200
_MOST_REMEMBERED = 10_000


class TokenGuard:
    """Knows which token belongs to which client; what it has looked up it remembers for a while."""

    def __init__(self, store: Store, threads: Threads) -> None:
        self._store = store
        self._threads = threads
        self._known: dict[tuple[str, str], datetime] = {}

    async def admits(self, client: str, token: str) -> bool:
        """Whether the client may use that token."""
        expiration = self._known.get((client, token))
        if expiration is None:
            expiration = await self._threads.run(self._expiration, client, token)
            if expiration is None:
                return False
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            self._known[client, token] = expiration
        return expiration > now()

    def _expiration(self, client: str, token: str) -> datetime | None:
        with self._store.reading() as connection:
            return csrf_token_expiration(connection, client, token)


def token_route(store: Store, threads: Threads, settings: Settings) -> Route:
    """The route that gives a client its token."""
    api = settings.server.api

    async def issue(request: Request) -> Response:
        client = request.query_params.get("client", "")
        if not 1 <= len(client) <= _LONGEST_CLIENT:
            return response(invalid_request(_wrong_client(client), b""))
        if not api.csrf_protection_enabled:
            return response(json_answer(422, {"detail": "CSRF protection is disabled."}))
        token = await threads.run(_issued, client)
        return response(json_answer(200, token.model_dump(mode="json")))

    def _issued(client: str) -> CsrfToken:
        with store.writing() as connection:
            return issue_csrf_token(connection, client, api.csrf_token_expiration)

    return Route("/csrf-token", issue, name="create_csrf_token")


def _wrong_client(client: str) -> InvalidRequest:
    kind, message = "missing", "Field required"
    if client:
        kind, message = "string_too_long", f"String should have at most {_LONGEST_CLIENT} characters"
    return InvalidRequest([{"type": kind, "loc": ("query", "client"), "msg": message, "input": None}])

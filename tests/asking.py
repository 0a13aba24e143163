"""Asking an API what nobody should ask, and noting every answer that must not be given."""

from __future__ import annotations

import json
from typing import Any

import httpx

_REASONS = {"detail", "exception_message", "error"}
"""Where an answer says why it is a refusal."""


class Asking:
    """Asks, and notes what must not be: answers of 5xx, and refusals that say nothing.

    Attributes:
        api: a client of the server.
        faults: what should not have been answered, so far.
    """

    def __init__(self, api: httpx.Client) -> None:
        self.api = api
        self.faults: list[str] = []

    def __call__(self, method: str, path: str, body: Any = None, what: str = "") -> httpx.Response:
        """Ask. The body is sent as JSON, or as it is if it is bytes."""
        content = body if isinstance(body, bytes) else json.dumps(body)
        headers = {"content-type": "application/json"}
        answer = self.api.request(method, f"/api{path}", content=content, headers=headers)
        asked = f"{method} {path} {what or content[:200]!r}"
        if answer.status_code >= 500:
            self.faults.append(f"{asked}: {answer.status_code} {answer.text[:300]}")
        elif answer.status_code >= 400 and not answer.json().keys() & _REASONS:
            self.faults.append(f"{asked}: {answer.text[:300]}")
        return answer

    def expect_kept(self, answer: httpx.Response, name: str, value: Any, what: str) -> None:
        """What was taken is what was given."""
        # PostgreSQL has no such character: there it is kept as its escape
        escaped = json.loads(json.dumps(value).replace("\\u0000", "\\\\x00"))
        if answer.is_success and answer.json()[name] not in (value, escaped):
            self.faults.append(f"{what}: {name} became {answer.json()[name]!r}")

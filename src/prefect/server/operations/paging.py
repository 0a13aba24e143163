"""How much of a list is given at once: the bound that the settings state, pages, and where the next one is."""

from __future__ import annotations

from contextvars import ContextVar

import orjson

from prefect.settings import get_current_settings


def at_most(limit: int | None) -> int:
    """How many of a list to give when `limit` were asked for.

    Raises:
        ValueError: more than the settings allow.
    """
    most = get_current_settings().server.api.default_limit
    if limit is None:
        return most
    if limit > most:
        raise ValueError(
            f"Invalid limit {limit}: must be less than or equal to {most} (PREFECT_SERVER_API_DEFAULT_LIMIT). "
            "Ask for the rest with `offset`."
        )
    return limit


def offset_of(page: int, limit: int) -> int:
    """How many come before a page; pages are counted from 1."""
    return (page - 1) * limit


def page_facts(page: int, limit: int, count: int) -> dict[str, int]:
    """What a page says of itself."""
    return {"count": count, "limit": limit, "pages": -(-count // limit) if limit else 0, "page": page}


def page_as_json(results: bytes, facts: dict[str, int]) -> bytes:
    """A page whose results are written already."""
    return orjson.dumps({"results": orjson.Fragment(results), **facts})


_api_url: ContextVar[str] = ContextVar("api_url", default="http://ephemeral-prefect/api")


def api_url() -> str:
    """Where the API is, as whoever asks knows it; in this process a name that stands for it."""
    return _api_url.get()


def ask_from(url: str) -> None:
    """What is asked in the current context comes from somebody who knows the API at that URL."""
    _api_url.set(url)

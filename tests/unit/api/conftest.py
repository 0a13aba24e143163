"""An application over a store of its own, and a client that speaks to it over a connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from prefect.server.database.store import Store, open_store
from prefect.settings import temporary_settings
from prefect.testing.server import running_server

PATIENCE_SECONDS = 60.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(f"sqlite:///{tmp_path / 'runs.db'}")
    yield store
    store.close()


@pytest.fixture
def serve(store: Store) -> Iterator[Callable[..., httpx.Client]]:
    """Gives a client of a server with these settings (by their paths)."""
    with ExitStack() as stack:

        def serve(settings: dict[str, Any] | None = None) -> httpx.Client:
            with temporary_settings(settings or {}):
                url = stack.enter_context(running_server(store, services=[]))
            base = url.removesuffix("/api")
            return stack.enter_context(httpx.Client(base_url=base, timeout=PATIENCE_SECONDS, trust_env=False))

        yield serve


@pytest.fixture
def api(serve: Callable[..., httpx.Client]) -> httpx.Client:
    """A client of a server with default settings."""
    return serve()

"""A store on each database, for tests of events."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from prefect.server.database.store import Store, open_store


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """An empty store."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else "sqlite://"
    store = open_store(url)
    yield store
    store.close()

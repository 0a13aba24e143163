"""A server over a store on each database, and somebody who asks it the worst."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from asking import Asking
from prefect.server.database.store import Store, open_store


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    store = open_store(store_url)
    yield store
    store.close()


@pytest.fixture
def ask(api: httpx.Client) -> Iterator[Asking]:
    """Asks; the test fails in the end if anything was answered that must not be."""
    asking = Asking(api)
    yield asking
    assert not asking.faults, "\n".join(asking.faults)

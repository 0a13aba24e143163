"""A store of our own, and no worker left from another test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from prefect.events.clients import AssertingEventsClient
from prefect.events.worker import EventsWorker
from prefect.testing.utilities import prefect_test_harness


@pytest.fixture(autouse=True)
def own_store() -> Iterator[None]:
    with prefect_test_harness():
        yield
        EventsWorker.drain_all()


@pytest.fixture
def asserting() -> Iterator[type[AssertingEventsClient]]:
    """Events are given to such a client."""
    EventsWorker.set_client_override(AssertingEventsClient)
    yield AssertingEventsClient
    EventsWorker.drain_all()
    EventsWorker.set_client_override(None)
    AssertingEventsClient.reset()

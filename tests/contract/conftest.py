"""One suite for every way to speak to the records: both colours, in this process and over HTTP, both databases.

Over HTTP the tests speak to a server of our own, or to the API that `PREFECT_CONTRACT_API_URL` names. That may
be the original's: say so by `PREFECT_CONTRACT_ORIGINAL=1`, and what goes beyond it on purpose is not asked of it.
"""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest

import databases
from prefect import flow, task
from prefect.client.orchestration import PrefectClient, SyncPrefectClient, get_client
from prefect.server.database.store import open_store
from prefect.settings import PREFECT_API_DATABASE_CONNECTION_URL, PREFECT_API_URL, temporary_settings
from prefect.testing.server import running_server
from prefect.testing.utilities import prefect_test_harness

API_URL = os.environ.get("PREFECT_CONTRACT_API_URL")
ORIGINAL = bool(os.environ.get("PREFECT_CONTRACT_ORIGINAL"))
WAYS = [
    *(
        (place, colour, "SQLite")
        for place in ("in process", "over HTTP")
        for colour in ("blocking", "awaiting")
    ),
    # colour and database know nothing of each other
    ("in process", "blocking", "PostgreSQL"),
    ("over HTTP", "awaiting", "PostgreSQL"),
]


def pytest_configure(config: pytest.Config) -> None:
    marker = "beyond_original: the behaviour that users evidently want, where the original has a defect"
    config.addinivalue_line("markers", marker)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What goes beyond the original is not expected of it."""
    for item in items:
        if ORIGINAL and "HTTP" in item.name and item.get_closest_marker("beyond_original"):
            item.add_marker(pytest.mark.skip(reason="differs from the original on purpose"))


class Asked:
    """A client of either colour, used in the same words: coroutines are run to their end."""

    def __init__(self, client: SyncPrefectClient | PrefectClient, run: Callable[[Any], Any]) -> None:
        self.client = client
        self._run = run

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.client, name)

        def ask(*args: Any, **kwargs: Any) -> Any:
            answer = method(*args, **kwargs)
            return self._run(answer) if inspect.isawaitable(answer) else answer

        return ask


# not for longer than a module: tests of other rooms that follow must not find these settings in force
@pytest.fixture(scope="module", autouse=True)
def harness() -> Iterator[None]:
    """A store of our own for the tests of a module."""
    with prefect_test_harness():
        yield


@pytest.fixture(scope="session")
def api_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The API that is spoken to over HTTP."""
    if API_URL:
        yield API_URL
        return
    store = tmp_path_factory.mktemp("server") / "server.db"
    with running_server(f"sqlite:///{store}") as url:
        yield url


@pytest.fixture(scope="session")
def postgres_store() -> Iterator[str]:
    """A store on PostgreSQL for this suite alone: its server works in it to the end of the session."""
    with databases.new_database("contract") as url:
        open_store(url).close()
        yield url


@pytest.fixture(scope="session")
def api_url_on_postgresql(postgres_store: str) -> Iterator[str]:
    """Our API over PostgreSQL."""
    with running_server(postgres_store) as url:
        yield url


@pytest.fixture(scope="module", params=WAYS, ids=lambda way: ", ".join(way))
def client(request: pytest.FixtureRequest, harness: None) -> Iterator[Asked]:
    """A client, entered."""
    place, colour, database = request.param
    fixture = "api_url" if database == "SQLite" else "api_url_on_postgresql"
    settings = {PREFECT_API_URL: request.getfixturevalue(fixture) if place == "over HTTP" else None}
    if place == "in process" and database == "PostgreSQL":
        settings[PREFECT_API_DATABASE_CONNECTION_URL] = request.getfixturevalue("postgres_store")
    with temporary_settings(settings):
        if colour == "blocking":
            with get_client(sync_client=True) as blocking:
                yield Asked(blocking, run=_nothing_to_run)
        else:
            with asyncio.Runner() as runner:
                awaiting = get_client()
                runner.run(awaiting.__aenter__())
                yield Asked(awaiting, run=lambda awaitable: runner.run(_awaited(awaitable)))
                runner.run(awaiting.__aexit__(None, None, None))


def _nothing_to_run(awaitable: Any) -> Any:
    raise AssertionError("a blocking client returned a coroutine")


async def _awaited(awaitable: Any) -> Any:
    return await awaitable


@pytest.fixture
def name() -> str:
    """A name that nothing else has."""
    return f"name-{uuid4().hex[:12]}"


@pytest.fixture
def flow_id(client: Asked, name: str) -> UUID:
    """A flow of that name."""
    return client.create_flow_from_name(name)


@pytest.fixture
def flow_run(client: Asked, flow_id: UUID, name: str) -> Any:
    """A flow run of that name, pending."""
    return client.create_flow_run(flow(_nothing, name=name), name=name)


@pytest.fixture
def task_run(client: Asked, flow_run: Any) -> Any:
    """A task run of the flow run, pending."""
    return client.create_task_run(task(_nothing), flow_run.id, dynamic_key="0")


@pytest.fixture
def deployment_id(client: Asked, flow_id: UUID, name: str) -> UUID:
    """A deployment of that name."""
    return client.create_deployment(flow_id, name, parameters={"x": 1, "y": 2}, tags=["deployed"])


def _nothing(x: int = 0, y: int = 0) -> None:
    pass

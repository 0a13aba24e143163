"""Whom the engine tells of its runs, by the settings; and that everything else follows the same choice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from prefect import flow, runtime, task
from prefect.client.engine import engine_client, flush_clients
from prefect.client.engine.remote import RemoteClient
from prefect.client.orchestration import get_client
from prefect.client.orchestration.local import LocalClient
from prefect.exceptions import PrefectHTTPStatusError, ServerUnreachableError
from prefect.flow_runs import fork_flow_run, retry_flow_run
from prefect.locking.database import DatabaseLockManager
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings
from prefect.testing.server import running_server
from prefect.testing.utilities import prefect_test_harness

failing = True


@task(persist_result=True)
def step() -> int:
    return 1


@flow
def fragile() -> Any:
    value = step()
    if failing:
        raise ValueError("not yet")
    return value, runtime.flow_run.run_count


@pytest.fixture(autouse=True)
def clock() -> None:
    """The real one: the server is real."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with prefect_test_harness():
        from prefect.settings import get_current_settings

        url = get_current_settings().server.database.connection_url
        assert url is not None
        with running_server(url.get_secret_value().replace("runs.db", "server.db")) as api:
            yield api


@pytest.fixture
def at_server(server: str) -> Iterator[str]:
    with temporary_settings({PREFECT_API_URL: server}):
        yield server


def flow_runs(url: str | None) -> list[Any]:
    with temporary_settings({PREFECT_API_URL: url}), get_client(sync_client=True) as client:
        return client.read_flow_runs()


def test_the_settings_choose_the_client(server: str) -> None:
    assert isinstance(engine_client(), LocalClient)
    with temporary_settings({PREFECT_API_URL: server}):
        client = engine_client()
        assert isinstance(client, RemoteClient)
        assert engine_client() is client
    assert isinstance(engine_client(), LocalClient)


def test_runs_and_their_logs_are_where_the_settings_say(server: str, at_server: str) -> None:
    before = len(flow_runs(None))
    state = fragile(return_state=True)
    flush_clients()
    assert len(flow_runs(None)) == before
    run_id = state.state_details.flow_run_id
    assert run_id in {run.id for run in flow_runs(server)}
    with get_client(sync_client=True) as client:
        assert run_id in {log.flow_run_id for log in client.read_logs()}


def test_a_run_is_continued_and_forked_there(at_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = fragile(return_state=True)
    run_id = failed.state_details.flow_run_id
    assert run_id is not None
    monkeypatch.setitem(globals(), "failing", False)
    assert retry_flow_run(run_id, fragile) == (1, 2)
    assert fork_flow_run(run_id, fragile) == (1, 1)
    with get_client(sync_client=True) as client:
        assert "Cached" in {run.state_name for run in client.read_task_runs()}
        assert client.read_flow_run(run_id).run_count == 2


def test_locks_are_there(at_server: str) -> None:
    locks = DatabaseLockManager()
    assert locks.acquire_lock("key", "me")
    assert locks.is_lock_holder("key", "me")
    with temporary_settings({PREFECT_API_URL: None}):
        assert not locks.is_locked("key")
    locks.release_lock("key", "me")


def test_wrong_credentials_are_told_at_once() -> None:
    with (
        prefect_test_harness(),
        temporary_settings({"server.api.auth_string": "user:right"}),
        running_server() as guarded,
        temporary_settings({PREFECT_API_URL: guarded, PREFECT_API_AUTH_STRING: "user:wrong"}),
        pytest.raises(PrefectHTTPStatusError, match="401"),
    ):
        fragile()


def test_a_server_that_is_required_is_missed_at_once() -> None:
    nobody = {
        PREFECT_API_URL: "http://127.0.0.1:9/api",
        "engine.require_server": True,
        "client.max_retries": 0,
    }
    with (
        prefect_test_harness(),
        temporary_settings(nobody),
        pytest.raises(ServerUnreachableError, match="prefect server start"),
    ):
        fragile()

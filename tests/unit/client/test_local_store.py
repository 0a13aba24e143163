"""The store of a process: opened once, found by its settings, left behind in order; and what a fork makes of it."""

from __future__ import annotations

import logging
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from prefect import flow, runtime, task
from prefect.client.engine import record_log
from prefect.client.orchestration import local
from prefect.client.orchestration.local import LocalClient, local_client
from prefect.exceptions import ObjectNotFound, StoreCorruptError, StoreUnavailableError
from prefect.logging.handlers import LogRow
from prefect.schemas.bases import uuid7
from prefect.schemas.runs import FlowRun, TaskRun
from prefect.schemas.states import StateType
from prefect.server.database.holders import this_holder
from prefect.settings import PREFECT_API_DATABASE_CONNECTION_URL, temporary_settings
from prefect.states import Completed, Pending, Running
from prefect.testing.utilities import prefect_test_harness


@pytest.fixture(autouse=True)
def isolated() -> Iterator[None]:
    with prefect_test_harness():
        yield


def store_at(path: Path) -> Any:
    """Settings that name the store at a path."""
    return temporary_settings({PREFECT_API_DATABASE_CONNECTION_URL: f"sqlite:///{path}"})


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """Two stores that are closed in the end."""
    paths = tmp_path / "one.db", tmp_path / "other.db"
    yield paths
    for path in paths:
        local.close_store(f"sqlite:///{path}")


@task
def double(x: int) -> int:
    return 2 * x


@flow
def nothing() -> int:
    return double(4)


def count(path: Path, table: str) -> int:
    connection = sqlite3.connect(path)
    try:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
    finally:
        connection.close()


# --- opening --------------------------------------------------------------------------------------------


def test_a_store_is_opened_once() -> None:
    assert local_client() is local_client()
    assert local_client().usable()


def test_threads_that_come_at_once_open_one_store(stores: Any) -> None:
    clients: list[LocalClient] = []
    barrier = threading.Barrier(8)

    def open_store() -> None:
        with store_at(stores[0]):
            barrier.wait()
            clients.append(local_client())

    threads = [threading.Thread(target=open_store) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(clients) == 8
    assert len({id(client) for client in clients}) == 1


def test_the_settings_in_force_say_which_store(stores: tuple[Path, Path]) -> None:
    for path in stores:
        with store_at(path):
            nothing()
    assert [count(path, "flow_run") for path in stores] == [1, 1]


def test_a_store_that_was_closed_is_opened_again(stores: tuple[Path, Path]) -> None:
    with store_at(stores[0]):
        nothing()
        first = local_client()
        local.close_store(f"sqlite:///{stores[0]}")
        assert not first.usable()
        assert local_client() is not first
        nothing()
    assert count(stores[0], "flow_run") == 2


def test_a_database_server_out_of_reach_is_named_without_the_password() -> None:
    url = "postgresql+asyncpg://user:secret-word@127.0.0.1:1/db"
    with (
        temporary_settings({PREFECT_API_DATABASE_CONNECTION_URL: url}),
        pytest.raises(StoreUnavailableError, match=r"user@127\.0\.0\.1:1/db.*refused") as caught,
    ):
        local_client()
    assert "secret-word" not in str(caught.value)


def test_a_store_that_cannot_be_opened_is_tried_again(stores: tuple[Path, Path]) -> None:
    stores[0].write_bytes(b"this is no database at all, whatever its name says" * 100)
    with store_at(stores[0]):
        with pytest.raises(StoreCorruptError, match=r"one\.db"):
            local_client()
        stores[0].unlink()
        assert nothing() == 8


# --- runs whose process is gone -------------------------------------------------------------------------


def test_opening_closes_what_dead_processes_left(
    stores: tuple[Path, Path], caplog: pytest.LogCaptureFixture
) -> None:
    with store_at(stores[0]):
        client = local_client()
        run = FlowRun(name="left-behind", flow_id=client.flow_id("flow"))
        client.begin_flow_run(run, Pending())
        client.propose_flow_run_state(run.id, Running())
        local.close_store(f"sqlite:///{stores[0]}")
        connection = sqlite3.connect(stores[0])
        gone = this_holder().rsplit("|", 2)[0] + "|999999999|0"
        long_ago = (datetime.now(UTC) - timedelta(days=1)).timestamp() * 1e6
        connection.execute("UPDATE lease SET holder = ?, expires_at = ?", (gone, int(long_ago)))
        connection.commit()
        connection.close()
        with caplog.at_level(logging.WARNING, logger="prefect"):
            state = local_client().read_flow_run(run.id).state
    assert state is not None
    assert state.type is StateType.CRASHED
    assert f"prefect flow-run resume {run.id}" in caplog.text


# --- reading what was recorded --------------------------------------------------------------------------


def test_reading_sees_what_was_recorded_so_far() -> None:
    client = local_client()
    runs = [TaskRun(name=f"run-{n}", task_key="k", dynamic_key=str(n)) for n in range(3)]
    for run in runs:
        run.state = Completed()
        client.record_task_run(run, run.state)
    found = client.read_task_runs([runs[0].id, runs[2].id, uuid7()])
    assert sorted(run.name for run in found) == ["run-0", "run-2"]


def test_more_runs_can_be_asked_for_than_a_statement_can_carry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "_IDS_AT_ONCE", 2)
    client = local_client()
    runs = [TaskRun(name=f"run-{n}", task_key="k", dynamic_key=str(n)) for n in range(5)]
    for run in runs:
        client.record_task_run(run, Completed())
    found = client.read_task_runs([run.id for run in runs])
    assert sorted(run.name for run in found) == [run.name for run in runs]
    assert client.read_task_runs([]) == []


def test_the_completed_steps_of_the_latest_attempt() -> None:
    failures = [ValueError("once")]

    @task
    def step(x: int) -> int:
        return x

    @task
    def flaky() -> None:
        if failures:
            raise failures.pop()

    @flow(retries=1)
    def steps() -> Any:
        step(1)
        flaky()
        return runtime.flow_run.id

    found = local_client().completed_task_runs(UUID(steps()))
    assert [run.name.rsplit("-", 1)[0] for run in found] == ["step", "flaky"]
    assert {run.flow_run_run_count for run in found} == {2}


def test_a_run_that_is_not_there_is_said_so() -> None:
    with pytest.raises(ObjectNotFound):
        local_client().read_flow_run(uuid7())


def test_writing_follows_what_was_recorded() -> None:
    client = local_client()
    run = TaskRun(name="run", task_key="k", dynamic_key="0", state=Completed())
    assert run.state is not None
    client.record_task_run(run, run.state)
    with client.writing() as connection:
        connection.execute(sa.text("UPDATE task_run SET name = 'renamed'"))
    assert client.read_task_runs([run.id])[0].name == "renamed"


# --- log records ----------------------------------------------------------------------------------------


def test_log_records_go_to_the_store_in_force(stores: tuple[Path, Path]) -> None:
    row = LogRow("prefect.flow_runs", 20, "said", datetime.now(UTC), None, None)
    for path in stores:
        with store_at(path):
            local_client()
    with store_at(stores[1]):
        record_log(row)
    local.flush_stores()
    assert [count(path, "log") for path in stores] == [0, 1]
    local.close_store(f"sqlite:///{stores[1]}")
    with store_at(stores[1]):
        record_log(row)
    assert count(stores[1], "log") == 1


# --- leaving --------------------------------------------------------------------------------------------


def test_closing_what_is_not_open_does_nothing() -> None:
    local.close_store("sqlite:///nowhere.db")


def test_all_stores_are_closed_even_if_one_cannot_be_written(
    stores: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    clients = []
    for path in stores:
        with store_at(path):
            clients.append(local_client())
    run = TaskRun(name="run", task_key="k", dynamic_key="0", state=Completed())
    assert run.state is not None
    for client in clients:
        client.record_task_run(run, run.state)

    def broken() -> None:
        raise OSError("no such disk")

    monkeypatch.setattr(clients[0].journal, "flush", broken)
    mine = {f"sqlite:///{path}": local._opened[f"sqlite:///{path}"] for path in stores}
    monkeypatch.setattr(local, "_opened", mine)
    with pytest.raises(OSError, match="no such disk"):
        local.close_stores()
    assert [client.usable() for client in clients] == [False, False]
    assert count(stores[1], "task_run") == 1


FORKS = """
import os, sys
from prefect import flow, task

@task
def double(x): return 2 * x

@flow
def doubles(x): return double(x)

doubles(1)
child = os.fork()
if child == 0:
    doubles(2)
    from prefect.client.orchestration.local import close_stores
    close_stores()
    os._exit(0)
_, status = os.waitpid(child, 0)
doubles(3)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def test_a_forked_child_opens_the_store_for_itself(tmp_path: Path) -> None:
    home = tmp_path / "home"
    done = subprocess.run(
        [sys.executable, "-c", FORKS],
        env={**os.environ, "PREFECT_HOME": str(home), "PREFECT_LOGGING_LEVEL": "ERROR"},
        timeout=60, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    connection = sqlite3.connect(home / "runs.db")
    assert connection.execute("SELECT count(*), min(state_name), max(state_name) FROM flow_run").fetchone() == (
        3, "Completed", "Completed",
    )  # fmt: skip
    assert connection.execute("SELECT count(*) FROM task_run").fetchone() == (3,)
    connection.close()

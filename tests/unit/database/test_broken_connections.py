"""A PostgreSQL server that ends connections at the worst moments: nothing is lost, nothing written twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import databases
from prefect.exceptions import ObjectNotFound, StoreUnavailableError
from prefect.schemas.bases import now, uuid7
from prefect.schemas.runs import FlowRun, TaskRun
from prefect.server.database.repeating import repeated
from prefect.server.database.store import Store, open_store
from prefect.server.models import transitions
from prefect.server.models.flow_runs import read_flow_run
from prefect.states import Completed, Pending, Running


@pytest.fixture
def store(postgres_url: str) -> Iterator[Store]:
    store = open_store(postgres_url, flush_seconds=3600)
    yield store
    store.close()


def end_connections(url: str) -> None:
    """What a restart of the server does to whoever is connected."""
    with databases.administrator() as server:
        server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            (url.rpartition("/")[2],),
        )


def begun(store: Store) -> FlowRun:
    run = FlowRun(name="run", flow_id=transitions.flow_id(store.journal, "flow"))
    transitions.create_flow_run(store.journal, run, Pending(), begin=True)
    return run


def task_run_of(run: FlowRun) -> TaskRun:
    return TaskRun(name="task", flow_run_id=run.id, task_key="key", dynamic_key=str(uuid7()))


def count(store: Store, table: str) -> int:
    with store.journal.reading() as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def history(store: Store, run: FlowRun) -> list[str]:
    query = "SELECT name FROM flow_run_state WHERE flow_run_id = ? ORDER BY timestamp"
    with store.journal.reading() as connection:
        return [name for (name,) in connection.execute(query, (run.id.bytes,))]


def test_connections_broken_while_nobody_used_them_are_replaced(store: Store, postgres_url: str) -> None:
    run = begun(store)
    with store.reading() as connection:
        read_flow_run(connection, run.id)
    end_connections(postgres_url)

    def read() -> Any:
        with store.reading() as connection:
            return read_flow_run(connection, run.id).name

    propose = transitions.propose_flow_run_state
    assert repeated(lambda: propose(store.journal, run.id, Running(), 1)).status == "ACCEPT"
    assert repeated(read) == "run"


def test_a_batch_is_written_once_when_the_connection_breaks_in_it(
    store: Store, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = begun(store)
    for _ in range(50):
        store.journal.record_task_run(task_run_of(run), Pending())
        store.journal.record_log("l", 20, "said", now(), run.id, None)
    with monkeypatch.context() as patch:
        patch.setattr(store.journal.leases, "notice_lost", lambda: end_connections(postgres_url))
        with pytest.raises(StoreUnavailableError):
            store.flush()
    assert store.journal.queued == 100
    repeated(store.flush)
    assert (count(store, "task_run"), count(store, "task_run_state"), count(store, "log")) == (50, 50, 50)


class _LostAnswer:
    """A connection that breaks after the server has committed, before it says so."""

    def __init__(self, connection: Any, url: str) -> None:
        self._connection, self._url = connection, url

    def execute(self, sql: str, values: Any = ()) -> Any:
        answer = self._connection.execute(sql, values)
        if sql == "COMMIT":
            end_connections(self._url)
            self._connection.execute("SELECT 1")
        return answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


@pytest.fixture
def lost_answer(store: Store, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """The answer to the next COMMIT gets lost."""
    connections: Any = store.journal.connections
    make = connections._free_or_new
    lost: list[bool] = []

    def losing() -> Any:
        if lost:
            return make()
        lost.append(True)
        return _LostAnswer(make(), postgres_url)

    monkeypatch.setattr(connections, "_free_or_new", losing)
    return lost


def test_a_state_is_entered_once_when_the_answer_gets_lost(store: Store, request: Any) -> None:
    run = begun(store)
    request.getfixturevalue("lost_answer")
    state = Running()
    propose = transitions.propose_flow_run_state
    outcome = repeated(lambda: propose(store.journal, run.id, state, 1), may_be_done_twice=True)
    assert (outcome.status, outcome.run_count, outcome.attempt) == ("ACCEPT", 1, 1)
    assert history(store, run) == ["Pending", "Running"]


def test_a_run_is_made_once_when_the_answer_gets_lost(store: Store, request: Any) -> None:
    run = FlowRun(name="run", flow_id=transitions.flow_id(store.journal, "flow"))
    request.getfixturevalue("lost_answer")
    create = transitions.create_flow_run
    assert repeated(lambda: create(store.journal, run, Pending(), begin=True), may_be_done_twice=True)
    assert count(store, "flow_run") == count(store, "lease") == 1
    assert not store.journal.superseded(run.id)


def test_a_batch_is_written_once_when_the_answer_gets_lost(store: Store, request: Any) -> None:
    run = begun(store)
    request.getfixturevalue("lost_answer")
    store.journal.record_task_run(task_run_of(run), Completed())
    store.journal.record_log("l", 20, "said", now(), run.id, None)
    with pytest.raises(StoreUnavailableError) as caught:
        store.flush()
    assert caught.value.is_unsure
    store.flush()
    assert (count(store, "task_run_state"), count(store, "log")) == (1, 1)


def test_it_is_rolled_back_when_the_connection_breaks_in_a_transaction(
    store: Store, postgres_url: str
) -> None:
    id = uuid7()
    with pytest.raises(StoreUnavailableError), store.journal.transaction() as connection:
        transitions_of = (
            "INSERT INTO flow_run_state (id, flow_run_id, timestamp, type, name) VALUES (?, ?, ?, ?, ?)"
        )
        connection.execute(transitions_of, (uuid7().bytes, id.bytes, 0, "RUNNING", "Running"))
        connection.settle()
        end_connections(postgres_url)
    assert count(store, "flow_run_state") == 0
    with store.reading() as connection, pytest.raises(ObjectNotFound):
        read_flow_run(connection, id)


def test_queries_of_the_models_say_so_and_go_on(store: Store, postgres_url: str) -> None:
    run = begun(store)
    with pytest.raises(StoreUnavailableError), store.reading() as connection:
        read_flow_run(connection, run.id)
        end_connections(postgres_url)
        read_flow_run(connection, run.id)
    with store.reading() as connection:
        assert read_flow_run(connection, run.id).name == "run"

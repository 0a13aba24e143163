"""The journal: order, batches, bounds, writing through, leases, and what a store in trouble does to them."""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import databases
from prefect._clock import VirtualClock, use_clock
from prefect.exceptions import StoreError, StoreLockedError
from prefect.schemas.bases import uuid7
from prefect.schemas.runs import TaskRun
from prefect.schemas.states import State, StateDetails, StateType
from prefect.server.database.journal import Journal
from prefect.server.database.leases import FLOW_RUN, TASK_RUN
from prefect.server.database.opening import connect
from prefect.states import Completed, Pending, Running

NEVER = 3600.0
"""The background thread does not write within a test, unless the test wants it."""
PATIENCE_SECONDS = 60.0
NOW = datetime(2026, 1, 1, tzinfo=UTC)

Make = Callable[..., Journal]

on_sqlite = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)


@pytest.fixture
def make(store_url: str) -> Iterator[Make]:
    """Makes journals over one store; each but the first stands for another process."""
    made: list[Journal] = []

    def make_journal(**options: Any) -> Journal:
        options = {"flush_seconds": NEVER, **options}
        made.append(Journal(databases.connections(store_url), f"holder-{len(made)}", **options))
        return made[-1]

    yield make_journal
    for journal in made:
        journal.close()


@pytest.fixture
def journal(make: Make) -> Journal:
    return make()


def look(journal: Journal, query: str, *values: Any) -> list[tuple[Any, ...]]:
    """What is stored, without writing what is queued."""
    if not isinstance(journal.location, Path):
        with journal.connections.taken() as other:
            found: list[tuple[Any, ...]] = other.execute(query, values).fetchall()
            return found
    connection = connect(journal.location)
    try:
        return connection.execute(query, values).fetchall()
    finally:
        connection.close()


def count(journal: Journal, table: str) -> int:
    return int(look(journal, f"SELECT count(*) FROM {table}")[0][0])


def run_of(flow_run: Any = "new", **given: Any) -> TaskRun:
    flow_run_id = uuid7() if flow_run == "new" else flow_run
    return TaskRun(name="run", flow_run_id=flow_run_id, task_key="key", dynamic_key="0", **given)


def record(journal: Journal, run: TaskRun, *states: State[Any]) -> None:
    """The run enters the states, one after the other."""
    for state in states:
        run.state, run.state_id, run.state_type, run.state_name = state, state.id, state.type, state.name
        journal.record_task_run(run, state)


def log(journal: Journal, message: str) -> None:
    journal.record_log("prefect.flow_runs", 20, message, NOW, None, None)


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.001)


# --- writing behind -------------------------------------------------------------------------------------


def test_nothing_is_written_before_its_time(journal: Journal) -> None:
    record(journal, run_of(), Pending(), Running())
    log(journal, "said")
    assert journal.queued == 3
    assert count(journal, "task_run") == count(journal, "log") == 0
    journal.flush()
    assert journal.queued == 0
    assert [count(journal, table) for table in ("task_run", "task_run_state", "log")] == [1, 2, 1]
    journal.flush()
    assert count(journal, "task_run_state") == 2


def test_a_run_is_what_it_was_in_its_last_state(journal: Journal) -> None:
    run = run_of()
    record(journal, run, Pending())
    run.run_count, run.start_time = 1, NOW
    record(journal, run, Running())
    run.run_count, run.total_run_time = 7, timedelta(seconds=3)  # mutated later: not what it was
    journal.flush()
    row = look(journal, "SELECT state_name, run_count, total_run_time FROM task_run")
    assert row == [("Running", 1, 0)]
    record(journal, run, Completed())
    journal.flush()
    assert look(journal, "SELECT state_name, run_count, total_run_time FROM task_run") == [
        ("Completed", 7, 3_000_000)
    ]
    names = look(journal, "SELECT name FROM task_run_state ORDER BY timestamp")
    assert names == [("Pending",), ("Running",), ("Completed",)]


@pytest.mark.parametrize("number", [1, 3, 4, 16, 63, 256, 257, 1000])
def test_batches_of_any_size_are_written_whole(journal: Journal, number: int) -> None:
    for index in range(number):
        record(journal, run_of(), Pending())
        log(journal, str(index))
    journal.flush()
    assert [count(journal, table) for table in ("task_run", "task_run_state", "log")] == [number] * 3
    messages = look(journal, "SELECT message FROM log ORDER BY id")
    assert messages == [(str(index),) for index in range(number)]


def test_a_thread_writes_what_nobody_else_has(make: Make) -> None:
    journal = make(flush_seconds=0.001)
    record(journal, run_of(), Pending())
    eventually(lambda: count(journal, "task_run") == 1)
    log(journal, "later")
    eventually(lambda: count(journal, "log") == 1)


@on_sqlite
def test_nothing_is_written_when_nothing_happens(make: Make) -> None:
    journal = make(flush_seconds=0.001)
    journal.flush()
    with journal.reading() as connection:
        changes = connection.total_changes
    with journal.reading() as connection:
        assert connection.total_changes == changes
    assert journal._behind.thread is None, "there is nobody who could write"


# --- bounds ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("add", ["state", "record"])
def test_whoever_adds_too_much_writes(make: Make, add: str) -> None:
    journal, run = make(max_queued=10), run_of()
    for _ in range(10):
        record(journal, run, Pending()) if add == "state" else log(journal, "said")
    assert journal.queued == 10
    record(journal, run, Pending()) if add == "state" else log(journal, "said")
    assert journal.queued == 0
    assert count(journal, "task_run_state") + count(journal, "log") == 11


def test_whoever_is_in_a_transaction_adds_without_waiting_for_others(make: Make) -> None:
    journal = make(max_queued=2)

    def add_within_a_transaction() -> None:
        with journal.transaction():
            for _ in range(5):
                log(journal, "said")

    # somebody relieves the queue, and may have to wait for this very transaction
    with journal._queue._relief:
        thread = threading.Thread(target=add_within_a_transaction, daemon=True)
        thread.start()
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive()
    assert journal.queued == 5


@pytest.fixture
def other_writer(journal: Journal) -> Iterator[sqlite3.Connection]:
    """Another process that holds the store, which this one does not wait for."""
    journal.connections.connection.execute("PRAGMA busy_timeout = 1")
    assert isinstance(journal.location, Path)
    connection = connect(journal.location)
    connection.execute("BEGIN IMMEDIATE")
    yield connection
    connection.close()


@on_sqlite
def test_a_store_that_cannot_be_written_keeps_its_queue(
    journal: Journal, other_writer: sqlite3.Connection
) -> None:
    runs = [run_of() for _ in range(5)]
    for run in runs:
        record(journal, run, Pending())
    for _ in range(2):
        with pytest.raises(StoreLockedError):
            journal.flush()
    record(journal, runs[0], Running())
    assert journal.queued == 6
    other_writer.execute("ROLLBACK")
    journal.flush()
    assert journal.queued == 0
    ids = look(journal, "SELECT task_run_id FROM task_run_state ORDER BY timestamp")
    assert ids == [(run.id.bytes,) for run in (*runs, runs[0])]


@on_sqlite
def test_while_there_is_hope_a_long_queue_grows_on(
    journal: Journal, other_writer: sqlite3.Connection
) -> None:
    journal._queue._most = 10
    run = run_of()
    with pytest.raises(StoreLockedError):
        while journal.queued < 1000:
            record(journal, run, Pending())
    states = journal.queued
    assert 20 <= states < 1000
    other_writer.execute("ROLLBACK")
    journal.flush()
    assert count(journal, "task_run_state") == states


def test_one_thread_tries_for_all_while_the_store_cannot_be_written(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = make(max_queued=10, flush_seconds=3600)
    attempts: list[int] = []

    def fail() -> None:
        attempts.append(journal.queued)
        raise StoreLockedError("locked")

    with monkeypatch.context() as patch:
        patch.setattr(journal._queue, "_flush", fail)
        threads = [
            threading.Thread(target=lambda: [log(journal, "said") for _ in range(20)]) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert journal.queued == 160
    # a machine that stalls for seconds may see a second one
    assert 1 <= len(attempts) <= 3


@on_sqlite
def test_the_thread_tries_again(make: Make) -> None:
    journal = make(flush_seconds=0.001)
    journal.connections.connection.execute("PRAGMA busy_timeout = 1")
    assert isinstance(journal.location, Path)
    other = connect(journal.location)
    other.execute("BEGIN IMMEDIATE")
    record(journal, run_of(), Pending())
    time.sleep(0.01)
    assert journal.queued == 1
    other.execute("ROLLBACK")
    other.close()
    eventually(lambda: count(journal, "task_run") == 1)


# --- what cannot be stored ------------------------------------------------------------------------------


def test_text_that_is_no_text_is_stored_as_escapes(journal: Journal) -> None:
    run = run_of(tags=["\udcff"], labels={"\udcff": "\udcff"})
    record(journal, run, Pending(message="file \udcff"))
    log(journal, "file \udcff")
    journal.flush()
    assert look(journal, "SELECT message FROM task_run_state") == [("file \\udcff",)]
    assert look(journal, "SELECT message FROM log") == [("file \\udcff",)]
    written = '["\\udcff"]' if journal.connections.serial else '["\\\\udcff"]'
    assert look(journal, "SELECT tags FROM task_run") == [(written,)]


@on_postgresql
def test_what_postgresql_cannot_store_is_stored_as_escapes(journal: Journal) -> None:
    run = run_of(tags=["a\0b"], labels={"n": float("nan"), "i": 1.5, "\0": "\\u0000"})
    record(journal, run, Pending(message="nothing: \0"))
    log(journal, "\0")
    journal.flush()
    assert look(journal, "SELECT message FROM task_run_state") == [("nothing: \\x00",)]
    assert look(journal, "SELECT message FROM log") == [("\\x00",)]
    tags, labels = map(json.loads, look(journal, "SELECT tags, labels FROM task_run")[0])
    assert tags == ["a\\x00b"]
    assert labels == {"n": None, "i": 1.5, "\\x00": "\\u0000"}


@pytest.mark.parametrize("poison", [object(), 2**70, None], ids=["no value", "too large", "missing"])
def test_what_no_store_takes_is_left_out_and_said(
    journal: Journal, poison: Any, caplog: pytest.LogCaptureFixture
) -> None:
    before, bad, after = run_of(), run_of(), run_of(flow_run=None)
    bad.__dict__["name"] = poison
    for run in (before, bad, after):
        record(journal, run, Pending(), Running())
    log(journal, "said")
    if poison == 2**70:
        bad.__dict__["name"], bad.__dict__["flow_run_run_count"] = "name", poison
    journal.flush()
    assert journal.queued == 0
    assert set(look(journal, "SELECT id FROM task_run")) == {(before.id.bytes,), (after.id.bytes,)}
    assert [count(journal, table) for table in ("task_run_state", "log")] == [4, 1]
    errors = [entry for entry in caplog.records if entry.levelno == logging.ERROR]
    assert len(errors) == 2
    assert "left out" in errors[0].getMessage()
    record(journal, after, Completed())
    journal.flush()
    assert count(journal, "lease") == 0


@on_postgresql
def test_what_is_too_long_for_an_index_is_left_out(journal: Journal) -> None:
    bad, good = run_of(), run_of()
    # of no pattern, so that it cannot be compressed
    bad.__dict__["cache_key"] = "".join(map(str, range(20_000)))
    for run in (bad, good):
        record(journal, run, Pending(), Running(), Completed())
    journal.flush()
    assert journal.queued == 0
    states = dict(look(journal, "SELECT id, state_type FROM task_run"))
    assert states == {bad.id.bytes: "RUNNING", good.id.bytes: "COMPLETED"}


# --- writing through ------------------------------------------------------------------------------------


def test_a_transaction_sees_what_was_queued(journal: Journal) -> None:
    record(journal, run_of(), Pending())
    with journal.transaction() as connection:
        assert connection.execute("SELECT count(*) FROM task_run").fetchone() == (1,)
        assert count(journal, "task_run") == (0 if journal.connections.serial else 1)
    assert count(journal, "task_run") == 1


def test_a_reader_sees_what_was_queued(journal: Journal) -> None:
    record(journal, run_of(), Pending())
    with journal.reading() as connection:
        assert connection.execute("SELECT count(*) FROM task_run").fetchone() == (1,)


def test_a_transaction_that_fails_writes_nothing_and_loses_nothing(journal: Journal) -> None:
    first, second, lone = run_of(), run_of(), run_of(flow_run=None)
    record(journal, first, Pending())
    record(journal, lone, Pending())
    with pytest.raises(ZeroDivisionError), journal.transaction() as connection:
        connection.execute("DELETE FROM flow")
        record(journal, second, Pending())
        _ = 1 / 0
    # where there are many writers, what was queued before was written by itself
    waiting, written = (3, 0) if journal.connections.serial else (1, 2)
    assert journal.queued == waiting
    assert count(journal, "task_run") == written
    journal.flush()
    assert look(journal, "SELECT task_run_id FROM task_run_state ORDER BY timestamp") == [
        (run.id.bytes,) for run in (first, lone, second)
    ]
    assert count(journal, "lease") == 1


def test_an_interruption_within_a_transaction_undoes_it(journal: Journal) -> None:
    record(journal, run_of(), Pending())
    with pytest.raises(KeyboardInterrupt), journal.transaction():
        raise KeyboardInterrupt
    journal.flush()
    assert count(journal, "task_run") == 1


def test_what_is_recorded_within_a_transaction_is_written_by_the_next(journal: Journal) -> None:
    with journal.transaction():
        record(journal, run_of(), Pending())
    assert (journal.queued, count(journal, "task_run")) == (1, 0)


def test_a_mistake_in_the_block_is_not_called_trouble_of_the_store(journal: Journal) -> None:
    errors = journal.connections.errors
    with pytest.raises(errors, match=r"nowhere") as caught, journal.transaction() as connection:
        connection.execute("SELECT * FROM nowhere")
    assert not isinstance(caught.value, StoreError)


# --- many at once ---------------------------------------------------------------------------------------


def test_threads_share_a_journal_and_order_is_kept_for_each(make: Make) -> None:
    journal = make(max_queued=50)
    runs = [run_of() for _ in range(8)]

    def work(run: TaskRun) -> None:
        for number in range(50):
            record(journal, run, Pending(message=str(number)))
            if number % 10 == 0:
                with journal.transaction() as connection:
                    connection.execute("SELECT count(*) FROM flow").fetchone()

    threads = [threading.Thread(target=work, args=[run]) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    journal.flush()
    for run in runs:
        query = "SELECT message FROM task_run_state WHERE task_run_id = ? ORDER BY timestamp"
        messages = look(journal, query, run.id.bytes)
        assert messages == [(str(number),) for number in range(50)]


def test_several_journals_write_one_file_at_once(make: Make) -> None:
    journals = [make(flush_seconds=0.001, max_queued=5) for _ in range(4)]
    errors: list[BaseException] = []

    def work(journal: Journal) -> None:
        try:
            for _ in range(40):
                record(journal, run_of(), Pending(), Running())
                with journal.transaction() as connection:
                    connection.execute("SELECT count(*) FROM flow").fetchone()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=[journal]) for journal in journals]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(6 * PATIENCE_SECONDS)
    for journal in journals:
        journal.flush()
    assert errors == []
    assert count(journals[0], "task_run") == 160
    assert count(journals[0], "task_run_state") == 320


# --- leases ---------------------------------------------------------------------------------------------


def leases(journal: Journal) -> list[tuple[Any, ...]]:
    return look(journal, "SELECT kind, holder, attempt, expires_at - acquired_at FROM lease")


def test_leases_are_taken_and_dropped(make: Make) -> None:
    journal, resource = make(lease_seconds=30), uuid7().bytes
    with journal.transaction():
        journal.leases.take(FLOW_RUN, resource, 3)
    assert leases(journal) == [(FLOW_RUN, "holder-0", 3, 30_000_000)]
    with journal.transaction():
        journal.leases.drop(FLOW_RUN, resource)
        journal.leases.drop(FLOW_RUN, resource)
    assert leases(journal) == []


def test_a_lease_that_somebody_else_holds_is_not_dropped(make: Make) -> None:
    here, elsewhere, resource = make(), make(), uuid7().bytes
    with elsewhere.transaction():
        elsewhere.leases.take(FLOW_RUN, resource, 1)
    with here.transaction():
        here.leases.drop(FLOW_RUN, resource)
    assert [holder for _, holder, *_ in leases(here)] == ["holder-1"]


def test_leases_are_renewed_while_the_process_lives(make: Make) -> None:
    with use_clock(VirtualClock()) as clock:
        journal, resource = make(lease_seconds=30), uuid7().bytes
        with journal.transaction():
            journal.leases.take(FLOW_RUN, resource, 1)
        clock.sleep(20)
        journal.leases.renew_in_time()
        assert leases(journal)[0][3] == 30_000_000
        journal.leases._renewed -= 10.1
        journal.leases.renew_in_time()
        assert leases(journal)[0][3] == pytest.approx(50_000_000, abs=1000)


def test_the_thread_renews_leases(make: Make) -> None:
    journal, resource = make(flush_seconds=0.001, lease_seconds=0.03), uuid7().bytes
    with journal.transaction():
        journal.leases.take(FLOW_RUN, resource, 1)
    eventually(lambda: leases(journal)[0][3] > 60_000)


def test_a_run_outside_flows_has_a_lease_until_it_ends(journal: Journal) -> None:
    run = run_of(flow_run=None)
    record(journal, run, Pending(), Running())
    journal.flush()
    assert [kind for kind, *_ in leases(journal)] == [TASK_RUN]
    record(journal, run, Completed())
    journal.flush()
    assert leases(journal) == []


def test_a_run_that_ends_within_a_batch_never_has_one(journal: Journal) -> None:
    record(journal, run_of(flow_run=None), Pending(), Running(), Completed())
    journal.flush()
    assert leases(journal) == []


def test_a_deferred_run_is_nobodys(journal: Journal) -> None:
    details = StateDetails(deferred=True)
    record(journal, run_of(flow_run=None), State(type=StateType.SCHEDULED, state_details=details))
    journal.flush()
    assert leases(journal) == []


def test_what_a_process_says_of_a_run_it_has_lost_is_void(make: Make) -> None:
    here, elsewhere = make(), make()
    mine, lost = run_of(), run_of()
    for run in (mine, lost):
        assert run.flow_run_id is not None
        with here.transaction():
            here.leases.take(FLOW_RUN, run.flow_run_id.bytes, 1)
    assert lost.flow_run_id is not None
    with elsewhere.transaction():
        elsewhere.leases.take(FLOW_RUN, lost.flow_run_id.bytes, 2)
    for run in (mine, lost):
        record(here, run, Completed())
    here.flush()
    assert look(here, "SELECT id FROM task_run") == [(mine.id.bytes,)]
    assert here.superseded(lost.flow_run_id)
    assert not here.superseded(mine.flow_run_id)
    assert not here.superseded(None)
    with here.transaction():
        here.leases.take(FLOW_RUN, lost.flow_run_id.bytes, 3)
    record(here, lost, Completed())
    here.flush()
    assert count(here, "task_run") == 2
    assert not here.superseded(lost.flow_run_id)


def test_a_process_that_could_not_renew_in_time_asks_before_it_goes_on(make: Make) -> None:
    with use_clock(VirtualClock()) as clock:
        here, elsewhere, run = make(), make(), run_of()
        assert run.flow_run_id is not None
        with here.transaction():
            here.leases.take(FLOW_RUN, run.flow_run_id.bytes, 1)
        with elsewhere.transaction():
            elsewhere.leases.take(FLOW_RUN, run.flow_run_id.bytes, 2)
        assert not here.superseded(run.flow_run_id)
        clock.sleep(60)
        assert here.superseded(run.flow_run_id)


# --- closing --------------------------------------------------------------------------------------------


def test_closing_writes_what_is_queued(journal: Journal) -> None:
    record(journal, run_of(), Pending())
    assert journal.usable()
    journal.close()
    journal.close()
    assert not journal.usable()
    assert count(journal, "task_run") == 1


@on_sqlite
def test_closing_a_store_that_cannot_be_written_says_so_and_closes(
    journal: Journal, other_writer: sqlite3.Connection
) -> None:
    record(journal, run_of(), Pending())
    with pytest.raises(StoreLockedError):
        journal.close()
    assert not journal.usable()


def test_the_thread_leaves_at_once_when_the_journal_is_closed(journal: Journal) -> None:
    record(journal, run_of(), Pending())
    thread = journal._behind.thread
    assert thread is not None
    journal.close()
    # it would have written after an hour
    thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive()


@on_sqlite
def test_the_thread_leaves_at_once_while_it_waits_to_try_again(make: Make) -> None:
    journal = make(flush_seconds=0.001)
    failed = threading.Event()
    backoff = journal._behind._backoff

    def rest(began: float) -> None:
        backoff._until = time.monotonic() + NEVER
        failed.set()

    def fail() -> None:
        raise StoreLockedError("locked")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backoff, "failed", rest)
        patch.setattr(journal._behind, "_write", fail)
        record(journal, run_of(), Pending())
        assert failed.wait(PATIENCE_SECONDS)
    journal.close()
    thread = journal._behind.thread
    assert thread is not None
    thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive()
    assert count(journal, "task_run") == 1


def test_the_journal_of_the_parent_is_not_for_a_forked_child(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(journal, run_of(), Pending())
    with monkeypatch.context() as patched:
        patched.setattr(journal, "_pid", 1)
        assert not journal.usable()
        journal.close()
    assert journal.usable()
    assert journal.queued == 1

"""Locks in the store of runs: between processes, and when their process is gone."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

import databases
from prefect.locking.database import DatabaseLockManager
from prefect.results import ResultStore
from prefect.schemas.bases import now
from prefect.server.database.holders import Holder, this_holder
from prefect.server.database.journal import Journal
from prefect.server.database.leases import FLOW_RUN
from prefect.server.models.locks import held_lock, release_lock, resource_of, split_owner, try_lock
from prefect.transactions import IsolationLevel, transaction

ELSEWHERE = str(Holder("elsewhere", "another-boot", 4711, "1"))
GONE = "|".join([*this_holder().split("|")[:2], "999999999", "1"])


def journal_of(store_url: str, process: str, lease_seconds: float = 30.0) -> Journal:
    return Journal(databases.connections(store_url), process, lease_seconds=lease_seconds)


@pytest.fixture
def here(store_url: str) -> Iterator[Journal]:
    journal = journal_of(store_url, this_holder())
    yield journal
    journal.close()


@pytest.fixture
def elsewhere(store_url: str) -> Iterator[Journal]:
    journal = journal_of(store_url, ELSEWHERE)
    yield journal
    journal.close()


def test_two_processes_exclude_each_other(here: Journal, elsewhere: Journal) -> None:
    assert try_lock(here, "k", "a", None)
    assert not try_lock(elsewhere, "k", "b", None)
    assert not release_lock(elsewhere, "k", "b")
    assert release_lock(here, "k", "a")
    assert try_lock(elsewhere, "k", "b", None)
    assert held_lock(here, "k") == ("b", None)


def test_a_holder_may_be_any_text(here: Journal) -> None:
    assert try_lock(here, "k", "a|b|c", None)
    assert held_lock(here, "k") == ("a|b|c", None)
    assert split_owner(f"{this_holder()}|a|b|c") == (this_holder(), "a|b|c")


def test_the_lock_of_a_process_that_is_gone_is_free(here: Journal, store_url: str) -> None:
    dead = journal_of(store_url, GONE)
    assert try_lock(dead, "k", "a", None)
    assert try_lock(dead, "timed", "a", 3_600)
    dead.close()
    assert held_lock(here, "k") is None
    assert try_lock(here, "k", "b", None)
    assert try_lock(here, "timed", "b", None)


def test_what_dead_processes_left_is_swept_away(here: Journal, store_url: str) -> None:
    dead = journal_of(store_url, GONE)
    for key in ("k", "l", "m"):
        try_lock(dead, key, "a", None)
    dead.close()
    try_lock(here, "kept", "a", None)
    try_lock(here, "k", "b", None)
    with here.reading() as connection:
        left = {row[0] for row in connection.execute("SELECT resource_id FROM lease")}
    assert left == {resource_of("kept"), resource_of("k")}


def test_the_lock_of_a_process_out_of_sight_lasts_as_long_as_its_lease(here: Journal, store_url: str) -> None:
    fresh, stale = journal_of(store_url, ELSEWHERE), journal_of(store_url, ELSEWHERE, lease_seconds=0)
    assert try_lock(fresh, "fresh", "a", None)
    assert try_lock(stale, "stale", "a", None)
    assert not try_lock(here, "fresh", "b", None)
    assert try_lock(here, "stale", "b", None)
    fresh.close()
    stale.close()


def test_locks_are_renewed_with_the_leases_of_their_process(here: Journal, elsewhere: Journal) -> None:
    try_lock(here, "kept", "a", None)
    try_lock(here, "timed", "a", 60)
    try_lock(elsewhere, "other", "a", None)
    before = expirations(here)
    here.leases._renewed = 0.0
    here.leases.renew_in_time()
    after = expirations(here)
    assert after["kept"] > before["kept"]
    assert after["timed"] == before["timed"]
    assert after["other"] == before["other"]


def test_a_lock_does_not_look_like_a_lost_run(here: Journal) -> None:
    with here.transaction():
        here.leases.take(FLOW_RUN, b"r" * 16, 1)
    try_lock(here, "k", "a", None)
    release_lock(here, "k", "a")
    with here.transaction():
        here.leases.notice_lost()
    assert here.leases.fenced == set()
    assert not here.leases._held.locks


def test_a_timed_lock_says_when_it_ends(here: Journal) -> None:
    try_lock(here, "k", "a", 60)
    held = held_lock(here, "k")
    assert held is not None
    assert held.expires_at is not None
    assert timedelta(seconds=50) < held.expires_at - now() < timedelta(seconds=61)


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_nothing_is_written_while_looking_at_a_held_lock(here: Journal, elsewhere: Journal) -> None:
    try_lock(here, "k", "a", None)
    before = here.connections.connection.execute("PRAGMA data_version").fetchone()
    assert not try_lock(elsewhere, "k", "b", None)
    assert held_lock(elsewhere, "k") is not None
    assert here.connections.connection.execute("PRAGMA data_version").fetchone() == before


SERIALIZED = """
import sys
from prefect import flow, task
from prefect.cache_policies import INPUTS
from prefect.locking.database import DatabaseLockManager

locked = INPUTS.configure(isolation_level="SERIALIZABLE", lock_manager=DatabaseLockManager())

@task(persist_result=True, cache_policy=locked)
def once(n):
    with open(sys.argv[1], "a") as file:
        file.write("ran\\n")
    return n

@flow
def f():
    return once(1)

assert f() == 1
"""


@pytest.mark.slow
def test_serializable_tasks_of_several_processes_compute_once(tmp_path: Path) -> None:
    script, trace = tmp_path / "script.py", tmp_path / "trace"
    script.write_text(SERIALIZED)
    environment = {**os.environ, "PREFECT_HOME": str(tmp_path / "home"), "PREFECT_LOGGING_LEVEL": "ERROR"}
    processes = [subprocess.Popen([sys.executable, script, trace], env=environment) for _ in range(4)]
    assert [process.wait(60) for process in processes] == [0, 0, 0, 0]
    assert trace.read_text() == "ran\n"


def test_a_serializable_transaction_holds_its_key(tmp_path: Path) -> None:
    locks = DatabaseLockManager()
    store = ResultStore(lock_manager=locks)
    key = tmp_path.name
    with transaction(key=key, store=store, isolation_level=IsolationLevel.SERIALIZABLE) as txn:
        assert locks.is_locked(key)
        assert not locks.acquire_lock(key, "somebody else", acquire_timeout=0)
        txn.stage({"n": 1})
    assert not locks.is_locked(key)


def expirations(journal: Journal) -> dict[str, int]:
    with journal.reading() as connection:
        rows = connection.execute("SELECT resource_id, expires_at FROM lease").fetchall()
    names = {resource_of(key): key for key in ("kept", "timed", "other")}
    return {names[resource]: expires for resource, expires in rows}

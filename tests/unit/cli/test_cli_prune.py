"""`prefect flow-run prune` and `prefect result prune`."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from prefect import flow, task
from prefect.client.orchestration.local import close_stores, local_client
from prefect.flow_runs import fork_flow_run
from prefect.schemas.bases import microseconds_since_epoch, now
from prefect.settings import context
from prefect.transactions import transaction

Prefect = Callable[..., Any]

calls: list[int] = []


@task(persist_result=True, result_serializer="json")
def step(n: int) -> int:
    calls.append(n)
    return n


@flow(flow_run_name="good", persist_result=True, result_serializer="json")
def good() -> int:
    return step(1) + step(2)


@flow(flow_run_name="bad", persist_result=True, result_serializer="json")
def bad(fail: bool = True) -> int:
    value = step(3)
    if fail:
        raise LookupError("as asked")
    return value


@pytest.fixture
def storage(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("PREFECT_LOGGING_LEVEL", "CRITICAL")
    monkeypatch.setattr(context, "_process_wide", None)
    close_stores()
    calls.clear()
    yield home / "storage"
    close_stores()


def age(days: float) -> None:
    """Let everything so far have happened some days earlier."""
    shift = microseconds_since_epoch(now()) - microseconds_since_epoch(now() - timedelta(days=days))
    with local_client().journal.transaction() as connection:
        for table in ("flow_run", "task_run"):
            connection.execute(
                f"UPDATE {table} SET end_time = end_time - ?, state_timestamp = state_timestamp - ?",
                (shift, shift),
            )


def files(storage: Path) -> int:
    return sum(path.is_file() for path in storage.rglob("*"))


def names(prefect: Prefect) -> list[str]:
    return sorted(run["name"] for run in json.loads(prefect("flow-run", "ls", "-o", "json").out))


# --- runs -----------------------------------------------------------------------------------------------


def test_removes_old_runs_with_their_results(prefect: Prefect, storage: Path) -> None:
    good()
    age(40)
    good()
    assert files(storage) == 6
    outcome = prefect("flow-run", "prune", "--older-than", "30d", "--yes")
    assert outcome.code == 0
    assert "Removed 1 run and 3 results" in outcome.out
    assert names(prefect) == ["good"]
    assert files(storage) == 3
    assert prefect("result", "get", "good").out == "3\n"


def test_a_dry_run_says_what_and_why_and_changes_nothing(prefect: Prefect, storage: Path) -> None:
    good()
    bad(return_state=True)
    age(20)
    outcome = prefect("flow-run", "prune", "--older-than", "P1W", "--dry-run")
    assert "remove: it ended on" in outcome.out
    assert "keep: it is Failed and can be resumed until" in outcome.out
    assert "Would remove 1 run. 1 run over the lifetime stays, because it is needed." in outcome.out
    shown = json.loads(prefect("flow-run", "prune", "--older-than", "1w", "--dry-run", "-o", "json").out)
    assert {run["run_name"]: run["remove"] for run in shown} == {"good": True, "bad": False}
    assert names(prefect) == ["bad", "good"]
    assert files(storage) == 4


def test_what_can_be_resumed_stays_resumable(prefect: Prefect, storage: Path) -> None:
    state: Any = bad(return_state=True)
    age(20)
    assert prefect("flow-run", "prune", "--older-than", "1d", "--yes").code == 0
    assert prefect("result", "prune", "--older-than", "1d", "--yes", "--orphans").code == 0
    assert fork_flow_run(state.state_details.flow_run_id, flow=bad, parameters={"fail": False}) == 3
    assert calls == [3]


def test_the_window_for_resuming_is_a_setting(
    prefect: Prefect, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad(return_state=True)
    age(20)
    monkeypatch.setenv("PREFECT_ENGINE_RESUME_WINDOW", "7d")
    assert "Removed 1 run" in prefect("flow-run", "prune", "--older-than", "1d", "--yes").out


def test_the_lifetime_is_a_setting(prefect: Prefect, storage: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good()
    age(20)
    outcome = prefect("flow-run", "prune")
    assert outcome.code == 2
    assert "PREFECT_ENGINE_RUN_RETENTION" in outcome.err
    monkeypatch.setenv("PREFECT_ENGINE_RUN_RETENTION", "30d")
    assert "Removed nothing." in prefect("flow-run", "prune").out
    monkeypatch.setenv("PREFECT_ENGINE_RUN_RETENTION", "10d")
    assert "Removed 1 run and 3 results" in prefect("flow-run", "prune").out


def test_results_may_be_kept(prefect: Prefect, storage: Path) -> None:
    good()
    age(20)
    assert "Removed 1 run." in prefect("flow-run", "prune", "--older-than", "1d", "--keep-results").out
    assert files(storage) == 3


def test_results_that_others_use_stay(prefect: Prefect, storage: Path) -> None:
    from prefect.cache_policies import INPUTS

    @task(persist_result=True, cache_policy=INPUTS, result_serializer="json")
    def shared(n: int) -> int:
        return n

    @flow(persist_result=False)
    def uses() -> int:
        return shared(1)

    uses()
    age(20)
    uses()
    assert "Removed 1 run." in prefect("flow-run", "prune", "--older-than", "1d", "--yes").out
    assert files(storage) == 1


@pytest.mark.parametrize("given", ["x", "", "30 apples", "d"])
def test_what_is_no_duration(prefect: Prefect, storage: Path, given: str) -> None:
    outcome = prefect("flow-run", "prune", "--older-than", given)
    assert outcome.code == 2
    assert "such as 30d" in outcome.err


# --- results --------------------------------------------------------------------------------------------


def test_removes_old_results_and_leaves_the_records(prefect: Prefect, storage: Path) -> None:
    good()
    age(20)
    bad(return_state=True)
    before = files(storage)
    assert "Would remove 3 results" in prefect("result", "prune", "--older-than", "10d", "--dry-run").out
    assert files(storage) == before
    assert "Removed 3 results" in prefect("result", "prune", "--older-than", "10d", "--yes").out
    assert files(storage) == before - 3
    assert names(prefect) == ["bad", "good"]
    assert "3 gone" in prefect("result", "ls", "good").out


def test_says_which_old_results_are_needed(prefect: Prefect, storage: Path) -> None:
    bad(return_state=True)
    age(20)
    before = files(storage)
    outcome = prefect("result", "prune", "--older-than", "10d", "--yes")
    assert "a run refers to it: it is Failed and can be resumed until" in outcome.out
    assert "Removed nothing." in outcome.out
    assert files(storage) == before


def test_orphans_are_removed_when_told_and_other_files_never(prefect: Prefect, storage: Path) -> None:
    import os

    good()
    with transaction(key="value-of-mine") as txn:
        txn.stage(1)
    (storage / "notes.txt").write_text("mine")
    for path in storage.iterdir():
        os.utime(path, (0, 0))
    assert "Removed nothing" in prefect("result", "prune", "--older-than", "10d", "--yes").out
    outcome = prefect("result", "prune", "--older-than", "10d", "--orphans", "--yes")
    assert "no run refers to it" in outcome.out
    assert "Removed 1 result (" in outcome.out
    assert not (storage / "value-of-mine").exists()
    assert (storage / "notes.txt").exists()
    assert files(storage) == 4


def test_young_orphans_are_spared(prefect: Prefect, storage: Path) -> None:
    with transaction(key="fresh") as txn:
        txn.stage(1)
    assert "Removed nothing" in prefect("result", "prune", "--older-than", "0", "--orphans", "--yes").out
    assert (storage / "fresh").exists()


@pytest.mark.parametrize("command", ["flow-run", "result"])
def test_what_is_old_is_removed_where_the_store_is(prefect: Any, monkeypatch: Any, command: str) -> None:
    # nobody is asked there: the answer is the same while the server is away
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    outcome = prefect(command, "prune", "--older-than", "1d", "--yes")
    assert (outcome.code, outcome.out) == (1, "")
    assert f"`prefect {command} prune` works on the database itself" in outcome.err
    for named in ("http://127.0.0.1:9/api", "PREFECT_API_URL=", "PREFECT_SERVER_DATABASE_CONNECTION_URL"):
        assert named in outcome.err
    monkeypatch.setenv("PREFECT_API_URL", "")
    assert prefect(command, "prune", "--older-than", "1d", "--yes").out == "Removed nothing.\n"

"""The simulator itself: it plays the same twice, and notices each promise that an engine breaks.

A simulator that never fails proves nothing. Here the engine is broken on purpose, one promise at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from prefect.client.orchestration.local import LocalClient
from prefect.engine.keeping import Keeper
from prefect.results import ResultRecord
from prefect.results.records import DamagedRecordError, metadata_with
from prefect.serializers import JSONSerializer
from prefect.server.database import statements
from prefect.server.database.journal import Journal
from prefect.server.database.own_leases import OwnLeases
from prefect.server.models import recovery, transitions
from prefect.transactions import bases
from simulation.machine import Workshop
from simulation.mortality import Fate
from simulation.play import LATE, PROMPT, Play, die_everywhere, perform, stall_everywhere
from simulation.scenarios import SCENARIOS

Break = Callable[[pytest.MonkeyPatch], None]


@pytest.mark.parametrize("scenario", [*SCENARIOS, "random-1", "random-2"])
def test_a_play_is_the_same_each_time(scenario: str, workshop: Workshop) -> None:
    play = Play(scenario, "7", (Fate(dies_at=30), Fate(dies_at=20)))
    first, second = perform(play, workshop), perform(play, workshop)
    assert [process.points for process in first] == [process.points for process in second]


def test_a_failure_says_how_to_see_it_again(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LocalClient, "flush", lambda self: None)
    with pytest.raises(AssertionError) as failure:
        die_everywhere("persisted", LATE, workshop)
    told, _, point = failure.value.__notes__[-1].rpartition(" ")
    assert told.endswith("python -m simulation.play persisted --writer late --dies-at")
    play = Play("persisted", LATE, (Fate(dies_at=int(point)),))
    with pytest.raises(AssertionError) as again:
        perform(play, workshop)
    assert str(again.value) == str(failure.value)


# --- engines that break a promise -----------------------------------------------------------------------


def kept_ends_are_not_stored_at_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(LocalClient, "flush", lambda self: None)


def kept_results_are_not_looked_for(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Keeper, "_leaves_aside", lambda self: True)


def half_records_are_values(patch: pytest.MonkeyPatch) -> None:
    whole = ResultRecord.deserialize

    def lenient(data: bytes, key: str | None = None) -> Any:
        try:
            return whole(data, key)
        except DamagedRecordError:
            return ResultRecord.of(
                metadata_with(key, JSONSerializer(), None, None), "its result is not there"
            )

    patch.setattr(ResultRecord, "deserialize", lenient)


def the_newest_is_written_first(patch: pytest.MonkeyPatch) -> None:
    write = Journal._write_all

    def write_newest(self: Any, entries: list[Any]) -> Any:
        older = entries[:-1]
        del entries[:-1]
        written = write(self, entries)
        self._queue._entries.extend(older)
        return written

    patch.setattr(Journal, "_write_all", write_newest)


def the_dead_are_not_noticed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(recovery, "reap", lambda connection, now, here: [])


def task_runs_of_the_dead_are_left(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(recovery, "_OPEN_TASK_RUNS", f"{recovery._OPEN_TASK_RUNS} AND FALSE")


def leases_are_kept_for_ever(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(statements, "DROP_LEASE", f"{statements.DROP_LEASE} AND 0 = 1")


@pytest.mark.parametrize(
    ("broken", "scenario", "writer", "noticed"),
    [
        (
            kept_ends_are_not_stored_at_once,
            "persisted",
            LATE,
            "has seen its kept result, which is not on record",
        ),
        (kept_results_are_not_looked_for, "persisted", LATE, "was computed again by process 2"),
        (half_records_are_values, "persisted", LATE, "its result is not there"),
        (the_newest_is_written_first, "plain", LATE, "are missing"),
        (the_dead_are_not_noticed, "plain", LATE, "is found RUNNING|is found PENDING"),
        (task_runs_of_the_dead_are_left, "plain", PROMPT, "is left"),
        (leases_are_kept_for_ever, "plain", LATE, "leases were left behind"),
    ],
)
def test_a_broken_promise_is_noticed(
    broken: Break,
    scenario: str,
    writer: str,
    noticed: str,
    workshop: Workshop,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken(monkeypatch)
    with pytest.raises(AssertionError, match=noticed):
        die_everywhere(scenario, writer, workshop)


def lost_leases_are_not_noticed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(OwnLeases, "notice_lost", lambda self: None)


def older_attempts_are_listened_to(patch: pytest.MonkeyPatch) -> None:
    propose = transitions.propose_flow_run_state

    def unfenced(journal: Any, run_id: Any, state: Any, attempt: Any, *how: Any) -> Any:
        return propose(journal, run_id, state, None, *how)

    patch.setattr(transitions, "propose_flow_run_state", unfenced)


def subflows_are_made_for_runs_that_are_lost(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(transitions, "_caller_is_lost", lambda *_: False)


def what_was_staged_is_taken_back(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(bases, "is_lost", lambda flow_run: False)


@pytest.mark.parametrize(
    ("broken", "scenario", "noticed"),
    [
        (lost_leases_are_not_noticed, "persisted", "states were stored of a process that had lost its run"),
        (older_attempts_are_listened_to, "plain", "the run ended as Running"),
        (subflows_are_made_for_runs_that_are_lost, "nested_flows", "are missing"),
        (
            what_was_staged_is_taken_back,
            "transactional",
            "a process that had lost its run took . things back",
        ),
    ],
)
def test_a_process_that_was_taken_for_dead_and_is_listened_to_is_noticed(
    broken: Break, scenario: str, noticed: str, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(monkeypatch)
    with pytest.raises(AssertionError, match=noticed):
        stall_everywhere(scenario, LATE, workshop)

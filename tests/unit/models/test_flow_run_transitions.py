"""Flow runs are created and moved through one door: what is answered, and what is stored when it is."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

import databases
from prefect._clock import VirtualClock, use_clock
from prefect.exceptions import ObjectNotFound
from prefect.schemas.bases import uuid7
from prefect.schemas.runs import FlowRun, FlowRunPolicy, TaskRun
from prefect.schemas.states import State, StateDetails, StateType
from prefect.server.database.journal import Journal
from prefect.server.models import transitions
from prefect.server.models.transitions import Outcome
from prefect.states import (
    Cancelled,
    Cancelling,
    Completed,
    Crashed,
    Failed,
    Paused,
    Pending,
    Running,
    Scheduled,
)


@pytest.fixture
def clock() -> Iterator[VirtualClock]:
    clock = VirtualClock()
    with use_clock(clock):
        yield clock


@pytest.fixture
def journal(store_url: str, clock: VirtualClock) -> Iterator[Journal]:
    journal = Journal(databases.connections(store_url), "here", flush_seconds=3600)
    yield journal
    journal.close()


def row(journal: Journal, run: FlowRun, columns: str) -> tuple[Any, ...]:
    with journal.reading() as connection:
        found = connection.execute(f"SELECT {columns} FROM flow_run WHERE id = ?", (run.id.bytes,)).fetchone()
        return tuple(found)


def history(journal: Journal, run: FlowRun) -> list[str]:
    query = "SELECT name FROM flow_run_state WHERE flow_run_id = ? ORDER BY timestamp"
    with journal.reading() as connection:
        return [name for (name,) in connection.execute(query, (run.id.bytes,))]


def leases(journal: Journal) -> list[tuple[Any, ...]]:
    with journal.reading() as connection:
        return connection.execute("SELECT resource_id, holder, attempt FROM lease").fetchall()


def begun(journal: Journal, **given: Any) -> FlowRun:
    """A new run of an attempt that this process has begun."""
    run = FlowRun(name="run", flow_id=transitions.flow_id(journal, "flow"), **given)
    transitions.create_flow_run(journal, run, Pending(), begin=True)
    return run


def propose(journal: Journal, run: FlowRun, state: State[Any], **options: Any) -> Outcome:
    return transitions.propose_flow_run_state(journal, run.id, state, **options)


def through(journal: Journal, run: FlowRun, *states: State[Any]) -> list[str]:
    """The answers to states that are proposed one after the other."""
    return [propose(journal, run, state, attempt=1).status for state in states]


# --- creating -------------------------------------------------------------------------------------------


def test_a_flow_is_stored_once_by_its_name(journal: Journal) -> None:
    first = transitions.flow_id(journal, "etl")
    assert transitions.flow_id(journal, "etl") == first != transitions.flow_id(journal, "other")


def test_a_flow_is_stored_once_by_whoever_is_first(store_url: str) -> None:
    journals = [Journal(databases.connections(store_url), f"holder-{number}") for number in range(2)]
    ids: set[UUID] = set()
    threads = [
        threading.Thread(target=lambda journal=journal: ids.add(transitions.flow_id(journal, "etl")))
        for journal in journals * 4
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for journal in journals:
        journal.close()
    assert len(ids) == 1


def test_a_run_that_begins_here_is_leased_and_one_that_does_not_is_nobodys(journal: Journal) -> None:
    here = begun(journal)
    planned = FlowRun(name="planned", flow_id=here.flow_id)
    transitions.create_flow_run(journal, planned, Scheduled(), begin=False)
    assert leases(journal) == [(here.id.bytes, "here", 1)]
    assert row(journal, here, "attempt, state_name, run_count") == (1, "Pending", 0)
    assert row(journal, planned, "attempt, state_name, run_count") == (0, "Scheduled", 0)


def test_a_run_can_be_given_another_name(journal: Journal) -> None:
    run = begun(journal)
    transitions.rename_flow_run(journal, run.id, "renamed")
    assert row(journal, run, "name") == ("renamed",)


def test_parameters_and_labels_can_be_amended(journal: Journal) -> None:
    run = begun(journal)
    run.parameters, run.labels = {"x": 2}, {"l": "m"}
    transitions.amend_flow_run(journal, run)
    assert [json.loads(text) for text in row(journal, run, "parameters, labels")] == [{"x": 2}, {"l": "m"}]


# --- answers --------------------------------------------------------------------------------------------


def test_a_run_goes_through_its_states(journal: Journal, clock: VirtualClock) -> None:
    run = begun(journal)
    running = propose(journal, run, Running(), attempt=1)
    clock.sleep(5)
    done = propose(journal, run, Completed(message="well"), attempt=1)
    assert (running.status, done.status) == ("ACCEPT", "ACCEPT")
    assert (running.run_count, running.attempt, running.end_time) == (1, 1, None)
    assert done.start_time == running.start_time
    assert done.end_time is not None
    assert abs(done.total_run_time - timedelta(seconds=5)) < timedelta(seconds=1)
    assert history(journal, run) == ["Pending", "Running", "Completed"]
    assert row(journal, run, "state_type, state_name, run_count") == ("COMPLETED", "Completed", 1)
    assert leases(journal) == []


def test_the_granted_state_is_the_proposed_one_and_knows_its_run(journal: Journal) -> None:
    run, state = begun(journal), Running(message="said")
    granted = propose(journal, run, state).state
    assert granted is not None
    assert (granted.id, granted.message, granted.state_details.flow_run_id) == (state.id, "said", run.id)


def test_there_has_to_be_such_a_run(journal: Journal) -> None:
    with pytest.raises(ObjectNotFound, match="no flow run with the id"):
        transitions.propose_flow_run_state(journal, uuid7(), Running())


def test_a_failure_with_retries_left_is_answered_with_another_attempt_later(
    journal: Journal, clock: VirtualClock
) -> None:
    run = begun(journal, empirical_policy=FlowRunPolicy(retries=1, retry_delay=30))
    propose(journal, run, Running())
    outcome = propose(journal, run, Failed(message="why"))
    assert outcome.status == "REJECT"
    assert outcome.state is not None
    assert (outcome.state.name, outcome.state.message) == ("AwaitingRetry", "why")
    due = outcome.state.state_details.scheduled_time
    assert due is not None
    waits = propose(journal, run, Running())
    assert (waits.status, waits.state) == ("WAIT", outcome.state)
    assert 29 <= waits.delay_seconds <= 31
    clock.sleep(waits.delay_seconds)
    assert propose(journal, run, Running()).run_count == 2
    assert propose(journal, run, Failed()).status == "ACCEPT"
    assert history(journal, run) == ["Pending", "Running", "AwaitingRetry", "Running", "Failed"]


def test_an_answer_that_changes_nothing_writes_nothing(journal: Journal) -> None:
    run = begun(journal)
    through(journal, run, Running(), Completed())
    before = row(journal, run, "*")
    outcome = propose(journal, run, Cancelling())
    assert outcome.status == "ABORT"
    assert "ended as Completed" in str(outcome.reason)
    assert outcome.state is not None
    assert outcome.state.name == "Completed"
    assert row(journal, run, "*") == before
    assert history(journal, run) == ["Pending", "Running", "Completed"]


def test_a_request_that_is_repeated_changes_nothing(journal: Journal) -> None:
    run = begun(journal)
    details = StateDetails(transition_id=uuid7())
    first = propose(journal, run, Running(state_details=details))
    again = propose(journal, run, Running(state_details=details))
    assert (first.status, again.status) == ("ACCEPT", "REJECT")
    assert again.state is not None
    assert first.state is not None
    assert again.state.id == first.state.id
    assert history(journal, run) == ["Pending", "Running"]


def test_force_leaves_the_rules_out(journal: Journal) -> None:
    run = begun(journal)
    through(journal, run, Running(), Cancelled())
    assert propose(journal, run, Running()).status == "REJECT"
    assert propose(journal, run, Running(), force=True).status == "ACCEPT"


def test_keys_of_pauses_are_remembered(journal: Journal) -> None:
    run = begun(journal, empirical_policy=FlowRunPolicy(retries=2))
    propose(journal, run, Running())
    assert propose(journal, run, Paused(pause_key="k")).status == "ACCEPT"
    assert json.loads(row(journal, run, "empirical_policy")[0]) == {"retries": 2, "pause_keys": ["k"]}
    propose(journal, run, Running())
    assert propose(journal, run, Paused(pause_key="k")).status == "REJECT"


def test_stored_data_is_kept_and_values_are_not(journal: Journal) -> None:
    run = begun(journal)
    through(journal, run, Running(), Completed(data={"storage_key": "k", "type": "reference"}))
    again = propose(journal, run, Pending(), begin=True)
    assert again.status == "REJECT"
    assert again.state is not None
    assert again.state.data == {"storage_key": "k", "type": "reference"}
    other = begun(journal)
    through(journal, other, Running(), Completed(data="a value"))
    query = "SELECT data FROM flow_run_state WHERE flow_run_id = ? AND name = 'Completed'"
    with journal.reading() as connection:
        assert connection.execute(query, (other.id.bytes,)).fetchone() == (None,)


# --- attempts -------------------------------------------------------------------------------------------


def test_another_attempt_is_numbered_and_leased(journal: Journal) -> None:
    run = begun(journal)
    through(journal, run, Running(), Failed())
    outcome = propose(journal, run, Pending(), begin=True)
    assert (outcome.status, outcome.attempt) == ("ACCEPT", 2)
    assert leases(journal) == [(run.id.bytes, "here", 2)]
    assert row(journal, run, "attempt, end_time") == (2, None)


def test_an_older_attempt_has_no_say(journal: Journal) -> None:
    run = begun(journal)
    through(journal, run, Running(), Crashed())
    propose(journal, run, Pending(), begin=True)
    for state in (Running(), Completed(), Crashed()):
        outcome = propose(journal, run, state, attempt=1)
        assert outcome.status == "ABORT"
        assert outcome.attempt == 2
    assert propose(journal, run, Running(), attempt=2).status == "ACCEPT"
    assert propose(journal, run, Crashed(), attempt=1, force=True).status == "ABORT"


def test_a_refused_attempt_takes_no_lease(journal: Journal) -> None:
    run = begun(journal)
    propose(journal, run, Running())
    outcome = propose(journal, run, Pending(), begin=True)
    assert outcome.status == "ABORT"
    assert leases(journal) == [(run.id.bytes, "here", 1)]


@pytest.mark.parametrize("end", [Completed, Failed, Crashed, Cancelled])
def test_the_lease_ends_with_the_run(journal: Journal, end: Any) -> None:
    run = begun(journal)
    through(journal, run, Running(), end())
    assert leases(journal) == []
    assert row(journal, run, "end_time")[0] is not None


def test_what_the_block_around_queued_is_written_with_the_state(journal: Journal) -> None:
    run = begun(journal)
    journal.record_log(
        "prefect.flow_runs", 20, "said before", run.created or Pending().timestamp, run.id, None
    )
    propose(journal, run, Running())
    assert journal.queued == 0


def test_timestamps_of_a_run_strictly_increase(journal: Journal) -> None:
    run = begun(journal)
    moment = Pending().timestamp
    for state in (Running(timestamp=moment), Failed(timestamp=moment), Running(timestamp=moment)):
        propose(journal, run, state)
    with journal.reading() as connection:
        moments = connection.execute(
            "SELECT timestamp FROM flow_run_state WHERE flow_run_id = ? ORDER BY id", (run.id.bytes,)
        ).fetchall()
    assert len(set(moments)) == len(moments)


def test_scheduled_times_come_and_go(journal: Journal, clock: VirtualClock) -> None:
    run = FlowRun(name="run", flow_id=transitions.flow_id(journal, "flow"))
    due = clock.now() + timedelta(hours=1)
    transitions.create_flow_run(journal, run, Scheduled(scheduled_time=due), begin=False)
    assert row(journal, run, "expected_start_time = next_scheduled_start_time") == (1,)
    pending = propose(journal, run, Pending(), begin=True)
    assert pending.state is not None
    assert pending.state.state_details.scheduled_time == due
    assert row(journal, run, "next_scheduled_start_time") == (None,)
    assert propose(journal, run, Running()).status == "WAIT"
    assert StateType(row(journal, run, "state_type")[0]) is StateType.PENDING


def test_a_subflow_is_not_begun_again_by_a_process_that_has_lost_its_caller(journal: Journal) -> None:
    caller = begun(journal)
    placeholder = TaskRun(flow_run_id=caller.id, task_key="child", dynamic_key="child-0")
    journal.record_task_run(placeholder, Running())
    child = begun(journal, parent_task_run_id=placeholder.id)
    through(journal, child, Running(), Failed())
    with journal.transaction() as connection:
        connection.execute("UPDATE lease SET holder = 'elsewhere'")
    refused = propose(journal, child, Pending(), force=True, begin=True)
    assert (refused.status, refused.reason) == (
        "ABORT",
        "Another process runs the flow run that calls this one: it is begun there.",
    )
    assert row(journal, child, "state_name, attempt") == ("Failed", 1)
    assert leases(journal) == [(caller.id.bytes, "elsewhere", 1)]
    assert propose(journal, child, Pending(), begin=True).status == "ACCEPT", "on its own it may begin again"

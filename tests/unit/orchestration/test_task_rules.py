"""The rules for task runs that a server orchestrates, one scenario each."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from prefect.schemas.states import StateType, default_name
from prefect.server.orchestration import (
    Abort,
    Accept,
    CachedState,
    Decision,
    PlainDetails,
    Proposal,
    Reject,
    TagSlots,
    TaskRunFacts,
    Terms,
    Wait,
    decide_task_run,
)
from prefect.server.orchestration.task_rules import ENGINE_TASK_RUN_RULES

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
PARAMETERS = UUID(int=5)
T = StateType


def run(type: StateType | None, name: str | None = None, **known: Any) -> TaskRunFacts:
    facts = TaskRunFacts(
        id=UUID(int=1),
        state_type=type,
        state_name=name or (default_name(type) if type else None),
        state_timestamp=NOW,
        flow_run_id=UUID(int=2),
        flow_run_state_type=T.RUNNING,
        flow_run_count=1,
    )
    return replace(facts, **known)


def propose(type: StateType, name: str | None = None, force: bool = False, **details: Any) -> Proposal:
    return Proposal(
        type=type,
        name=name or default_name(type),
        timestamp=NOW,
        details=PlainDetails(**details),
        force=force,
    )


def decide(facts: TaskRunFacts, proposal: Proposal, **terms: Any) -> Decision:
    return decide_task_run(facts, proposal, NOW, Terms(**terms))


@pytest.fixture(params=["ordinary", "background"])
def details(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Details of a run, for what holds of ordinary and of background runs."""
    return {"deferred": True} if request.param == "background" else {}


# --- who may speak, and when ----------------------------------------------------------------------------


@pytest.mark.parametrize("force", [False, True])
def test_an_older_attempt_is_told_to_stop(details: dict[str, Any], force: bool) -> None:
    proposal = replace(propose(T.COMPLETED, force=force, **details), attempt=1)
    assert isinstance(decide(run(T.RUNNING, run_count=1, attempt=2), proposal), Abort)
    assert isinstance(decide(run(T.RUNNING, run_count=1, attempt=1), proposal), Accept)


def test_a_retried_request_is_answered_with_the_state_it_made(details: dict[str, Any]) -> None:
    facts = run(T.COMPLETED, details=PlainDetails(transition_id=UUID(int=4), **details))
    decision = decide(facts, propose(T.COMPLETED, transition_id=UUID(int=4), **details))
    assert decision == Reject("This transition was already made: the run is Completed.")


def test_a_run_waits_for_its_time(details: dict[str, Any]) -> None:
    scheduled = run(T.SCHEDULED, details=PlainDetails(scheduled_time=LATER, **details))
    assert isinstance(decide(scheduled, propose(T.RUNNING)), Wait)
    claimed = decide(scheduled, propose(T.PENDING))
    assert isinstance(claimed, Accept)
    assert claimed.changes.details["scheduled_time"] == LATER


# --- cache ----------------------------------------------------------------------------------------------


def cached(**known: Any) -> TaskRunFacts:
    return run(T.PENDING, cached=CachedState(id=UUID(int=3), **known))


def test_a_fresh_cached_state_is_taken_over() -> None:
    decision = decide(cached(message="done", expiration=LATER), propose(T.RUNNING, cache_key="k"))
    assert isinstance(decision, Reject)
    assert decision.state is not None
    assert (decision.state.type, decision.state.name) == (T.COMPLETED, "Cached")
    assert decision.state.data_of == UUID(int=3)


def test_an_expired_or_unwanted_cached_state_is_not() -> None:
    assert isinstance(decide(cached(expiration=NOW), propose(T.RUNNING, cache_key="k")), Accept)
    assert isinstance(decide(cached(), propose(T.RUNNING, cache_key="k", refresh_cache=True)), Accept)
    assert isinstance(decide(cached(), propose(T.RUNNING)), Accept)


def test_a_completed_state_with_a_key_is_remembered() -> None:
    decision = decide(run(T.RUNNING, run_count=1), propose(T.COMPLETED, cache_key="k"))
    assert isinstance(decision, Accept)
    assert decision.changes.cache_key == "k"


# --- ends -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", [T.COMPLETED, T.FAILED, T.CRASHED, T.CANCELLED])
@pytest.mark.parametrize("proposed", [T.CRASHED, T.PAUSED, T.CANCELLING])
def test_what_has_ended_does_not_crash_pause_or_cancel(end: StateType, proposed: StateType) -> None:
    assert isinstance(decide(run(end), propose(proposed)), Abort)


def test_a_stored_result_is_kept() -> None:
    assert isinstance(decide(run(T.COMPLETED, has_data=True), propose(T.FAILED)), Reject)
    assert isinstance(decide(run(T.COMPLETED), propose(T.FAILED)), Accept)


def test_a_rerun_in_a_later_run_of_the_flow_counts_from_zero() -> None:
    decision = decide(run(T.FAILED, run_count=2, flow_run_count=2, flow_run_run_count=1), propose(T.RUNNING))
    assert isinstance(decision, Accept)
    assert (decision.changes.run_count, decision.changes.name) == (0, "Retrying")
    assert decision.changes.flow_run_run_count == 2


def test_a_rerun_in_the_same_run_of_the_flow_keeps_its_name() -> None:
    decision = decide(run(T.FAILED, run_count=2, flow_run_count=1, flow_run_run_count=1), propose(T.RUNNING))
    assert isinstance(decision, Accept)
    assert (decision.changes.run_count, decision.changes.name) == (0, None)


# --- its flow run ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("flow_state", [None, T.PENDING, T.COMPLETED, T.CANCELLING])
def test_a_task_run_starts_only_in_a_running_flow(flow_state: StateType | None) -> None:
    decision = decide(run(T.PENDING, flow_run_state_type=flow_state), propose(T.RUNNING))
    assert isinstance(decision, Abort)


def test_a_paused_flow_puts_the_task_run_off() -> None:
    decision = decide(run(T.PENDING, flow_run_state_type=T.PAUSED), propose(T.RUNNING))
    assert isinstance(decision, Reject)
    assert decision.state is not None
    assert (decision.state.type, decision.state.name) == (T.PAUSED, "NotReady")


def test_a_task_run_of_no_flow_needs_none() -> None:
    facts = run(T.PENDING, flow_run_id=None, flow_run_state_type=None)
    assert decide(facts, propose(T.RUNNING)) == Accept()


# --- tags -----------------------------------------------------------------------------------------------


def limited(*slots: TagSlots, type: StateType = T.PENDING) -> TaskRunFacts:
    return run(type, slots=slots)


def test_a_run_takes_a_slot_of_every_limit_or_none() -> None:
    free, full = TagSlots(tag="a", limit=2, free=1), TagSlots(tag="b", limit=1, free=0)
    decision = decide(limited(free, replace(full, free=1)), propose(T.RUNNING))
    assert isinstance(decision, Accept)
    assert decision.changes.take_slots == ("a", "b")
    assert decide(limited(free, full), propose(T.RUNNING)) == Wait(
        30, "All 1 concurrency slots of tag 'b' are taken."
    )


def test_those_who_wait_come_back_at_different_moments() -> None:
    full = limited(TagSlots(tag="a", limit=1, free=0))
    delays = [
        decide(full, propose(T.RUNNING), tag_slot_wait_seconds=10, draw=draw).delay_seconds  # type: ignore[union-attr]
        for draw in (0, 0.5, 1)
    ]
    assert delays == [5, 10, 15]


def test_a_limit_of_zero_lets_nothing_start() -> None:
    assert isinstance(decide(limited(TagSlots(tag="a", limit=0, free=0)), propose(T.RUNNING)), Abort)


def test_a_held_slot_is_not_taken_twice() -> None:
    decision = decide(limited(TagSlots(tag="a", limit=1, free=0, held=True)), propose(T.RUNNING))
    assert isinstance(decision, Accept)
    assert decision.changes.take_slots == ()


@pytest.mark.parametrize("force", [False, True])
def test_slots_are_freed_when_the_run_stops_running(force: bool) -> None:
    facts = limited(TagSlots(tag="a", limit=1, free=0, held=True), type=T.RUNNING)
    decision = decide(replace(facts, run_count=1), propose(T.COMPLETED, force=force))
    assert isinstance(decision, Accept)
    assert decision.changes.release_slots


def test_a_retry_frees_the_slots_while_it_waits() -> None:
    facts = limited(TagSlots(tag="a", limit=1, free=0, held=True), type=T.RUNNING)
    decision = decide(replace(facts, run_count=1, retries=1), propose(T.FAILED))
    assert isinstance(decision, Reject)
    assert decision.changes.release_slots


def test_an_engine_that_takes_slots_itself_is_not_asked_for_them() -> None:
    facts = limited(TagSlots(tag="a", limit=0, free=0))
    assert isinstance(decide_task_run(facts, propose(T.RUNNING), NOW, rules=ENGINE_TASK_RUN_RULES), Accept)


# --- retries --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("run_count", "delay_seconds"), [(1, 10), (2, 20), (3, 20)])
def test_delays_follow_the_list_and_the_last_repeats(run_count: int, delay_seconds: int) -> None:
    facts = run(T.RUNNING, run_count=run_count, retries=3, retry_delays_seconds=(10, 20))
    decision = decide(facts, propose(T.FAILED))
    assert isinstance(decision, Reject)
    assert decision.state is not None
    assert decision.state.details["scheduled_time"] == NOW + timedelta(seconds=delay_seconds)


@pytest.mark.parametrize(("draw", "delay_seconds"), [(0, 5), (0.5, 10), (1, 15)])
def test_jitter_spreads_the_delay_both_ways(draw: float, delay_seconds: int) -> None:
    facts = run(T.RUNNING, run_count=1, retries=1, retry_delays_seconds=(10,), retry_jitter_factor=0.5)
    decision = decide(facts, propose(T.FAILED), draw=draw)
    assert isinstance(decision, Reject)
    assert decision.state is not None
    assert decision.state.details["scheduled_time"] == NOW + timedelta(seconds=delay_seconds)


def test_a_failure_that_says_so_is_not_retried() -> None:
    facts = run(T.RUNNING, run_count=1, retries=1)
    assert isinstance(decide(facts, propose(T.FAILED, retriable=False)), Accept)


@pytest.mark.parametrize(("before", "name"), [("AwaitingRetry", "Retrying"), ("Scheduled", "Rerunning")])
def test_a_run_again_says_so(before: str, name: str) -> None:
    decision = decide(run(T.SCHEDULED, before, run_count=1), propose(T.RUNNING))
    assert isinstance(decision, Accept)
    assert decision.changes.name == name


# --- background -----------------------------------------------------------------------------------------


def background(type: StateType) -> TaskRunFacts:
    details = PlainDetails(deferred=True, task_parameters_id=PARAMETERS)
    return run(type, details=details, flow_run_id=None, flow_run_state_type=None)


def test_a_background_run_is_queued_and_its_retries_elsewhere() -> None:
    for name, queue in [("Scheduled", "scheduled"), ("AwaitingRetry", "retry")]:
        decision = decide(background(T.PENDING), propose(T.SCHEDULED, name, deferred=True))
        assert isinstance(decision, Accept)
        assert decision.changes.enqueue == queue


@pytest.mark.parametrize(("current", "proposed"), [(T.SCHEDULED, T.PENDING), (T.PENDING, T.RUNNING)])
def test_a_background_run_keeps_its_parameters(current: StateType, proposed: StateType) -> None:
    decision = decide(background(current), propose(proposed))
    assert isinstance(decision, Accept)
    assert decision.changes.details["task_parameters_id"] == PARAMETERS


def test_a_background_run_is_handed_out_once() -> None:
    assert isinstance(decide(background(T.PENDING), propose(T.PENDING)), Abort)
    assert isinstance(decide(run(T.PENDING), propose(T.PENDING)), Accept)


def test_a_background_run_is_otherwise_like_any_other() -> None:
    running = replace(background(T.RUNNING), run_count=1, retries=1)
    failed = decide(running, propose(T.FAILED))
    assert isinstance(failed, Reject)
    again = decide(
        replace(background(T.SCHEDULED), state_name="AwaitingRetry", run_count=1), propose(T.RUNNING)
    )
    assert isinstance(again, Accept)
    assert again.changes.name == "Retrying"
    done = decide(running, propose(T.COMPLETED, cache_key="k"))
    assert isinstance(done, Accept)
    assert done.changes.cache_key == "k"
    assert isinstance(decide(background(T.COMPLETED), propose(T.CRASHED)), Abort)
    found = replace(background(T.PENDING), cached=CachedState(id=UUID(int=3)))
    assert isinstance(decide(found, propose(T.RUNNING, cache_key="k")), Reject)
    in_flow = replace(background(T.PENDING), flow_run_id=UUID(int=2), flow_run_count=3)
    started = decide(in_flow, propose(T.RUNNING))
    assert isinstance(started, Accept)
    assert started.changes.flow_run_run_count == 3


def test_a_background_run_takes_no_slots() -> None:
    facts = replace(background(T.PENDING), slots=(TagSlots(tag="a", limit=0, free=0),))
    assert isinstance(decide(facts, propose(T.RUNNING)), Accept)

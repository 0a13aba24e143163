"""The rules for flow runs, one scenario each, and the answer to every pair of states."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from prefect.schemas.states import TRANSITIONS, StateType
from prefect.server.orchestration import (
    Abort,
    Accept,
    Decision,
    DeploymentSlots,
    FlowRunFacts,
    PlainDetails,
    Proposal,
    Reject,
    Wait,
    decide_flow_run,
)
from prefect.server.orchestration.facts import DEFAULT_TERMS
from prefect.server.orchestration.flow_rules import MARKING_LATE_RULES, nothing_beyond_the_table

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATER, EARLIER = NOW + timedelta(hours=1), NOW - timedelta(hours=1)
DEPLOYMENT = UUID(int=7)
T = StateType

STATES: dict[str, tuple[StateType, str, dict[str, Any]]] = {
    "Scheduled": (T.SCHEDULED, "Scheduled", {"scheduled_time": EARLIER}),
    "Future": (T.SCHEDULED, "Scheduled", {"scheduled_time": LATER}),
    "Late": (T.SCHEDULED, "Late", {"scheduled_time": EARLIER}),
    "Resuming": (T.SCHEDULED, "Resuming", {"scheduled_time": EARLIER}),
    "Pending": (T.PENDING, "Pending", {}),
    "Submitting": (T.PENDING, "Submitting", {}),
    "Running": (T.RUNNING, "Running", {}),
    "Completed": (T.COMPLETED, "Completed", {}),
    "Stored": (T.COMPLETED, "Completed", {}),
    "Failed": (T.FAILED, "Failed", {}),
    "Crashed": (T.CRASHED, "Crashed", {}),
    "Cancelling": (T.CANCELLING, "Cancelling", {}),
    "Cancelled": (T.CANCELLED, "Cancelled", {}),
    "Paused": (T.PAUSED, "Paused", {"pause_timeout": LATER}),
    "Expired": (T.PAUSED, "Paused", {"pause_timeout": EARLIER}),
    "Suspended": (T.PAUSED, "Suspended", {"pause_timeout": LATER, "pause_reschedule": True}),
}


def run(state: str, **known: Any) -> FlowRunFacts:
    type, name, details = STATES[state]
    facts = FlowRunFacts(
        id=UUID(int=1),
        state_id=UUID(int=2),
        state_type=type,
        state_name=name,
        state_timestamp=EARLIER,
        details=PlainDetails(**details),
        has_data=state == "Stored",
        run_count=0 if type in (T.SCHEDULED, T.PENDING) else 1,
    )
    return replace(facts, **known)


def propose(state: str, **known: Any) -> Proposal:
    type, name, details = STATES[state]
    details = {**details, **known.pop("details", {})}
    has_data = state == "Stored"
    return Proposal(
        type=type, name=name, timestamp=NOW, details=PlainDetails(**details), has_data=has_data, **known
    )


def decide(current: FlowRunFacts | str, proposed: Proposal | str) -> Decision:
    facts = run(current) if isinstance(current, str) else current
    proposal = propose(proposed) if isinstance(proposed, str) else proposed
    return decide_flow_run(facts, proposal, NOW)


# y accepted, = refused (the run stays as it is), x aborted, w told to wait, C made Cancelled, F made Failed
EVERY_PAIR = """
             Scheduled Future Late Resuming Pending Submitting Running Completed Stored Failed Crashed Cancelling Cancelled Paused Expired Suspended
Scheduled    y         y      y    y        y       y          y       y         y      y      y       C          y         =      =       =
Future       y         y      y    y        y       y          w       y         y      y      y       C          y         =      =       =
Late         y         y      =    y        y       y          y       y         y      y      y       C          y         =      =       =
Resuming     y         y      y    y        y       y          y       y         y      y      y       C          y         =      =       =
Pending      y         y      =    y        x       y          y       y         y      y      y       C          y         =      =       =
Submitting   y         y      =    y        x       x          y       y         y      y      y       C          y         =      =       =
Running      y         y      =    y        x       x          y       y         y      y      y       y          y         y      y       x
Completed    x         x      x    x        y       y          y       y         y      y      x       x          y         x      x       x
Stored       =         =      =    =        =       =          =       =         y      y      x       x          y         x      x       x
Failed       x         x      x    x        y       y          y       y         y      y      x       x          y         x      x       x
Crashed      x         x      x    x        y       y          y       y         y      y      x       x          y         x      x       x
Cancelling   =         =      =    =        =       =          =       =         =      =      =       =          y         =      =       =
Cancelled    x         x      x    x        x       x          =       =         =      =      x       x          y         x      x       x
Paused       y         y      =    y        =       =          y       y         y      y      y       C          y         =      =       =
Expired      F         F      =    F        =       =          F       F         F      F      F       C          F         =      =       =
Suspended    =         =      =    =        =       =          =       =         =      =      =       C          =         =      =       =
"""  # noqa: E501 - a table is read as a whole


def pairs() -> list[tuple[str, str, str]]:
    header, *rows = [line.split() for line in EVERY_PAIR.strip().splitlines()]
    return [(row[0], proposed, code) for row in rows for proposed, code in zip(header, row[1:], strict=True)]


def code_of(decision: Decision) -> str:
    if isinstance(decision, Reject):
        return "=" if decision.state is None else decision.state.name[0]
    return {Accept: "y", Abort: "x", Wait: "w"}[type(decision)]


@pytest.mark.parametrize(("current", "proposed", "code"), pairs())
def test_every_pair_for_a_run_without_deployment(current: str, proposed: str, code: str) -> None:
    assert code_of(decide(current, proposed)) == code


# --- who may speak --------------------------------------------------------------------------------------


@pytest.mark.parametrize("force", [False, True])
def test_an_older_attempt_is_told_to_stop(force: bool) -> None:
    decision = decide(run("Running", attempt=2), propose("Completed", attempt=1, force=force))
    assert decision == Abort(
        "Attempt 1 of this run was superseded by attempt 2; its Completed state is not recorded."
    )


def test_the_latest_attempt_and_those_without_number_may_speak() -> None:
    facts = run("Running", attempt=2)
    assert decide(facts, propose("Completed", attempt=2)) == Accept()
    assert decide(facts, propose("Completed")) == Accept()


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("end", ["Failed", "Crashed", "Cancelled", "Completed"])
def test_the_attempt_that_ended_a_run_does_not_end_it_again(end: str, force: bool) -> None:
    decision = decide(run("Completed", attempt=1), propose(end, attempt=1, force=force))
    assert isinstance(decision, Abort)
    assert "does not change its mind" in decision.reason


def test_a_new_attempt_may_run_a_failed_run_again() -> None:
    assert isinstance(decide(run("Failed", attempt=1), propose("Running", attempt=2)), Accept)


@pytest.mark.parametrize("force", [False, True])
def test_a_retried_request_is_answered_with_the_state_it_made(force: bool) -> None:
    transition = UUID(int=3)
    facts = run("Completed", details=PlainDetails(transition_id=transition), attempt=1)
    proposal = propose("Completed", details={"transition_id": transition}, attempt=1, force=force)
    decision = decide(facts, proposal)
    assert decision == Reject("This transition was already made: the run is Completed.")


# --- ends -----------------------------------------------------------------------------------------------


def test_a_rerun_forgets_the_pauses_of_the_run_before() -> None:
    decision = decide(run("Failed", pause_keys=frozenset({"1"}), resuming=True), "Running")
    assert isinstance(decision, Accept)
    assert decision.changes.pause_keys == frozenset()
    assert decision.changes.resuming is False


@pytest.mark.parametrize("end", ["Completed", "Failed", "Crashed"])
def test_a_deployed_run_can_be_scheduled_again(end: str) -> None:
    assert isinstance(decide(run(end, deployment_id=DEPLOYMENT), "Future"), Accept)


def test_a_cancelled_run_is_run_again_only_by_force() -> None:
    assert isinstance(decide("Cancelled", "Running"), Reject)
    assert isinstance(decide("Cancelled", propose("Running", force=True)), Accept)


def test_a_cancelled_run_does_not_hear_its_engine_any_more() -> None:
    decision = decide(run("Cancelled", attempt=1), propose("Completed", attempt=1))
    assert isinstance(decision, Abort)


# --- cancelling -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("force", [False, True])
def test_cancelling_a_run_that_never_started_is_done_at_once(force: bool) -> None:
    decision = decide("Scheduled", propose("Cancelling", force=force, message="by me"))
    assert isinstance(decision, Reject)
    assert decision.state is not None
    assert (decision.state.type, decision.state.message) == (T.CANCELLED, "by me")


def test_cancelling_waits_for_the_process_there_is() -> None:
    assert decide(run("Scheduled", infrastructure_pid="host:1"), "Cancelling") == Accept()


@pytest.mark.parametrize("state", ["Resuming", "Suspended"])
def test_cancelling_a_run_that_left_its_process_is_done_at_once(state: str) -> None:
    decision = decide(run(state, infrastructure_pid="host:1", deployment_id=DEPLOYMENT), "Cancelling")
    assert code_of(decision) == "C"


# --- pauses ---------------------------------------------------------------------------------------------


def test_a_pause_is_remembered_by_its_key() -> None:
    decision = decide(
        run("Running", pause_keys=frozenset({"1"})), propose("Paused", details={"pause_key": "2"})
    )
    assert isinstance(decision, Accept)
    assert decision.changes.pause_keys == {"1", "2"}


def test_a_pause_without_key_gets_one_of_its_own() -> None:
    decision = decide("Running", "Paused")
    assert isinstance(decision, Accept)
    assert decision.changes.pause_keys == {decision.changes.details["pause_key"]}


def test_a_pause_is_passed_once() -> None:
    facts = run("Running", pause_keys=frozenset({"1"}))
    decision = decide(facts, propose("Paused", details={"pause_key": "1"}))
    assert decision == Reject("The pause '1' was already passed in this run.")


def test_a_deployed_run_can_be_suspended_unless_a_parent_holds_it() -> None:
    deployed = run("Running", deployment_id=DEPLOYMENT)
    assert isinstance(decide(deployed, "Suspended"), Accept)
    assert isinstance(decide(replace(deployed, parent_task_run_id=UUID(int=8)), "Suspended"), Abort)


def test_a_run_without_a_state_cannot_be_paused() -> None:
    assert isinstance(decide(FlowRunFacts(id=UUID(int=1)), "Paused"), Abort)


def test_a_suspended_run_remembers_that_it_resumes() -> None:
    decision = decide(run("Suspended", deployment_id=DEPLOYMENT), "Resuming")
    assert isinstance(decision, Accept)
    assert decision.changes.resuming is True


def test_a_run_that_goes_on_in_its_process_is_not_resuming() -> None:
    assert decide("Paused", "Running") == Accept()


# --- when -----------------------------------------------------------------------------------------------


def test_a_run_waits_for_its_time_to_the_fraction_of_a_second() -> None:
    due = NOW + timedelta(seconds=1.5)
    decision = decide(run("Future", details=PlainDetails(scheduled_time=due)), "Running")
    assert isinstance(decision, Wait)
    assert decision.delay_seconds == 1.5
    assert due.isoformat() in decision.reason


def test_a_claimed_run_still_waits_for_its_time() -> None:
    claimed = decide("Future", "Pending")
    assert isinstance(claimed, Accept)
    assert claimed.changes.details == {"scheduled_time": LATER}
    pending = run("Pending", details=PlainDetails(scheduled_time=LATER))
    assert isinstance(decide(pending, "Running"), Wait)


def test_only_marking_late_is_asked_when_marking_late() -> None:
    late = propose("Late")
    assert decide_flow_run(run("Scheduled"), late, NOW, rules=MARKING_LATE_RULES) == Accept()
    assert isinstance(decide_flow_run(run("Running"), late, NOW, rules=MARKING_LATE_RULES), Reject)


# --- retries --------------------------------------------------------------------------------------------


def test_a_failure_with_retries_left_is_tried_again_after_the_delay() -> None:
    facts = run("Running", run_count=1, retries=2, retry_delay_seconds=30, pause_keys=frozenset({"1"}))
    decision = decide(facts, propose("Failed", message="ValueError: no"))
    due = NOW + timedelta(seconds=30)
    assert isinstance(decision, Reject)
    assert decision.reason == f"Failed; retry 1 of 2 is due at {due.isoformat()}."
    assert decision.state is not None
    assert (decision.state.name, decision.state.message) == ("AwaitingRetry", "ValueError: no")
    assert decision.state.details == {"scheduled_time": due}
    assert decision.changes.pause_keys == frozenset()


@pytest.mark.parametrize(("run_count", "is_final"), [(1, False), (2, False), (3, True)])
def test_there_is_one_attempt_more_than_retries(run_count: int, is_final: bool) -> None:
    decision = decide(run("Running", run_count=run_count, retries=2), "Failed")
    assert isinstance(decision, Accept) is is_final


def test_a_timeout_is_retried_like_any_failure() -> None:
    timed_out = replace(propose("Failed"), name="TimedOut")
    assert code_of(decide(run("Running", run_count=1, retries=1), timed_out)) == "A"


def test_a_crash_is_not_retried_here() -> None:
    assert decide(run("Running", run_count=1, retries=1), "Crashed") == Accept()


# --- slots of the deployment ----------------------------------------------------------------------------


def with_slots(state: str, **slots: Any) -> FlowRunFacts:
    return run(state, deployment_id=DEPLOYMENT, slots=DeploymentSlots(**{"limit": 1, "free": 1, **slots}))


def test_a_run_takes_a_slot_when_it_is_handed_out() -> None:
    decision = decide(with_slots("Scheduled"), "Pending")
    assert isinstance(decision, Accept)
    assert decision.changes.take_slots == ("deployment",)


def test_a_run_that_holds_a_slot_renews_it_on_the_way() -> None:
    for current, proposed in [("Pending", "Submitting"), ("Pending", "Running")]:
        decision = decide(with_slots(current, free=0, held=True), proposed)
        assert isinstance(decision, Accept)
        assert decision.changes.renew_slots
        assert not decision.changes.take_slots


def test_a_full_deployment_makes_the_next_run_wait_its_turn() -> None:
    decision = decide(with_slots("Scheduled", free=0), "Pending")
    assert isinstance(decision, Reject)
    assert decision.state is not None
    assert decision.state.name == "AwaitingConcurrencySlot"
    assert decision.state.details == {"scheduled_time": NOW + timedelta(seconds=30)}
    assert "All 1 concurrency slots" in decision.reason


def test_a_full_deployment_may_cancel_what_does_not_fit() -> None:
    assert code_of(decide(with_slots("Scheduled", free=0, on_full="CANCEL_NEW"), "Pending")) == "C"


def test_a_limit_of_zero_lets_nothing_start() -> None:
    assert isinstance(decide(with_slots("Scheduled", limit=0, free=0), "Pending"), Abort)


def test_a_lost_slot_is_taken_again_or_the_run_is_cancelled() -> None:
    again = decide(with_slots("Pending", held=False, free=1), "Running")
    assert isinstance(again, Accept)
    assert again.changes.take_slots == ("deployment",)
    assert code_of(decide(with_slots("Pending", held=False, free=0), "Running")) == "C"


@pytest.mark.parametrize("end", ["Completed", "Failed", "Crashed", "Cancelled", "Suspended", "Future"])
def test_a_run_that_leaves_frees_its_slot(end: str) -> None:
    decision = decide(with_slots("Running", held=True), end)
    assert isinstance(decision, Accept)
    assert decision.changes.release_slots


def test_a_run_that_retries_in_its_process_keeps_its_slot() -> None:
    facts = replace(with_slots("Running", held=True), retries=1, run_count=1)
    decision = decide(facts, "Failed")
    assert isinstance(decision, Reject)
    assert not decision.changes.release_slots


def test_a_forced_end_frees_the_slot_too() -> None:
    decision = decide(with_slots("Running", held=True), propose("Crashed", force=True))
    assert isinstance(decision, Accept)
    assert decision.changes.release_slots


# --- the table ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("proposed", StateType)
@pytest.mark.parametrize("current", [None, *StateType])
def test_the_last_rule_holds_to_the_table_alone(current: StateType | None, proposed: StateType) -> None:
    facts = FlowRunFacts(id=UUID(int=1), state_type=current)
    opinion = nothing_beyond_the_table(
        facts, Proposal(type=proposed, name="Any", timestamp=NOW), NOW, DEFAULT_TERMS
    )
    assert (opinion is None) == (proposed in TRANSITIONS[current])


# --- without a server -----------------------------------------------------------------------------------


def test_what_an_engine_of_ours_has_begun_can_be_suspended_and_goes_on_without_a_deployment() -> None:
    suspended = propose("Suspended")
    assert isinstance(decide(run("Running", attempt=1), suspended), Accept)
    assert isinstance(decide(run("Running"), suspended), Abort)
    assert isinstance(decide(run("Suspended", attempt=1), "Resuming"), Accept)
    assert isinstance(decide(run("Suspended"), "Resuming"), Reject)


@pytest.mark.parametrize("state", ["Pending", "Paused"])
def test_a_run_that_waits_for_a_worker_or_in_one_is_stopped_there(state: str) -> None:
    decision = decide(run(state, deployment_id=DEPLOYMENT), "Cancelling")
    assert isinstance(decision, Accept)

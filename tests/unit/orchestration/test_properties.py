"""What holds for every state, every proposal and every mixture of facts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefect.schemas.states import TERMINAL_STATES, TRANSITIONS, StateType, default_name
from prefect.server.orchestration import (
    Abort,
    Accept,
    Decision,
    DeploymentSlots,
    FlowRunFacts,
    PlainDetails,
    Proposal,
    Reject,
    TagSlots,
    TaskRunFacts,
    Terms,
    Wait,
    decide_flow_run,
    decide_task_run,
    moment_after,
    project_flow_run,
    project_task_run,
)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
RUN_ID, TRANSITION = UUID(int=1), UUID(int=2)

NAMES = {
    StateType.SCHEDULED: ["Scheduled", "Late", "AwaitingRetry", "AwaitingConcurrencySlot", "Resuming"],
    StateType.PENDING: ["Pending", "Submitting", "InfrastructurePending", "NotReady"],
    StateType.RUNNING: ["Running", "Retrying"],
    StateType.PAUSED: ["Paused", "Suspended"],
}
EVERY_STATE = [(type, name) for type in StateType for name in NAMES.get(type, [default_name(type)])]

moments = st.integers(-3600, 3600).map(lambda seconds: NOW + timedelta(seconds=seconds))
details = st.builds(
    PlainDetails,
    scheduled_time=st.none() | moments,
    pause_timeout=st.none() | moments,
    pause_reschedule=st.booleans(),
    pause_key=st.sampled_from([None, "1", "2"]),
    transition_id=st.sampled_from([None, TRANSITION]),
    deferred=st.booleans(),
    task_parameters_id=st.sampled_from([None, UUID(int=9)]),
    cache_key=st.sampled_from([None, "key"]),
    retriable=st.sampled_from([None, True, False]),
)


@st.composite
def proposals(draw: st.DrawFn, force: bool | None = None) -> Proposal:
    type, name = draw(st.sampled_from(EVERY_STATE))
    return Proposal(
        type=type,
        name=name,
        timestamp=draw(moments),
        details=draw(details),
        has_data=draw(st.booleans()),
        attempt=draw(st.none() | st.integers(0, 3)),
        force=draw(st.booleans()) if force is None else force,
    )


@st.composite
def flow_runs(draw: st.DrawFn) -> FlowRunFacts:
    type, name = draw(st.sampled_from([(None, None), *EVERY_STATE]))
    slots = st.builds(
        DeploymentSlots,
        limit=st.integers(0, 2),
        free=st.integers(0, 2),
        held=st.booleans(),
        on_full=st.sampled_from(["ENQUEUE", "CANCEL_NEW"]),
    )
    return FlowRunFacts(
        id=RUN_ID,
        state_id=None if type is None else UUID(int=3),
        state_type=type,
        state_name=name,
        state_timestamp=None if type is None else draw(moments),
        details=draw(details),
        has_data=draw(st.booleans()),
        run_count=draw(st.integers(0, 3)),
        attempt=draw(st.integers(0, 3)),
        retries=draw(st.integers(0, 2)),
        retry_delay_seconds=draw(st.sampled_from([0, 0.5, 60])),
        pause_keys=draw(st.sampled_from([frozenset(), frozenset({"1"})])),
        resuming=draw(st.booleans()),
        deployment_id=draw(st.sampled_from([None, UUID(int=4)])),
        parent_task_run_id=draw(st.sampled_from([None, UUID(int=5)])),
        infrastructure_pid=draw(st.sampled_from([None, "host:1"])),
        end_time=draw(moments) if type in TERMINAL_STATES else None,
        slots=draw(st.none() | slots),
    )


@st.composite
def task_runs(draw: st.DrawFn) -> TaskRunFacts:
    type, name = draw(st.sampled_from([(None, None), *EVERY_STATE]))
    tag = st.builds(
        TagSlots, tag=st.just("db"), limit=st.integers(0, 2), free=st.integers(0, 2), held=st.booleans()
    )
    return TaskRunFacts(
        id=RUN_ID,
        state_type=type,
        state_name=name,
        state_timestamp=None if type is None else draw(moments),
        details=draw(details),
        has_data=draw(st.booleans()),
        run_count=draw(st.integers(0, 3)),
        attempt=draw(st.integers(0, 3)),
        retries=draw(st.integers(0, 2)),
        retry_delays_seconds=draw(st.sampled_from([(), (1.0,), (1.0, 5.0)])),
        retry_jitter_factor=draw(st.sampled_from([None, 0.0, 0.5, 3.0])),
        flow_run_id=draw(st.sampled_from([None, UUID(int=6)])),
        flow_run_state_type=draw(st.sampled_from([None, *StateType])),
        flow_run_count=draw(st.integers(0, 2)),
        slots=draw(st.just(()) | tag.map(lambda one: (one,))),
    )


def entered(decision: Decision, proposal: Proposal) -> StateType | None:
    if isinstance(decision, Accept):
        return proposal.type
    if isinstance(decision, Reject) and decision.state is not None:
        return decision.state.type
    return None


@pytest.mark.parametrize("current", [(None, None), *EVERY_STATE], ids=lambda state: str(state[1]))
@pytest.mark.parametrize("proposed", EVERY_STATE, ids=lambda state: state[1])
def test_every_pair_of_states_has_an_answer_within_the_table(
    current: tuple[StateType | None, str | None], proposed: tuple[StateType, str]
) -> None:
    facts = FlowRunFacts(id=RUN_ID, state_type=current[0], state_name=current[1], state_timestamp=NOW)
    proposal = Proposal(type=proposed[0], name=proposed[1], timestamp=NOW)
    decision = decide_flow_run(facts, proposal, NOW)
    if isinstance(decision, Accept):
        assert proposed[0] in TRANSITIONS[current[0]]
    else:
        assert decision.reason


@given(flow_runs(), proposals(force=False))
def test_no_unforced_flow_transition_is_outside_the_table(facts: FlowRunFacts, proposal: Proposal) -> None:
    decision = decide_flow_run(facts, proposal, NOW)
    if isinstance(decision, Accept):
        assert proposal.type in TRANSITIONS[facts.state_type]


@given(flow_runs(), proposals())
def test_a_superseded_attempt_of_a_flow_run_writes_nothing(facts: FlowRunFacts, proposal: Proposal) -> None:
    decision = decide_flow_run(facts, proposal, NOW)
    if proposal.attempt is not None and proposal.attempt < facts.attempt:
        assert isinstance(decision, Abort)
        assert f"attempt {facts.attempt}" in decision.reason


@given(task_runs(), proposals())
def test_a_superseded_attempt_of_a_task_run_writes_nothing(facts: TaskRunFacts, proposal: Proposal) -> None:
    decision = decide_task_run(facts, proposal, NOW)
    if proposal.attempt is not None and proposal.attempt < facts.attempt:
        assert isinstance(decision, Abort)


@given(flow_runs(), proposals())
def test_no_attempt_changes_how_a_run_ended(facts: FlowRunFacts, proposal: Proposal) -> None:
    decision = decide_flow_run(facts, proposal, NOW)
    if facts.is_final and proposal.attempt is not None and proposal.type in TERMINAL_STATES:
        assert entered(decision, proposal) is None


@given(flow_runs(), proposals(force=False))
def test_a_cancelled_run_stays_cancelled(facts: FlowRunFacts, proposal: Proposal) -> None:
    decision = decide_flow_run(facts, proposal, NOW)
    if facts.state_type is StateType.CANCELLED:
        assert entered(decision, proposal) in (None, StateType.CANCELLED)


@given(flow_runs(), proposals(force=False))
def test_a_stored_result_is_not_run_away_from(facts: FlowRunFacts, proposal: Proposal) -> None:
    decision = decide_flow_run(facts, proposal, NOW)
    if facts.state_type is StateType.COMPLETED and facts.has_data and proposal.type not in TERMINAL_STATES:
        assert entered(decision, proposal) is None


@given(flow_runs(), proposals(force=False))
def test_a_repeated_request_never_writes(facts: FlowRunFacts, proposal: Proposal) -> None:
    decision = decide_flow_run(facts, proposal, NOW)
    if proposal.transition_id is not None and proposal.transition_id == facts.details.transition_id:
        assert entered(decision, proposal) is None


@given(flow_runs(), proposals(force=False))
def test_a_failure_is_final_only_when_no_retry_is_left(facts: FlowRunFacts, proposal: Proposal) -> None:
    decision = decide_flow_run(facts, proposal, NOW)
    is_failure = facts.state_type is StateType.RUNNING and proposal.type is StateType.FAILED
    if is_failure and isinstance(decision, Accept):
        assert facts.run_count > facts.retries
    if is_failure and isinstance(decision, Reject) and decision.state is not None:
        assert facts.run_count <= facts.retries
        assert decision.state.details["scheduled_time"] >= NOW


@given(flow_runs(), proposals())
def test_a_run_that_ends_or_sleeps_elsewhere_keeps_no_slot(facts: FlowRunFacts, proposal: Proposal) -> None:
    decision = decide_flow_run(facts, proposal, NOW)
    state = entered(decision, proposal)
    if facts.slots is not None and facts.slots.held and state in TERMINAL_STATES | {StateType.PAUSED}:
        assert isinstance(decision, (Accept, Reject))
        assert decision.changes.release_slots


@given(task_runs(), proposals())
def test_a_task_run_that_stops_running_keeps_no_slot(facts: TaskRunFacts, proposal: Proposal) -> None:
    decision = decide_task_run(facts, proposal, NOW)
    state = entered(decision, proposal)
    held = any(slots.held for slots in facts.slots)
    if held and state is not None and state not in (StateType.RUNNING, StateType.CANCELLING):
        assert isinstance(decision, (Accept, Reject))
        assert decision.changes.release_slots


@given(flow_runs() | task_runs(), proposals())
def test_a_wait_ends(facts: FlowRunFacts | TaskRunFacts, proposal: Proposal) -> None:
    decision = (
        decide_flow_run(facts, proposal, NOW)
        if isinstance(facts, FlowRunFacts)
        else decide_task_run(facts, proposal, NOW)
    )
    if isinstance(decision, Wait):
        assert 0 < decision.delay_seconds <= 3600


@given(flow_runs(), proposals())
def test_the_same_question_has_the_same_answer(facts: FlowRunFacts, proposal: Proposal) -> None:
    assert decide_flow_run(facts, proposal, NOW) == decide_flow_run(facts, proposal, NOW)


@given(task_runs(), st.floats(0, 1))
def test_retry_delays_stay_within_the_jitter(facts: TaskRunFacts, chance: float) -> None:
    from prefect.server.orchestration.task_rules import retry_delay_seconds

    delay = retry_delay_seconds(facts, chance)
    longest = max(facts.retry_delays_seconds, default=0) * (1 + (facts.retry_jitter_factor or 0))
    assert 0 <= delay <= longest


@given(moments, st.none() | moments)
def test_timestamps_of_a_run_strictly_increase(timestamp: datetime, previous: datetime | None) -> None:
    moment = moment_after(timestamp, previous)
    assert moment >= timestamp
    if previous is not None:
        assert moment > previous
        assert moment == timestamp or moment - previous == timedelta(microseconds=1)


@settings(max_examples=200)
@given(flow_runs(), st.lists(proposals(), max_size=8))
def test_the_row_tells_the_truth_after_any_sequence(facts: FlowRunFacts, sequence: list[Proposal]) -> None:
    """Walk a run through whatever is accepted and hold the row against the invariants at each step."""
    for proposal in sequence:
        decision = decide_flow_run(facts, proposal, NOW, Terms())
        state = entered(decision, proposal)
        if state is None:
            continue
        assert isinstance(decision, (Accept, Reject))
        name = decision.state.name if isinstance(decision, Reject) and decision.state else proposal.name
        row = project_flow_run(facts, state, name, proposal.timestamp, changes=decision.changes)
        assert facts.state_timestamp is None or row.state_timestamp > facts.state_timestamp
        assert (row.end_time is not None) == (state in TERMINAL_STATES)
        assert (row.next_scheduled_start_time is not None) == (state is StateType.SCHEDULED)
        assert row.total_run_time >= facts.total_run_time
        assert 0 <= row.run_count - facts.run_count <= 1
        assert not (row.resuming and state in TERMINAL_STATES)
        facts = FlowRunFacts(
            id=RUN_ID,
            state_type=row.state_type,
            state_name=row.state_name,
            state_timestamp=row.state_timestamp,
            run_count=row.run_count,
            attempt=facts.attempt,
            expected_start_time=row.expected_start_time,
            start_time=row.start_time,
            end_time=row.end_time,
            total_run_time=row.total_run_time,
            pause_keys=row.pause_keys,
            resuming=row.resuming,
            retries=facts.retries,
            deployment_id=facts.deployment_id,
        )


@given(task_runs(), proposals())
def test_a_task_row_counts_its_runs(facts: TaskRunFacts, proposal: Proposal) -> None:
    decision = decide_task_run(facts, proposal, NOW)
    if not isinstance(decision, Accept):
        return
    row = project_task_run(facts, proposal.type, proposal.name, proposal.timestamp, changes=decision.changes)
    base = facts.run_count if decision.changes.run_count is None else decision.changes.run_count
    assert row.run_count == base + (proposal.type is StateType.RUNNING)
    assert row.start_time is not None or proposal.type is not StateType.RUNNING

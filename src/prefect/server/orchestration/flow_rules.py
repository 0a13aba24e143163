"""The rules for a flow run's next state, in the order they are asked.

Not here: what a transition changes on the run's row (`projection`), and rules flow runs share with task runs
(`common_rules`).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from prefect.schemas.states import TERMINAL_STATES, TRANSITIONS, StateType
from prefect.server.orchestration.common_rules import (
    Opinion,
    Rule,
    a_repeated_request_changes_nothing,
    first_verdict,
    no_second_submission,
    not_before_its_time,
    only_the_latest_attempt,
    scheduled_time_is_kept,
    with_slots_freed,
)
from prefect.server.orchestration.decisions import (
    DEPLOYMENT_SLOT,
    Abort,
    Changes,
    Decision,
    NewState,
    Reject,
)
from prefect.server.orchestration.facts import DEFAULT_TERMS, FlowRunFacts, Proposal, Terms

_T = StateType
_STOPPED_BY_A_USER = frozenset({_T.CANCELLING, _T.CANCELLED})
_NEVER_AFTER_THE_END = frozenset({_T.CANCELLING, _T.PAUSED, _T.CRASHED})
_AFTER_A_PAUSE = frozenset({_T.RUNNING, _T.SCHEDULED, *TERMINAL_STATES})
_HOLDING_A_SLOT = frozenset({_T.PENDING, _T.RUNNING, _T.CANCELLING})


# --- ends -----------------------------------------------------------------------------------------------


def an_attempt_ends_a_run_once(
    facts: FlowRunFacts, proposal: Proposal, now: datetime, terms: Terms
) -> Opinion:
    """An attempt has nothing to add to a run that has ended; whoever runs it again is a new attempt."""
    if proposal.attempt is None or facts.state_type not in TERMINAL_STATES:
        return None
    if proposal.type not in TERMINAL_STATES and proposal.attempt > facts.attempt:
        return None
    return Abort(f"The run has ended as {facts.state_name}; a finished run does not change its mind.")


def a_belated_word_gives_way(facts: FlowRunFacts, proposal: Proposal, now: datetime, terms: Terms) -> Opinion:
    """What was decided without the store, while it was out of reach, is history: it only gives way to other ends.

    A crash is none: whoever was out of reach was taken for dead.
    """
    ended = facts.state_type in TERMINAL_STATES and facts.state_type is not _T.CRASHED
    stopping = facts.state_type is _T.CANCELLING and proposal.type not in TERMINAL_STATES
    if not ended and not stopping:
        return None
    return Abort(f"The run has become {facts.state_name} while its process was out of reach.")


def leaving_the_end(facts: FlowRunFacts, proposal: Proposal, now: datetime, terms: Terms) -> Opinion:
    """What may follow a final state: a rerun, or (from outside) another end."""
    if facts.state_type not in TERMINAL_STATES:
        return None
    if proposal.type in _NEVER_AFTER_THE_END:
        return Abort(f"The run has already ended as {facts.state_name}.")
    has_result = facts.state_type is _T.COMPLETED and facts.has_data
    if proposal.type in TERMINAL_STATES:
        if has_result and proposal.type is _T.COMPLETED and not proposal.has_data:
            return Reject("The run completed with a stored result; a state without one cannot replace it.")
        return None
    if has_result:
        return Reject("The run is already completed and its result is stored.")
    if proposal.type is _T.SCHEDULED and facts.deployment_id is None:
        return Abort("A run without a deployment cannot be scheduled again: nothing would start it.")
    return Changes(pause_keys=frozenset(), resuming=False)


def a_cancelled_run_stays_cancelled(
    facts: FlowRunFacts, proposal: Proposal, now: datetime, terms: Terms
) -> Opinion:
    """A user's word to stop is final."""
    if facts.state_type not in _STOPPED_BY_A_USER or proposal.type is _T.CANCELLED:
        return None
    # a second submission is refused more firmly, by its own rule
    if facts.state_type is _T.CANCELLED and proposal.type is _T.PENDING:
        return None
    return Reject(f"The run is {facts.state_name} and can only become Cancelled, not {proposal.name}.")


def nothing_to_tear_down(facts: FlowRunFacts, proposal: Proposal, now: datetime, terms: Terms) -> Opinion:
    """Cancelling a run that no process carries is done at once."""
    if proposal.type is not _T.CANCELLING:
        return None
    not_started = facts.state_type in (None, _T.SCHEDULED) and (
        facts.infrastructure_pid is None or facts.state_name == "Resuming"
    )
    suspended = facts.state_type is _T.PAUSED and facts.details.pause_reschedule
    # no code of it runs; a process of ours that waits with it sees that it has ended, a worker's must be stopped
    idle = facts.state_type in (_T.PENDING, _T.PAUSED) and not (
        facts.infrastructure_pid or facts.deployment_id
    )
    if not not_started and not suspended and not idle:
        return None
    return Reject(
        f"The run was {facts.state_name or 'not started'}: no process has to be stopped first.",
        NewState(type=_T.CANCELLED, name="Cancelled", message=proposal.message),
    )


def late_only_when_scheduled(facts: FlowRunFacts, proposal: Proposal, now: datetime, terms: Terms) -> Opinion:
    """Only a run that waits for its time can be late for it, and it is told so once."""
    if proposal.name != "Late":
        return None
    if facts.state_type is not _T.SCHEDULED:
        return Reject(f"Only a scheduled run can be late; this one is {facts.state_name}.")
    if facts.state_name == "Late":
        return Reject("The run is already marked late.")
    return None


# --- pauses ---------------------------------------------------------------------------------------------


def pausing(facts: FlowRunFacts, proposal: Proposal, now: datetime, terms: Terms) -> Opinion:
    """Only a running run pauses, once for each key; only a deployed run can be suspended."""
    if proposal.type is not _T.PAUSED:
        return None
    verb = "suspended" if proposal.details.pause_reschedule else "paused"
    if facts.state_type is None:
        return Abort(f"A run without a state cannot be {verb}.")
    if facts.state_type is not _T.RUNNING:
        return Reject(f"Only a running run can be {verb}; this one is {facts.state_name}.")
    key = proposal.details.pause_key
    if key is not None and key in facts.pause_keys:
        return Reject(f"The pause {key!r} was already passed in this run.")
    if proposal.details.pause_reschedule:
        if facts.parent_task_run_id is not None:
            return Abort("A subflow cannot be suspended: its parent holds it in the same process.")
        if _nothing_starts_it_again(facts):
            return Abort("A run without a deployment cannot be suspended: nothing would start it again.")
    if key is None:
        # a moment is enough to be unique: no two states of a run share one
        key = f"pause-{now.isoformat()}"
    return Changes(pause_keys=facts.pause_keys | {key}, details={"pause_key": key})


def leaving_a_pause(facts: FlowRunFacts, proposal: Proposal, now: datetime, terms: Terms) -> Opinion:
    """A paused run goes on, in time, or ends."""
    if facts.state_type is not _T.PAUSED or proposal.type in (_T.CANCELLING, _T.PAUSED):
        return None
    if proposal.type not in _AFTER_A_PAUSE:
        return Reject(f"The run is {facts.state_name}: resume it first, it cannot become {proposal.name}.")
    if facts.details.pause_reschedule and _nothing_starts_it_again(facts):
        return Reject("A suspended run without a deployment cannot go on: nothing would start it again.")
    expiry = facts.details.pause_timeout
    if expiry is not None and expiry < now:
        message = f"The pause ended at {expiry.isoformat()} without anybody resuming the run."
        return Reject(message, NewState(type=_T.FAILED, name="Failed", message=message))
    if proposal.type is _T.SCHEDULED:
        return Changes(resuming=True)
    return None


def _nothing_starts_it_again(facts: FlowRunFacts) -> bool:
    """Whether neither a deployment does nor, since no engine of ours has begun it, `prefect flow-run resume`."""
    return facts.deployment_id is None and not facts.attempt


# --- retries --------------------------------------------------------------------------------------------


def a_failure_with_retries_left(
    facts: FlowRunFacts, proposal: Proposal, now: datetime, terms: Terms
) -> Opinion:
    """A failed attempt is tried again while there are retries left."""
    if proposal.type is not _T.FAILED or facts.state_type is not _T.RUNNING:
        return None
    if facts.run_count > facts.retries:
        return None
    due = now + timedelta(seconds=facts.retry_delay_seconds)
    return Reject(
        f"{proposal.name}; retry {facts.run_count} of {facts.retries} is due at {due.isoformat()}.",
        NewState(
            type=_T.SCHEDULED, name="AwaitingRetry", message=proposal.message, details={"scheduled_time": due}
        ),
        Changes(pause_keys=frozenset(), resuming=False, retry_type="in_process"),
    )


# --- slots of the deployment ----------------------------------------------------------------------------


def a_slot_before_starting(facts: FlowRunFacts, proposal: Proposal, now: datetime, terms: Terms) -> Opinion:
    """A run of a deployment with a concurrency limit takes a slot when it is handed out."""
    slots = facts.slots
    if slots is None or proposal.type is not _T.PENDING:
        return None
    if slots.limit <= 0:
        return Abort("The deployment's concurrency limit is 0: none of its runs may start.")
    if slots.held:
        return Changes(renew_slots=True)
    if slots.free > 0:
        return Changes(take_slots=(DEPLOYMENT_SLOT,))
    full = f"All {slots.limit} concurrency slots of the deployment are taken"
    if slots.on_full == "CANCEL_NEW":
        reason = f"{full}, and its rule is to cancel runs that do not fit."
        return Reject(reason, NewState(type=_T.CANCELLED, name="Cancelled", message=reason))
    due = now + timedelta(seconds=terms.deployment_slot_wait_seconds)
    reason = f"{full}; the next try is at {due.isoformat()}."
    details = {"scheduled_time": due}
    return Reject(
        reason,
        NewState(type=_T.SCHEDULED, name="AwaitingConcurrencySlot", message=reason, details=details),
    )


def a_slot_while_running(facts: FlowRunFacts, proposal: Proposal, now: datetime, terms: Terms) -> Opinion:
    """A run that starts still needs its slot; a lost one may be taken again while one is free."""
    slots = facts.slots
    if slots is None or proposal.type is not _T.RUNNING or facts.state_type is not _T.PENDING:
        return None
    if slots.held:
        return Changes(renew_slots=True)
    if slots.free > 0 and slots.limit > 0:
        return Changes(take_slots=(DEPLOYMENT_SLOT,))
    reason = "The run lost its concurrency slot before it started, and no other is free."
    return Reject(reason, NewState(type=_T.CANCELLED, name="Cancelled", message=reason))


# --- the table ------------------------------------------------------------------------------------------


def nothing_beyond_the_table(facts: FlowRunFacts, proposal: Proposal, now: datetime, terms: Terms) -> Opinion:
    """What no rule has a word for is still only possible if the table of transitions has it."""
    if proposal.type in TRANSITIONS[facts.state_type]:
        return None
    return Reject(f"A {facts.state_type or 'new'} run cannot become {proposal.type}.")


FLOW_RUN_RULES: tuple[Rule[FlowRunFacts], ...] = (
    only_the_latest_attempt,
    a_repeated_request_changes_nothing,
    an_attempt_ends_a_run_once,
    leaving_the_end,
    a_cancelled_run_stays_cancelled,
    nothing_to_tear_down,
    no_second_submission,
    late_only_when_scheduled,
    pausing,
    leaving_a_pause,
    a_slot_before_starting,
    a_slot_while_running,
    scheduled_time_is_kept,
    not_before_its_time,
    a_failure_with_retries_left,
    nothing_beyond_the_table,
)

FORCED_FLOW_RUN_RULES: tuple[Rule[FlowRunFacts], ...] = (
    only_the_latest_attempt,
    a_repeated_request_changes_nothing,
    an_attempt_ends_a_run_once,
    nothing_to_tear_down,
)

MARKING_LATE_RULES: tuple[Rule[FlowRunFacts], ...] = (late_only_when_scheduled,)

BELATED_FLOW_RUN_RULES: tuple[Rule[FlowRunFacts], ...] = (
    only_the_latest_attempt,
    a_repeated_request_changes_nothing,
    a_belated_word_gives_way,
)


def decide_flow_run(
    facts: FlowRunFacts,
    proposal: Proposal,
    now: datetime,
    terms: Terms = DEFAULT_TERMS,
    rules: tuple[Rule[FlowRunFacts], ...] | None = None,
) -> Decision:
    """What becomes of a state proposed for a flow run.

    Args:
        now: the moment of the decision, aware.
        terms: waits and chance.
        rules: the rules to ask; default: `FLOW_RUN_RULES`, or `FORCED_FLOW_RUN_RULES` for a forced proposal.
    """
    if rules is None:
        rules = FORCED_FLOW_RUN_RULES if proposal.force else FLOW_RUN_RULES
    decision = first_verdict(rules, facts, proposal, now, terms)
    if facts.slots is None or not facts.slots.held:
        return decision
    return with_slots_freed(decision, proposal, _HOLDING_A_SLOT)

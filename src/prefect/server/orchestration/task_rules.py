"""The rules for a task run's next state when a server is asked for it.

Task runs are normally orchestrated by the engine that runs them; these rules serve subflow placeholders,
background tasks and older clients, whose task runs move more freely than the table of transitions says.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from prefect.schemas.states import TERMINAL_STATES, StateType
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
from prefect.server.orchestration.decisions import Abort, Changes, Decision, NewState, Reject, Wait
from prefect.server.orchestration.facts import DEFAULT_TERMS, Proposal, TaskRunFacts, Terms

_T = StateType
_NEVER_AFTER_THE_END = frozenset({_T.CANCELLING, _T.PAUSED, _T.CRASHED})
_HOLDING_A_SLOT = frozenset({_T.RUNNING, _T.CANCELLING})


def a_stored_result_is_reused(
    facts: TaskRunFacts, proposal: Proposal, now: datetime, terms: Terms
) -> Opinion:
    """A run whose cache key has a fresh COMPLETED state takes that over instead of running."""
    cached = facts.cached
    if proposal.type is not _T.RUNNING or cached is None or proposal.details.cache_key is None:
        return None
    if proposal.details.refresh_cache:
        return None
    if cached.expiration is not None and cached.expiration <= now:
        return None
    return Reject(
        "A completed state is stored under the run's cache key.",
        NewState(
            type=_T.COMPLETED,
            name="Cached",
            message=cached.message,
            details={"cache_key": proposal.details.cache_key, "cache_expiration": cached.expiration},
            data_of=cached.id,
        ),
    )


def leaving_the_end(facts: TaskRunFacts, proposal: Proposal, now: datetime, terms: Terms) -> Opinion:
    """What may follow a final state: a rerun that counts from zero, or another end."""
    if facts.state_type not in TERMINAL_STATES:
        return None
    if proposal.type in _NEVER_AFTER_THE_END:
        return Abort(f"The run has already ended as {facts.state_name}.")
    if facts.state_type is _T.COMPLETED and facts.has_data:
        return Reject("The run is already completed and its result is stored.")
    if proposal.type in TERMINAL_STATES:
        return None
    is_later_run = facts.flow_run_count > facts.flow_run_run_count
    if proposal.type is _T.RUNNING and is_later_run:
        return Changes(run_count=0, name="Retrying", notes=("The flow run is on a later run.",))
    return Changes(run_count=0)


def only_while_its_flow_runs(facts: TaskRunFacts, proposal: Proposal, now: datetime, terms: Terms) -> Opinion:
    """A task run starts only while the flow run it belongs to is running."""
    if proposal.type is not _T.RUNNING or facts.flow_run_id is None:
        return None
    flow_state = facts.flow_run_state_type
    if flow_state is _T.RUNNING:
        return None
    if flow_state is _T.PAUSED:
        reason = "The flow run is paused: the task run can start when it goes on."
        return Reject(reason, NewState(type=_T.PAUSED, name="NotReady", message=reason))
    standing = f"is {flow_state.value}" if flow_state else "has no state"
    return Abort(f"The task run cannot start: its flow run {standing}.")


def a_slot_for_every_limited_tag(
    facts: TaskRunFacts, proposal: Proposal, now: datetime, terms: Terms
) -> Opinion:
    """A run takes a slot of every limit on its tags, or none and waits."""
    if proposal.type is not _T.RUNNING or not facts.slots:
        return None
    wanted = [slots for slots in facts.slots if not slots.held]
    for slots in wanted:
        if slots.limit <= 0:
            return Abort(f"The concurrency limit of tag {slots.tag!r} is 0: no run with it may start.")
    for slots in wanted:
        if slots.free <= 0:
            # spread, so that those who wait do not all come back at the same moment
            delay_seconds = terms.tag_slot_wait_seconds * (0.5 + terms.draw)
            return Wait(delay_seconds, f"All {slots.limit} concurrency slots of tag {slots.tag!r} are taken.")
    return Changes(take_slots=tuple(slots.tag for slots in wanted))


def a_failure_with_retries_left(
    facts: TaskRunFacts, proposal: Proposal, now: datetime, terms: Terms
) -> Opinion:
    """A failed attempt is tried again while there are retries left, unless it says that it is pointless."""
    if proposal.type is not _T.FAILED or facts.state_type is not _T.RUNNING:
        return None
    if facts.run_count > facts.retries or proposal.details.retriable is False:
        return None
    due = now + timedelta(seconds=retry_delay_seconds(facts, terms.draw))
    return Reject(
        f"{proposal.name}; retry {facts.run_count} of {facts.retries} is due at {due.isoformat()}.",
        NewState(
            type=_T.SCHEDULED, name="AwaitingRetry", message=proposal.message, details={"scheduled_time": due}
        ),
    )


def retry_delay_seconds(facts: TaskRunFacts, draw: float) -> float:
    """The delay before the next retry: by its place in the list (the last repeats), spread by the jitter."""
    delays = facts.retry_delays_seconds
    if not delays:
        return 0
    base = delays[min(max(facts.run_count, 1), len(delays)) - 1]
    factor = facts.retry_jitter_factor
    if not factor:
        return base
    return max(0.0, base * (1 + factor * (2 * draw - 1)))


def a_run_again_says_so(facts: TaskRunFacts, proposal: Proposal, now: datetime, terms: Terms) -> Opinion:
    """The Running of a run that ran before is called Retrying or Rerunning."""
    if proposal.type is not _T.RUNNING or facts.run_count <= 0 or facts.is_final:
        return None
    return Changes(name="Retrying" if facts.state_name == "AwaitingRetry" else "Rerunning")


def it_remembers_the_run_of_its_flow(
    facts: TaskRunFacts, proposal: Proposal, now: datetime, terms: Terms
) -> Opinion:
    """A task run keeps in which run of its flow run it started."""
    if proposal.type is not _T.RUNNING or facts.flow_run_id is None:
        return None
    return Changes(flow_run_run_count=facts.flow_run_count)


def a_completed_state_is_remembered(
    facts: TaskRunFacts, proposal: Proposal, now: datetime, terms: Terms
) -> Opinion:
    """A COMPLETED state with a cache key can be found again."""
    if proposal.type is not _T.COMPLETED or proposal.details.cache_key is None:
        return None
    return Changes(cache_key=proposal.details.cache_key)


def background_parameters_are_kept(
    facts: TaskRunFacts, proposal: Proposal, now: datetime, terms: Terms
) -> Opinion:
    """A background run carries the key of its stored parameters until it runs."""
    if proposal.type not in (_T.PENDING, _T.RUNNING) or facts.details.task_parameters_id is None:
        return None
    if facts.state_type not in (_T.SCHEDULED, _T.PENDING):
        return None
    return Changes(details={"task_parameters_id": facts.details.task_parameters_id, "deferred": True})


def background_runs_are_queued(
    facts: TaskRunFacts, proposal: Proposal, now: datetime, terms: Terms
) -> Opinion:
    """A scheduled background run goes on the queue of its task."""
    if proposal.type is not _T.SCHEDULED or not proposal.details.deferred:
        return None
    return Changes(enqueue="retry" if proposal.name == "AwaitingRetry" else "scheduled")


_FENCES: tuple[Rule[TaskRunFacts], ...] = (only_the_latest_attempt, a_repeated_request_changes_nothing)

TASK_RUN_RULES: tuple[Rule[TaskRunFacts], ...] = (
    *_FENCES,
    a_stored_result_is_reused,
    leaving_the_end,
    only_while_its_flow_runs,
    a_slot_for_every_limited_tag,
    scheduled_time_is_kept,
    not_before_its_time,
    a_failure_with_retries_left,
    a_run_again_says_so,
    it_remembers_the_run_of_its_flow,
    a_completed_state_is_remembered,
)

ENGINE_TASK_RUN_RULES: tuple[Rule[TaskRunFacts], ...] = tuple(
    rule for rule in TASK_RUN_RULES if rule is not a_slot_for_every_limited_tag
)
"""For clients whose engine takes the slots itself."""

BACKGROUND_TASK_RUN_RULES: tuple[Rule[TaskRunFacts], ...] = (
    *_FENCES,
    a_stored_result_is_reused,
    leaving_the_end,
    no_second_submission,
    background_parameters_are_kept,
    scheduled_time_is_kept,
    not_before_its_time,
    a_failure_with_retries_left,
    a_run_again_says_so,
    it_remembers_the_run_of_its_flow,
    a_completed_state_is_remembered,
    background_runs_are_queued,
)

FORCED_TASK_RUN_RULES: tuple[Rule[TaskRunFacts], ...] = _FENCES


def decide_task_run(
    facts: TaskRunFacts,
    proposal: Proposal,
    now: datetime,
    terms: Terms = DEFAULT_TERMS,
    rules: tuple[Rule[TaskRunFacts], ...] | None = None,
) -> Decision:
    """What becomes of a state proposed for a task run.

    Args:
        now: the moment of the decision, aware.
        terms: waits and chance.
        rules: the rules to ask; default: by the proposal and the run, see `rules_for`.
    """
    chosen = rules if rules is not None else rules_for(facts, proposal)
    decision = first_verdict(chosen, facts, proposal, now, terms)
    if not any(slots.held for slots in facts.slots):
        return decision
    return with_slots_freed(decision, proposal, _HOLDING_A_SLOT)


def rules_for(facts: TaskRunFacts, proposal: Proposal) -> tuple[Rule[TaskRunFacts], ...]:
    """The rules that apply to a proposal: forced, of a background run, or ordinary."""
    if proposal.force:
        return FORCED_TASK_RUN_RULES
    if proposal.details.deferred or facts.details.deferred:
        return BACKGROUND_TASK_RUN_RULES
    return TASK_RUN_RULES

"""Rules that flow runs and task runs share, and the loop that asks them.

A rule is a small pure function of facts, proposal, the moment and the terms. It answers None (no opinion), a
verdict, or changes that go with an acceptance. The first verdict decides; until then changes add up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Protocol, TypeVar

from prefect.schemas.states import StateType
from prefect.server.orchestration.decisions import (
    ACCEPT,
    NO_CHANGES,
    Abort,
    Accept,
    Changes,
    Decision,
    Reject,
    Wait,
    merged,
)
from prefect.server.orchestration.facts import Proposal, RunFacts, Terms

Verdict = Reject | Wait | Abort
Opinion = Verdict | Changes | None
F = TypeVar("F", bound=RunFacts)
C = TypeVar("C", bound=RunFacts, contravariant=True)


class Rule(Protocol[C]):
    """What every rule looks like."""

    def __call__(self, facts: C, proposal: Proposal, now: datetime, terms: Terms, /) -> Opinion: ...


def first_verdict(
    rules: Iterable[Rule[F]], facts: F, proposal: Proposal, now: datetime, terms: Terms
) -> Decision:
    """Ask the rules in order: the first verdict, or acceptance with the changes of all."""
    changes = NO_CHANGES
    for rule in rules:
        opinion = rule(facts, proposal, now, terms)
        if opinion is None:
            continue
        if isinstance(opinion, Changes):
            changes = merged(changes, opinion)
            continue
        return opinion
    return ACCEPT if changes is NO_CHANGES else Accept(changes)


# --- who may speak --------------------------------------------------------------------------------------


def only_the_latest_attempt(facts: RunFacts, proposal: Proposal, now: datetime, terms: Terms) -> Opinion:
    """Fencing: an attempt that has been superseded writes nothing, forced or not."""
    if proposal.attempt is None or proposal.attempt >= facts.attempt:
        return None
    return Abort(
        f"Attempt {proposal.attempt} of this run was superseded by attempt {facts.attempt}; "
        f"its {proposal.name} state is not recorded."
    )


def a_repeated_request_changes_nothing(
    facts: RunFacts, proposal: Proposal, now: datetime, terms: Terms
) -> Opinion:
    """A transition that was already made, asked for again (a client that did not hear the answer)."""
    transition_id = proposal.details.transition_id
    if transition_id is None or facts.details.transition_id != transition_id:
        return None
    return Reject(f"This transition was already made: the run is {facts.state_name}.")


# --- when -----------------------------------------------------------------------------------------------

_NO_SECOND_SUBMISSION = frozenset(
    {StateType.PENDING, StateType.RUNNING, StateType.CANCELLING, StateType.CANCELLED}
)


def no_second_submission(facts: RunFacts, proposal: Proposal, now: datetime, terms: Terms) -> Opinion:
    """A run that somebody is about to start, or has started, is not handed out again.

    Named steps of starting follow one another (Pending, Submitting, InfrastructurePending): each has its own
    name, and none is called plain Pending, which is how a claim begins.
    """
    if proposal.type is not StateType.PENDING or facts.state_type not in _NO_SECOND_SUBMISSION:
        return None
    if facts.state_type is StateType.PENDING and proposal.name not in ("Pending", facts.state_name):
        return None
    return Abort(f"This run is {facts.state_name} and cannot be submitted again.")


def scheduled_time_is_kept(facts: RunFacts, proposal: Proposal, now: datetime, terms: Terms) -> Opinion:
    """A pending run remembers when it is due."""
    if proposal.type is not StateType.PENDING or facts.state_type is not StateType.SCHEDULED:
        return None
    return Changes(details={"scheduled_time": facts.details.scheduled_time})


def not_before_its_time(facts: RunFacts, proposal: Proposal, now: datetime, terms: Terms) -> Opinion:
    """A run does not start before the time it is scheduled for."""
    if proposal.type is not StateType.RUNNING:
        return None
    due = facts.details.scheduled_time
    if due is None or due <= now or facts.state_type not in (StateType.SCHEDULED, StateType.PENDING):
        return None
    return Wait((due - now).total_seconds(), f"The run is scheduled for {due.isoformat()}.")


# --- slots ----------------------------------------------------------------------------------------------


def state_entered(decision: Decision, proposal: Proposal) -> tuple[StateType, str] | None:
    """Type and name of the state the run is in after a decision; None if it stays where it is."""
    if isinstance(decision, Accept):
        return proposal.type, decision.changes.name or proposal.name
    if isinstance(decision, Reject) and decision.state is not None:
        return decision.state.type, decision.state.name
    return None


def with_slots_freed(decision: Decision, proposal: Proposal, held_in: frozenset[StateType]) -> Decision:
    """The decision, freeing the run's slots if it enters a state in which a run holds none.

    Asked after the rules: whatever they decided, a slot must not outlive the work that it was taken for.
    """
    entered = state_entered(decision, proposal)
    if entered is None or not isinstance(decision, (Accept, Reject)):
        return decision
    type, name = entered
    waits_in_process = name == "AwaitingRetry" and decision.changes.retry_type == "in_process"
    if type in held_in or waits_in_process:
        return decision
    return replace(decision, changes=replace(decision.changes, release_slots=True))

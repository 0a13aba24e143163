"""From a decision on a flow run to the state it enters and the answer to whoever proposed it.

Pure. Not here: the decision (`flow_rules`), the columns of the run (`projection`), writing (`server/models`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from prefect.schemas.outcomes import Outcome, Status
from prefect.schemas.states import State, StateDetails
from prefect.server.orchestration.decisions import (
    NO_CHANGES,
    Abort,
    Accept,
    Changes,
    Decision,
    NewState,
    Reject,
    Wait,
)
from prefect.server.orchestration.facts import FlowRunFacts
from prefect.server.orchestration.projection import FlowRunProjection

_STATUSES: Mapping[type, Status] = {Accept: "ACCEPT", Reject: "REJECT", Wait: "WAIT", Abort: "ABORT"}


def changes_of(decision: Decision) -> Changes:
    """What goes with a transition."""
    return decision.changes if isinstance(decision, Accept | Reject) else NO_CHANGES


def status_of(decision: Decision) -> Status:
    """What a decision is called in an answer."""
    return _STATUSES[type(decision)]


def state_to_enter(
    decision: Decision, proposed: State[Any], current: State[Any] | None, now: datetime
) -> State[Any] | None:
    """The state the run enters: the proposed one, one put in its place, or None when it stays where it is."""
    if isinstance(decision, Accept):
        return proposed
    if isinstance(decision, Reject) and isinstance(decision.state, NewState):
        new = decision.state
        return State(
            type=new.type,
            name=new.name,
            message=new.message,
            timestamp=now,
            # what was asked for is known again, should the answer get lost
            state_details=StateDetails.model_validate(
                {**new.details, "transition_id": proposed.state_details.transition_id}
            ),
            data=current.data if current is not None and new.data_of == current.id else None,
        )
    return None


def as_entered(
    state: State[Any], projection: FlowRunProjection, changes: Changes, flow_run_id: UUID
) -> State[Any]:
    """The state as it is in the run's history."""
    details = {**changes.details, "flow_run_id": flow_run_id}
    return state.model_copy(
        update={
            "timestamp": projection.state_timestamp,
            "name": projection.state_name,
            "state_details": state.state_details.model_copy(update=details),
        }
    )


def unchanged(decision: Decision, facts: FlowRunFacts, current: State[Any] | None) -> Outcome:
    """The answer when the run stays where it is."""
    return Outcome(
        status_of(decision),
        current,
        reason=getattr(decision, "reason", None),
        delay_seconds=getattr(decision, "delay_seconds", 0.0),
        attempt=facts.attempt,
        run_count=facts.run_count,
        start_time=facts.start_time,
        end_time=facts.end_time,
        total_run_time=facts.total_run_time,
    )


def changed(decision: Decision, entered: State[Any], attempt: int, projection: FlowRunProjection) -> Outcome:
    """The answer when the run has entered a state."""
    return Outcome(
        status_of(decision),
        entered,
        reason=getattr(decision, "reason", None),
        attempt=attempt,
        run_count=projection.run_count,
        start_time=projection.start_time,
        end_time=projection.end_time,
        total_run_time=projection.total_run_time,
    )

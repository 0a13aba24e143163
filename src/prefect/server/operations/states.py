"""What operations on the states of runs do: proposing them, resuming, reading them."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prefect.exceptions import ObjectNotFound
from prefect.schemas.actions.states import StateCreate
from prefect.schemas.filters.flow_runs import FlowRunFilter
from prefect.schemas.responses import (
    FlowRunBulkSetStateResponse,
    FlowRunOrchestrationResult,
    OrchestrationResult,
    SetStateStatus,
    StateAbortDetails,
    StateAcceptDetails,
    StateRejectDetails,
    StateResponseDetails,
    StateWaitDetails,
)
from prefect.schemas.states import State
from prefect.server.models import (
    flow_runs,
    placeholders,
    resuming,
    states,
    task_transitions,
    transitions,
)
from prefect.server.models.creation import state_from_create
from prefect.server.models.transitions import Outcome
from prefect.server.operations.doing import Store, on_store, reads, writes_apart
from prefect.server.operations.narrowing import narrowed

reads(states.read_flow_run_states)
reads(states.read_task_run_states)


@reads
def read_flow_run_state(connection: sa.Connection, flow_run_state_id: UUID) -> State[Any]:
    return states.read_flow_run_state(connection, flow_run_state_id)


@reads
def read_task_run_state(connection: sa.Connection, task_run_state_id: UUID) -> State[Any]:
    return states.read_task_run_state(connection, task_run_state_id)


@on_store
def set_flow_run_state(
    store: Store, flow_run_id: UUID, state: StateCreate, force: bool
) -> OrchestrationResult[Any]:
    proposed = state_from_create(state, flow_run_id=flow_run_id)
    outcome = transitions.propose_flow_run_state(store.journal, flow_run_id, proposed, force=force)
    # whatever was decided: who asks again, since the first answer got lost, is told otherwise
    if outcome.state is not None:
        _have_placeholder_follow(store, flow_run_id, outcome.state)
    return _result(outcome)


def _have_placeholder_follow(store: Store, flow_run_id: UUID, state: State[Any]) -> None:
    if not placeholders.is_called(store.journal, flow_run_id):
        return
    with store.reading() as connection:
        if not placeholders.is_behind(connection, flow_run_id, state):
            return
    with store.writing(apart=True) as connection:
        placeholders.follow(connection, flow_run_id, state)


@writes_apart
def set_task_run_state(
    connection: sa.Connection, task_run_id: UUID, state: StateCreate, force: bool
) -> OrchestrationResult[Any]:
    proposed = state_from_create(state, task_run_id=task_run_id)
    return _result(task_transitions.propose_task_run_state(connection, task_run_id, proposed, force))


@on_store
def bulk_set_flow_run_state(
    store: Store, state: StateCreate, flow_run_filter: FlowRunFilter | None, force: bool, limit: int
) -> FlowRunBulkSetStateResponse:
    with store.reading() as connection:
        wanted = narrowed({"flow_run_filter": flow_run_filter})
        found = flow_runs.read_flow_runs(connection, wanted, limit=limit)
    results = []
    for run in found:
        # one that was deleted meanwhile is none of those that are meant
        with suppress(ObjectNotFound):
            result = set_flow_run_state(store, run.id, state, force)
            results.append(FlowRunOrchestrationResult(flow_run_id=run.id, **result.__dict__))
    return FlowRunBulkSetStateResponse(results=results)


@on_store
def resume_flow_run(
    store: Store, flow_run_id: UUID, run_input: dict[str, Any] | None
) -> OrchestrationResult[Any]:
    with store.reading() as connection:
        paused = flow_runs.read_flow_run(connection, flow_run_id).state
        if not resuming.is_paused(paused):
            return _result(resuming.not_paused())
        try:
            run_input = resuming.input_of(connection, flow_run_id, paused, run_input)
        except resuming.UnfitInput as unfit:
            details = StateAbortDetails(reason=str(unfit))
            return OrchestrationResult(state=paused, status=SetStateStatus.REJECT, details=details)
    assert paused is not None
    outcome = resuming.resume(store.journal, flow_run_id, paused, run_input)
    if outcome.state is not None:
        _have_placeholder_follow(store, flow_run_id, outcome.state)
    return _result(outcome)


def _result(outcome: Outcome) -> OrchestrationResult[Any]:
    """The answer to a proposal, as the API gives it."""
    details: StateResponseDetails
    if outcome.status == "ACCEPT":
        details = StateAcceptDetails()
    elif outcome.status == "REJECT":
        details = StateRejectDetails(reason=outcome.reason)
    elif outcome.status == "WAIT":
        delay_seconds = math.ceil(outcome.delay_seconds)
        details = StateWaitDetails(delay_seconds=delay_seconds, reason=outcome.reason)
    else:
        details = StateAbortDetails(reason=outcome.reason)
    return OrchestrationResult(state=outcome.state, status=SetStateStatus(outcome.status), details=details)

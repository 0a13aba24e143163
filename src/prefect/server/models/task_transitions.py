"""Moving task runs from state to state as clients ask for it: background tasks, placeholders, older clients.

Facts are read, the rules of `server/orchestration` decide, what they decided is written, in one transaction
of the caller. Not here: the rules, task runs of an embedded engine (the journal takes those as they come).
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prefect.schemas.bases import now
from prefect.schemas.runs import TaskRun
from prefect.schemas.states import State, StateDetails, StateType
from prefect.server.database.engine import lock_row
from prefect.server.database.tables import flow_run, task_run, task_run_state
from prefect.server.models.absent import absent
from prefect.server.models.creation import insert_state, state_columns
from prefect.server.models.nouns import select_task_runs, state_from, task_run_from
from prefect.server.models.tag_slots import settle_tag_slots, tag_limit_rows, tag_slots, wait_seconds
from prefect.server.models.transitions import Outcome
from prefect.server.orchestration import (
    Accept,
    CachedState,
    Changes,
    Decision,
    NewState,
    Proposal,
    Reject,
    TagSlots,
    TaskRunFacts,
    Terms,
    decide_task_run,
    project_task_run,
)
from prefect.server.orchestration.entering import changes_of, status_of

_FACTS = (
    select_task_runs()
    .add_columns(
        flow_run.c.state_type.label("flow_run_state_type"),
        flow_run.c.run_count.label("flow_run_count"),
        flow_run.c.attempt.label("flow_run_attempt"),
    )
    .outerjoin(flow_run, flow_run.c.id == task_run.c.flow_run_id)
    .where(task_run.c.id == sa.bindparam("wanted"))
)


def propose_task_run_state(
    connection: sa.Connection, run_id: UUID, state: State[Any], force: bool = False
) -> Outcome:
    """Ask that a task run enter a state; it does, or the outcome says why not.

    Args:
        force: leave the ordinary rules out.

    Raises:
        ObjectNotFound: there is no such run.
    """
    lock_row(connection, task_run, run_id)
    row = connection.execute(_FACTS, {"wanted": run_id}).first()
    if row is None:
        raise absent("task run", run_id)
    run = task_run_from(row)
    limits = tag_limit_rows(connection, run.tags)
    facts = _facts(connection, row, run, state, tag_slots(connection, limits, run.id))
    proposal = Proposal.of(state, force=force)
    terms = Terms(tag_slot_wait_seconds=wait_seconds(), draw=random.random())
    decision = decide_task_run(facts, proposal, now(), terms)
    entered = _state_entered(connection, decision, state, run)
    if entered is None:
        return _unchanged(decision, run)
    changes = changes_of(decision)
    settle_tag_slots(connection, limits, changes, run.id)
    return _enter(connection, facts, entered, changes, decision)


def _facts(
    connection: sa.Connection, row: Any, run: TaskRun, proposed: State[Any], slots: Iterable[TagSlots]
) -> TaskRunFacts:
    policy, state = run.empirical_policy, run.state
    delays = policy.retry_delay if isinstance(policy.retry_delay, list) else [policy.retry_delay or 0]
    flow_state = row.flow_run_state_type
    return TaskRunFacts(
        id=run.id,
        state_id=run.state_id,
        state_type=run.state_type,
        state_name=run.state_name,
        state_timestamp=row.state_timestamp,
        details=state.state_details if state is not None else StateDetails(),
        has_data=state is not None and state.data is not None,
        run_count=run.run_count,
        attempt=row.flow_run_attempt or 0,
        expected_start_time=run.expected_start_time,
        start_time=run.start_time,
        end_time=run.end_time,
        total_run_time=run.total_run_time,
        retries=policy.retries or 0,
        retry_delays_seconds=tuple(delays),
        retry_jitter_factor=policy.retry_jitter_factor,
        flow_run_id=run.flow_run_id,
        flow_run_state_type=StateType(flow_state) if flow_state else None,
        flow_run_run_count=run.flow_run_run_count,
        flow_run_count=row.flow_run_count or 0,
        slots=tuple(slots),
        cached=_cached(connection, proposed.state_details.cache_key),
    )


def _cached(connection: sa.Connection, cache_key: str | None) -> CachedState | None:
    """The newest completed state under a cache key."""
    if cache_key is None:
        return None
    query = select_task_runs().add_columns(task_run.c.cache_expiration)
    query = query.where(
        task_run.c.cache_key == cache_key, task_run.c.state_type == StateType.COMPLETED.value
    ).order_by(task_run.c.id.desc())
    row = connection.execute(query.limit(1)).first()
    if row is None:
        return None
    return CachedState(id=row.state_id, message=row.s_message, expiration=row.cache_expiration)


def _state_entered(
    connection: sa.Connection, decision: Decision, proposed: State[Any], run: TaskRun
) -> State[Any] | None:
    """The state the run enters: the proposed one, one put in its place, or None when it stays where it is."""
    if isinstance(decision, Accept):
        return proposed
    if not isinstance(decision, Reject) or not isinstance(decision.state, NewState):
        return None
    new = decision.state
    details = StateDetails.model_validate({**new.details})
    details = details.model_copy(update={"flow_run_id": run.flow_run_id, "task_run_id": run.id})
    data = None if new.data_of is None else _data_of(connection, new.data_of)
    return State(type=new.type, name=new.name, message=new.message, state_details=details, data=data)


def _data_of(connection: sa.Connection, state_id: UUID) -> Any:
    row = connection.execute(sa.select(task_run_state).where(task_run_state.c.id == state_id)).first()
    return None if row is None else state_from(row).data


def _unchanged(decision: Decision, run: TaskRun) -> Outcome:
    return Outcome(
        status_of(decision),
        run.state,
        reason=getattr(decision, "reason", None),
        delay_seconds=getattr(decision, "delay_seconds", 0.0),
    )


def _enter(
    connection: sa.Connection, facts: TaskRunFacts, state: State[Any], changes: Changes, decision: Decision
) -> Outcome:
    due = state.state_details.scheduled_time
    projection = project_task_run(facts, state.type, state.name or "", state.timestamp, due, changes)
    ids = {"flow_run_id": facts.flow_run_id, "task_run_id": facts.id}
    entered = state.model_copy(
        update={
            "timestamp": projection.state_timestamp,
            "name": projection.state_name,
            "state_details": state.state_details.model_copy(update={**changes.details, **ids}),
        }
    )
    values = {**state_columns(entered.id, projection), "updated": projection.state_timestamp}
    if changes.flow_run_run_count is not None:
        values["flow_run_run_count"] = changes.flow_run_run_count
    if changes.cache_key is not None:
        values["cache_key"] = changes.cache_key
        values["cache_expiration"] = state.state_details.cache_expiration
    connection.execute(sa.update(task_run).where(task_run.c.id == facts.id).values(values))
    insert_state(connection, task_run_state, facts.id, entered)
    return Outcome(
        status_of(decision),
        entered,
        reason=getattr(decision, "reason", None),
    )

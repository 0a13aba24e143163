"""Writing flow runs: creating them and moving them from state to state, one transaction each.

Facts are read, the rules of `server/orchestration` decide, what they decided is written: nothing else changes
the state of a flow run. Plain SQL through the journal, because embedded flows pass through here. Not here: the
rules, reading for people (`flow_runs`), task runs of an embedded engine (the journal takes those as they come).
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from prefect.exceptions import ObjectNotFound
from prefect.schemas.bases import now, uuid7
from prefect.schemas.outcomes import Outcome as Outcome
from prefect.schemas.outcomes import Status as Status
from prefect.schemas.runs import FlowRun
from prefect.schemas.states import TERMINAL_STATES, State, StateDetails, StateType
from prefect.server.database import rows
from prefect.server.database import statements as sql
from prefect.server.database.leases import FLOW_RUN
from prefect.server.models.deployment_slots import slots_of
from prefect.server.models.recovery import end_task_runs_of
from prefect.server.orchestration import (
    BELATED_FLOW_RUN_RULES,
    Accept,
    Changes,
    Decision,
    FlowRunFacts,
    FlowRunProjection,
    Proposal,
    decide_flow_run,
    project_flow_run,
)
from prefect.server.orchestration.entering import (
    as_entered,
    changed,
    changes_of,
    state_to_enter,
    unchanged,
)
from prefect.server.orchestration.facts import DEFAULT_TERMS

if TYPE_CHECKING:
    from prefect.server.database.connections import Connection
    from prefect.server.database.delegation import Writer

_CALLER_IS_LOST = "Another process runs the flow run that calls this one: it is begun there."

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


# --- creating -------------------------------------------------------------------------------------------


def flow_id(journal: Writer, name: str) -> UUID:
    """The id of the flow of that name, which is made when there is none."""
    with journal.transaction() as connection:
        found = connection.execute(sql.FLOW_BY_NAME, (name,)).fetchone()
        if found is None:
            moment = rows.moment(now())
            new = (uuid7().bytes, moment, moment, name, "[]", None)
            connection.execute(sql.INSERT_FLOW, new)
            found = connection.execute(sql.FLOW_BY_NAME, (name,)).fetchone()
    return UUID(bytes=found[0])


def create_flow_run(journal: Writer, run: FlowRun, state: State[Any], begin: bool) -> bool:
    """Store a new flow run in its first state.

    Args:
        begin: this process will run it: the first attempt begins, under a lease.

    Returns:
        False: nothing was stored, since another process has taken the flow run that calls this one.
    """
    row = rows.flow_run_row(run, state)
    with journal.transaction() as connection:
        if begin and _caller_is_lost(journal, connection, run.parent_task_run_id):
            return False
        if begin:
            attempt = sql.FLOW_RUN_ATTEMPT_POSITION
            row = (*row[:attempt], 1, *row[attempt + 1 :])
            journal.leases.take(FLOW_RUN, row[0], 1)
        connection.execute(sql.INSERT_FLOW_RUN.sql(1), row)
        connection.execute(sql.INSERT_FLOW_RUN_STATE.sql(1), rows.state_row(row[0], state))
    return True


def _caller_is_lost(journal: Writer, connection: Connection, parent_task_run_id: UUID | None) -> bool:
    """Whether the flow run that calls this one was taken from this process.

    What the process says of it is not written any more, maybe not even that it calls: nothing is to hang on that.
    """
    if parent_task_run_id is None:
        return False
    found = connection.execute(sql.FLOW_RUN_OF_TASK_RUN, (parent_task_run_id.bytes,)).fetchone()
    return found is None or journal.leases.is_lost(found[0])


def rename_flow_run(journal: Writer, run_id: UUID, name: str) -> None:
    """Give a flow run another name."""
    with journal.transaction() as connection:
        connection.execute(sql.UPDATE_FLOW_RUN_NAME, (name, rows.moment(now()), run_id.bytes))


def amend_flow_run(journal: Writer, run: FlowRun) -> None:
    """Store the parameters and labels that a flow run has now."""
    told = (rows.json_text(run.parameters), rows.json_text(run.labels), rows.moment(now()), run.id.bytes)
    with journal.transaction() as connection:
        connection.execute(sql.UPDATE_FLOW_RUN_TOLD, told)


# --- moving from state to state -------------------------------------------------------------------------


def propose_flow_run_state(
    journal: Writer,
    run_id: UUID,
    state: State[Any],
    attempt: int | None = None,
    force: bool = False,
    begin: bool = False,
    late: bool = False,
) -> Outcome:
    """Ask that a flow run enter a state; it does, or the outcome says why not.

    When this returns, the outcome is stored. A crash before leaves the run as it was.

    Args:
        attempt: the attempt that speaks (fencing): an older one than the run's is refused.
        force: leave the ordinary rules out.
        begin: another attempt begins in this process: it is numbered, and its lease taken. With `force` the flow
            run that calls this one begins it: not when another process has taken that one.
        late: the state was entered while the store was out of reach, by rules asked elsewhere.

    Raises:
        ObjectNotFound: there is no such run.
        StoreError: the store cannot be written.
    """
    with journal.transaction() as connection:
        return propose_within(journal, connection, run_id, state, attempt, force, begin, late)


def propose_within(
    journal: Writer,
    connection: Connection,
    run_id: UUID,
    state: State[Any],
    attempt: int | None = None,
    force: bool = False,
    begin: bool = False,
    late: bool = False,
) -> Outcome:
    """`propose_flow_run_state` as a part of the caller's transaction."""
    facts, current = _facts(connection, run_id)
    if current is not None and current.id == state.id:
        return _entered_before(facts, current)
    if begin and force and _caller_is_lost(journal, connection, facts.parent_task_run_id):
        return Outcome("ABORT", current, reason=_CALLER_IS_LOST)
    moment = now()
    proposal = Proposal.of(state, None if begin and not late else attempt, force)
    slots = slots_of(connection, facts, moment)
    facts = facts if slots is None else replace(facts, slots=slots.facts)
    terms = DEFAULT_TERMS if slots is None else slots.terms
    rules = BELATED_FLOW_RUN_RULES if late else None
    decision = decide_flow_run(facts, proposal, moment, terms, rules)
    entered = state_to_enter(decision, state, current, moment)
    if entered is None:
        return unchanged(decision, facts, current)
    changes = changes_of(decision)
    if slots is not None:
        changes = slots.settle(changes, entered.type, moment)
    # whoever is put off begins nothing
    begins = begin and isinstance(decision, Accept)
    return _enter(journal, connection, facts, entered, changes, decision, begins, late, attempt)


def lock_flow_run(connection: Connection, run_id: UUID) -> None:
    """Within a transaction: nobody else moves the run before its end."""
    connection.lock(sql.LOCK_LEASE_OF_FLOW_RUN, (run_id.bytes,))
    connection.lock(sql.LOCK_FLOW_RUN, (run_id.bytes,))


def _entered_before(facts: FlowRunFacts, state: State[Any]) -> Outcome:
    """The answer to a state that the run is in already: it was proposed before, and the answer got lost."""
    return Outcome(
        "ACCEPT",
        state,
        attempt=facts.attempt,
        run_count=facts.run_count,
        start_time=facts.start_time,
        end_time=facts.end_time,
        total_run_time=facts.total_run_time,
    )


def _facts(connection: Connection, run_id: UUID) -> tuple[FlowRunFacts, State[Any] | None]:
    lock_flow_run(connection, run_id)
    row = connection.execute(sql.FLOW_RUN_FACTS, (run_id.bytes,)).fetchone()
    if row is None:
        raise ObjectNotFound(KeyError(run_id), f"There is no flow run with the id {run_id}.")
    details = StateDetails.model_validate({**json.loads(row[4] or "{}"), "flow_run_id": run_id})
    policy = json.loads(row[12] or "{}")
    current: State[Any] | None = None
    if row[0] is not None:
        current = State(
            id=UUID(bytes=row[0]),
            type=StateType(row[1]),
            name=row[2],
            timestamp=_moment(row[3]),
            message=row[16],
            state_details=details,
            data=None if row[17] is None else json.loads(row[17]),
        )
    facts = FlowRunFacts(
        id=run_id,
        state_id=None if current is None else current.id,
        state_type=None if current is None else current.type,
        state_name=row[2],
        state_timestamp=_moment(row[3]),
        details=details,
        has_data=bool(row[5]),
        run_count=row[6],
        attempt=row[7],
        expected_start_time=_moment(row[8]),
        start_time=_moment(row[9]),
        end_time=_moment(row[10]),
        total_run_time=timedelta(microseconds=row[11]),
        retries=policy.get("retries") or 0,
        retry_delay_seconds=policy.get("retry_delay") or 0,
        pause_keys=frozenset(policy.get("pause_keys") or ()),
        resuming=bool(policy.get("resuming")),
        retry_type=policy.get("retry_type"),
        deployment_id=None if row[13] is None else UUID(bytes=row[13]),
        parent_task_run_id=None if row[14] is None else UUID(bytes=row[14]),
        infrastructure_pid=row[15],
    )
    return facts, current


def _moment(microseconds: int | None) -> Any:
    return None if microseconds is None else _EPOCH + timedelta(microseconds=microseconds)


def _enter(
    journal: Writer,
    connection: Connection,
    facts: FlowRunFacts,
    state: State[Any],
    changes: Changes,
    decision: Decision,
    begin: bool,
    late: bool,
    attempt_given: int | None,
) -> Outcome:
    due = state.state_details.scheduled_time
    projection = project_flow_run(facts, state.type, state.name or "", state.timestamp, due, changes)
    entered = as_entered(state, projection, changes, facts.id)
    key = facts.id.bytes
    attempt = facts.attempt + 1 if begin else facts.attempt
    connection.execute(sql.INSERT_FLOW_RUN_STATE.sql(1), rows.state_row(key, entered))
    connection.execute(sql.UPDATE_FLOW_RUN_STATE, _update_row(facts, projection, changes, entered, attempt))
    suspended = entered.type is StateType.PAUSED and entered.state_details.pause_reschedule
    if entered.type in TERMINAL_STATES or suspended:
        journal.leases.drop(FLOW_RUN, key)
        # whoever else runs it must not go on
        connection.execute(sql.DROP_LEASE, (FLOW_RUN, key))
        if _was_given_up(entered, by_others=attempt_given is None):
            message = f"Its flow run became {entered.name} while this task run was still open."
            cancelled = entered.type in (StateType.CANCELLED, StateType.PAUSED)
            end_task_runs_of(connection, key, message, projection.state_timestamp, cancelled)
            journal.leases.fence(key)
    elif begin or late:
        # whoever is heard of late may have been taken for dead, or may be dead by now: the lease tells
        journal.leases.take(FLOW_RUN, key, attempt)
    return changed(decision, entered, attempt, projection)


def _was_given_up(state: State[Any], by_others: bool) -> bool:
    """Whether the run ended without waiting for its task runs: what of them cannot be interrupted is left behind."""
    if state.type is StateType.PAUSED:
        return by_others
    return state.type in (StateType.CRASHED, StateType.CANCELLED) or state.name == "TimedOut"


def _update_row(
    facts: FlowRunFacts, projection: FlowRunProjection, changes: Changes, state: State[Any], attempt: int
) -> rows.Row:
    entered = rows.moment(projection.state_timestamp)
    return (
        entered,
        state.id.bytes,
        projection.state_type.value,
        projection.state_name,
        entered,
        projection.run_count,
        attempt,
        rows.moment(projection.expected_start_time),
        rows.moment(projection.next_scheduled_start_time),
        rows.moment(projection.start_time),
        rows.moment(projection.end_time),
        rows.duration(projection.total_run_time),
        _policy_text(facts, projection, changes),
        facts.id.bytes,
    )


def _policy_text(facts: FlowRunFacts, projection: FlowRunProjection, changes: Changes) -> str:
    told = {
        "retries": facts.retries,
        "retry_delay": facts.retry_delay_seconds,
        "pause_keys": sorted(projection.pause_keys),
        "resuming": projection.resuming,
        "retry_type": changes.retry_type or facts.retry_type,
    }
    return rows.json_text({name: value for name, value in told.items() if value})

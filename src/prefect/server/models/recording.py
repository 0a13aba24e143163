"""Recording what processes elsewhere say of the runs they run: task runs and logs in batches, flow runs one by one.

Everything may be said twice: what is stored already is left out. Whoever does not hold a run's lease any more is
not listened to. Not here: the journal's rows (`server/database`), how a batch travels (`prefect.schemas.recording`).
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import TYPE_CHECKING, Any
from uuid import UUID

from prefect.schemas.outcomes import Outcome
from prefect.schemas.recording import (
    Batch,
    Begun,
    LogLine,
    Receipt,
    Standing,
    Transition,
    datetime_of,
    transitions_of,
)
from prefect.schemas.runs import FlowRun
from prefect.schemas.states import State, StateType
from prefect.server.database import statements as sql
from prefect.server.database.batches import log_entry, transition_entry
from prefect.server.database.delegation import Delegate
from prefect.server.database.journal import Journal
from prefect.server.models import transitions

if TYPE_CHECKING:
    from prefect.server.database.connections import Connection

_SLICE = 500
"""So many values one query asks for: fewer than any database allows."""

_FLOW_RUNS = (
    "SELECT r.id, r.attempt, r.state_type, r.state_name, l.holder FROM flow_run AS r"
    " LEFT JOIN lease AS l ON l.kind = 'flow_run' AND l.resource_id = r.id WHERE r.id IN ({})"
    " /*postgresql FOR SHARE OF r */"
)
_KNOWN_STATES = "SELECT id FROM task_run_state WHERE task_run_id IN ({})"
_KNOWN_LOGS = "SELECT id FROM log WHERE id IN ({})"
_FLOW_OF_RUN = "SELECT flow_id FROM flow_run WHERE id = ?"
_KNOWN_STATE_OF_FLOW_RUN = "SELECT 1 FROM flow_run_state WHERE flow_run_id = ? AND id = ?"
_HELD = "SELECT resource_id FROM lease WHERE holder = ? AND kind = 'flow_run'"
_STATES = "SELECT id, state_id, state_type, state_name FROM flow_run WHERE id IN ({})"
_GIVEN_UP = (StateType.CRASHED.value, StateType.CANCELLED.value)


def record_batch(delegate: Delegate, batch: Batch) -> Receipt:
    """Store what is new in a batch, all of it or nothing. It is stored when this returns.

    Raises:
        ValueError: the batch contradicts itself.
        StoreError: the store cannot be written.
    """
    told = list(transitions_of(batch))
    with delegate.transaction() as connection:
        # processes that share a spool send the same at the same moment: the later of two must see the earlier
        connection.lock(sql.LOCK_KEY, (_number_of(delegate.holder),))
        lost = _lost_runs(connection, delegate.holder, batch)
        known = _known(connection, _KNOWN_STATES, (line.id for line in batch.runs)) if told else set()
        logs = _known(connection, _KNOWN_LOGS, (line.id for line in batch.logs)) if batch.logs else set()
        entries: list[tuple[Any, ...]] = [
            transition_entry(*one) for one in told if _counts(one, lost) and one[1].id.bytes not in known
        ]
        entries += [_log_entry(line) for line in batch.logs if line.id.bytes not in logs]
        delegate.write(entries)
    return Receipt(lost=sorted(UUID(bytes=id) for id in lost))


def _number_of(holder: str) -> int:
    """What a process is called among PostgreSQL's own locks."""
    return int.from_bytes(blake2b(holder.encode(), digest_size=8).digest(), "big", signed=True)


def _counts(transition: Transition, lost: set[bytes]) -> bool:
    flow_run_id = transition[0].flow_run_id
    return flow_run_id is None or flow_run_id.bytes not in lost


def _log_entry(line: LogLine) -> tuple[Any, ...]:
    return log_entry(
        line.name,
        line.level,
        line.message,
        datetime_of(line.timestamp),
        line.flow_run_id,
        line.task_run_id,
        line.id,
    )


def _lost_runs(connection: Connection, holder: str, batch: Batch) -> set[bytes]:
    """The flow runs that the holder does not run any more, or that are not there."""
    wanted = {line.flow_run_id.bytes for line in batch.runs if line.flow_run_id is not None}
    attempts = {id.bytes: attempt for id, attempt in batch.attempts.items()}
    lost = set(wanted)
    for id, attempt, type, name, holds in _rows(connection, _FLOW_RUNS, wanted):
        superseded = attempt > attempts.get(id, attempt)
        given_up = (type in _GIVEN_UP or name == "TimedOut") and not batch.late
        taken = holds is not None and holds != holder
        if not (superseded or given_up or taken):
            lost.discard(id)
    return lost


def _known(connection: Connection, query: str, ids: Iterable[UUID]) -> set[bytes]:
    return {row[0] for row in _rows(connection, query, {id.bytes for id in ids})}


def _rows(connection: Connection, query: str, ids: Iterable[bytes]) -> list[Any]:
    wanted = list(ids)
    found: list[Any] = []
    for start in range(0, len(wanted), _SLICE):
        part = wanted[start : start + _SLICE]
        found += connection.execute(query.format(", ".join("?" * len(part))), part).fetchall()
    return found


# --- flow runs ------------------------------------------------------------------------------------------


def begin_flow_run(delegate: Delegate, run: FlowRun, state: State[Any], flow_name: str) -> Begun:
    """Store a new flow run that the delegate's process is going to run, under a lease; once.

    Raises:
        StoreError: the store cannot be written.
    """
    with delegate.transaction() as connection:
        found = connection.execute(_FLOW_OF_RUN, (run.id.bytes,)).fetchone()
        if found is not None:
            return Begun(begun=not delegate.leases.is_lost(run.id.bytes), flow_id=UUID(bytes=found[0]))
    run.flow_id = transitions.flow_id(delegate, flow_name)
    return Begun(begun=transitions.create_flow_run(delegate, run, state, begin=True), flow_id=run.flow_id)


def propose_flow_run_state(
    delegate: Delegate,
    run_id: UUID,
    state: State[Any],
    attempt: int | None,
    force: bool = False,
    begin: bool = False,
) -> Outcome:
    """Ask that a flow run enter a state on behalf of the process that runs it; see `transitions`.

    Raises:
        ObjectNotFound: there is no such run.
        StoreError: the store cannot be written.
    """
    if delegate.late:
        with delegate.reading() as connection:
            if connection.execute(_KNOWN_STATE_OF_FLOW_RUN, (run_id.bytes, state.id.bytes)).fetchone():
                return Outcome("ABORT", None, reason="This state is recorded already.")
    return transitions.propose_flow_run_state(delegate, run_id, state, attempt, force, begin, delegate.late)


def renew_leases(delegate: Delegate) -> list[UUID]:
    """Renew everything the delegate's process holds; the flow runs among that.

    Raises:
        StoreError: the store cannot be written.
    """
    with delegate.transaction() as connection:
        delegate.leases.renew()
        return [UUID(bytes=row[0]) for row in connection.execute(_HELD, (delegate.holder,))]


def read_standings(journal: Journal, flow_run_ids: list[UUID]) -> dict[UUID, Standing]:
    """The states that flow runs are in.

    Raises:
        StoreError: the store cannot be read.
    """
    with journal.reading() as connection:
        found = _rows(connection, _STATES, [id.bytes for id in flow_run_ids])
    return {
        UUID(bytes=id): Standing(id=UUID(bytes=state_id), type=type, name=name)
        for id, state_id, type, name in found
        if state_id is not None
    }

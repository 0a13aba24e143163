"""Closing what dead processes left open: the runs under lost leases end, and all they held is freed.

Works on the plain connection of the write path, so that every command can afford it: with nothing to
do it costs one query. Not here: the decisions (`leases`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from prefect.schemas.bases import microseconds_since_epoch
from prefect.schemas.states import State, StateType, trusted_details
from prefect.server.database import rows
from prefect.server.database import statements as sql
from prefect.server.database.holders import HostFacts
from prefect.server.models.leases import Ending, Lease, RunFacts, ending, lost_because

if TYPE_CHECKING:
    from prefect.server.database.connections import Connection

FLOW_RUN = "flow_run"
TASK_RUN = "task_run"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_LEASES = (
    "SELECT kind, resource_id, holder, expires_at FROM lease WHERE kind IN ('flow_run', 'task_run')"
    " ORDER BY kind, resource_id"
)
_OPEN = "state_type NOT IN ('COMPLETED', 'FAILED', 'CRASHED', 'CANCELLED')"
_FACTS = "id, name, state_type, state_timestamp"
# whoever is about to end the same lease has it; one that somebody renews is not over
_LEASE_TO_END = (
    "SELECT kind, resource_id, holder, expires_at FROM lease WHERE kind = ? AND resource_id = ?"
    " /*postgresql FOR UPDATE SKIP LOCKED */"
)
_LOCKED = "/*postgresql ORDER BY id FOR UPDATE */"
_FLOW_RUN = f"SELECT {_FACTS}, parent_task_run_id FROM flow_run WHERE id = ? {_LOCKED}"
_TASK_RUN = f"SELECT {_FACTS} FROM task_run WHERE id = ? {_LOCKED}"
# a deferred run waits for a worker, whatever becomes of the flow run that made it
_DEFERRED = (
    "EXISTS (SELECT 1 FROM task_run_state AS s WHERE s.task_run_id = task_run.id AND s.id = task_run.state_id"
    " AND s.type = 'SCHEDULED' AND json_extract(s.state_details, '$.deferred'))"
)
_OPEN_TASK_RUNS = (
    f"SELECT {_FACTS} FROM task_run WHERE flow_run_id = ? AND {_OPEN} AND NOT {_DEFERRED} {_LOCKED}"
)
_OPEN_CHILDREN = f"SELECT id, deployment_id FROM flow_run WHERE parent_task_run_id = ? AND {_OPEN} {_LOCKED}"


def _close(table: str) -> str:
    return f"""
        UPDATE {table} SET updated = ?, state_id = ?, state_type = ?, state_name = ?, state_timestamp = ?,
               next_scheduled_start_time = NULL, end_time = ?, total_run_time = total_run_time + ?
        WHERE id = ?
    """


_CLOSE = {FLOW_RUN: _close("flow_run"), TASK_RUN: _close("task_run")}
_APPEND = {FLOW_RUN: sql.INSERT_FLOW_RUN_STATE.sql(1), TASK_RUN: sql.INSERT_TASK_RUN_STATE.sql(1)}


class Reaped(NamedTuple):
    """A run that was closed because its process is lost. `kind` is "flow_run" or "task_run"."""

    kind: str
    id: UUID
    name: str
    state: State[Any]


def reap(connection: Connection, now: datetime, here: HostFacts) -> list[Reaped]:
    """End every run whose holder is lost, with the runs inside it, and delete its leases: all or nothing.

    Nothing is written when nobody is lost. The connection must not be in a transaction.

    Args:
        now: the current moment, aware.
        here: what can be seen of the processes of this host (`holders.this_host()`).

    Raises:
        Exception: the database's own, when it cannot be read or written; nothing was changed.
    """
    if not any(lost_because(lease, now, here) for lease in _leases(connection)):
        return []
    connection.execute("BEGIN IMMEDIATE")
    try:
        reaped = reap_within(connection, now, here)
        connection.execute("COMMIT")
    except BaseException:
        # on some errors, a full disk among them, SQLite has rolled back by itself
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return reaped


def reap_within(connection: Connection, now: datetime, here: HostFacts) -> list[Reaped]:
    """`reap` as a part of the caller's write transaction."""
    leases = _leases(connection)
    lost: dict[Lease, str] = {}
    for lease in leases:
        if lost_because(lease, now, here) is not None:
            # looked at again: what was read of it may be over
            for again in _leases(connection, _LEASE_TO_END, (lease.kind, lease.resource)):
                if (reason := lost_because(again, now, here)) is not None:
                    lost[again] = reason
    ended = {(lease.kind, lease.resource) for lease in lost}
    held = {lease.resource for lease in leases if (lease.kind, lease.resource) not in ended}
    sweep = _Sweep(connection, now, held)
    for lease, reason in lost.items():
        if lease.kind == FLOW_RUN:
            sweep.end_flow_run(lease.resource, reason, lease.expires_at)
        else:
            sweep.end_task_run(lease.resource, reason, lease.expires_at)
    connection.executemany(sql.DROP_LEASE, [(lease.kind, lease.resource) for lease in lost])
    return sweep.reaped


def end_task_runs_of(
    connection: Connection, flow_run: bytes, reason: str, now: datetime, cancelled: bool = False
) -> None:
    """Within a write transaction: end the open task runs of a flow run that was ended from outside.

    Their code may still run, where it cannot be interrupted; nobody waits for it any more.
    """
    held = {lease.resource for lease in _leases(connection)}
    _Sweep(connection, now, held, cancelled).end_inside_flow_run(flow_run, reason, now)


class _Sweep:
    """One pass over the runs of lost holders, or inside a run that was cancelled.

    `held` are the resources that somebody alive still runs.
    """

    def __init__(
        self, connection: Connection, now: datetime, held: set[bytes], cancelled: bool = False
    ) -> None:
        self.cancelled = cancelled
        self.connection = connection
        self.now = now
        self.held = held
        self.reaped: list[Reaped] = []
        # a run can be reached twice: under its own lease and inside the run that called it
        self._ended: set[bytes] = set()

    def end_flow_run(self, key: bytes, reason: str, last_seen: datetime) -> None:
        """End a flow run and what is inside it, and the task run that stands for it in its parent."""
        row = self.connection.execute(_FLOW_RUN, (key,)).fetchone()
        if row is None:
            return
        *facts, placeholder = row
        self._end(FLOW_RUN, _facts(facts), _sentence(reason), last_seen)
        if placeholder is not None:
            self._end_placeholder(placeholder, key, reason, last_seen)
        self.end_inside_flow_run(key, f"Its flow run crashed: {reason}.", last_seen)

    def end_inside_flow_run(self, key: bytes, message: str, last_seen: datetime) -> None:
        """End the open task runs of a flow run, and the flow runs they stand for."""
        for run in self._all(_OPEN_TASK_RUNS, key):
            if self._end_children(run.key, message, last_seen):
                self._end(TASK_RUN, run, message, last_seen)

    def end_task_run(self, key: bytes, reason: str, last_seen: datetime) -> None:
        """End a task run that runs on its own, and the flow runs it called."""
        for run in self._all(_TASK_RUN, key):
            if self._end_children(key, reason, last_seen):
                self._end(TASK_RUN, run, _sentence(reason), last_seen)

    def _end_children(self, task_run: bytes, reason: str, last_seen: datetime) -> bool:
        """End the flow runs a task run stands for; False when one of them goes on elsewhere."""
        ended = True
        for child, deployment in self.connection.execute(_OPEN_CHILDREN, (task_run,)).fetchall():
            # a run of a deployment is run by a worker, which needs no parent
            if child in self.held or deployment is not None:
                ended = False
            else:
                self.end_flow_run(child, reason, last_seen)
        return ended

    def _end_placeholder(self, key: bytes, child: bytes, reason: str, last_seen: datetime) -> None:
        for run in self._all(_TASK_RUN, key):
            message = f"Its flow run crashed: {reason}."
            self._end(TASK_RUN, run, message, last_seen, child_flow_run_id=UUID(bytes=child))

    def _end(self, kind: str, run: RunFacts, message: str, last_seen: datetime, **details: Any) -> None:
        end = ending(run, message, self.now, last_seen, trusted_details(**details), self.cancelled)
        if end is None or run.key in self._ended:
            return
        self._ended.add(run.key)
        self.connection.execute(_APPEND[kind], rows.state_row(run.key, end.state))
        self.connection.execute(_CLOSE[kind], _closing_values(run.key, end))
        self.reaped.append(Reaped(kind, UUID(bytes=run.key), run.name, end.state))

    def _all(self, query: str, key: bytes) -> Iterator[RunFacts]:
        return map(_facts, self.connection.execute(query, (key,)).fetchall())


def _leases(connection: Connection, query: str = _LEASES, values: tuple[Any, ...] = ()) -> list[Lease]:
    return [
        Lease(kind, resource, holder, _EPOCH + timedelta(microseconds=expires))
        for kind, resource, holder, expires in connection.execute(query, values)
    ]


def _facts(row: Iterable[Any]) -> RunFacts:
    key, name, type, timestamp = row
    # a run without a state has been created only: as good as pending
    return RunFacts(key, name, StateType(type or "PENDING"), _EPOCH + timedelta(microseconds=timestamp or 0))


def _closing_values(key: bytes, end: Ending) -> tuple[Any, ...]:
    state = end.state
    timestamp = microseconds_since_epoch(state.timestamp)
    end_time = microseconds_since_epoch(end.end_time)
    return (
        timestamp,
        state.id.bytes,
        state.type.value,
        state.name,
        timestamp,
        end_time,
        rows.duration(end.ran),
        key,
    )


def _sentence(reason: str) -> str:
    return f"{reason[0].upper()}{reason[1:]}."

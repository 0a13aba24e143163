"""Entries of the journal's queue, and writing many of them at once.

An entry is a tuple, since making one is part of every task's life. Not here: the queue, when it is written
(`journal`), what rows look like (`rows`).
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from prefect.schemas.runs import TaskRun
from prefect.schemas.states import State
from prefect.server.database import rows
from prefect.server.database import statements as sql
from prefect.server.database.connections import Connection
from prefect.server.database.statements import Insert

Entry = tuple[Any, ...]

_TRANSITION, _LOG = 0, 1

_CHUNKS = (256, 64, 16, 3, 1)
"""Numbers of rows that one INSERT carries: few sizes, so that each statement is prepared once.

A durable step has three states.
"""


def transition_entry(
    run: TaskRun,
    state: State[Any],
    run_count: int,
    start_time: datetime | None,
    end_time: datetime | None,
    total_run_time: timedelta,
) -> Entry:
    """What the journal writes of a task run that has entered a state, with its counters then."""
    return (_TRANSITION, run, state, run_count, start_time, end_time, total_run_time)


def log_entry(
    name: str,
    level: int,
    message: str,
    timestamp: datetime,
    flow_run_id: UUID | None,
    task_run_id: UUID | None,
    id: UUID | None = None,
) -> Entry:
    """What the journal writes of a log record; `id` is that which another process gave it."""
    return (_LOG, *rows.log_row(name, level, message, timestamp, flow_run_id, task_run_id, id))


def write_batch(
    connection: Connection,
    entries: Sequence[Entry],
    fenced: Container[bytes | None],
    lease_lone_task_run: Callable[[bytes, State[Any]], None],
) -> None:
    """Within a transaction: write entries, but for those of the runs in `fenced`.

    Writing one twice is writing it once.

    Args:
        lease_lone_task_run: is told the last state of each task run outside flows.
    """
    runs: dict[bytes, Entry] = {}
    states: list[rows.Row] = []
    logs: list[rows.Row] = []
    lone: dict[bytes, State[Any]] = {}
    for entry in entries:
        if entry[0] == _LOG:
            logs.append(entry[1:])
            continue
        _, run, state, *_ = entry
        flow_run_key = rows.key(run.flow_run_id)
        if flow_run_key in fenced:
            continue
        key = run.id.int.to_bytes(16, "big")
        # of the run itself only what it is at last is written
        runs[key] = entry
        states.append(rows.state_row(key, state))
        if flow_run_key is None:
            lone[key] = state
    # in one order, whoever writes: two who lock the same rows then never wait for each other
    _insert(connection, sql.INSERT_TASK_RUN, [rows.task_run_row(*runs[key][1:]) for key in sorted(runs)])
    _insert(connection, sql.INSERT_TASK_RUN_STATE, states)
    _insert(connection, sql.INSERT_LOG, logs)
    # a task run outside flows has no flow run whose lease covers it; most end within one batch
    for key in sorted(lone):
        lease_lone_task_run(key, lone[key])
    connection.settle()


def _insert(connection: Connection, statement: Insert, rows_: list[rows.Row]) -> None:
    start = 0
    for size in _CHUNKS:
        while len(rows_) - start >= size:
            values = [value for row in rows_[start : start + size] for value in row]
            connection.execute(statement.sql(size), values)
            start += size

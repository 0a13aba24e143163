"""What the operations of the engine do: recording on behalf of processes elsewhere, and what they want to know."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prefect.schemas.operations.engine import PROTOCOL
from prefect.schemas.outcomes import AwaitedRetry, Outcome
from prefect.schemas.recording import (
    Batch,
    Begun,
    ChildOfFlowRun,
    HeldKey,
    Receipt,
    Standing,
    StepsOfFlowRun,
)
from prefect.schemas.runs import FlowRun, TaskRun
from prefect.schemas.states import State
from prefect.server.database.delegation import Delegate
from prefect.server.database.journal import Journal
from prefect.server.models import locks, recording, steps, stories
from prefect.server.models.lookup import ids_meant
from prefect.server.models.trees import read_flow_run_tree
from prefect.server.operations.doing import reads, through_journal

_MOST_STEPS = 1_000_000


@through_journal
def engine_protocol(journal: Journal) -> int:
    return PROTOCOL


@through_journal
def record(journal: Journal, batch: Batch) -> Receipt:
    return recording.record_batch(Delegate(journal, batch.holder, batch.lease_seconds), batch)


@through_journal
def begin_flow_run(
    journal: Journal,
    flow_run: FlowRun,
    state: State[Any],
    flow_name: str,
    holder: str,
    lease_seconds: float,
    late: bool,
) -> Begun:
    delegate = Delegate(journal, holder, lease_seconds, late)
    return recording.begin_flow_run(delegate, flow_run, state, flow_name)


@through_journal
def propose_flow_run_state(
    journal: Journal,
    flow_run_id: UUID,
    state: State[Any],
    holder: str,
    lease_seconds: float,
    late: bool,
    **how: Any,
) -> Outcome:
    delegate = Delegate(journal, holder, lease_seconds, late)
    return recording.propose_flow_run_state(delegate, flow_run_id, state, **how)


@through_journal
def renew_leases(journal: Journal, holder: str, lease_seconds: float) -> list[UUID]:
    return recording.renew_leases(Delegate(journal, holder, lease_seconds))


@through_journal
def read_standings(journal: Journal, flow_run_ids: list[UUID]) -> dict[UUID, Standing]:
    return recording.read_standings(journal, flow_run_ids)


# --- what another attempt wants to know -----------------------------------------------------------------


@reads
def read_children(connection: sa.Connection, flow_run_id: UUID) -> list[ChildOfFlowRun]:
    found = steps.read_children(connection, flow_run_id)
    return [ChildOfFlowRun(placeholder=placeholder, flow_run=run) for placeholder, run in found]


@reads
def read_step_names(connection: sa.Connection, flow_run_id: UUID) -> dict[UUID, StepsOfFlowRun]:
    found = steps.read_step_names(connection, flow_run_id)
    return {id: StepsOfFlowRun(parent=one.parent, names=one.names) for id, one in found.items()}


@reads
def read_completed_task_runs(connection: sa.Connection, flow_run_id: UUID) -> list[TaskRun]:
    return steps.last_completions(read_flow_run_tree(connection, flow_run_id, task_run_limit=_MOST_STEPS))


@reads
def read_deferred_runs(connection: sa.Connection, flow_run_id: UUID, label: str) -> dict[str, UUID]:
    return steps.read_labelled_task_runs(connection, flow_run_id, label)


@reads
def read_awaited_retries(connection: sa.Connection, flow_run_id: UUID, label: str) -> dict[str, AwaitedRetry]:
    return steps.read_awaited_retries(connection, flow_run_id, label)


@reads
def read_kept_parameters(connection: sa.Connection, flow_run_id: UUID) -> Any:
    return steps.read_first_data(connection, flow_run_id)


# --- what the command line tells ------------------------------------------------------------------------


@reads
def find_runs(connection: sa.Connection, noun: str, text: str, limit: int) -> list[UUID]:
    if noun not in ("flow run", "task run"):
        raise ValueError(f"noun must be 'flow run' or 'task run'; got {noun!r}.")
    return ids_meant(connection, noun, text, limit)


@reads
def read_flow_run_story(connection: sa.Connection, flow_run_id: UUID, task_run_limit: int) -> Any:
    return stories.as_json(stories.read_flow_run_story(connection, flow_run_id, task_run_limit))


@reads
def read_task_run_story(connection: sa.Connection, task_run_id: UUID) -> Any:
    return stories.as_json(stories.read_task_run_story(connection, task_run_id))


# --- locks ----------------------------------------------------------------------------------------------


@through_journal
def take_lock(
    journal: Journal, key: str, holder: str, process: str, hold_seconds: float | None, lease_seconds: float
) -> bool:
    return locks.try_lock(Delegate(journal, process, lease_seconds), key, holder, hold_seconds)


@through_journal
def release_lock(journal: Journal, key: str, holder: str) -> bool:
    return locks.release_lock(journal, key, holder)


@through_journal
def read_lock(journal: Journal, key: str) -> HeldKey | None:
    held = locks.held_lock(journal, key)
    return None if held is None else HeldKey(holder=held.holder, expires_at=held.expires_at)

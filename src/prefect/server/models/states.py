"""Reading the states a run has been in. Not here: entering one (`transitions`, `server/database/journal`)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prefect.schemas.states import State
from prefect.server.database.tables import flow_run_state, task_run, task_run_state
from prefect.server.models.absent import absent
from prefect.server.models.nouns import state_from


def read_flow_run_states(connection: sa.Connection, flow_run_id: UUID) -> list[State[Any]]:
    """The states of a flow run, oldest first; none for an unknown run."""
    table = flow_run_state
    query = sa.select(table).where(table.c.flow_run_id == flow_run_id).order_by(table.c.timestamp, table.c.id)
    return [state_from(row, flow_run_id=flow_run_id) for row in connection.execute(query)]


def read_flow_run_state(connection: sa.Connection, state_id: UUID) -> State[Any]:
    """One state of any flow run.

    Raises:
        ObjectNotFound: there is no such state.
    """
    row = connection.execute(sa.select(flow_run_state).where(flow_run_state.c.id == state_id)).first()
    if row is None:
        raise absent("flow run state", state_id)
    return state_from(row, flow_run_id=row.flow_run_id)


def read_task_run_states(connection: sa.Connection, task_run_id: UUID) -> list[State[Any]]:
    """The states of a task run, oldest first; none for an unknown run."""
    query = _task_run_states().where(task_run_state.c.task_run_id == task_run_id)
    query = query.order_by(task_run_state.c.timestamp, task_run_state.c.id)
    return [_task_run_state(row) for row in connection.execute(query)]


def read_task_run_state(connection: sa.Connection, state_id: UUID) -> State[Any]:
    """One state of any task run.

    Raises:
        ObjectNotFound: there is no such state.
    """
    row = connection.execute(_task_run_states().where(task_run_state.c.id == state_id)).first()
    if row is None:
        raise absent("task run state", state_id)
    return _task_run_state(row)


def _task_run_states() -> sa.Select[Any]:
    joined = task_run_state.outerjoin(task_run, task_run.c.id == task_run_state.c.task_run_id)
    return sa.select(task_run_state, task_run.c.flow_run_id).select_from(joined)


def _task_run_state(row: Any) -> State[Any]:
    return state_from(row, flow_run_id=row.flow_run_id, task_run_id=row.task_run_id)

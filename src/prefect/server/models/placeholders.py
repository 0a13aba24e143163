"""The task runs that stand for flow runs in the flows that called them: they go where those go.

An engine of ours moves them itself; other clients leave that to the server. Not here: the transitions of either.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prefect.schemas.bases import copy_id
from prefect.schemas.states import State, StateDetails
from prefect.server.database.journal import Journal
from prefect.server.database.tables import flow_run, task_run
from prefect.server.models.task_transitions import propose_task_run_state

_STANDING = (
    sa.select(task_run.c.id, task_run.c.state_type, task_run.c.state_name)
    .join(flow_run, flow_run.c.parent_task_run_id == task_run.c.id)
    .where(flow_run.c.id == sa.bindparam("wanted"))
)


_CALLER = "SELECT 1 FROM flow_run WHERE id = ? AND parent_task_run_id IS NOT NULL"


def is_called(journal: Journal, flow_run_id: UUID) -> bool:
    """Whether a task run stands for a flow run. It costs little, since every state of every run asks it."""
    with journal.reading() as connection:
        return connection.execute(_CALLER, (flow_run_id.bytes,)).fetchone() is not None


def is_behind(connection: sa.Connection, flow_run_id: UUID, state: State[Any]) -> bool:
    """Whether there is a task run that stands for a flow run, and is not in the state that the flow run is in."""
    row = connection.execute(_STANDING, {"wanted": flow_run_id}).first()
    return row is not None and (row.state_type, row.state_name) != (state.type.value, state.name)


def follow(connection: sa.Connection, flow_run_id: UUID, state: State[Any]) -> None:
    """Have the task run that stands for a flow run be in the state that the flow run is in.

    Doing so again changes nothing.
    """
    if not is_behind(connection, flow_run_id, state):
        return
    id = connection.execute(_STANDING, {"wanted": flow_run_id}).one().id
    followed: State[Any] = State(
        id=copy_id(state.id, id),
        type=state.type,
        name=state.name,
        message=state.message,
        timestamp=state.timestamp,
        data=state.data,
        state_details=StateDetails(child_flow_run_id=flow_run_id, task_run_id=id),
    )
    propose_task_run_state(connection, id, followed, force=True)

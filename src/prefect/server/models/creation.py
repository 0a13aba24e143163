"""Creating runs as clients ask for them: a row in its first state, whichever it is.

Asking twice makes one run: a flow run is known by its flow and idempotency key, a task run by its flow run,
task and dynamic key. Not here: the fast way of embedded runs (`transitions`, `server/database/journal`),
what may follow the first state.
"""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prefect.schemas.actions.runs import FlowRunCreate, TaskRunCreate
from prefect.schemas.actions.states import StateCreate
from prefect.schemas.bases import now, uuid7
from prefect.schemas.runs import FlowRun, TaskRun, new_run_name
from prefect.schemas.states import State, StateType
from prefect.server.database.engine import lock_key
from prefect.server.database.rows import data_text
from prefect.server.database.tables import (
    flow,
    flow_run,
    flow_run_state,
    task_run,
    task_run_state,
)
from prefect.server.models.absent import absent
from prefect.server.models.flow_runs import read_flow_run
from prefect.server.models.nouns import Row, flow_run_from, just_inserted, task_run_from
from prefect.server.models.task_runs import read_task_run
from prefect.server.orchestration import Projection, project_task_run
from prefect.server.orchestration.facts import RunFacts

_PENDING = StateCreate(type=StateType.PENDING)
_RUN_OF = {flow_run_state: "flow_run_id", task_run_state: "task_run_id"}

# built once: building them for each run would cost more than the database
_INSERTS = {table: sa.insert(table) for table in (flow_run, flow_run_state, task_run, task_run_state)}
_TOLD_INSERTS = {table: insert.returning(table) for table, insert in _INSERTS.items()}
_FLOW = sa.select(flow.c.labels).where(flow.c.id == sa.bindparam("wanted"))
_FLOW_RUN = sa.select(flow_run.c.labels).where(flow_run.c.id == sa.bindparam("wanted"))
_TASK_RUN = sa.select(task_run.c.id).where(task_run.c.id == sa.bindparam("wanted"))
_SAME_FLOW_RUN = sa.select(flow_run.c.id).where(
    flow_run.c.flow_id == sa.bindparam("flow_id"), flow_run.c.idempotency_key == sa.bindparam("key")
)
_SAME_TASK_RUN = sa.select(task_run.c.id).where(
    task_run.c.flow_run_id == sa.bindparam("flow_run_id"),
    task_run.c.task_key == sa.bindparam("task_key"),
    task_run.c.dynamic_key == sa.bindparam("dynamic_key"),
)

# --- runs -----------------------------------------------------------------------------------------------


def create_flow_run(connection: sa.Connection, asked: FlowRunCreate, **known: Any) -> FlowRun:
    """Store a flow run and return it; the one already there under the same idempotency key.

    Args:
        known: further columns that the server itself knows, such as `work_queue_id`.

    Raises:
        ObjectNotFound: there is no such flow.
    """
    of_flow = connection.execute(_FLOW, {"wanted": asked.flow_id}).first()
    if of_flow is None:
        raise absent("flow", asked.flow_id)
    if asked.idempotency_key is not None:
        same = {"flow_id": asked.flow_id, "key": asked.idempotency_key}
        found: UUID | None = connection.execute(_SAME_FLOW_RUN, same).scalar()
        if found is not None:
            return read_flow_run(connection, found)
    id = uuid7()
    state = state_from_create(asked.state or _PENDING, flow_run_id=id)
    values = {
        **asked.model_dump(mode="json", exclude={"state", "work_pool_name", "empirical_policy"}),
        "name": asked.name or new_run_name(),
        "empirical_policy": asked.empirical_policy.model_dump(mode="json", exclude_defaults=True),
        "labels": {"prefect.flow.id": str(asked.flow_id), **(of_flow.labels or {}), **asked.labels},
        **known,
    }
    row = _insert(connection, flow_run, flow_run_state, id, values, state)
    # what its queue belongs to is told, too
    return flow_run_from(row) if row.work_queue_id is None else read_flow_run(connection, id)


def create_task_run(connection: sa.Connection, asked: TaskRunCreate) -> TaskRun:
    """Store a task run and return it; the one already there with the same keys.

    Raises:
        ObjectNotFound: there is no such flow run.
    """
    inherited = _labels_of_flow_run(connection, asked.flow_run_id)
    if asked.flow_run_id is not None:
        lock_key(connection, "task run", asked.flow_run_id, asked.task_key, asked.dynamic_key)
    found = _task_run_there(connection, asked)
    if found is not None:
        return read_task_run(connection, found)
    id = asked.id or uuid7()
    state = state_from_create(asked.state or _PENDING, flow_run_id=asked.flow_run_id, task_run_id=id)
    values = {
        **asked.model_dump(mode="json", exclude={"id", "state", "empirical_policy", "cache_expiration"}),
        "name": asked.name or new_run_name(),
        "labels": {**inherited, **asked.labels},
        "cache_expiration": asked.cache_expiration,
        "empirical_policy": asked.empirical_policy.model_dump(mode="json", exclude_defaults=True),
    }
    return task_run_from(_insert(connection, task_run, task_run_state, id, values, state))


def _labels_of_flow_run(connection: sa.Connection, flow_run_id: UUID | None) -> dict[str, Any]:
    """The labels that a task run has from the flow run it is in."""
    if flow_run_id is None:
        return {}
    row = connection.execute(_FLOW_RUN, {"wanted": flow_run_id}).first()
    if row is None:
        raise absent("flow run", flow_run_id)
    return {**(row.labels or {}), "prefect.flow-run.id": str(flow_run_id)}


def _task_run_there(connection: sa.Connection, asked: TaskRunCreate) -> UUID | None:
    if asked.flow_run_id is None:
        return connection.execute(_TASK_RUN, {"wanted": asked.id}).scalar() if asked.id else None
    same = {
        "flow_run_id": asked.flow_run_id,
        "task_key": asked.task_key,
        "dynamic_key": asked.dynamic_key,
    }
    found: UUID | None = connection.execute(_SAME_TASK_RUN, same).scalar()
    return found


def _insert(
    connection: sa.Connection,
    table: sa.Table,
    states: sa.Table,
    id: UUID,
    values: dict[str, Any],
    state: State[Any],
) -> Row:
    """Insert a run in its first state; returns what a query would read of it, without another query."""
    moment, due = now(), state.state_details.scheduled_time
    # the first state of either kind of run changes the same columns
    projection = project_task_run(RunFacts(id=id), state.type, state.name or "", state.timestamp, due)
    row = {"id": id, "created": moment, "updated": moment, **values, **state_columns(state.id, projection)}
    run = connection.execute(_TOLD_INSERTS[table], row).one()
    return just_inserted(run, connection.execute(_TOLD_INSERTS[states], state_row(states, id, state)).one())


# --- states ---------------------------------------------------------------------------------------------


def state_from_create(asked: StateCreate, **ids: UUID | None) -> State[Any]:
    """A state as a client proposes it, entered now by the run that `ids` name."""
    details = asked.state_details.model_copy(update=ids)
    return State(
        type=asked.type, name=asked.name, message=asked.message, state_details=details, data=asked.data
    )


def state_columns(state_id: UUID, projection: Projection) -> dict[str, Any]:
    """The columns of a run that a state it enters sets."""
    names = (
        "state_timestamp", "run_count", "expected_start_time", "next_scheduled_start_time", "start_time",
        "end_time", "total_run_time", "state_name",
    )  # fmt: skip
    columns: dict[str, Any] = {name: getattr(projection, name) for name in names}
    return {**columns, "state_id": state_id, "state_type": projection.state_type.value}


def insert_state(connection: sa.Connection, table: sa.Table, run_id: UUID, state: State[Any]) -> None:
    """Append a state to the journal of a run."""
    connection.execute(_INSERTS[table], state_row(table, run_id, state))


def state_row(table: sa.Table, run_id: UUID, state: State[Any]) -> dict[str, Any]:
    """A state of a run as a row of `flow_run_state` or `task_run_state`."""
    own_ids = {"flow_run_id", "task_run_id"}
    details = state.state_details.model_dump(mode="json", exclude_defaults=True, exclude=own_ids)
    data = None if state.data is None else data_text(state.data)
    return {
        "id": state.id,
        _RUN_OF[table]: run_id,
        "timestamp": state.timestamp,
        "type": state.type.value,
        "name": state.name,
        "message": state.message,
        "state_details": details or None,
        "data": None if data is None else json.loads(data),
    }

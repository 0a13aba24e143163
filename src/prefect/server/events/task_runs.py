"""Task runs that are told by events: clients of the original's kind run tasks on their own and send each state.

An event carries the state (its id is the state's) and the run with its counters as they were then. Events arrive in
batches, some twice, some late: every state is kept once, and the run is what its newest state says. A run that has
ended stays ended. Not here: keeping the events themselves (`storing`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from pydantic import ValidationError

from prefect.logging import get_logger
from prefect.schemas.bases import now
from prefect.schemas.events import Event
from prefect.schemas.runs import TaskRun
from prefect.schemas.states import TERMINAL_STATES, State, StateType
from prefect.server.database.inserting import insert_ignoring
from prefect.server.database.tables import task_run, task_run_state
from prefect.server.models.creation import state_row

_PREFIX = "prefect.task-run."
_MOST_RUNS = 500


class ToldState(NamedTuple):
    """A state of a task run and the run as it was when it entered it."""

    run: TaskRun
    state: State[Any]

    @property
    def place(self) -> tuple[datetime, int]:
        """Its place in the history of the run."""
        return (self.state.timestamp, self.state.id.int)


def told_state(event: Event) -> ToldState | None:
    """The state that an event tells of; None: it tells of none, or not in a way that can be understood."""
    if not event.event.startswith(_PREFIX) or event.resource.get("prefect.orchestration") != "client":
        return None
    run, validated = event.payload.get("task_run"), event.payload.get("validated_state")
    if not isinstance(run, dict) or not isinstance(validated, dict):
        return None
    try:
        run_id = event.resource.prefect_object_id(_PREFIX)
        flow_run = event.resource_in_role.get("flow-run")
        flow_run_id = None if flow_run is None else flow_run.prefect_object_id("prefect.flow-run")
        details = {
            **(validated.get("state_details") or {}),
            "flow_run_id": flow_run_id,
            "task_run_id": run_id,
        }
        state: State[Any] = State.model_validate(
            {**validated, "id": event.id, "timestamp": event.occurred, "state_details": details}
        )
        told = TaskRun.model_validate({**run, "id": run_id, "flow_run_id": flow_run_id, "state": None})
    except (ValidationError, ValueError, TypeError) as error:
        get_logger("server.events").warning(
            "Event %s (%s) tells of a task run in a way that is not understood; it is kept as an event only: %s",
            event.id,
            event.event,
            error,
        )
        return None
    return ToldState(told, state)


def supersedes(told: ToldState, type: str | None, timestamp: datetime | None, state_id: UUID | None) -> bool:
    """Whether a state that is told is to be the run's state, in the place of the one it has."""
    if type is None or timestamp is None or state_id is None:
        return True
    if StateType(type) in TERMINAL_STATES and told.state.type not in TERMINAL_STATES:
        return False
    return told.place > (timestamp, state_id.int)


def record_task_runs(connection: sa.Connection, events: Iterable[Event]) -> None:
    """Record the states that events tell of, and the runs."""
    told = [found for found in map(told_state, events) if found is not None]
    histories: dict[UUID, list[ToldState]] = {}
    for one in sorted(told, key=lambda one: one.place):
        histories.setdefault(one.run.id, []).append(one)
    # in one order, so that two servers never wait for each other
    ids = sorted(histories)
    for start in range(0, len(ids), _MOST_RUNS):
        _record(connection, {id: histories[id] for id in ids[start : start + _MOST_RUNS]})


def _record(connection: sa.Connection, histories: dict[UUID, list[ToldState]]) -> None:
    columns = (task_run.c.id, task_run.c.state_type, task_run.c.state_timestamp, task_run.c.state_id)
    # locked, where another server may be told of the same runs at the same time
    query = sa.select(*columns).where(task_run.c.id.in_(histories)).order_by(task_run.c.id).with_for_update()
    there = {row.id: row for row in connection.execute(query)}
    new = [_new_run(history) for id, history in histories.items() if id not in there]
    if new:
        connection.execute(insert_ignoring(connection, task_run), new)
        there |= {row.id: row for row in connection.execute(query)}
    for id, history in histories.items():
        newest = _newest(history)
        row = there[id]
        if supersedes(newest, row.state_type, row.state_timestamp, row.state_id):
            connection.execute(sa.update(task_run).where(task_run.c.id == id).values(_current(newest)))
    states = [
        state_row(task_run_state, id, one.state) for id, history in histories.items() for one in history
    ]
    connection.execute(insert_ignoring(connection, task_run_state), states)


def _newest(history: Sequence[ToldState]) -> ToldState:
    """The state that a run is in after a history, in its order."""
    newest = history[0]
    for one in history[1:]:
        state = newest.state
        if supersedes(one, state.type.value, state.timestamp, state.id):
            newest = one
    return newest


def _new_run(history: Sequence[ToldState]) -> dict[str, Any]:
    newest, run = _newest(history), history[0].run
    moment = now()
    return {
        "id": run.id,
        "created": history[0].state.timestamp,
        "flow_run_id": run.flow_run_id,
        "task_key": run.task_key,
        "dynamic_key": run.dynamic_key,
        "expected_start_time": run.expected_start_time or history[0].state.timestamp,
        **_current(newest),
        "updated": moment,
    }


def _current(told: ToldState) -> dict[str, Any]:
    """What a run is, in the state that is told."""
    run, state = told
    details = state.state_details
    due = details.scheduled_time if state.is_scheduled() else None
    return {
        "updated": now(),
        "name": run.name,
        "cache_key": details.cache_key or run.cache_key,
        "cache_expiration": details.cache_expiration or run.cache_expiration,
        "task_version": run.task_version,
        "flow_run_run_count": run.flow_run_run_count,
        "empirical_policy": run.empirical_policy.model_dump(mode="json", exclude_defaults=True),
        "tags": run.tags,
        "labels": run.labels or None,
        "task_inputs": {
            name: [one.model_dump(mode="json") for one in inputs] for name, inputs in run.task_inputs.items()
        },
        "state_id": state.id,
        "state_type": state.type.value,
        "state_name": state.name,
        "state_timestamp": state.timestamp,
        "run_count": run.run_count,
        "next_scheduled_start_time": due,
        "start_time": run.start_time,
        "end_time": run.end_time,
        "total_run_time": run.total_run_time,
    }

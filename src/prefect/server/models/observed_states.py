"""Which states runs have been in lately: looked up in the journals of the latest runs.

Nothing is noted down for it while runs go on, and the look is as quick in a large store as in a small one: of
each kind of run only the latest are looked at.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from prefect.schemas.responses import ObservedState
from prefect.schemas.sorting import ObservedStateSort
from prefect.server.database.tables import flow_run, flow_run_state, task_run, task_run_state

RUNS_LOOKED_AT = 5_000
"""Of each kind."""

_KINDS = (
    (flow_run.c.id, flow_run_state, flow_run_state.c.flow_run_id),
    (task_run.c.id, task_run_state, task_run_state.c.task_run_id),
)


def read_observed_states(
    connection: sa.Connection, query: str | None, order_by: ObservedStateSort, limit: int
) -> list[ObservedState]:
    """The states that the latest runs have been in, each with when it was first and last entered among them."""
    seen: dict[tuple[str, str], ObservedState] = {}
    for run_id, states, run_of_state in _KINDS:
        for row in connection.execute(_seen(connection, run_id, states, run_of_state)):
            _add(seen, ObservedState.model_validate(row._mapping))
    wanted = (query or "").lower()
    found = [one for one in seen.values() if wanted in one.state_name.lower()]
    if order_by is ObservedStateSort.NAME_ASC:
        found.sort(key=lambda one: (one.state_name, one.state_type))
    else:
        found.sort(key=lambda one: one.last_seen, reverse=True)
    return found[:limit]


def _seen(
    connection: sa.Connection, run_id: sa.Column[Any], states: sa.Table, run_of_state: sa.Column[Any]
) -> sa.Select[Any]:
    """States are kept by the ids of their runs: the latest runs have them side by side."""
    earliest = sa.select(run_id).order_by(run_id.desc()).limit(1).offset(RUNS_LOOKED_AT - 1)
    first = connection.execute(earliest).scalar()
    moments = (sa.func.min(states.c.timestamp), sa.func.max(states.c.timestamp))
    query = sa.select(
        states.c.type.label("state_type"),
        states.c.name.label("state_name"),
        moments[0].label("first_seen"),
        moments[1].label("last_seen"),
    ).group_by(states.c.type, states.c.name)
    return query if first is None else query.where(run_of_state >= first)


def _add(seen: dict[tuple[str, str], ObservedState], one: ObservedState) -> None:
    key = one.state_type, one.state_name
    known = seen.setdefault(key, one)
    known.first_seen = min(known.first_seen, one.first_seen)
    known.last_seen = max(known.last_seen, one.last_seen)

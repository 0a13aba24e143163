"""Where flow runs stand now, asked again and again by the processes that run them.

Plain SQL through the journal: a watch over runs must not load SQLAlchemy, nor cost anything. Not here: what the
engine makes of it (`prefect.engine.watching`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from prefect.schemas.states import State, StateDetails, StateType

if TYPE_CHECKING:
    from prefect.server.database.journal import Journal

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AT_ONCE = 500

_STATE = """
    SELECT s.id, s.type, s.name, s.timestamp, s.message, s.state_details, s.data
    FROM flow_run AS r JOIN flow_run_state AS s ON s.flow_run_id = r.id AND s.id = r.state_id
    WHERE r.id = ?
"""
_HISTORY = """
    SELECT id, type, name, timestamp, message, state_details, data
    FROM flow_run_state WHERE flow_run_id = ? ORDER BY timestamp
"""


def read_standings(journal: Journal, run_ids: Sequence[UUID]) -> dict[UUID, tuple[UUID, StateType]]:
    """The id and the type of the state that each of these flow runs is in; runs without any are left out."""
    found: dict[UUID, tuple[UUID, StateType]] = {}
    for start in range(0, len(run_ids), _AT_ONCE):
        keys = [run_id.bytes for run_id in run_ids[start : start + _AT_ONCE]]
        query = f"SELECT id, state_id, state_type FROM flow_run WHERE id IN ({', '.join('?' * len(keys))})"
        with journal.reading() as connection:
            rows = connection.execute(query, keys).fetchall()
        found.update(
            (UUID(bytes=key), (UUID(bytes=state), StateType(type)))
            for key, state, type in rows
            if state is not None
        )
    return found


def read_current_state(journal: Journal, run_id: UUID) -> State[Any] | None:
    """The state a flow run is in; None when there is no such run, or it has none."""
    with journal.reading() as connection:
        row = connection.execute(_STATE, (run_id.bytes,)).fetchone()
    return None if row is None else _state(run_id, row)


def read_state_history(journal: Journal, run_id: UUID) -> list[State[Any]]:
    """The states a flow run has been in, oldest first."""
    with journal.reading() as connection:
        rows = connection.execute(_HISTORY, (run_id.bytes,)).fetchall()
    return [_state(run_id, row) for row in rows]


def _state(run_id: UUID, row: Sequence[Any]) -> State[Any]:
    id, type, name, timestamp, message, details, data = row
    return State(
        id=UUID(bytes=id),
        type=StateType(type),
        name=name,
        timestamp=_EPOCH + timedelta(microseconds=timestamp),
        message=message,
        state_details=StateDetails.model_validate({**json.loads(details or "{}"), "flow_run_id": run_id}),
        data=None if data is None else json.loads(data),
    )

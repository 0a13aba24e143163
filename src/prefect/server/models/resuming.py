"""Letting a paused flow run go on: whether it may, into which state, and what it is given.

What a pause asks for is kept among the run's inputs, under the keys that its state names: a JSON schema of
the answer, and where to put the answer. Not here: pausing (the engine), the rules of leaving a pause.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prefect.exceptions import ObjectNotFound
from prefect.schemas.bases import now
from prefect.schemas.flow_run_inputs import FlowRunInput
from prefect.schemas.outcomes import Outcome
from prefect.schemas.states import State, StateDetails, StateType
from prefect.server.database import rows
from prefect.server.database.delegation import Writer
from prefect.server.models import transitions
from prefect.server.models.flow_run_inputs import read_flow_run_input
from prefect.server.models.parameters import made_values
from prefect.utilities.schema_tools.validation import CircularSchemaRefError, ValidationError, validate

_STANDING = "SELECT state_id FROM flow_run WHERE id = ?"
_GIVE = (
    "INSERT INTO flow_run_input (id, flow_run_id, created, updated, key, value) VALUES (?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (flow_run_id, key) DO UPDATE SET value = excluded.value, updated = excluded.updated"
)


class UnfitInput(Exception):
    """The run waits for input, and what it is given does not do; the message says why."""


def input_of(
    connection: sa.Connection,
    flow_run_id: UUID,
    paused: State[Any] | None,
    given: Mapping[str, Any] | None,
) -> dict[str, Any] | None:
    """What the run gets, with values in the place of what stands for them; None when it waits for nothing.

    Raises:
        UnfitInput: it does not fit the schema that the pause has left.
    """
    key = _keys(paused).get("schema")
    if key is None:
        return None if given is None else dict(given)
    try:
        values = made_values(connection, dict(given or {}))
    except ValueError as error:
        raise UnfitInput(f"Error hydrating run input: {error}") from None
    try:
        schema = json.loads(read_flow_run_input(connection, flow_run_id, key).value)
    except ObjectNotFound:
        raise UnfitInput("Run input schema not found.") from None
    try:
        validate(values, schema, raise_on_error=True)
    except (ValidationError, CircularSchemaRefError) as error:
        raise UnfitInput(f"Reason: {error}") from None
    return values


def resume(
    journal: Writer, flow_run_id: UUID, paused: State[Any], given: Mapping[str, Any] | None
) -> Outcome:
    """Let a run go on from that pause with what it is given: both, or neither.

    A run that has left the pause meanwhile is left alone.

    Raises:
        ObjectNotFound: there is no such run.
        ValueError: the pause names a key that no input can have.
    """
    with journal.transaction() as connection:
        transitions.lock_flow_run(connection, flow_run_id)
        standing = connection.execute(_STANDING, (flow_run_id.bytes,)).fetchone()
        if standing is not None and standing[0] != paused.id.bytes:
            return not_paused()
        outcome = transitions.propose_within(journal, connection, flow_run_id, _state_after(paused))
        key = _keys(paused).get("response")
        if outcome.status == "ACCEPT" and key is not None and given is not None:
            answer = FlowRunInput(flow_run_id=flow_run_id, key=key, value=json.dumps(given))
            moment = rows.moment(now())
            ids = answer.id.bytes, flow_run_id.bytes
            connection.execute(_GIVE, (*ids, moment, moment, answer.key, answer.value))
    return outcome


def is_paused(state: State[Any] | None) -> bool:
    """Whether a run in that state can be resumed."""
    return state is not None and state.type is StateType.PAUSED


def not_paused() -> Outcome:
    """The answer where there is nothing to resume."""
    return Outcome("ABORT", None, reason="Cannot resume a flow run that is not paused.")


def _state_after(paused: State[Any]) -> State[Any]:
    """The state to propose: Running where a process waits, scheduled where the run was put away."""
    if paused.state_details.pause_reschedule:
        return State(type=StateType.SCHEDULED, name="Resuming")
    return State(type=StateType.RUNNING, name="Running", state_details=StateDetails())


def _keys(paused: State[Any] | None) -> Mapping[str, str]:
    return (paused.state_details.run_input_keyset if paused is not None else None) or {}

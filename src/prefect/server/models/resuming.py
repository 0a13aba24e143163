"""Letting a paused flow run go on: whether it may, into which state, and what it is given.

What a pause asks for is kept among the run's inputs, under the keys that its state names: a JSON schema of
the answer, and where to put the answer. Not here: pausing (the engine), writing the state (`transitions`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prefect.exceptions import ObjectNotFound
from prefect.schemas.states import State, StateDetails, StateType
from prefect.server.models.flow_run_inputs import read_flow_run_input
from prefect.server.models.parameters import made_values
from prefect.utilities.schema_tools.validation import CircularSchemaRefError, ValidationError, validate


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


def is_paused(state: State[Any] | None) -> bool:
    """Whether a run in that state can be resumed."""
    return state is not None and state.type is StateType.PAUSED


def state_after_pause(paused: State[Any] | None) -> State[Any]:
    """The state to propose: Running where a process waits, scheduled where the run was put away."""
    if paused is not None and paused.state_details.pause_reschedule:
        return State(type=StateType.SCHEDULED, name="Resuming")
    return State(type=StateType.RUNNING, name="Running", state_details=StateDetails())


def response_key(paused: State[Any] | None) -> str | None:
    """Under which key the paused run looks for its answer."""
    return _keys(paused).get("response")


def as_text(run_input: Mapping[str, Any]) -> str:
    """An answer as it is kept."""
    return json.dumps(run_input)


def _keys(paused: State[Any] | None) -> Mapping[str, str]:
    return (paused.state_details.run_input_keyset if paused is not None else None) or {}

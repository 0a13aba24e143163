"""What is told to a server of ours, as letters: the engine's operations as messages with their JSON.

Pure. Not here: sending (`dispatch`), what another make of server understands (`foreign`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

import orjson

from prefect.client.engine.spool import Letter
from prefect.client.orchestration._messages import message_of
from prefect.schemas.operations import Request
from prefect.schemas.recording import batch_of
from prefect.schemas.states import State

LARGEST_BATCH_BYTES = 4_000_000
"""A batch that is larger is sent as two, if it can be cut."""

LONGEST_MESSAGE = 1_000_000
"""What a state says of itself is cut behind so many characters: servers bound what they take in."""

TRANSITION, LOG = 0, 1
"""The kinds of entries: (TRANSITION, *of a `Transition`) and (LOG, *of a log line)."""

Entry = tuple[Any, ...]


def letter_of(request: Request[Any]) -> Letter:
    """An operation as a letter."""
    message = message_of(request)
    assert not message.query, "a letter has nothing but a body"
    body = b"" if message.body is None else as_json(message.body)
    return Letter(message.method, message.path, body)


def batch_letters(
    entries: list[Entry], heading: Mapping[str, Any], attempt_of: Callable[[UUID], int | None]
) -> Iterable[Letter]:
    """Entries as letters, in order.

    Args:
        heading: who speaks, as `schemas.recording.Batch` has it.
        attempt_of: the attempt of a flow run that speaks, where it is known.
    """
    transitions = [
        (run, bearable(state), *counters) for kind, run, state, *counters in entries if kind == TRANSITION
    ]
    content = batch_of(transitions, [entry[1:] for entry in entries if entry[0] == LOG])
    flow_runs = {transition[0].flow_run_id for transition in transitions} - {None}
    attempts = {str(id): attempt for id in flow_runs if (attempt := attempt_of(id)) is not None}
    body = {**heading, "attempts": attempts, **content}
    text = as_json(body)
    if len(text) > LARGEST_BATCH_BYTES and len(entries) > 1:
        middle = len(entries) // 2
        yield from batch_letters(entries[:middle], heading, attempt_of)
        yield from batch_letters(entries[middle:], heading, attempt_of)
        return
    yield Letter("POST", "/engine/record", text)


def bearable(state: State[Any]) -> State[Any]:
    """The state with a message that is not longer than a server can be expected to take."""
    message = state.message
    if message is None or len(message) <= LONGEST_MESSAGE:
        return state
    left = len(message) - LONGEST_MESSAGE
    return state.model_copy(update={"message": f"{message[:LONGEST_MESSAGE]}... ({left} more characters)"})


def late(batch: Letter) -> Letter:
    """The letter of a batch as it is kept for later."""
    return batch._replace(body=b'{"late":true,' + batch.body[1:])


def as_json(value: Any) -> bytes:
    """A value as JSON. What JSON cannot say (half a character, a number without end) is said as Python shows it."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return orjson.dumps(_sayable(value), default=str)


def _sayable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {_sayable(str(name)): _sayable(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_sayable(item) for item in value]
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return str(value)
    return value

"""What of a state leaves the process it was made in: told to the store, or to a server.

Light, because every program that runs a flow loads it. Not here: the form it takes as a row (`server/database/rows`)
or in a batch (`recording`).
"""

from __future__ import annotations

from typing import Any

from prefect.schemas.states import State, StateDetails, trusted_details

_UNSAID = trusted_details().__dict__
_OWN_IDS = frozenset({"flow_run_id", "task_run_id"})


def described_details(details: StateDetails) -> dict[str, Any]:
    """The details that say something, but for the ids of the run itself: whoever is told knows whose state it is."""
    return {
        name: value
        for name, value in details.__dict__.items()
        if name not in _OWN_IDS and value != _UNSAID.get(name)
    }


def described_data(data: Any) -> Any:
    """What is told of a state's data: the description of a stored result; never a value itself."""
    metadata = getattr(data, "metadata", data)
    if hasattr(metadata, "storage_key"):
        return metadata.as_json()
    if isinstance(data, dict) and ("storage_key" in data or data.get("type") == "reference"):
        return data
    return None


def wire_state(state: State[Any]) -> State[Any]:
    """A state as it may leave the process: without the value, with where it is stored."""
    return state if state.data is None else state.model_copy(update={"data": described_data(state.data)})

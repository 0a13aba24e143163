"""A state as a client proposes it."""

from typing import Any

from pydantic import Field

from prefect.schemas.bases import ActionBaseModel
from prefect.schemas.states import StateDetails, StateType


class StateCreate(ActionBaseModel):
    """A proposed state: the server gives it its id and time."""

    type: StateType
    name: str | None = None
    message: str | None = None
    state_details: StateDetails = Field(default_factory=StateDetails)
    data: Any = None

"""Making and changing flows."""

from pydantic import Field

from prefect.schemas.bases import ActionBaseModel
from prefect.types import KeyValueLabels
from prefect.types.names import Name


class FlowCreate(ActionBaseModel):
    """A flow to register; an existing one of that name stays as it is."""

    name: Name
    tags: list[str] = Field(default_factory=list)
    labels: KeyValueLabels = Field(default_factory=dict)


class FlowUpdate(ActionBaseModel):
    """What can be changed of a flow."""

    tags: list[str] = Field(default_factory=list)

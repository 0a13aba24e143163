"""A flow as it is registered: a name that runs and deployments refer to. Not here: `prefect.flows.Flow`."""

from pydantic import Field

from prefect.schemas.bases import ObjectBaseModel
from prefect.types import KeyValueLabels
from prefect.types.names import Name


class Flow(ObjectBaseModel):
    """A registered flow, known by its unique name."""

    name: Name
    tags: list[str] = Field(default_factory=list)
    labels: KeyValueLabels = Field(default_factory=dict)

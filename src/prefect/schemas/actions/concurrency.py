"""Making and changing concurrency limits. One class serves both names a global limit goes by."""

from prefect.schemas.bases import ActionBaseModel
from prefect.types import NonNegativeFloat, NonNegativeInteger
from prefect.types.names import Name


class ConcurrencyLimitCreate(ActionBaseModel):
    """A limit of task runs with a tag."""

    tag: str
    concurrency_limit: int


class GlobalConcurrencyLimitCreate(ActionBaseModel):
    """A global limit to make."""

    name: Name
    limit: NonNegativeInteger
    active: bool | None = True
    active_slots: NonNegativeInteger | None = 0
    denied_slots: NonNegativeInteger = 0
    slot_decay_per_second: NonNegativeFloat | None = 0.0


class GlobalConcurrencyLimitUpdate(ActionBaseModel):
    """What can be changed of a global limit."""

    name: Name | None = None
    limit: NonNegativeInteger | None = None
    active: bool | None = None
    active_slots: NonNegativeInteger | None = None
    denied_slots: NonNegativeInteger | None = None
    slot_decay_per_second: NonNegativeFloat | None = None


ConcurrencyLimitV2Create = GlobalConcurrencyLimitCreate
ConcurrencyLimitV2Update = GlobalConcurrencyLimitUpdate

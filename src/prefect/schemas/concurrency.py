"""Concurrency limits: by tag, global (by name), and of a deployment.

The global limit serves as the server's `ConcurrencyLimitV2` too; the fields only the server knows (slots
denied so far, average occupancy) have defaults. Not here: who holds a slot (`server/database` leases).
"""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from prefect.schemas.bases import ObjectBaseModel, PrefectBaseModel
from prefect.types.names import Name
from prefect.utilities.collections import AutoEnum

GracePeriodSeconds = Annotated[int, Field(ge=60, le=86_400)]


class ConcurrencyLimitStrategy(AutoEnum):
    """What happens to a run of a deployment whose limit is reached: wait for a slot, or be cancelled."""

    ENQUEUE = "ENQUEUE"
    CANCEL_NEW = "CANCEL_NEW"


class ConcurrencyOptions(PrefectBaseModel):
    """How a deployment's limit is applied."""

    collision_strategy: ConcurrencyLimitStrategy
    grace_period_seconds: GracePeriodSeconds | None = None


class ConcurrencyLimitConfig(PrefectBaseModel):
    """A deployment's limit together with how it is applied, as users write it."""

    limit: int
    collision_strategy: ConcurrencyLimitStrategy = ConcurrencyLimitStrategy.ENQUEUE
    grace_period_seconds: GracePeriodSeconds | None = None


class ConcurrencyLimit(ObjectBaseModel):
    """How many task runs with a tag may run at once, and which do."""

    tag: str
    concurrency_limit: int
    active_slots: list[UUID] = Field(default_factory=list)


class GlobalConcurrencyLimit(ObjectBaseModel):
    """How many slots of a name may be taken at once; with decay they come back by themselves (rate limit)."""

    name: Name
    limit: int
    active: bool | None = True
    active_slots: int | None = 0
    denied_slots: int = 0
    slot_decay_per_second: float | None = 0.0
    avg_slot_occupancy_seconds: float = 2.0


class ConcurrencyLeaseHolder(PrefectBaseModel):
    """Who holds leased slots."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["flow_run", "task_run", "deployment"]
    id: UUID

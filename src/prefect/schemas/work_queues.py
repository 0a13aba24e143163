"""Work queues: the lines in which runs wait in a work pool, and how healthy a queue is."""

import datetime
from uuid import UUID

from pydantic import Field

from prefect.schemas.bases import ObjectBaseModel, PrefectBaseModel, now
from prefect.types import DateTime, NonNegativeInteger, PositiveInteger
from prefect.types.names import Name
from prefect.utilities.collections import AutoEnum


class WorkQueueStatus(AutoEnum):
    """Whether somebody takes runs from the queue."""

    READY = "READY"
    NOT_READY = "NOT_READY"
    PAUSED = "PAUSED"


class QueueFilter(PrefectBaseModel):
    """Which runs a queue takes (tags, deployments): the way of agents, kept for older stores."""

    tags: list[str] | None = None
    deployment_ids: list[UUID] | None = None


class WorkQueue(ObjectBaseModel):
    """A queue of a work pool; priority 1 is served first."""

    name: Name
    description: str | None = ""
    is_paused: bool = False
    concurrency_limit: NonNegativeInteger | None = None
    priority: PositiveInteger = 1
    work_pool_name: str | None = None
    work_pool_id: UUID | None
    filter: QueueFilter | None = Field(default=None, json_schema_extra={"deprecated": True})
    last_polled: DateTime | None = None
    status: WorkQueueStatus | None = None
    active_slots: int | None = None


class WorkQueueHealthPolicy(PrefectBaseModel):
    """When a queue counts as healthy; None switches a criterion off."""

    maximum_late_runs: int | None = 0
    maximum_seconds_since_last_polled: int | None = 60

    def evaluate_health_status(
        self, late_runs_count: int, last_polled: datetime.datetime | None = None
    ) -> bool:
        """Whether a queue with so many late runs, polled last at that moment (None: never), is healthy."""
        if self.maximum_late_runs is not None and late_runs_count > self.maximum_late_runs:
            return False
        if self.maximum_seconds_since_last_polled is None:
            return True
        if last_polled is None:
            return False
        return (now() - last_polled).total_seconds() <= self.maximum_seconds_since_last_polled


class WorkQueueStatusDetail(PrefectBaseModel):
    """The health of a queue and what it was judged by."""

    healthy: bool
    late_runs_count: int = 0
    last_polled: DateTime | None = None
    health_check_policy: WorkQueueHealthPolicy

"""Filters of work pools, their queues and their workers."""

from prefect.schemas.bases import PrefectBaseModel
from prefect.schemas.filters.bases import AnyId, AnyText, Between, OperatorMixin
from prefect.schemas.workers import WorkerStatus


class WorkPoolFilterId(AnyId):
    """By work pool."""


class WorkPoolFilterName(AnyText):
    """By name."""


class WorkPoolFilterType(AnyText):
    """By type."""


class WorkPoolFilter(PrefectBaseModel, OperatorMixin):
    """Which work pools."""

    id: WorkPoolFilterId | None = None
    name: WorkPoolFilterName | None = None
    type: WorkPoolFilterType | None = None


class WorkQueueFilterId(AnyId):
    """By work queue."""


class WorkQueueFilterName(AnyText):
    """By name; `startswith_`: the name begins with one of these."""

    startswith_: list[str] | None = None


class WorkQueueFilter(PrefectBaseModel, OperatorMixin):
    """Which work queues."""

    id: WorkQueueFilterId | None = None
    name: WorkQueueFilterName | None = None


class WorkerFilterWorkPoolId(AnyId):
    """By work pool."""


class WorkerFilterStatus(PrefectBaseModel):
    """By whether the worker was heard of lately: a status that is one of these, and none of those."""

    any_: list[WorkerStatus] | None = None
    not_any_: list[WorkerStatus] | None = None


class WorkerFilterLastHeartbeatTime(Between):
    """By the last sign of life."""


class WorkerFilter(PrefectBaseModel, OperatorMixin):
    """Which workers."""

    last_heartbeat_time: WorkerFilterLastHeartbeatTime | None = None
    status: WorkerFilterStatus | None = None

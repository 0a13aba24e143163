"""Statuses as the server names them. Homes: `prefect.schemas`."""

from prefect.schemas.deployments import DeploymentStatus
from prefect.schemas.work_pools import WorkPoolStatus
from prefect.schemas.work_queues import WorkQueueStatus
from prefect.schemas.workers import WorkerStatus

__all__ = [
    "DeploymentStatus",
    "WorkPoolStatus",
    "WorkQueueStatus",
    "WorkerStatus",
]

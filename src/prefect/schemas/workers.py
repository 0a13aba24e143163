"""Workers, task workers and (of older stores) agents, as the server knows them."""

from uuid import UUID

from pydantic import ConfigDict, Field

from prefect.schemas.bases import ObjectBaseModel, PrefectBaseModel
from prefect.schemas.runs import new_run_name
from prefect.types import DateTime
from prefect.utilities.collections import AutoEnum


class WorkerStatus(AutoEnum):
    """Whether a worker gave a sign of life lately."""

    ONLINE = "ONLINE"
    OFFLINE = "OFFLINE"


class Worker(ObjectBaseModel):
    """A process that takes runs from a work pool."""

    name: str
    work_pool_id: UUID
    last_heartbeat_time: DateTime | None = None
    heartbeat_interval_seconds: int | None = None
    status: WorkerStatus = WorkerStatus.OFFLINE


class Integration(PrefectBaseModel):
    """An integration package a worker has installed."""

    name: str
    version: str


class WorkerMetadata(PrefectBaseModel):
    """What a worker tells about itself; further fields are kept."""

    model_config = ConfigDict(extra="allow")

    integrations: list[Integration]


class TaskWorker(PrefectBaseModel):
    """A process that waits for background runs of some tasks."""

    identifier: str
    task_keys: list[str]
    timestamp: DateTime


class Agent(ObjectBaseModel):
    """What took runs from a queue before there were workers."""

    name: str = Field(default_factory=new_run_name)
    work_queue_id: UUID
    last_activity_time: DateTime | None = None

# mypy: disable-error-code="empty-body"
"""Operations on work queues: by the name of their pool and theirs, or by id.

A queue that is made or looked for without a pool is one of the pool that agents used.
"""

import datetime
from typing import Annotated
from uuid import UUID

from prefect.schemas.actions.work_pools import WorkQueueCreate, WorkQueueUpdate
from prefect.schemas.filters.work_pools import WorkQueueFilter
from prefect.schemas.operations.arguments import Limit, Offset, Page
from prefect.schemas.operations.declaring import operation, wire
from prefect.schemas.responses import WorkQueueConcurrencyStatus
from prefect.schemas.runs import FlowRun
from prefect.schemas.work_queues import WorkQueue, WorkQueueStatusDetail

QueueId = Annotated[UUID, wire("id")]
Wanted = Annotated[WorkQueueFilter | None, wire("work_queues")]
New = Annotated[WorkQueueCreate, wire(whole=True)]
Changes = Annotated[WorkQueueUpdate, wire(whole=True)]
_POOLS = "Work Pools"


# --- of a pool ------------------------------------------------------------------------------------------


@operation("POST", "/work_pools/{work_pool_name}/queues", status=201, tag=_POOLS)
def create_work_queue_of_pool(work_pool_name: str, work_queue: New) -> WorkQueue:
    """Make a queue of a pool. It takes the priority it asks for, others make room; without one it comes last.

    Raises:
        ObjectNotFound: there is no such pool.
        ObjectAlreadyExists: the pool has a queue of that name.
    """


@operation("GET", "/work_pools/{work_pool_name}/queues/{name}", tag=_POOLS)
def read_work_queue_of_pool(work_pool_name: str, name: str) -> WorkQueue:
    """The queue of that name of the pool of that name.

    Raises:
        ObjectNotFound: there is none.
    """


@operation("POST", "/work_pools/{work_pool_name}/queues/filter", tag=_POOLS)
def read_work_queues_of_pool(
    work_pool_name: str, work_queue_filter: Wanted = None, limit: Limit = None, offset: Offset = 0
) -> list[WorkQueue]:
    """The queues of a pool that meet the filter, by priority.

    Raises:
        ObjectNotFound: there is no such pool.
    """


@operation("PATCH", "/work_pools/{work_pool_name}/queues/{name}", status=204, tag=_POOLS)
def update_work_queue_of_pool(work_pool_name: str, name: str, work_queue: Changes) -> None:
    """Change a queue of a pool; what is not set stays as it is.

    Raises:
        ObjectNotFound: there is no such queue.
        ObjectAlreadyExists: another queue of the pool has the new name.
    """


@operation("DELETE", "/work_pools/{work_pool_name}/queues/{name}", status=204, tag=_POOLS)
def delete_work_queue_of_pool(work_pool_name: str, name: str) -> None:
    """Delete a queue of a pool; its deployments and runs lose it.

    Raises:
        ObjectNotFound: there is no such queue.
        ObjectAlreadyExists: it is the pool's default queue.
    """


# --- by id ----------------------------------------------------------------------------------------------


@operation("POST", "/work_queues/", status=201)
def create_work_queue_of_agents(work_queue: New) -> WorkQueue:
    """Make a queue of the agents' pool, which is made when it is not there.

    Raises:
        ObjectAlreadyExists: the pool has a queue of that name.
    """


@operation("GET", "/work_queues/{id}")
def read_work_queue(id: QueueId) -> WorkQueue:
    """The queue with that id.

    Raises:
        ObjectNotFound: there is none.
    """


@operation("GET", "/work_queues/name/{name}")
def read_work_queue_of_agents(name: str) -> WorkQueue:
    """The queue of that name of the agents' pool.

    Raises:
        ObjectNotFound: there is none.
    """


@operation("POST", "/work_queues/filter")
def read_all_work_queues(
    work_queue_filter: Wanted = None, limit: Limit = None, offset: Offset = 0
) -> list[WorkQueue]:
    """The queues of all pools that meet the filter, by name."""


@operation("PATCH", "/work_queues/{id}", status=204)
def change_work_queue(id: QueueId, work_queue: Changes) -> None:
    """Change a queue; what is not set stays as it is.

    Raises:
        ObjectNotFound: there is no such queue.
        ObjectAlreadyExists: another queue of its pool has the new name.
    """


@operation("DELETE", "/work_queues/{id}", status=204)
def delete_work_queue_by_id(id: QueueId) -> None:
    """Delete a queue; its deployments and runs lose it.

    Raises:
        ObjectNotFound: there is no such queue.
        ObjectAlreadyExists: it is its pool's default queue.
    """


@operation("POST", "/work_queues/{id}/get_runs")
def get_runs_in_work_queue(
    id: QueueId,
    limit: Annotated[int, wire(at_least=0)] = 10,
    scheduled_before: datetime.datetime | None = None,
) -> list[FlowRun]:
    """The runs of a queue that are to be taken now, the earliest first; who asks has polled the queue.

    Args:
        scheduled_before: only runs scheduled by then; by default: up to now.

    Raises:
        ObjectNotFound: there is no such queue.
    """


@operation("GET", "/work_queues/{id}/status")
def read_work_queue_status(id: QueueId) -> WorkQueueStatusDetail:
    """Whether a queue is polled and its runs start in time.

    Raises:
        ObjectNotFound: there is no such queue.
    """


@operation("POST", "/work_queues/{id}/concurrency_status")
def read_work_queue_concurrency_status(
    id: QueueId, page: Page = 1, limit: Limit = None
) -> WorkQueueConcurrencyStatus:
    """Who takes the slots of a queue.

    Args:
        page, limit: of the runs.

    Raises:
        ObjectNotFound: there is no such queue.
    """

# mypy: disable-error-code="empty-body"
"""Operations on work pools, their workers and what they are to run. Not here: their queues (`work_queues`)."""

import datetime
from typing import Annotated

from prefect.schemas.actions.work_pools import WorkPoolCreate, WorkPoolUpdate
from prefect.schemas.filters.work_pools import WorkerFilter, WorkPoolFilter
from prefect.schemas.operations.arguments import Limit, Offset, OfWorkPools, Page
from prefect.schemas.operations.declaring import operation, wire
from prefect.schemas.responses import WorkerFlowRunResponse, WorkPoolConcurrencyStatus
from prefect.schemas.work_pools import WorkPool
from prefect.schemas.workers import Worker

PoolName = Annotated[str, wire("name")]
RunsPerQueue = Annotated[int, wire(at_least=0, at_most=200)]


@operation("POST", "/work_pools/", status=201)
def create_work_pool(work_pool: Annotated[WorkPoolCreate, wire(whole=True)]) -> WorkPool:
    """Make a work pool, with a default queue.

    Raises:
        ObjectAlreadyExists: there is one of that name.
        ObjectUnsupported: the name is reserved.
        ValueError: the defaults of its variables do not fit what it says of them.
    """


@operation("GET", "/work_pools/{name}")
def read_work_pool(work_pool_name: PoolName) -> WorkPool:
    """The work pool of that name.

    Raises:
        ObjectNotFound: there is none.
    """


@operation("POST", "/work_pools/filter")
def read_work_pools(
    limit: Limit = None, offset: Offset = 0, work_pool_filter: OfWorkPools = None
) -> list[WorkPool]:
    """The work pools that meet the filter, by name."""


@operation("POST", "/work_pools/count")
def count_work_pools(work_pool_filter: Annotated[WorkPoolFilter | None, wire("work_pools")] = None) -> int:
    """How many work pools meet the filter."""


@operation("PATCH", "/work_pools/{name}", status=204)
def update_work_pool(
    work_pool_name: PoolName, work_pool: Annotated[WorkPoolUpdate, wire(whole=True)]
) -> None:
    """Change a work pool; what is not set stays as it is.

    Raises:
        ObjectNotFound: there is no such pool.
        ValueError: the defaults of its variables do not fit what it says of them.
    """


@operation("DELETE", "/work_pools/{name}", status=204)
def delete_work_pool(work_pool_name: PoolName) -> None:
    """Delete a work pool with its queues and workers; its deployments and runs lose them.

    Raises:
        ObjectNotFound: there is no such pool.
        ObjectUnsupported: the name is reserved.
    """


@operation("POST", "/work_pools/{name}/get_scheduled_flow_runs")
def get_scheduled_flow_runs_for_work_pool(
    work_pool_name: PoolName,
    work_queue_names: list[str] | None = None,
    scheduled_before: datetime.datetime | None = None,
    scheduled_after: datetime.datetime | None = None,
    limit: Limit = None,
) -> list[WorkerFlowRunResponse]:
    """The runs that workers of a pool are to take now: by priority of their queue, then the earliest first.

    Never more than there are free slots in the pool and in each queue. Who asks has polled the queues.

    Args:
        work_queue_names: only from these; None: from all.
        scheduled_before, scheduled_after: only runs scheduled between; by default: up to now.

    Raises:
        ObjectNotFound: there is no such pool or queue.
    """


@operation("POST", "/work_pools/{name}/concurrency_status")
def read_work_pool_concurrency_status(
    work_pool_name: PoolName, page: Page = 1, limit: Limit = None, flow_run_limit: RunsPerQueue = 10
) -> WorkPoolConcurrencyStatus:
    """Who takes the slots of a pool, queue by queue.

    Args:
        page, limit: of the queues.
        flow_run_limit: of each queue so many runs are named.

    Raises:
        ObjectNotFound: there is no such pool.
    """


# --- workers --------------------------------------------------------------------------------------------


@operation("POST", "/work_pools/{work_pool_name}/workers/heartbeat", status=204)
def record_worker_heartbeat(
    work_pool_name: str,
    worker_name: Annotated[str, wire("name")],
    heartbeat_interval_seconds: int | None = None,
) -> None:
    """A worker lives; one that is not known yet is now.

    Raises:
        ObjectNotFound: there is no such pool.
    """


@operation("POST", "/work_pools/{work_pool_name}/workers/filter")
def read_workers_for_work_pool(
    work_pool_name: str,
    worker_filter: Annotated[WorkerFilter | None, wire("workers")] = None,
    offset: Annotated[int | None, wire(at_least=0)] = None,
    limit: Limit = None,
) -> list[Worker]:
    """The workers of a pool, those heard of last first.

    Raises:
        ObjectNotFound: there is no such pool.
    """


@operation("DELETE", "/work_pools/{work_pool_name}/workers/{name}", status=204)
def delete_worker(work_pool_name: str, worker_name: Annotated[str, wire("name")]) -> None:
    """Forget a worker.

    Raises:
        ObjectNotFound: there is no such worker.
    """

"""Documented methods on work pools and queues that are not one operation as it is, as steps.

A queue is one of the pool that is named, else one of the agents' pool. Not here: methods that are an
operation (`prefect.schemas.operations`).
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from prefect._steps import Life
from prefect.client.orchestration.transport import Asking
from prefect.exceptions import ObjectAlreadyExists
from prefect.schemas.actions.work_pools import (
    WorkPoolCreate,
    WorkPoolUpdate,
    WorkQueueCreate,
    WorkQueueUpdate,
)
from prefect.schemas.filters.work_pools import WorkQueueFilter, WorkQueueFilterName
from prefect.schemas.operations import collections, work_pools, work_queues
from prefect.schemas.work_pools import WorkPool
from prefect.schemas.work_queues import WorkQueue
from prefect.schemas.workers import WorkerMetadata


class WorkMethods(Asking):
    """Methods on work pools, their queues and workers."""

    def create_work_pool(self, work_pool: WorkPoolCreate, overwrite: bool = False) -> Life[WorkPool]:
        """Make a work pool, with a default queue.

        Args:
            overwrite: change the one of that name if there is one.

        Raises:
            ObjectAlreadyExists: there is one of that name, and it is not to be changed.
        """
        try:
            return (yield from self._ask(work_pools.create_work_pool(work_pool)))
        except ObjectAlreadyExists:
            if not overwrite:
                raise
        told = work_pool.model_dump(exclude={"name", "type"}, exclude_unset=True)
        changes = WorkPoolUpdate.model_validate(told)
        yield from self._ask(work_pools.update_work_pool(work_pool.name, changes))
        return (yield from self._ask(work_pools.read_work_pool(work_pool.name)))

    def send_worker_heartbeat(
        self,
        work_pool_name: str,
        worker_name: str,
        heartbeat_interval_seconds: float | None = None,
        get_worker_id: bool = False,
        worker_metadata: WorkerMetadata | None = None,
    ) -> Life[UUID | None]:
        """Tell that a worker lives. Returns None: only Prefect Cloud knows ids and metadata of workers.

        Raises:
            ObjectNotFound: there is no such pool.
        """
        interval = None if heartbeat_interval_seconds is None else round(heartbeat_interval_seconds)
        yield from self._ask(work_pools.record_worker_heartbeat(work_pool_name, worker_name, interval))
        return None

    def read_worker_metadata(self) -> Life[dict[str, Any]]:
        """The types of workers there are, with the templates of their pools, by package."""
        return (yield from self._ask(collections.read_collection_view("aggregate-worker-metadata")))

    # --- queues ------------------------------------------------------------------------------------------

    def create_work_queue(
        self,
        name: str,
        description: str | None = None,
        is_paused: bool | None = None,
        concurrency_limit: int | None = None,
        priority: int | None = None,
        work_pool_name: str | None = None,
    ) -> Life[WorkQueue]:
        """Make a queue; without a priority it comes last.

        Raises:
            ObjectAlreadyExists: the pool has a queue of that name.
        """
        given: dict[str, Any] = {
            "description": description,
            "is_paused": is_paused,
            "concurrency_limit": concurrency_limit,
            "priority": priority,
        }
        asked = WorkQueueCreate(
            name=name, **{key: value for key, value in given.items() if value is not None}
        )
        if work_pool_name is None:
            return (yield from self._ask(work_queues.create_work_queue_of_agents(asked)))
        return (yield from self._ask(work_queues.create_work_queue_of_pool(work_pool_name, asked)))

    def read_work_queue_by_name(self, name: str, work_pool_name: str | None = None) -> Life[WorkQueue]:
        """The queue of that name.

        Raises:
            ObjectNotFound: there is none.
        """
        if work_pool_name is None:
            return (yield from self._ask(work_queues.read_work_queue_of_agents(name)))
        return (yield from self._ask(work_queues.read_work_queue_of_pool(work_pool_name, name)))

    def read_work_queues(
        self,
        work_pool_name: str | None = None,
        work_queue_filter: WorkQueueFilter | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> Life[list[WorkQueue]]:
        """The queues that meet the filter; of all pools unless one is named."""
        page = (work_queue_filter, limit, offset or 0)
        if work_pool_name is None:
            return (yield from self._ask(work_queues.read_all_work_queues(*page)))
        return (yield from self._ask(work_queues.read_work_queues_of_pool(work_pool_name, *page)))

    def match_work_queues(
        self, prefixes: list[str], work_pool_name: str | None = None
    ) -> Life[list[WorkQueue]]:
        """All queues whose name begins with one of the prefixes."""
        wanted = WorkQueueFilter(name=WorkQueueFilterName(startswith_=prefixes))
        found: list[WorkQueue] = []
        while True:
            page = yield from WorkMethods.read_work_queues(self, work_pool_name, wanted, offset=len(found))
            if not page:
                return found
            found.extend(page)

    def update_work_queue(self, id: UUID, **kwargs: Any) -> Life[None]:
        """Change fields of a queue.

        Args:
            kwargs: the fields and their new values.

        Raises:
            ObjectNotFound: there is no such queue.
            ValueError: nothing is to be changed.
        """
        if not kwargs:
            raise ValueError("No fields to change were given.")
        yield from self._ask(work_queues.change_work_queue(id, WorkQueueUpdate(**kwargs)))

"""The arguments that many operations share: what lists are narrowed by, and which part of one is wanted."""

from typing import Annotated

from prefect.schemas.filters.deployments import DeploymentFilter
from prefect.schemas.filters.flow_runs import FlowRunFilter
from prefect.schemas.filters.flows import FlowFilter
from prefect.schemas.filters.task_runs import TaskRunFilter
from prefect.schemas.filters.work_pools import WorkPoolFilter, WorkQueueFilter
from prefect.schemas.operations.declaring import wire

OfFlows = Annotated[FlowFilter | None, wire("flows")]
OfFlowRuns = Annotated[FlowRunFilter | None, wire("flow_runs")]
OfTaskRuns = Annotated[TaskRunFilter | None, wire("task_runs")]
OfDeployments = Annotated[DeploymentFilter | None, wire("deployments")]
OfWorkPools = Annotated[WorkPoolFilter | None, wire("work_pools")]
OfWorkQueues = Annotated[WorkQueueFilter | None, wire("work_pool_queues")]

_LARGEST = 2**53 - 1
"""Whole numbers up to here are exact in JSON; databases hold a few more."""

Limit = Annotated[int | None, wire(at_least=0, at_most=_LARGEST)]
"""At most so many; None: as many as the server gives at most (`PREFECT_SERVER_API_DEFAULT_LIMIT`)."""

Offset = Annotated[int, wire(at_least=0, at_most=_LARGEST)]
"""After leaving out so many."""

Page = Annotated[int, wire(at_least=1, at_most=_LARGEST)]
"""The number of a page, from 1."""

BulkLimit = Annotated[int, wire(at_least=1, at_most=50)]
"""At most so many are changed by one request."""

"""Which rows a user's filters select: the criteria of every noun, and how filters of other nouns reach over.

A list of flow runs can be narrowed by flows, task runs, deployments, work pools and queues too (`Filters`). A
filter of another noun asks that there be such another one: an empty deployment filter leaves the flow runs
that have a deployment. Not here: what a part of a criterion means (`criteria`), reading rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from prefect.schemas.filters.deployments import DeploymentFilter
from prefect.schemas.filters.flow_runs import FlowRunFilter, FlowRunFilterCreatedBy
from prefect.schemas.filters.flows import FlowFilter
from prefect.schemas.filters.logs import LogFilter, LogFilterTextSearch
from prefect.schemas.filters.task_runs import TaskRunFilter
from prefect.schemas.filters.work_pools import WorkPoolFilter, WorkQueueFilter
from prefect.server.database.tables import deployment, flow, flow_run, log, task_run, work_pool, work_queue
from prefect.server.models.criteria import Condition, Reader, join, nested, on, on_list
from prefect.server.models.json_columns import object_text
from prefect.server.models.searching import matching, parse


@dataclass(frozen=True)
class Filters:
    """What a list is narrowed by; None asks for nothing."""

    flows: FlowFilter | None = None
    flow_runs: FlowRunFilter | None = None
    task_runs: TaskRunFilter | None = None
    deployments: DeploymentFilter | None = None
    work_pools: WorkPoolFilter | None = None
    work_queues: WorkQueueFilter | None = None


NO_FILTERS = Filters()


# --- the criteria of each noun --------------------------------------------------------------------------


def _has_deployments(criterion: Any) -> list[Condition]:
    if criterion.is_null_ is None:
        return []
    deployed = flow.c.id.in_(sa.select(deployment.c.flow_id))
    return [sa.not_(deployed) if criterion.is_null_ else deployed]


def _called_by_flow_run(criterion: Any) -> list[Condition]:
    if criterion.any_ is None:
        return []
    inside = sa.select(task_run.c.id).where(task_run.c.flow_run_id.in_(criterion.any_))
    return [flow_run.c.parent_task_run_id.in_(inside)]


def _created_by(criterion: FlowRunFilterCreatedBy) -> list[Condition]:
    column = flow_run.c.created_by
    conditions: list[Condition] = []
    if criterion.id_ is not None:
        conditions.append(object_text(column, sa.literal("id")).in_([str(id) for id in criterion.id_]))
    if criterion.type_ is not None:
        conditions.append(object_text(column, sa.literal("type")).in_(criterion.type_))
    if criterion.is_null_ is not None:
        conditions.append(column.is_(None) if criterion.is_null_ else column.is_not(None))
    return conditions


def _stands_for_subflow(criterion: Any) -> list[Condition]:
    if criterion.exists_ is None:
        return []
    children = sa.select(flow_run.c.parent_task_run_id).where(flow_run.c.parent_task_run_id.is_not(None))
    return [task_run.c.id.in_(children) if criterion.exists_ else task_run.c.id.not_in(children)]


def _flow_or_deployment_name(criterion: Any) -> list[Condition]:
    if criterion.like_ is None:
        return []
    pattern = f"%{criterion.like_}%"
    flows = sa.select(flow.c.id).where(flow.c.name.ilike(pattern))
    return [sa.or_(deployment.c.name.ilike(pattern), deployment.c.flow_id.in_(flows))]


def _search(criterion: LogFilterTextSearch) -> list[Condition]:
    return matching(parse(criterion.query), log.c.message, log.c.name)


def _state(table: sa.Table) -> Reader:
    return nested({"type": on(table.c.state_type), "name": on(table.c.state_name)})


# a run that has not started is looked for at the time it is expected to
START_OF_FLOW_RUN = sa.func.coalesce(
    flow_run.c.start_time, flow_run.c.expected_start_time, type_=flow_run.c.start_time.type
)
START_OF_TASK_RUN = sa.func.coalesce(
    task_run.c.start_time, task_run.c.expected_start_time, type_=task_run.c.start_time.type
)

_FLOW: dict[str, Reader] = {
    "id": on(flow.c.id),
    "deployment": _has_deployments,
    "name": on(flow.c.name),
    "tags": on_list(flow.c.tags),
}

_FLOW_RUN: dict[str, Reader] = {
    "id": on(flow_run.c.id),
    "name": on(flow_run.c.name),
    "tags": on_list(flow_run.c.tags),
    "deployment_id": on(flow_run.c.deployment_id),
    "work_queue_name": on(flow_run.c.work_queue_name),
    "state": _state(flow_run),
    "flow_version": on(flow_run.c.flow_version),
    "start_time": on(START_OF_FLOW_RUN, is_null_=flow_run.c.start_time),
    "end_time": on(flow_run.c.end_time),
    "expected_start_time": on(flow_run.c.expected_start_time),
    "next_scheduled_start_time": on(flow_run.c.next_scheduled_start_time),
    "parent_flow_run_id": _called_by_flow_run,
    "parent_task_run_id": on(flow_run.c.parent_task_run_id),
    "idempotency_key": on(flow_run.c.idempotency_key),
    "created_by": _created_by,
}

_TASK_RUN: dict[str, Reader] = {
    "id": on(task_run.c.id),
    "name": on(task_run.c.name),
    "tags": on_list(task_run.c.tags),
    "state": _state(task_run),
    "start_time": on(START_OF_TASK_RUN, is_null_=task_run.c.start_time),
    "end_time": on(task_run.c.end_time),
    "expected_start_time": on(task_run.c.expected_start_time),
    "subflow_runs": _stands_for_subflow,
    "flow_run_id": on(task_run.c.flow_run_id),
}

_LOG: dict[str, Reader] = {
    "level": on(log.c.level),
    "timestamp": on(log.c.timestamp),
    "flow_run_id": on(log.c.flow_run_id),
    "task_run_id": on(log.c.task_run_id),
    "text": _search,
}

_DEPLOYMENT: dict[str, Reader] = {
    "id": on(deployment.c.id),
    "name": on(deployment.c.name),
    "flow_or_deployment_name": _flow_or_deployment_name,
    "paused": on(deployment.c.paused),
    "tags": on_list(deployment.c.tags),
    "work_queue_name": on(deployment.c.work_queue_name),
    "concurrency_limit": on(deployment.c.concurrency_limit),
}

WORK_POOL: dict[str, Reader] = {
    "id": on(work_pool.c.id),
    "name": on(work_pool.c.name),
    "type": on(work_pool.c.type),
}

WORK_QUEUE: dict[str, Reader] = {"id": on(work_queue.c.id), "name": on(work_queue.c.name)}


# --- identifiers of the nouns that a filter selects -----------------------------------------------------


def _flows(filter: FlowFilter) -> Any:
    return sa.select(flow.c.id).where(join(filter, _FLOW))


def _flow_runs(filter: FlowRunFilter, column: Any = flow_run.c.id) -> Any:
    return sa.select(column).where(join(filter, _FLOW_RUN))


def _task_runs(filter: TaskRunFilter) -> Any:
    """The flow runs that have such task runs."""
    return sa.select(task_run.c.flow_run_id).where(join(filter, _TASK_RUN))


def _deployments(filter: DeploymentFilter, column: Any = deployment.c.id) -> Any:
    return sa.select(column).where(join(filter, _DEPLOYMENT))


def _queues(pools: WorkPoolFilter | None, queues: WorkQueueFilter | None) -> Any:
    """The queues that a filter of pools, of queues, or both select."""
    query = sa.select(work_queue.c.id)
    if pools is not None:
        selected = sa.select(work_pool.c.id).where(join(pools, WORK_POOL))
        query = query.where(work_queue.c.work_pool_id.in_(selected))
    if queues is not None:
        query = query.where(join(queues, WORK_QUEUE))
    return query


# --- the conditions of each list ------------------------------------------------------------------------


def flow_conditions(filters: Filters) -> list[Condition]:
    """What a flow must meet to be in the list."""
    conditions: list[Condition] = []
    if filters.flows is not None:
        conditions.append(join(filters.flows, _FLOW))
    if filters.flow_runs is not None:
        conditions.append(flow.c.id.in_(_flow_runs(filters.flow_runs, flow_run.c.flow_id)))
    if filters.task_runs is not None:
        within = flow_run.c.id.in_(_task_runs(filters.task_runs))
        conditions.append(flow.c.id.in_(sa.select(flow_run.c.flow_id).where(within)))
    if filters.deployments is not None:
        conditions.append(flow.c.id.in_(_deployments(filters.deployments, deployment.c.flow_id)))
    if filters.work_pools is not None or filters.work_queues is not None:
        queued = deployment.c.work_queue_id.in_(_queues(filters.work_pools, filters.work_queues))
        conditions.append(flow.c.id.in_(sa.select(deployment.c.flow_id).where(queued)))
    return conditions


def flow_run_conditions(filters: Filters) -> list[Condition]:
    """What a flow run must meet to be in the list."""
    conditions: list[Condition] = []
    if filters.flow_runs is not None:
        conditions.append(join(filters.flow_runs, _FLOW_RUN))
    if filters.flows is not None:
        conditions.append(flow_run.c.flow_id.in_(_flows(filters.flows)))
    if filters.task_runs is not None:
        conditions.append(flow_run.c.id.in_(_task_runs(filters.task_runs)))
    if filters.deployments is not None:
        conditions.append(flow_run.c.deployment_id.in_(_deployments(filters.deployments)))
    if filters.work_pools is not None or filters.work_queues is not None:
        queues = _queues(filters.work_pools, filters.work_queues)
        conditions.append(flow_run.c.work_queue_id.in_(queues))
    return conditions


def task_run_conditions(filters: Filters) -> list[Condition]:
    """What a task run must meet to be in the list."""
    conditions: list[Condition] = []
    if filters.task_runs is not None:
        conditions.append(join(filters.task_runs, _TASK_RUN))
    others = Filters(
        flows=filters.flows,
        flow_runs=filters.flow_runs,
        deployments=filters.deployments,
        work_pools=filters.work_pools,
        work_queues=filters.work_queues,
    )
    of_flow_run = flow_run_conditions(others)
    if of_flow_run:
        conditions.append(task_run.c.flow_run_id.in_(sa.select(flow_run.c.id).where(*of_flow_run)))
    return conditions


def deployment_conditions(filters: Filters) -> list[Condition]:
    """What a deployment must meet to be in the list."""
    conditions: list[Condition] = []
    if filters.deployments is not None:
        conditions.append(join(filters.deployments, _DEPLOYMENT))
    if filters.flows is not None:
        conditions.append(deployment.c.flow_id.in_(_flows(filters.flows)))
    runs = Filters(flow_runs=filters.flow_runs, task_runs=filters.task_runs)
    of_flow_run = flow_run_conditions(runs)
    if of_flow_run:
        made = sa.select(flow_run.c.deployment_id).where(*of_flow_run)
        conditions.append(deployment.c.id.in_(made))
    if filters.work_pools is not None or filters.work_queues is not None:
        conditions.append(deployment.c.work_queue_id.in_(_queues(filters.work_pools, filters.work_queues)))
    return conditions


def log_conditions(filter: LogFilter | None) -> list[Condition]:
    """What a log record must meet to be in the list."""
    return [] if filter is None else [join(filter, _LOG)]

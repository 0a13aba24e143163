"""What an event is related to because of where it is emitted: the run, its flow, deployment, tags.

What is known where the code runs is taken from there; names of other things are asked for, and remembered for a
while. Not here: emitting (`utilities`), when this is asked (`worker`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from prefect._steps import Life, run_awaiting
from prefect.client.orchestration.transport import Asking, Transport
from prefect.context import FlowRunContext, TaskRunContext
from prefect.exceptions import ObjectNotFound
from prefect.schemas.bases import now
from prefect.schemas.events import RelatedResource
from prefect.schemas.operations import Request
from prefect.schemas.runs import FlowRun

if TYPE_CHECKING:
    from prefect.client.orchestration import PrefectClient

ResourceCacheEntry = dict[str, Any]
RelatedResourceCache = dict[str, tuple[ResourceCacheEntry, datetime]]

MAX_CACHE_SIZE = 100
RESOURCE_CACHE: RelatedResourceCache = {}
"""What was answered lately, by what was asked, the oldest first."""

_REMEMBERED = timedelta(minutes=5)


def tags_as_related_resources(tags: Iterable[str]) -> list[RelatedResource]:
    """Tags as resources, in order of the alphabet."""
    return [
        RelatedResource({"prefect.resource.id": f"prefect.tag.{tag}", "prefect.resource.role": "tag"})
        for tag in sorted(set(tags))
    ]


def object_as_related_resource(kind: str, role: str, object: Any) -> RelatedResource:
    """An object with an id and a name as a resource.

    Args:
        kind: what its id begins with after `prefect.`, such as `flow-run`.
        role: its role in the event.
    """
    return _resource(kind, role, object.id, object.name)


def _resource(kind: str, role: str, id: UUID, name: str | None) -> RelatedResource:
    labels = {"prefect.resource.id": f"prefect.{kind}.{id}", "prefect.resource.role": role}
    return RelatedResource({**labels, "prefect.resource.name": name} if name else labels)


async def related_resources_from_run_context(
    client: PrefectClient, exclude: set[str] | None = None
) -> list[RelatedResource]:
    """What an event that is emitted here is related to.

    Args:
        exclude: ids of resources that are left out.
    """
    transport: Transport = client._transport  # type: ignore[attr-defined]  # ours, not the users'
    return await run_awaiting(Surroundings(transport).related(exclude or set()))


class Surroundings(Asking):
    """What surrounds the code that runs here, as steps."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def related(self, exclude: set[str]) -> Life[list[RelatedResource]]:
        """What an event that is emitted here is related to; `exclude` are ids that are left out."""
        flow_context, task_context = FlowRunContext.get(), TaskRunContext.get()
        task_run = None if task_context is None else task_context.task_run
        flow_run = None if flow_context is None else flow_context.flow_run
        if flow_run is None and task_run is not None and task_run.flow_run_id is not None:
            flow_run = yield from self._flow_run(task_run.flow_run_id)
        found: list[RelatedResource] = []
        tags: set[str] = set()
        if flow_run is not None:
            found.append(object_as_related_resource("flow-run", "flow-run", flow_run))
            tags |= set(flow_run.tags)
        if task_run is not None:
            found.append(object_as_related_resource("task-run", "task-run", task_run))
            tags |= set(task_run.tags)
        if flow_run is not None:
            found += yield from self._place(flow_run, flow_context)
        found += tags_as_related_resources(tags)
        return [resource for resource in found if resource.id not in exclude]

    def _flow_run(self, id: UUID) -> Life[FlowRun | None]:
        from prefect.schemas.operations import flow_runs

        found: FlowRun | None = yield from self._remembered(f"flow-run.{id}", flow_runs.read_flow_run(id))
        return found

    def _place(self, flow_run: FlowRun, context: FlowRunContext | None) -> Life[list[RelatedResource]]:
        """The flow, and what it was deployed to."""
        from prefect.schemas.operations import deployments, flows

        name = getattr(None if context is None else context.flow, "name", None)
        if name is None:
            flow = yield from self._remembered(f"flow.{flow_run.flow_id}", flows.read_flow(flow_run.flow_id))
            name = None if flow is None else flow.name
        found = [_resource("flow", "flow", flow_run.flow_id, name)]
        if flow_run.deployment_id is not None:
            asked = deployments.read_deployment(flow_run.deployment_id)
            deployment = yield from self._remembered(f"deployment.{flow_run.deployment_id}", asked)
            if deployment is not None:
                found.append(object_as_related_resource("deployment", "deployment", deployment))
        if flow_run.work_queue_id is not None:
            queue = (flow_run.work_queue_id, flow_run.work_queue_name)
            found.append(_resource("work-queue", "work-queue", *queue))
        if flow_run.work_pool_id is not None:
            found.append(_resource("work-pool", "work-pool", flow_run.work_pool_id, flow_run.work_pool_name))
        return found

    def _remembered(self, key: str, asked: Request[Any]) -> Life[Any]:
        """What a request answers, or has answered lately; None when there is no such thing."""
        key = f"{self._transport.url}.{key}"
        known = RESOURCE_CACHE.get(key)
        if known is not None and now() - known[1] < _REMEMBERED:
            return known[0]["object"]
        try:
            found = yield from self._ask(asked)
        except ObjectNotFound:
            # it may be there the next time: what a run has recorded can still be on its way to the server
            return None
        _remember(key, found)
        return found


def _remember(key: str, found: Any) -> None:
    """Remember an answer, in the place of the oldest ones. Other threads do so, too: it is iterated over a copy."""
    RESOURCE_CACHE.pop(key, None)
    oldest_first = list(RESOURCE_CACHE)
    for oldest in oldest_first[: max(0, len(oldest_first) + 1 - MAX_CACHE_SIZE)]:
        RESOURCE_CACHE.pop(oldest, None)
    RESOURCE_CACHE[key] = ({"object": found}, now())

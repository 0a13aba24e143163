"""Making a task run: its id, its name, and what it depends on.

Not here: how dependencies are found (`engine.inputs`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from random import getrandbits
from typing import Any
from uuid import UUID

from prefect.context import FlowRunContext, TagsContext, TaskRunContext
from prefect.engine import inputs
from prefect.schemas.bases import uuid7, uuid_from_int
from prefect.schemas.runs import RunInput, TaskRun, trusted_task_run


def edges_of(
    parameters: dict[str, Any],
    wait_for: list[Any] | None,
    dependencies: Mapping[str, Iterable[RunInput]] | None,
    flow_context: FlowRunContext | None,
) -> inputs.Findings:
    """What a call depends on, by its arguments, by what it is to wait for, and as far as that was found earlier."""
    links = None if flow_context is None else flow_context.run_results
    findings = inputs.look_through(parameters, links)
    if wait_for:
        edges = inputs.look_through({"wait_for": wait_for}, links)
        findings.inputs["wait_for"] = edges.inputs["wait_for"]
        findings.upstreams.extend(edges.upstreams)
    for name, found in (dependencies or {}).items():
        findings.inputs[name] = list(dict.fromkeys([*findings.inputs.get(name, ()), *found]))
    return findings


def new_run(
    task: Any, flow_context: FlowRunContext | None, findings: inputs.Findings, run_id: UUID | None
) -> TaskRun:
    """A run of a task, called from where the caller is. `run_id`: the id it is to have; None: one of its own."""
    parent: Any = TaskRunContext.__var__.get(None)
    flow_run = None if flow_context is None else flow_context.flow_run
    if parent is not None and (flow_run is None or parent.task_run.flow_run_id == flow_run.id):
        findings.inputs["__parents__"] = [inputs.task_input(parent.task_run.id)]
    tags = TagsContext.__var__.get(None)
    if flow_run is None:
        name, dynamic_key = task.name, f"{task.task_key}-{getrandbits(128):032x}"
    else:
        dynamic_key = str(uuid_from_int(getrandbits(128)))
        name = f"{task.name}-{dynamic_key[:3]}"
    return trusted_task_run(
        id=run_id or uuid7(),
        name=name,
        flow_run_id=None if flow_run is None else flow_run.id,
        task_key=task.task_key,
        dynamic_key=dynamic_key,
        task_version=task.version,
        empirical_policy=task.policy,
        tags=sorted(task.tags if tags is None else task.tags | tags.current_tags),
        task_inputs=findings.inputs,
        flow_run_run_count=0 if flow_run is None else flow_run.run_count,
    )

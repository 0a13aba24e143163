"""The run that the calling code belongs to, as logging needs it.

`prefect.context` is higher in the same floor and imports much; it is looked up at first use and remembered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from prefect.context import FlowRunContext, TaskRunContext

_contexts: tuple[Any, Any] | None = None


def _context_classes() -> tuple[type[FlowRunContext], type[TaskRunContext]]:
    global _contexts
    if _contexts is None:
        from prefect.context import FlowRunContext, TaskRunContext

        _contexts = (FlowRunContext, TaskRunContext)
    return _contexts


def current_flow_run_context() -> FlowRunContext | None:
    return _context_classes()[0].get()


def current_run_context() -> FlowRunContext | TaskRunContext | None:
    """The context of the innermost run: the task run if there is one, else the flow run."""
    flow_runs, task_runs = _contexts or _context_classes()
    return task_runs.get() or flow_runs.get()


def current_run_ids() -> tuple[UUID | None, UUID | None]:
    """Ids of the current flow run and task run; None for what there is none of."""
    flow_runs, task_runs = _contexts or _context_classes()
    task_context = task_runs.get()
    if task_context is not None:
        task_run = task_context.task_run
        return task_run.flow_run_id, task_run.id
    flow_context = flow_runs.get()
    if flow_context is None or flow_context.flow_run is None:
        return None, None
    return flow_context.flow_run.id, None

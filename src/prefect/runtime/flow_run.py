"""Facts about the current flow run, as attributes of this module.

Inside a flow run, and inside its task runs, they come from the run context. In a process that was started
for a flow run (``PREFECT__FLOW_RUN_ID``) and has not entered it yet, they are read from the API. Elsewhere
they are empty.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from prefect.context import FlowRunContext, TaskRunContext
from prefect.runtime._attributes import (
    fetch_deployment,
    fetch_flow,
    fetch_flow_run,
    fetch_task_run,
    flow_run_id_of_process,
    run_url,
    runtime_attribute,
)
from prefect.runtime._attributes import (
    type_cast as type_cast,
)
from prefect.schemas.bases import now

if TYPE_CHECKING:
    from prefect.schemas.runs import FlowRun

    id: str | None
    tags: list[str]
    scheduled_start_time: datetime
    name: str | None
    flow_name: str | None
    flow_version: str | None
    parameters: dict[str, Any]
    parent_flow_run_id: str | None
    parent_deployment_id: str | None
    root_flow_run_id: str | None
    run_count: int
    api_url: str | None
    ui_url: str | None
    job_variables: dict[str, Any] | None

__all__ = [
    "api_url",
    "flow_name",
    "flow_version",
    "id",
    "job_variables",
    "name",
    "parameters",
    "parent_deployment_id",
    "parent_flow_run_id",
    "root_flow_run_id",
    "run_count",
    "scheduled_start_time",
    "tags",
    "ui_url",
]


def get_id() -> str | None:
    """Its id."""
    flow_run_id = _id()
    return str(flow_run_id) if flow_run_id else None


def get_tags() -> list[str]:
    """Its tags."""
    run = _flow_run()
    return list(run.tags) if run else []


def get_run_count() -> int:
    """How often it was started, this time included; 0 outside runs."""
    run = _flow_run()
    return run.run_count if run else 0


def get_name() -> str | None:
    """Its name."""
    run = _flow_run()
    return run.name if run else None


def get_flow_name() -> str | None:
    """The name of its flow."""
    context = FlowRunContext.get()
    if context is not None and context.flow is not None:
        return str(context.flow.name)
    run = _flow_run()
    return fetch_flow(run.flow_id).name if run else None


def get_flow_version() -> str | None:
    """The version of its flow."""
    context = FlowRunContext.get()
    if context is not None and context.flow is not None:
        version: str | None = context.flow.version
        return version
    run = _flow_run()
    return run.flow_version if run else None


def get_scheduled_start_time() -> datetime:
    """When it was to start; the present moment outside runs."""
    run = _flow_run()
    return (run.expected_start_time if run else None) or now()


def get_parameters() -> dict[str, Any]:
    """The parameters of the flow call, with defaults; as JSON values where they come from the API."""
    context = FlowRunContext.get()
    if context is not None:
        return context.parameters or {}
    run = _flow_run()
    return run.parameters if run else {}


def get_parent_flow_run_id() -> str | None:
    """The id of the flow run that called this one as a subflow."""
    run = _flow_run()
    parent = _parent_of(run) if run else None
    return str(parent) if parent else None


def get_parent_deployment_id() -> str | None:
    """The id of the deployment that the calling flow run was made from."""
    run = _flow_run()
    parent = _parent_of(run) if run else None
    if parent is None:
        return None
    deployment_id = fetch_flow_run(parent).deployment_id
    return str(deployment_id) if deployment_id else None


def get_root_flow_run_id() -> str | None:
    """The id of the outermost flow run of the calls that led here; its own if nobody called it."""
    run = _flow_run()
    if run is None:
        return None
    root = run.id
    while (parent := _parent_of(run)) is not None:
        root, run = parent, fetch_flow_run(parent)
    return str(root)


def get_flow_run_api_url() -> str | None:
    """Where the API has it; None without an API URL."""
    from prefect.settings import get_current_settings

    run_id = get_id()
    return run_url(get_current_settings().api.url, "flow-runs", "flow-run", run_id) if run_id else None


def get_flow_run_ui_url() -> str | None:
    """Where the UI shows it; None without a UI URL."""
    from prefect.settings import get_current_settings

    run_id = get_id()
    return run_url(get_current_settings().ui_url, "flow-runs", "flow-run", run_id) if run_id else None


def get_job_variables() -> dict[str, Any] | None:
    """The job variables its deployment and it set, those of the run winning."""
    run = _flow_run()
    if run is None:
        return None
    own = dict(run.job_variables or {})
    if run.deployment_id is None:
        return own
    return {**(fetch_deployment(run.deployment_id).job_variables or {}), **own}


FIELDS: dict[str, Callable[[], Any]] = {
    "id": get_id,
    "tags": get_tags,
    "scheduled_start_time": get_scheduled_start_time,
    "name": get_name,
    "flow_name": get_flow_name,
    "parameters": get_parameters,
    "parent_flow_run_id": get_parent_flow_run_id,
    "parent_deployment_id": get_parent_deployment_id,
    "root_flow_run_id": get_root_flow_run_id,
    "run_count": get_run_count,
    "api_url": get_flow_run_api_url,
    "ui_url": get_flow_run_ui_url,
    "flow_version": get_flow_version,
    "job_variables": get_job_variables,
}


def __getattr__(name: str) -> Any:
    return runtime_attribute(__name__, FIELDS, name)


def __dir__() -> list[str]:
    return sorted(FIELDS)


def _id() -> UUID | None:
    context = FlowRunContext.get()
    if context is not None and context.flow_run is not None:
        run_id: UUID = context.flow_run.id
        return run_id
    task_context = TaskRunContext.get()
    if task_context is not None and task_context.task_run.flow_run_id is not None:
        task_flow_run_id: UUID = task_context.task_run.flow_run_id
        return task_flow_run_id
    return flow_run_id_of_process()


def _flow_run() -> FlowRun | None:
    """The run: from the context if this process has it there, else from the API."""
    context = FlowRunContext.get()
    if context is not None and context.flow_run is not None:
        run: FlowRun = context.flow_run
        return run
    run_id = _id()
    return fetch_flow_run(run_id) if run_id else None


def _parent_of(run: FlowRun) -> UUID | None:
    if run.parent_task_run_id is None:
        return None
    parent: UUID | None = fetch_task_run(run.parent_task_run_id).flow_run_id
    return parent

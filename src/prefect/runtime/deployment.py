"""Facts about the deployment that the current flow run was made from, as attributes of this module.

Empty outside flow runs and in runs that were called, not deployed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from prefect.context import FlowRunContext
from prefect.runtime._attributes import (
    fetch_deployment,
    fetch_flow_run,
    flow_run_id_of_process,
    runtime_attribute,
)
from prefect.runtime._attributes import (
    type_cast as type_cast,
)

if TYPE_CHECKING:
    id: str | None
    flow_run_id: str | None
    name: str | None
    parameters: dict[str, Any]
    version: str | None

__all__ = ["flow_run_id", "id", "name", "parameters", "version"]

# A deployment read from the API, by id: name and version do not change while a run of it goes on.
CACHED_DEPLOYMENT: dict[UUID, Any] = {}


def get_id() -> str | None:
    """Its id."""
    deployment_id = _deployment_id()
    return str(deployment_id) if deployment_id else None


def get_flow_run_id() -> str | None:
    """The id of the current flow run."""
    context = FlowRunContext.get()
    run_id = context.flow_run.id if context and context.flow_run else flow_run_id_of_process()
    return str(run_id) if run_id else None


def get_parameters() -> dict[str, Any]:
    """The parameters the flow run was made with."""
    run = _flow_run()
    return run.parameters or {} if run else {}


def get_name() -> str | None:
    """Its name."""
    deployment = _deployment()
    return deployment.name if deployment else None


def get_version() -> str | None:
    """Its version."""
    deployment = _deployment()
    return deployment.version if deployment else None


FIELDS: dict[str, Callable[[], Any]] = {
    "id": get_id,
    "flow_run_id": get_flow_run_id,
    "parameters": get_parameters,
    "name": get_name,
    "version": get_version,
}


def __getattr__(name: str) -> Any:
    return runtime_attribute(__name__, FIELDS, name)


def __dir__() -> list[str]:
    return sorted(FIELDS)


def _flow_run() -> Any:
    context = FlowRunContext.get()
    if context is not None and context.flow_run is not None:
        return context.flow_run
    run_id = flow_run_id_of_process()
    return fetch_flow_run(run_id) if run_id else None


def _deployment_id() -> UUID | None:
    run = _flow_run()
    deployment_id: UUID | None = run.deployment_id if run else None
    return deployment_id


def _deployment() -> Any:
    deployment_id = _deployment_id()
    if deployment_id is None:
        return None
    if deployment_id not in CACHED_DEPLOYMENT:
        CACHED_DEPLOYMENT[deployment_id] = fetch_deployment(deployment_id)
    return CACHED_DEPLOYMENT[deployment_id]

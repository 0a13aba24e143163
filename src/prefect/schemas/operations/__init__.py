"""Every operation on the records of runs, declared once: what clients offer, what travels, what is routed.

`OPERATIONS` has them by name. Loaded only when a client or a server is made. Not here: what an operation does
(`server/operations`), how it travels (`client/orchestration`).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

from prefect.schemas.operations import (
    artifacts,
    automations,
    blocks,
    collections,
    concurrency_limits,
    deployments,
    engine,
    events,
    flow_runs,
    flows,
    graphs,
    logs,
    notification_policies,
    observed_states,
    result_storage,
    saved_searches,
    server,
    task_runs,
    task_workers,
    ui,
    variables,
    work_pools,
    work_queues,
)
from prefect.schemas.operations.declaring import Argument, Operation, Request, Response, operation, wire

__all__ = ["OPERATIONS", "Argument", "Operation", "Request", "Response", "operation", "wire"]


def _declared_in(*modules: ModuleType) -> dict[str, Operation[Any, Any]]:
    found: dict[str, Operation[Any, Any]] = {}
    for module in modules:
        found.update((one.name, one) for one in vars(module).values() if isinstance(one, Operation))
    return found


OPERATIONS: Mapping[str, Operation[Any, Any]] = _declared_in(
    server,
    flows,
    flow_runs,
    task_runs,
    logs,
    deployments,
    artifacts,
    variables,
    concurrency_limits,
    saved_searches,
    graphs,
    observed_states,
    result_storage,
    task_workers,
    events,
    work_pools,
    work_queues,
    blocks,
    engine,
    automations,
    collections,
    notification_policies,
    ui,
)
"""All operations by name."""

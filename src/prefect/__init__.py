"""Workflows in plain Python. The public face: names and submodules are loaded when they are first used.

Not here: any code; what a name stands for is in the module that `_HOMES` says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prefect.client.orchestration import get_client
    from prefect.context import tags
    from prefect.flow_runs import (
        apause_flow_run,
        aresume_flow_run,
        asuspend_flow_run,
        pause_flow_run,
        resume_flow_run,
        suspend_flow_run,
    )
    from prefect.flows import Flow, flow
    from prefect.logging.loggers import get_run_logger
    from prefect.schemas.states import State
    from prefect.tasks import Task, task
    from prefect.transactions import Transaction
    from prefect.utilities.annotations import allow_failure, unmapped

__all__ = [
    "Flow",
    "State",
    "Task",
    "Transaction",
    "__version__",
    "allow_failure",
    "apause_flow_run",
    "aresume_flow_run",
    "asuspend_flow_run",
    "flow",
    "get_client",
    "get_run_logger",
    "pause_flow_run",
    "resume_flow_run",
    "suspend_flow_run",
    "tags",
    "task",
    "unmapped",
]

_HOMES = {
    "Flow": "prefect.flows",
    "State": "prefect.schemas.states",
    "Task": "prefect.tasks",
    "Transaction": "prefect.transactions",
    "allow_failure": "prefect.utilities.annotations",
    "apause_flow_run": "prefect.flow_runs",
    "aresume_flow_run": "prefect.flow_runs",
    "asuspend_flow_run": "prefect.flow_runs",
    "flow": "prefect.flows",
    "get_client": "prefect.client.orchestration",
    "get_run_logger": "prefect.logging.loggers",
    "pause_flow_run": "prefect.flow_runs",
    "resume_flow_run": "prefect.flow_runs",
    "suspend_flow_run": "prefect.flow_runs",
    "tags": "prefect.context",
    "task": "prefect.tasks",
    "unmapped": "prefect.utilities.annotations",
}


def __getattr__(name: str) -> Any:
    from importlib import import_module
    from importlib.util import find_spec

    if name == "__version__":
        from importlib.metadata import version

        value: Any = version("prefect")
    elif name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
    elif not name.startswith("_") and find_spec(f"{__name__}.{name}") is not None:
        value = import_module(f"{__name__}.{name}")
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

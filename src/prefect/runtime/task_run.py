"""Facts about the current task run, as attributes of this module; empty outside task runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from prefect.context import TaskRunContext
from prefect.runtime._attributes import run_url, runtime_attribute
from prefect.runtime._attributes import type_cast as type_cast

if TYPE_CHECKING:
    id: str | None
    tags: list[str]
    name: str | None
    parameters: dict[str, Any]
    run_count: int
    task_name: str | None
    api_url: str | None
    ui_url: str | None

__all__ = ["api_url", "id", "name", "parameters", "run_count", "tags", "task_name", "ui_url"]


def get_id() -> str | None:
    """Its id."""
    context = TaskRunContext.get()
    return str(context.task_run.id) if context else None


def get_tags() -> list[str]:
    """Its tags."""
    context = TaskRunContext.get()
    return list(context.task_run.tags) if context else []


def get_run_count() -> int:
    """How often it was started, retries and this time included; 0 outside runs."""
    context = TaskRunContext.get()
    return int(context.task_run.run_count) if context else 0


def get_name() -> str | None:
    """Its name."""
    context = TaskRunContext.get()
    return str(context.task_run.name) if context else None


def get_task_name() -> str | None:
    """The name of its task."""
    context = TaskRunContext.get()
    return str(context.task.name) if context else None


def get_parameters() -> dict[str, Any]:
    """The parameters of the task call, with defaults; futures resolved once the task has started."""
    context = TaskRunContext.get()
    return context.parameters if context else {}


def get_task_run_api_url() -> str | None:
    """Where the API has it; None without an API URL."""
    from prefect.settings import get_current_settings

    run_id = get_id()
    return run_url(get_current_settings().api.url, "runs", "task-run", run_id) if run_id else None


def get_task_run_ui_url() -> str | None:
    """Where the UI shows it; None without a UI URL."""
    from prefect.settings import get_current_settings

    run_id = get_id()
    return run_url(get_current_settings().ui_url, "runs", "task-run", run_id) if run_id else None


FIELDS: dict[str, Callable[[], Any]] = {
    "id": get_id,
    "tags": get_tags,
    "name": get_name,
    "parameters": get_parameters,
    "run_count": get_run_count,
    "task_name": get_task_name,
    "api_url": get_task_run_api_url,
    "ui_url": get_task_run_ui_url,
}


def __getattr__(name: str) -> Any:
    return runtime_attribute(__name__, FIELDS, name)


def __dir__() -> list[str]:
    return sorted(FIELDS)

"""What the code of a flow run finds around it: its context, and the choices that it inherits from its caller's.

Not here: what contexts are (`prefect.context`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from prefect.context import FlowRunContext, TaskRunContext
from prefect.engine.links import ResultLinks
from prefect.schemas.bases import now, trusted
from prefect.settings import get_current_settings

if TYPE_CHECKING:
    from prefect.engine.flow_run.under_way import FlowRunUnderWay

_CONTEXT = FlowRunContext.__var__
_TASK_CONTEXT = TaskRunContext.__var__


def new_context(life: FlowRunUnderWay, runner: Any) -> FlowRunContext:
    """The context of a run as it is now, whose tasks are submitted to `runner`."""
    return trusted(
        FlowRunContext,
        {
            "start_time": now(),
            "input_keyset": None,
            "client": life.client,
            "flow": life.flow,
            "flow_run": life.run,
            "task_runner": runner,
            "log_prints": logs_prints(life),
            "parameters": life.parameters,
            "detached": False,
            "persist_result": persists(life),
            "task_run_dynamic_keys": {},
            "observed_flow_pauses": {},
            "flow_run_suspension_request": None,
            "run_results": ResultLinks(),
            "task_run_assets": {},
            "events": None,
            "children": life.children,
            "resumption": life.resumption,
            "control": life.control,
            "parent": life.parent,
            "task_stores": {},
        },
    )


def persists(life: FlowRunUnderWay) -> bool:
    """Whether results are stored: as the flow says, else as its caller, else as the settings."""
    inherited = None if life.parent is None else life.parent.persist_result
    default = get_current_settings().results.persist_by_default
    return bool(_first_told(life.flow.persist_result, inherited, default))


def logs_prints(life: FlowRunUnderWay) -> bool:
    """Whether `print` goes to the log: as the flow says, else as its caller, else as the settings."""
    inherited = None if life.parent is None else life.parent.log_prints
    return bool(_first_told(life.flow.log_prints, inherited, get_current_settings().logging.log_prints))


def _first_told(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


# --- in force -------------------------------------------------------------------------------------------


@contextmanager
def entered(context: FlowRunContext) -> Iterator[None]:
    """The context is around the block, and no task's: a subflow of a task is not the task."""
    token = _TASK_CONTEXT.set(None)
    try:
        with around_code(context):
            yield
    finally:
        try:
            _TASK_CONTEXT.reset(token)
        except ValueError:
            _TASK_CONTEXT.set(None)


@contextmanager
def around_code(context: FlowRunContext | None) -> Iterator[None]:
    """The context is around the block. A generator closed by Python's collector leaves in another one's context."""
    token = _CONTEXT.set(context)
    try:
        yield
    finally:
        try:
            _CONTEXT.reset(token)
        except ValueError:
            _CONTEXT.set(None)

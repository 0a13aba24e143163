"""What must be settled before the first attempt of a task run: its upstreams, its name, its options.

Not here: what an upstream is (`engine.inputs`).
"""

from __future__ import annotations

from typing import Any

from prefect._steps import Life
from prefect.engine import inputs
from prefect.engine.control import state_of_interrupted
from prefect.engine.keeping import keeper_for
from prefect.engine.naming import custom_run_name
from prefect.engine.task_run.contexts import new_context
from prefect.engine.task_run.under_way import TaskRunUnderWay
from prefect.exceptions import UpstreamTaskError
from prefect.schemas.states import State, StateType
from prefect.states import failed_state


def await_upstreams(life: TaskRunUnderWay) -> Life[State[Any] | None]:
    """Wait for everything the run depends on; a state if it cannot run: NotReady when an upstream did not complete."""
    try:
        waiting = inputs.unfinished(life.findings.upstreams)
        if waiting:
            inputs.refuse_own_future(waiting, life.run.id)
            yield waiting[0].waiting_for(waiting)
        inputs.require_completed(life.wait_for or [])
        life.parameters = inputs.resolved(life.parameters)
    except UpstreamTaskError as error:
        life.enter(life.own_state(StateType.PENDING, "NotReady", f"{error}"))
        life.logger.warning("Not run: %s", error)
        return life.state
    except Exception as error:
        life.raised = error
        life.enter(life.owned(failed_state(error, prefix="The task run's inputs could not be resolved. ")))
        return life.state
    except BaseException as error:
        life.enter(life.owned(state_of_interrupted(error, life.flow_context)))
        raise
    return None


def settle(life: TaskRunUnderWay) -> None:
    """Name the run, and settle the options that hold for all attempts.

    Raises:
        RunNameError: no name can be made of its parameters.
    """
    task, flow_context = life.task, life.flow_context
    if task.task_run_name:
        name = custom_run_name(task.task_run_name, life.parameters, "task_run_name")
        if name is not None:
            life.run.__dict__["name"] = name
    life.log_prints = task.log_prints
    if life.log_prints is None:
        life.log_prints = flow_context.log_prints if flow_context is not None else _log_prints_by_default()
    life.limit_seconds = task.timeout_seconds
    life.keeper = keeper_for(task, flow_context)
    life.context = new_context(life)


def _log_prints_by_default() -> bool:
    from prefect.settings import get_current_settings

    return bool(get_current_settings().logging.log_prints)

"""The end of a task run, and what follows it: interruptions, the last word in the log, hooks.

Not here: ends that others have made (`engine.control`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from prefect._steps import Life
from prefect.context import TaskRunContext, leave
from prefect.engine.control import state_of_interrupted
from prefect.engine.hooks import call_hooks
from prefect.engine.keeping import Keeper
from prefect.engine.naming import RunNameError
from prefect.engine.recording import asking
from prefect.engine.task_run.under_way import TaskRunUnderWay
from prefect.schemas.states import State, StateType
from prefect.states import failed_state

_BASE_LOGGER = logging.getLogger("prefect.task_runs")
_CONTEXT = TaskRunContext.__var__
_COMPLETED = StateType.COMPLETED


def end_kept(life: TaskRunUnderWay, keeper: Keeper, state: State[Any]) -> Life[None]:
    """Enter the final state of a run whose result is kept: stored before anybody can see it."""
    if life.raised is not None:
        state = yield from keeper.failed(life, state)
    life.enter(state)
    if life.roll_back_when_over:
        life.enter_rolled_back()
    if keeper.persists and not keeper.reused:
        yield asking(life.client, life.client.flush)


def end_unnamed(life: TaskRunUnderWay, error: RunNameError) -> None:
    """Fail a run that cannot be given its name."""
    life.enter(life.owned(failed_state(error, prefix="The task run could not be named. ")))


def end_interrupted(life: TaskRunUnderWay, error: BaseException) -> None:
    """Record the end that came from outside."""
    if life.state is not None and life.state.is_final():
        return
    state = life.owned(state_of_interrupted(error, life.flow_context))
    life.enter(state)
    life.logger.error("%s: %s", "Crash detected" if state.is_crashed() else state.name, state.message)


def follow_up(life: TaskRunUnderWay) -> Life[None]:
    """What follows the end: the last word in the log, hooks; the value is known again as an argument."""
    state, task = life.state, life.task
    assert state is not None
    if state.type is _COMPLETED:
        if life.value is not None:
            life.remember(life.value)
        if _BASE_LOGGER.isEnabledFor(logging.INFO):
            life.logger.info("Finished in state %s", state)
        if task.on_completion_hooks:
            yield from call_hooks_of(life, task.on_completion_hooks)
        return
    life.logger.error("Finished in state %s", state)
    if state.is_failed() and task.on_failure_hooks:
        yield from call_hooks_of(life, task.on_failure_hooks)


def call_hooks_of(life: TaskRunUnderWay, hooks: list[Callable[..., Any]]) -> Life[None]:
    """Call hooks for the state that the run is in.

    Raises:
        Abort: the run is another process's now, and so are its hooks.
    """
    life.refuse_if_lost()
    token = _CONTEXT.set(life.context)
    try:
        yield from call_hooks(hooks, life.logger, task=life.task, task_run=life.run, state=life.state)
    finally:
        leave(_CONTEXT, token)

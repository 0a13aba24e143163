"""Ends of a flow run that come from outside, and what follows any end: the last word in the log, and hooks.

Not here: stopping the code of a run (`engine.control`), ends that the body itself leads to (`life`).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from prefect._steps import Life, run_blocking
from prefect.engine.flow_run import contexts
from prefect.engine.hooks import call_hooks
from prefect.engine.recording import asking
from prefect.exceptions import Abort, FlowRunSuspended
from prefect.schemas.runs import FlowRunResult
from prefect.schemas.states import State, StateType
from prefect.states import crashed_state
from prefect.transactions.fencing import RUN_IS_LOST

if TYPE_CHECKING:
    from prefect.engine.flow_run.under_way import FlowRunUnderWay

Hooks = list[Callable[..., Any]]


# --- ends from outside ----------------------------------------------------------------------------------


def crash(life: FlowRunUnderWay, error: BaseException) -> Life[None]:
    """Record the end that an interruption makes, and what follows it."""
    if life.state is None or life.state.is_final():
        return
    if life.control.stopped is not None:
        if (yield from end_stopped(life)):
            yield from follow_up(life)
        return
    state = crashed_state(error if life.termination is None else life.termination.cause_of(error))
    life.logger.error("Crash detected: %s", state.message)
    try:
        yield from life.propose(state, force=True)
    except Abort:
        life.logger.warning("The crash could not be recorded: somebody else has ended the run.")
        return
    yield from follow_up(life)


def end_stopped(life: FlowRunUnderWay) -> Life[bool]:
    """End as somebody who has stopped the run wants it; False: that has been recorded already.

    Raises:
        Pause: it was suspended.
        Abort: the end is that of a later attempt, which another process has made.
    """
    client, stopped = life.client, life.control.stopped
    assert stopped is not None
    is_ours = life.control.has_end()
    if is_ours and stopped.is_cancelling():
        try:
            yield from life.propose(_cancelled(life, "The run was cancelled."), force=True)
            return True
        except Abort:
            life.logger.debug("Somebody else has ended the run.")
    state = yield asking(client, client.flow_run_state, life.run.id)
    if state is not None and state.is_final():
        stored = yield asking(client, client.read_flow_run, life.run.id)
        if stored.run_count > life.run.run_count:
            raise Abort(RUN_IS_LOST)
    life.adopt(state, life.attempt)
    if state is not None and state.is_paused():
        raise FlowRunSuspended(state=state)
    return is_ours


def end_undone(life: FlowRunUnderWay, how: str) -> None:
    """Record, from another thread, the end of a run whose code cannot be stopped."""
    life.logger.error("%s What it still does is not recorded.", how)
    stopped = life.control.stopped
    if stopped is not None and stopped.is_cancelling():
        state = _cancelled(life, f"The run was cancelled. {how}")
        life.client.propose_flow_run_state(life.run.id, state, life.attempt, True)
    life.adopt(life.client.flow_run_state(life.run.id), life.attempt)
    run_blocking(follow_up(life))


def _cancelled(life: FlowRunUnderWay, how: str) -> State[Any]:
    told = life.control.stopped
    why = "" if told is None or not told.message else f" {told.message}"
    return life.own_state(StateType.CANCELLED, "Cancelled", f"{how}{why}")


# --- afterwards -----------------------------------------------------------------------------------------


def follow_up(life: FlowRunUnderWay) -> Life[None]:
    """The run has come to its end: say so, remember its value for later arguments, call its hooks."""
    state = life.state
    assert state is not None
    if state.is_completed():
        life.say("Finished in state %s", state)
        if life.parent is not None and life.placeholder is not None:
            life.parent.run_results.remember(life.value, FlowRunResult(id=life.run.id))
    else:
        life.logger.error("Finished in state %s", state)
    if hooks := _hooks_for(life.flow, state):
        yield from call_hooks_of(life, hooks)


def call_hooks_of(life: FlowRunUnderWay, hooks: Hooks) -> Life[None]:
    """Call hooks in the run's context, for the state that it is in."""
    with contexts.around_code(life.context or contexts.new_context(life, life.flow.task_runner)):
        yield from call_hooks(hooks, life.logger, flow=life.flow, flow_run=life.run, state=life.state)


def _hooks_for(flow: Any, state: State[Any]) -> Hooks:
    if state.is_completed():
        return flow.on_completion_hooks  # type: ignore[no-any-return]
    if state.is_failed():
        return flow.on_failure_hooks  # type: ignore[no-any-return]
    if state.is_crashed():
        return flow.on_crashed_hooks if _in_process_hooks() else []
    if state.is_cancelled() or state.is_cancelling():
        return flow.on_cancellation_hooks if _in_process_hooks() else []
    return []


def _in_process_hooks() -> bool:
    """A runner or worker that watches this process runs these hooks itself and says so."""
    told = os.environ.get("PREFECT__ENABLE_CANCELLATION_AND_CRASHED_HOOKS", "true")
    return told.lower() == "true"

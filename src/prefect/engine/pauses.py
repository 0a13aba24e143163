"""Pausing and suspending flow runs, and letting them go on, as steps.

A paused run stays in its process and looks again and again whether it may go on; a suspended one leaves its process
and is begun again, with its completed steps, when it is resumed. Both last until a moment that is recorded: a run
that crashed meanwhile waits, in its next attempt, for what is left of it. Not here: whether a run may pause
(`server/orchestration`), what it is given when it goes on (`pause_inputs`).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from prefect._clock import clock
from prefect._steps import Life, Sleep
from prefect.context import FlowRunContext, TaskRunContext
from prefect.engine import pause_inputs
from prefect.engine.recording import InApi, asking
from prefect.exceptions import FlowPauseTimeout, FlowRunSuspended, NotPausedError
from prefect.logging import get_logger
from prefect.logging.loggers import flow_run_logger
from prefect.schemas.bases import uuid7
from prefect.schemas.outcomes import Outcome
from prefect.schemas.states import State
from prefect.states import Paused, Running, Suspended

_HELD_LOOK_SECONDS = 5.0


def pause_life(
    wait_for_input: Any, timeout: float | None, poll_interval: float, key: str | None
) -> Life[Any]:
    """See `prefect.flow_runs.pause_flow_run`."""
    context = _context_of_flow("paused")
    key = key or _next_key(context)
    asked = pause_inputs.asked_for(wait_for_input, "paused", key)
    until, is_answered = yield from _recorded(context, key, timeout)
    if not is_answered:
        yield from pause_inputs.save(asked, context.flow_run.id)
        state = Paused(pause_expiration_time=until, pause_key=key, state_details=pause_inputs.details(asked))
        if (paused := (yield from _entered(context, state, "paused"))) is not None:
            _say(context, paused, "paused; it waits here")
            yield from _until_resumed(context, paused, poll_interval)
    return (yield from pause_inputs.answer(asked, context.flow_run.id))


def suspend_life(
    wait_for_input: Any, flow_run_id: UUID | None, timeout: float | None, key: str | None
) -> Life[Any]:
    """See `prefect.flow_runs.suspend_flow_run`."""
    around = FlowRunContext.get()
    if flow_run_id is not None and (around is None or around.flow_run.id != flow_run_id):
        return (yield from _suspend_another(flow_run_id, wait_for_input, timeout, key))
    context = _context_of_flow("suspended")
    _require_somebody_to_resume(context)
    key = key or _next_key(context)
    asked = pause_inputs.asked_for(wait_for_input, "suspended", key)
    until, is_answered = yield from _recorded(context, key, timeout)
    if not is_answered:
        yield from pause_inputs.save(asked, context.flow_run.id)
        details = pause_inputs.details(asked)
        state = Suspended(pause_expiration_time=until, pause_key=key, state_details=details)
        if (suspended := (yield from _entered(context, state, "suspended"))) is not None:
            _say(context, suspended, "suspended; its process may end")
            raise FlowRunSuspended(state=suspended)
    return (yield from pause_inputs.answer(asked, context.flow_run.id))


def resume_life(flow_run_id: UUID, run_input: dict[str, Any] | None) -> Life[None]:
    """See `prefect.flow_runs.resume_flow_run`."""
    result = yield InApi("resume_flow_run", flow_run_id, run_input)
    status, state = result.status.value, result.state
    reason = getattr(result.details, "reason", None)
    if status == "ACCEPT":
        if state is not None and state.is_scheduled():
            get_logger("flow_runs").info(
                "The flow run %s is to go on. Where no worker does that, `prefect flow-run resume %s` does.",
                flow_run_id,
                flow_run_id,
            )
        return
    if status == "ABORT":
        raise NotPausedError(f"The flow run {flow_run_id} cannot be resumed: {reason or 'it is not paused.'}")
    if state is not None and state.is_failed():
        raise FlowPauseTimeout(f"The flow run {flow_run_id} can no longer be resumed: {state.message}")
    raise RuntimeError(f"The flow run {flow_run_id} cannot be resumed: {reason}")


def held_life(context: Any) -> Life[None]:
    """Wait, before something is begun, for the end of a pause that others have put the flow run into."""
    control = context.control
    while (paused := control.paused) is not None:
        try:
            yield from _until_resumed(context, paused, _HELD_LOOK_SECONDS)
        except FlowPauseTimeout:
            # Asked to go on, the run ends as the rules have it for a pause that is over.
            yield from control.life.ask(Running())
        control.paused = None


# --- the run around -------------------------------------------------------------------------------------


def _context_of_flow(done: str) -> FlowRunContext:
    if TaskRunContext.get() is not None:
        raise RuntimeError(f"A task run cannot be {done}: only a flow can do that, in its own code.")
    context = FlowRunContext.get()
    if context is None or context.control is None:
        raise RuntimeError(f"Only a flow run can be {done}, from inside its flow.")
    return context


def _require_somebody_to_resume(context: FlowRunContext) -> None:
    run = context.flow_run
    if run.parent_task_run_id is not None:
        raise RuntimeError("A subflow cannot be suspended: its parent holds it in the same process.")
    if run.deployment_id is None and context.flow.entrypoint_in_file() is None:
        raise RuntimeError(
            "This flow run cannot be suspended: it has no deployment, and its flow is not in a file from which it "
            "could be begun again. Define the flow at the top of a module."
        )


def _next_key(context: FlowRunContext) -> str:
    """Pauses without a key are counted: the same one has the same number in every attempt."""
    count = context.observed_flow_pauses.get("", 0) + 1
    context.observed_flow_pauses[""] = count
    return str(count)


def _say(context: FlowRunContext, state: State[Any], what: str) -> None:
    until = state.state_details.pause_timeout
    end = "" if until is None else f" until {until:%Y-%m-%d %H:%M:%S} UTC"
    run = context.flow_run
    logger = flow_run_logger(run, context.flow)
    logger.info(
        "Flow run %r is %s. It can be resumed%s: `prefect flow-run resume %s`", run.name, what, end, run.id
    )


def _entered(context: FlowRunContext, state: State[Any], done: str) -> Life[State[Any] | None]:
    """Propose a pause; the state that the run is in then, or None when the pause has been passed already.

    Raises:
        RuntimeError: the run may not pause.
    """
    outcome: Outcome = yield from context.control.life.ask(state)
    entered = outcome.state
    if outcome.status == "ACCEPT":
        return entered
    if outcome.status == "REJECT" and entered is not None and entered.is_running():
        return None
    raise RuntimeError(f"The flow run cannot be {done}: {outcome.reason}")


def _recorded(
    context: FlowRunContext, key: str, timeout_seconds: float | None
) -> Life[tuple[datetime | None, bool]]:
    """Until when a pause lasts, and whether it was answered, as far as an earlier attempt has recorded it."""
    if context.resumption is not None and context.resumption.again:
        history = yield asking(context.client, context.client.flow_run_history, context.flow_run.id)
        earlier, is_answered = recorded_pause(history, key)
        if earlier is not None:
            return earlier.state_details.pause_timeout, is_answered
    if timeout_seconds is None:
        return None, False
    return clock().now() + timedelta(seconds=timeout_seconds), False


def recorded_pause(history: list[State[Any]], key: str) -> tuple[State[Any] | None, bool]:
    """The latest pause of that key in a run's history, and whether somebody resumed the run from it.

    A failure ends the search: what is tried again from the start asks again, too.
    """
    following: State[Any] | None = None
    for state in reversed(history):
        if state.is_failed() or state.name == "AwaitingRetry":
            break
        if state.is_paused() and state.state_details.pause_key == key:
            resumed = following is not None and (following.is_running() or following.name == "Resuming")
            return state, resumed
        following = state
    return None, False


def retry_due(history: list[State[Any]]) -> datetime | None:
    """When a retry is due that a crash has come before; None when no retry was waited for."""
    for state in reversed(history):
        if state.name == "AwaitingRetry":
            due: datetime | None = state.state_details.scheduled_time
            return due
        if not state.is_crashed():
            return None
    return None


def _until_resumed(context: FlowRunContext, paused: State[Any], poll_seconds: float) -> Life[None]:
    """Wait until the run is not in that pause any more.

    Raises:
        FlowPauseTimeout: nobody has resumed it in time.
        prefect.exceptions.FlowRunStopped: it was cancelled, or ended.
    """
    client, run_id = context.client, context.flow_run.id
    until, look_seconds = paused.state_details.pause_timeout, min(poll_seconds, client.look_seconds)
    while True:
        left = look_seconds if until is None else (until - clock().now()).total_seconds()
        if left > 0:
            yield Sleep(min(left, look_seconds))
        state = yield asking(client, client.flow_run_state, run_id)
        if state is not None and not state.is_paused():
            context.control.life.enter(state)
            return
        if left <= 0:
            raise FlowPauseTimeout(f"The flow run was paused and nobody resumed it until {until}.")


def _suspend_another(
    flow_run_id: UUID, wait_for_input: Any, timeout_seconds: float | None, key: str | None
) -> Life[None]:
    key = key or str(uuid7())
    asked = pause_inputs.asked_for(wait_for_input, "suspended", key)
    yield from pause_inputs.save(asked, flow_run_id)
    until = None if timeout_seconds is None else clock().now() + timedelta(seconds=timeout_seconds)
    state = Suspended(pause_expiration_time=until, pause_key=key, state_details=pause_inputs.details(asked))
    result = yield InApi("set_flow_run_state", flow_run_id, state)
    if result.status.value != "ACCEPT":
        reason = getattr(result.details, "reason", None)
        raise RuntimeError(f"The flow run {flow_run_id} cannot be suspended: {reason}")

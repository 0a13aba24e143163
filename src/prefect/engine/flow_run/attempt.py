"""One attempt of a flow run: its body, in its context, and the state that follows from what the body gave.

Not here: what a returned value means (`prefect.states`), where tasks run (`task_runners`), further attempts (`life`).
"""

from __future__ import annotations

import inspect
from contextlib import nullcontext
from typing import Any

from prefect._steps import Abandoned, Call, Emit, Life, as_raised
from prefect.engine import inputs
from prefect.engine.flow_run import contexts
from prefect.engine.flow_run.ending import call_hooks_of
from prefect.engine.flow_run.under_way import FlowRunUnderWay
from prefect.engine.generators import END, advance_of
from prefect.exceptions import Pause, SerializationError
from prefect.logging.loggers import patch_print
from prefect.schemas.states import State, StateType, keep_data
from prefect.states import failed_state, state_of_value


class FlowRunTimeoutError(TimeoutError):
    """A flow run reached its time limit."""


def attempt(life: FlowRunUnderWay) -> Life[State[Any]]:
    """Run the body; the state that the run is to enter then."""
    runner = life.control.runner = life.flow.task_runner.duplicate()
    life.context = contexts.new_context(life, runner)
    try:
        with contexts.entered(life.context), runner:
            try:
                yield from _body_and_hooks(life)
            except BaseException as error:
                # a run that is suspended keeps what its tasks still complete
                if not isinstance(error, Exception | Pause) or isinstance(error, FlowRunTimeoutError):
                    runner.cancel_all()
                raise
    except FlowRunTimeoutError as error:
        life.raised = error
        message = f"Flow run exceeded timeout of {float(life.flow.timeout_seconds)} second(s)"
        return failed_state(error, name="TimedOut").model_copy(update={"message": message})
    except Exception as error:
        life.raised = as_raised(error)
        life.logger.error("Encountered exception during execution: %s", life.raised, exc_info=life.raised)
        return failed_state(life.raised, prefix="Flow run encountered an exception: ")
    state = _state_of(life)
    if life.context.persist_result and state.data is life.value:
        yield from _keep_value(life, state)
    return state


def _body_and_hooks(life: FlowRunUnderWay) -> Life[None]:
    if life.flow.on_running_hooks:
        yield from call_hooks_of(life, life.flow.on_running_hooks)
    life.value = yield from _body(life)
    yield from _await_returned(life)


# --- the body -------------------------------------------------------------------------------------------


def _body(life: FlowRunUnderWay) -> Life[Any]:
    flow = life.flow
    args, kwargs = flow.binder.arguments(life.parameters)
    call = Call(flow.fn, args, kwargs, flow.timeout_seconds, FlowRunTimeoutError)
    with patch_print() if contexts.logs_prints(life) else nullcontext():
        if flow.isgenerator:
            return (yield from _generator_body(life, call))
        return (yield life.control.interruptible(call))


def _generator_body(life: FlowRunUnderWay, start: Call) -> Life[Any]:
    """Take item after item: for the consumer, or into a list."""
    flow = life.flow
    advance = advance_of(flow.isasync)
    iterator = yield start
    kept: list[Any] = []
    sent: Any = None
    thrown: BaseException | None = None
    while True:
        step = Call(advance, (iterator, sent, thrown), None, flow.timeout_seconds, FlowRunTimeoutError)
        item = yield life.control.interruptible(step)
        sent = thrown = None
        if item is END:
            return None if life.emits else kept
        if not life.emits:
            kept.append(item)
            continue
        try:
            sent = yield from _emit(life, item)
        except Abandoned:
            life.abandoned = True
            yield Call(iterator.aclose if flow.isasync else iterator.close)
            return None
        except BaseException as error:
            thrown = error


def _emit(life: FlowRunUnderWay, item: Any) -> Life[Any]:
    """Hand an item to the consumer, whose code runs in the context around the flow's."""
    with contexts.around_code(life.parent):
        return (yield Emit(item))


# --- what it gave ---------------------------------------------------------------------------------------


def _await_returned(life: FlowRunUnderWay) -> Life[None]:
    """Futures anywhere in what is returned are waited for and stand for their final states."""
    if inspect.isgenerator(life.value):
        life.value = yield Call(list, (life.value,))
    if futures := [found for found in inputs.upstreams_of(life.value) if not isinstance(found, State)]:
        if waiting := inputs.unfinished(futures):
            yield life.control.interruptible(waiting[0].waiting_for(waiting))
        life.value = inputs.with_states(life.value)


def _state_of(life: FlowRunUnderWay) -> State[Any]:
    told = state_of_value(life.value)
    if told is not None:
        return keep_data(told)
    return life.own_state(StateType.COMPLETED, "Completed", data=life.value)


def _keep_value(life: FlowRunUnderWay, state: State[Any]) -> Life[None]:
    """Store the value of a flow that persists its results, before anybody can see that it completed."""
    assert life.context is not None
    store = life.context.result_store
    try:
        record = yield from store.record_steps(life.value)
        yield from store.persist_steps(record, "")
    except SerializationError as error:
        life.logger.warning("The result of the flow run cannot be stored: %s", error)
        return
    state.data = record if life.flow.cache_result_in_memory else record.metadata

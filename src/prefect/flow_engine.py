"""Running a flow here: the public face of `engine.flow_run`.

Not here: deployments and the processes their runs live in (`runner`, `workers`).
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import contextmanager
from typing import Any, Literal

from prefect._steps import Life, generate_awaiting, generate_blocking, run_awaiting, run_blocking
from prefect.context import hydrated_context
from prefect.engine.flow_run import FlowRunLife, FlowRunTimeoutError
from prefect.engine.inputs import wait_for_list
from prefect.engine.recording import recording_client
from prefect.engine.resumption import Resumption
from prefect.exceptions import Abort
from prefect.schemas.runs import FlowRun
from prefect.schemas.states import State
from prefect.states import is_state_iterable, result_life

__all__ = ["FlowRunTimeoutError", "run_flow", "run_flow_async", "run_flow_sync"]

ReturnType = Literal["state", "result"]


def run_flow(
    flow: Any,
    flow_run: FlowRun | None = None,
    parameters: dict[str, Any] | None = None,
    wait_for: Iterable[Any] | None = None,
    return_type: ReturnType = "result",
    error_logger: Any = None,
    context: dict[str, Any] | None = None,
    resumption: Resumption | None = None,
    labels: dict[str, Any] | None = None,
) -> Any:
    """Run a flow in this thread (a coroutine of an async flow, an iterator of a generator flow).

    Args:
        flow: the flow.
        flow_run: a run that exists already; None makes one.
        parameters: bound arguments.
        wait_for: what the run depends on besides its arguments, inside another flow.
        return_type: "result" gives the value or raises; "state" gives the final state.
        error_logger: told of an error that the run itself could not record.
        context: a context from another process (`serialize_context`) to run in.
        resumption: what the run takes over from earlier attempts.
        labels: further labels of a new run.
    """
    if context is not None:
        with hydrated_context(context):
            return run_flow(flow, flow_run, parameters, wait_for, return_type, error_logger)
    if flow.isgenerator and return_type == "state":
        raise ValueError("`return_state=True` cannot be used with a generator flow that is called directly.")
    with _errors_told(error_logger):
        client = recording_client()
        life = FlowRunLife(
            flow,
            parameters or {},
            client,
            wait_for_list(wait_for),
            run=flow_run,
            emits=flow.isgenerator,
            resumption=resumption,
            labels=labels,
        )
        if flow.isgenerator:
            return generate_awaiting(_emitting(life)) if flow.isasync else generate_blocking(_emitting(life))
        if flow.isasync:
            return _run_async(life, return_type)
        run_blocking(life.live())
        return run_blocking(_outcome_of(_if_well(life, return_type), return_type))


run_flow_sync = run_flow


async def run_flow_async(flow: Any, **options: Any) -> Any:
    """`run_flow` for an async flow, from async code."""
    return await run_flow(flow, **options)


@contextmanager
def _errors_told(logger: Any) -> Any:
    try:
        yield
    except Abort:
        raise
    except Exception:
        if logger is not None:
            logger.error("The flow run could not be carried out.", exc_info=True)
        raise


def _emitting(life: FlowRunLife) -> Life[None]:
    yield from life.live()
    if life.raised is not None:
        raise life.raised


async def _run_async(life: FlowRunLife, return_type: ReturnType) -> Any:
    await run_awaiting(life.live())
    return await run_awaiting(_outcome_of(_if_well(life, return_type), return_type))


def _if_well(life: FlowRunLife, return_type: ReturnType) -> FlowRunLife:
    """The life, unless the body raised and the caller wants that."""
    if return_type == "result" and life.raised is not None:
        raise life.raised
    return life


def _outcome_of(life: FlowRunLife, return_type: ReturnType) -> Life[Any]:
    state: State[Any] | None = life.state
    assert state is not None
    if return_type == "state":
        return state
    if state.is_completed() and state.data is life.value and not isinstance(life.value, State):
        return life.value
    if is_state_iterable(life.value):
        # a list of futures is given back as the list of their states, whatever became of them
        return life.value
    return (yield from result_life(state))

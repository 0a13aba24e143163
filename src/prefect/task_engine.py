"""Running a task here: the public face of `engine.task_run`.

Not here: submitting it elsewhere (`task_runners`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Literal
from uuid import UUID

from prefect._steps import Life, generate_awaiting, generate_blocking, run_awaiting, run_blocking
from prefect.context import TaskRunContext, hydrated_context
from prefect.engine.inputs import wait_for_list
from prefect.engine.recording import recording_client
from prefect.engine.task_run import TaskRunLife, TaskRunTimeoutError
from prefect.logging.capture import run_logging
from prefect.schemas.runs import RunInput, TaskRun
from prefect.schemas.states import State
from prefect.states import result_life

__all__ = ["TaskRunTimeoutError", "run_task", "run_task_async", "run_task_sync"]

ReturnType = Literal["state", "result"]


def run_task(
    task: Any,
    task_run_id: UUID | None = None,
    task_run: TaskRun | None = None,
    parameters: dict[str, Any] | None = None,
    wait_for: Any = None,
    return_type: ReturnType = "result",
    dependencies: dict[str, Iterable[RunInput]] | None = None,
    context: dict[str, Any] | None = None,
) -> Any:
    """Run a task in this thread (a coroutine of an async task, an iterator of a generator task).

    Args:
        task: the task.
        task_run_id: the id the run is to have.
        task_run: a run that exists already.
        parameters: bound arguments.
        wait_for: what the run depends on besides its arguments.
        return_type: "result" gives the value or raises; "state" gives the final state.
        dependencies: further inputs to record, by parameter.
        context: a context from another process (`serialize_context`) to run in.
    """
    if context is not None:
        with hydrated_context(context):
            return run_task(task, task_run_id, task_run, parameters, wait_for, return_type, dependencies)
    if task.isgenerator and return_type == "state":
        raise ValueError(
            "`return_state=True` cannot be used with a generator task that is called directly; use `submit`."
        )
    client = recording_client()
    life = TaskRunLife(
        task,
        parameters or {},
        client,
        wait_for_list(wait_for),
        dependencies,
        run_id=task_run_id,
        run=task_run,
        emits=task.isgenerator,
    )
    if task.isgenerator:
        return generate_awaiting(_emitting(life)) if task.isasync else generate_blocking(_emitting(life))
    if task.isasync:
        return _run_async(life, return_type)
    with _outermost(life):
        run_blocking(life.live())
    return run_blocking(_outcome(_if_well(life, return_type), return_type))


run_task_sync = run_task


async def run_task_async(task: Any, **options: Any) -> Any:
    """`run_task` for an async task, from async code."""
    return await run_task(task, **options)


async def _run_async(life: TaskRunLife, return_type: ReturnType) -> Any:
    with _outermost(life):
        await run_awaiting(life.live())
    return await run_awaiting(_outcome(_if_well(life, return_type), return_type))


@contextmanager
def _outermost(life: TaskRunLife) -> Iterator[None]:
    """Around a task run that belongs to no other run: its logs are recorded, and it is stored when it ends."""
    if life.flow_context is not None or TaskRunContext.get() is not None:
        yield
        return
    with run_logging(None, life.run.id):
        try:
            yield
        finally:
            life.client.flush()


def _emitting(life: TaskRunLife) -> Any:
    with _outermost(life):
        yield from life.live()
    if life.raised is not None:
        raise life.raised


def _if_well(life: TaskRunLife, return_type: ReturnType) -> TaskRunLife:
    """The life, unless the body raised and the caller wants that."""
    if return_type == "result" and life.raised is not None:
        raise life.raised
    return life


def _outcome(life: TaskRunLife, return_type: ReturnType) -> Life[Any]:
    state: State[Any] | None = life.state
    assert state is not None
    if return_type == "state":
        return state
    if state.is_completed() and life.value is state.data:
        return life.value
    if not state.is_final():
        return None
    return (yield from result_life(state))

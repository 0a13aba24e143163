"""Context variables: entering a whole context, and the ids of the run this code belongs to."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import Context
from uuid import UUID


@contextmanager
def temporary_context(context: Context) -> Generator[None, None, None]:
    """Give every context variable the value it has in `context`, until the block ends."""
    tokens = [(variable, variable.set(value)) for variable, value in context.items()]
    try:
        yield
    finally:
        for variable, token in reversed(tokens):
            variable.reset(token)


def get_task_run_id() -> UUID | None:
    """The id of the task run this code belongs to, if any."""
    from prefect.context import TaskRunContext

    run = TaskRunContext.get()
    return run.task_run.id if run else None


def get_flow_run_id() -> UUID | None:
    """The id of the flow run this code belongs to, if any."""
    from prefect.context import FlowRunContext

    run = FlowRunContext.get()
    return run.flow_run.id if run and run.flow_run else None


def get_task_and_flow_run_ids() -> tuple[UUID | None, UUID | None]:
    """Both ids; in a task without a flow of its own, the flow run is the one the task run names."""
    from prefect.context import TaskRunContext

    run = TaskRunContext.get()
    flow_run_id = get_flow_run_id() or (run.task_run.flow_run_id if run else None)
    return get_task_run_id(), flow_run_id

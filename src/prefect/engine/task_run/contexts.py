"""What the code of a task finds around it: its run's context and transaction.

Not here: the context models (`prefect.context`).
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from prefect._steps import Life, Step
from prefect.context import TaskRunContext, leave
from prefect.engine.task_run.under_way import TaskRunUnderWay
from prefect.logging.loggers import patch_print
from prefect.schemas.bases import now, trusted
from prefect.transactions import BaseTransaction

_CONTEXT = TaskRunContext.__var__
_TRANSACTION = BaseTransaction.__var__


def new_context(life: TaskRunUnderWay) -> TaskRunContext:
    """What surrounds the body of the task."""
    return trusted(
        TaskRunContext,
        {
            "start_time": now(),
            "input_keyset": None,
            "client": life.client,
            "task": life.task,
            "task_run": life.run,
            "log_prints": life.log_prints,
            "parameters": life.parameters,
            "persist_result": life.keeper is not None and life.keeper.persists,
            "step": life.step,
        },
    )


def in_context(life: TaskRunUnderWay, step: Step) -> Life[Any]:
    """Do a step as if the task's code did it."""
    token = _CONTEXT.set(life.context)
    transaction = None if life.keeper is None else life.keeper.transaction
    around = None if transaction is None else _TRANSACTION.set(transaction)
    try:
        with patch_print() if life.log_prints else nullcontext():
            return (yield step)
    finally:
        if around is not None:
            leave(_TRANSACTION, around)
        leave(_CONTEXT, token)

"""Where in a run a step in a database is, so that the next attempt of the run finds the same place.

Not here: places of task calls (`engine.resumption`); what a step does (`exactly_once`).
"""

from __future__ import annotations

import threading
import weakref
from collections import Counter
from typing import Any
from uuid import UUID

from prefect.context import FlowRunContext, TaskRunContext
from prefect.exceptions import MissingContextError

_uses: dict[tuple[UUID, int], Counter[str]] = {}
"""How often each name was used so far, in each attempt of a run that is at work in this process."""
_counting = threading.Lock()


def place_of(name: str) -> str:
    """The key of the next step of that name in the run around the caller.

    It is made of the flow run, the place of the task call in it, and how many steps of that name the attempt
    has had: the same in each attempt as long as the code takes the same way. The steps of a task outside of
    flows are those of its task run.

    Raises:
        MissingContextError: there is no run around the caller.
    """
    task_context, flow_context = TaskRunContext.get(), FlowRunContext.get()
    if task_context is not None:
        run: Any = task_context.task_run
        scope = run.id if task_context.step is None else f"{run.flow_run_id}/{task_context.step}"
    elif flow_context is not None and flow_context.flow_run is not None:
        run = flow_context.flow_run
        scope = f"{run.id}"
    else:
        raise MissingContextError(
            f"The step {name!r} is in no flow or task run that could tell which step it is. Give it a `key`."
        )
    return f"{scope}/{name}:{_number(run, name)}"


def _number(run: Any, name: str) -> int:
    attempt = (run.id, run.run_count)
    with _counting:
        counts = _uses.get(attempt)
        if counts is None:
            counts = _uses[attempt] = Counter()
            weakref.finalize(run, _uses.pop, attempt, None)
        counts[name] += 1
        return counts[name] - 1

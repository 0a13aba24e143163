"""Calling users' hooks: in order, of either colour, and never to the harm of the run.

Not here: which hooks a state calls for (`task_run`, `flow_run`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from prefect._steps import Call, Life


def call_hooks(hooks: Iterable[Callable[..., Any]], logger: Any, **arguments: Any) -> Life[None]:
    """Call each hook with the arguments; one that raises is logged, and the others still run."""
    for hook in hooks:
        name = getattr(hook, "__name__", None) or type(hook).__name__
        try:
            yield Call(hook, tuple(arguments.values()))
        except Exception:
            logger.error("The hook %r raised; the run's outcome is not affected.", name, exc_info=True)
        else:
            logger.debug("The hook %r finished.", name)

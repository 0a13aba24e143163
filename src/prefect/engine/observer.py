"""The port for whoever watches runs of this process as they go: the live display of a terminal.

Observers are called from any thread, often, and must be quick. Not here: a display (`cli`).
"""

from __future__ import annotations

from typing import Protocol

from prefect.schemas.states import StateType


class Observer(Protocol):
    """Told of every state that a run of this process enters."""

    def on_task_state(self, task_name: str, before: StateType | None, after: StateType) -> None:
        """A task run has moved from a state to another."""
        ...

    def on_tasks_expected(self, task_name: str, number: int) -> None:
        """So many runs of a task will follow: a map."""
        ...

    def on_flow_state(self, flow_run_name: str, before: StateType | None, after: StateType) -> None:
        """A flow run has moved from a state to another."""
        ...


current: Observer | None = None


def set_observer(observer: Observer | None) -> Observer | None:
    """Put an observer in place (None: nobody watches); returns the previous one."""
    global current
    previous, current = current, observer
    return previous

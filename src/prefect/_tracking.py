"""The port through which `flow.visualize` sees task calls without running them.

A tracker sees the calls of the code it was opened around, not those of other threads: a flow drawn in one
thread does not keep the runs of another from happening. Not here: what is made of the calls
(`utilities.visualization`).
"""

from __future__ import annotations

import threading
from contextvars import ContextVar, Token
from typing import Any, Protocol


class Tracker(Protocol):
    """Whoever wants to see calls instead of having them run."""

    def track(self, called: Any, parameters: dict[str, Any], wait_for: Any = None) -> Any:
        """A task or flow is called; what is returned stands for its result."""
        ...

    def refuse(self, called: Any, verb: str) -> None:
        """A way of calling that cannot be drawn: raises."""
        ...


class _Place:
    """Where trackers are found.

    Attributes:
        open: how many trackers there are in this process; an attribute, because every task call looks.
    """

    open: int = 0

    def __init__(self) -> None:
        self._current: ContextVar[Tracker | None] = ContextVar("tracker", default=None)
        self._counting = threading.Lock()

    def current(self) -> Tracker | None:
        """The tracker around the caller, if there is one."""
        return self._current.get() if self.open else None

    def enter(self, tracker: Tracker) -> Token[Tracker | None]:
        """Show calls from here on to `tracker`."""
        with self._counting:
            self.open += 1
        return self._current.set(tracker)

    def leave(self, token: Token[Tracker | None]) -> None:
        """Show calls to whoever saw them before `enter`."""
        with self._counting:
            self.open -= 1
        self._current.reset(token)


tracker = _Place()

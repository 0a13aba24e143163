"""The port of services: what a duty of the server must offer to be run. Not here: running (`supervisor`)."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from typing import ClassVar


class Service(ABC):
    """A duty of the server, done in slices.

    Attributes:
        name: what logs, locks and `prefect server services ls` call it.
        single: of all servers over one store, one does it at a time.
        woken: set by `wake`; the supervisor clears it before each slice.
        rest_seconds: so long no slice is done after the last one, even for who is woken meanwhile.
    """

    name: ClassVar[str]
    single: ClassVar[bool] = False
    rest_seconds: float = 0.0

    def __init__(self) -> None:
        self.woken = threading.Event()

    @abstractmethod
    def step(self) -> float:
        """Do a bounded slice of the duty, and return in how many seconds the next one is due (0: at once).

        An error that is raised is logged; the next slice is tried after a growing wait.
        """

    def wake(self) -> None:
        """Have the next slice done now, or after the rest. Any thread may call it; it costs nothing when nobody
        sleeps."""
        self.woken.set()

    def close(self) -> None:  # noqa: B027  most services have nothing to give up
        """Give up what is held, after the last slice."""

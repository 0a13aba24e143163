"""The leases of this process at a server: which there are, renewing them, and which of them somebody has taken.

A process that does not renew is taken for dead. Not here: taking a lease (with a flow run's state, `remote`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

from prefect.logging import get_logger
from prefect.schemas.bases import now
from prefect.schemas.states import TERMINAL_STATES, State

_MOST_LOST = 10_000


class Heartbeat:
    """Renews leases while this process holds any; its thread lives that long.

    Args:
        renew: renews all leases of this process and gives the flow runs among them; None: nobody answers.
        lease_seconds: how long a lease lasts without that; it is renewed three times as often.
        in_background: renew in a thread; False (for tests): only when `beat` is called.
    """

    def __init__(
        self,
        renew: Callable[[], Iterable[UUID] | None],
        lease_seconds: float,
        in_background: bool = True,
    ) -> None:
        self._renew = renew
        self._lease = timedelta(seconds=lease_seconds)
        self._pause_seconds = lease_seconds / 3
        self._in_background = in_background
        self._lock = threading.Lock()
        self._flow_runs: set[UUID] = set()
        self._others: set[Any] = set()
        self._lost: dict[UUID, None] = {}
        self._held_until = now()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def holds_anything(self) -> bool:
        """Whether there is anything to renew."""
        return bool(self._flow_runs or self._others)

    def hold(self, flow_run: UUID) -> None:
        """This process runs that flow run now."""
        with self._lock:
            if not self.holds_anything:
                self._held_until = now() + self._lease
            self._flow_runs.add(flow_run)
            self._lost.pop(flow_run, None)
            self._start()

    def release(self, flow_run: UUID) -> None:
        """The flow run has come to its end."""
        self._flow_runs.discard(flow_run)

    def hold_other(self, thing: Any) -> None:
        """This process holds something else that must be renewed: a lock, a task run outside flows."""
        with self._lock:
            self._others.add(thing)
            self._start()

    def release_other(self, thing: Any) -> None:
        """It does not any more."""
        self._others.discard(thing)

    def follow_lone(self, task_run: UUID, state: State[Any]) -> None:
        """A task run outside flows has entered a state."""
        if state.type in TERMINAL_STATES or state.state_details.deferred:
            self._others.discard(task_run)
        elif task_run not in self._others:
            self.hold_other(task_run)

    def lose(self, flow_runs: Iterable[UUID]) -> None:
        """Somebody else has these flow runs now, or they were ended: what this process does with them is void."""
        with self._lock:
            for id in flow_runs:
                self._flow_runs.discard(id)
                self._lost[id] = None
            while len(self._lost) > _MOST_LOST:
                del self._lost[next(iter(self._lost))]

    def is_overdue(self, flow_run: UUID | None) -> bool:
        """Whether the lease on a flow run was not renewed in time: somebody else may have taken it."""
        return flow_run in self._flow_runs and now() >= self._held_until

    def is_lost(self, flow_run: UUID | None) -> bool:
        """Whether a flow run is known to have been taken from this process."""
        return bool(self._lost) and flow_run in self._lost

    def beat(self) -> None:
        """Renew everything, and notice what is lost."""
        held_before = set(self._flow_runs)
        until = now() + self._lease
        held = self._renew()
        # also when nobody answered: it is not asked again with every task
        self._held_until = until
        if held is not None:
            self.lose(held_before.difference(held) & self._flow_runs)

    def close(self) -> None:
        """Renew nothing any more."""
        self._stopping.set()

    def _start(self) -> None:
        if self._thread is None and self._in_background:
            thread = threading.Thread(target=self._live, name="prefect-heartbeat", daemon=True)
            with suppress(RuntimeError):  # the interpreter winds up: nothing is held much longer
                thread.start()
                self._thread = thread

    def _live(self) -> None:
        while not self._stopping.wait(self._pause_seconds):
            with self._lock:
                if not self.holds_anything:
                    self._thread = None
                    return
            try:
                self.beat()
            except Exception:
                get_logger("engine").exception("The leases of this process could not be renewed.")

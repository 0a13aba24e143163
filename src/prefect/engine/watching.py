"""The watch over the flow runs of this process: what others have made of them meanwhile.

One thread asks, for all of them at once, what states they are in; it comes with the first flow run and leaves when
none has been under way for a moment. Not here: stopping a run (`control`), asking (`client`).
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from prefect.engine.control import FlowRunControl
from prefect.logging import get_logger
from prefect.schemas.states import TERMINAL_STATES, State, StateType

_TURN_SECONDS = 0.25
_OF_INTEREST = frozenset({StateType.CANCELLING, StateType.PAUSED, *TERMINAL_STATES})


def must_stop(state: State[Any]) -> bool:
    """Whether a run that somebody else has put into a state has to end here."""
    return (
        state.is_cancelling()
        or state.is_final()
        or (state.is_paused() and state.state_details.pause_reschedule)
    )


class Watch:
    """The flow runs under way in this process, and the thread that looks after them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs: set[FlowRunControl] = set()
        self._thread: threading.Thread | None = None
        self._due: dict[Any, float] = {}

    @contextmanager
    def over(self, run: FlowRunControl, run_id: UUID) -> Iterator[None]:
        """Look after a flow run for the time of the block."""
        run.run_id = run_id
        with self._lock:
            self._runs.add(run)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._watch, name="prefect-watch", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            run.leave()
            with self._lock:
                self._runs.discard(run)

    def _watch(self) -> None:
        troubled = False
        while True:
            time.sleep(_TURN_SECONDS)
            with self._lock:
                if not self._runs:
                    self._thread = None
                    self._due.clear()
                    return
            try:
                self.look(time.monotonic())
                troubled = False
            except Exception as error:
                # The store is away, say: whoever records something is told. Runs go on, and so does the watch.
                if not troubled:
                    get_logger("engine").warning(
                        "It cannot be seen whether flow runs were cancelled: %s", error
                    )
                troubled = True

    def look(self, moment: float) -> None:
        """Ask once about all runs, and stop those that have to."""
        for client, runs in self._by_client().items():
            if moment < self._due.get(client, 0.0):
                continue
            self._due[client] = moment + client.look_seconds
            by_id = {run.run_id: run for run in runs if run.run_id is not None}
            for run_id, (state_id, type) in client.flow_run_states(list(by_id)).items():
                run = by_id[run_id]
                if type in _OF_INTEREST and state_id != run.seen:
                    run.seen = state_id
                    self._judge(run, client.flow_run_state(run_id))

    def _by_client(self) -> dict[Any, list[FlowRunControl]]:
        with self._lock:
            found: dict[Any, list[FlowRunControl]] = {}
            for run in self._runs:
                found.setdefault(run.client, []).append(run)
            return found

    def _judge(self, run: FlowRunControl, state: State[Any] | None) -> None:
        if state is None or not must_stop(state):
            run.hold(state)
            return
        with self._lock:
            inside = [one for one in self._runs if one.is_inside(run)]
        inside.sort(key=FlowRunControl.depth)
        threading.Thread(target=run.stop, args=(state, inside), name="prefect-stop", daemon=True).start()


watch = Watch()

# A forked child has none of its parent's runs, nor its thread.
os.register_at_fork(after_in_child=watch.__init__)  # type: ignore[misc]

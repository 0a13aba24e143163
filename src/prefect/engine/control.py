"""A flow run under way in this process, as whoever wants it to stop finds it: what reaches its code, and what ends.

A run is stopped because of a state that somebody else has given it: it was cancelled, suspended, or ended from
outside. Not here: noticing that (`watching`), what becomes of the run's record (`flow_run`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from typing import Any, Protocol
from uuid import UUID

from prefect._interruptible import Interruptible
from prefect._steps import Life
from prefect.engine.pool import in_worker
from prefect.exceptions import FlowRunStopped
from prefect.schemas.states import State
from prefect.settings import get_current_settings
from prefect.states import Cancelled, Cancelling, crashed_state

_INSIST_SECONDS = 0.2
_ENDED_AROUND = "The flow run around this one was stopped."


class ControlledLife(Protocol):
    """What a life does on behalf of others than itself."""

    def ask(self, state: State[Any]) -> Life[Any]:
        """Propose a state from within the run's code; the outcome, which counts if it is accepted."""
        ...

    def enter(self, state: State[Any]) -> None:
        """The run has been put into a state by others."""
        ...

    def is_in(self, state: State[Any]) -> bool:
        """Whether that is the state that the life itself has entered last."""
        ...

    def end_undone(self, how: str) -> None:
        """Record the end of a run whose code cannot be stopped, and how that goes on."""
        ...


class FlowRunControl:
    """The end of a flow run, to be had by whoever comes first: its own code, or somebody who stops it.

    Args:
        client: where its states are recorded.
        parent: that of the flow run around it.
        life: the run's own, which knows how to record what becomes of it.

    Attributes:
        run_id: the flow run, once it is under way.
        seen: the id of the last state that was looked at.
        stopped: the state because of which the run has to stop; None while it may go on.
        paused: the pause that others have put the run into, while it lasts; nothing is begun in it.
        runner: runs the tasks that the run submits.
    """

    __slots__ = (
        "_closed",
        "_ended",
        "_grace_seconds",
        "_in_worker",
        "_lock",
        "_over",
        "client",
        "interruptible",
        "life",
        "parent",
        "paused",
        "run_id",
        "runner",
        "seen",
        "stopped",
    )

    def __init__(self, client: Any, parent: FlowRunControl | None, life: ControlledLife) -> None:
        self.run_id: UUID | None = None
        self._grace_seconds = get_current_settings().engine.cancellation_grace_seconds
        self.client = client
        self.parent = parent
        self.life = life
        self.interruptible = Interruptible(FlowRunStopped)
        self.stopped: State[Any] | None = None
        self.paused: State[Any] | None = None
        self.runner: Any = None
        self.seen: UUID | None = None
        self._in_worker = in_worker()
        self._lock = threading.Lock()
        self._closed = False
        self._ended = False
        self._over = threading.Event()

    # --- for the run itself ----------------------------------------------------------------------------

    def close(self) -> None:
        """What the run becomes from here on is its own doing, and no reason to stop it.

        Raises:
            FlowRunStopped: somebody has stopped it before.
        """
        with self._lock:
            if self.stopped is None:
                self._closed = True
                return
        raise self.stop_with(self.stopped)

    def reopen(self) -> None:
        """The run goes on; it can be stopped again."""
        with self._lock:
            self._closed = False

    def stop_with(self, state: State[Any]) -> BaseException:
        """The run has found out by itself that it must stop; what it is to raise."""
        self.stopped = self.stopped or state
        self.interruptible.ask(reach=False)
        return self.interruptible.error()

    def has_end(self) -> bool:
        """Take it upon oneself to record the run's end; False: somebody else has."""
        with self._lock:
            taken, self._ended = self._ended, True
        return not taken

    def leave(self) -> None:
        """The run's code is over."""
        self._over.set()

    # --- for others ------------------------------------------------------------------------------------

    def depth(self) -> int:
        """How many flow runs are around this one."""
        return 0 if self.parent is None else 1 + self.parent.depth()

    def is_inside(self, other: FlowRunControl) -> bool:
        """Whether this run was called, at any depth, by the other one."""
        around = self.parent
        while around is not None and around is not other:
            around = around.parent
        return around is not None

    def stop(self, state: State[Any], inside: Iterable[FlowRunControl]) -> None:
        """Stop the run and those inside it. Blocks until its code has ended, or has been given up.

        Args:
            state: that it was given.
            inside: the runs inside it that are under way in this process.
        """
        if not self._mark(state):
            return
        stopped = [one for one in inside if one._mark(Cancelling(message=_ENDED_AROUND))]
        reached = {self.interruptible.carrier}
        self.interruptible.ask()
        for one in stopped:
            # A run that the same thread carries, or a worker that is given up with its task, is reached by that.
            carrier = one.interruptible.carrier
            one.interruptible.ask(reach=not one._in_worker and carrier not in reached)
            reached.add(carrier)
        for one in reversed([self, *stopped]):
            if one.runner is not None:
                one.runner.cancel_all()
        seconds = self._grace_seconds
        if not self._is_over_within(seconds, stopped) and self.has_end():
            self.life.end_undone(
                f"Its code could not be stopped within {seconds:g} second(s) and is still alive."
            )

    def _is_over_within(self, seconds: float, inside: Iterable[FlowRunControl]) -> bool:
        ends = time.monotonic() + seconds
        while not self._over.wait(max(0.0, min(_INSIST_SECONDS, ends - time.monotonic()))):
            if time.monotonic() >= ends:
                return False
            for one in (self, *inside):
                one.interruptible.insist()
        return True

    def hold(self, state: State[Any] | None) -> None:
        """Begin nothing more while the run is in a pause that is not its own."""
        if state is not None and state.is_paused() and not self.life.is_in(state):
            self.paused = state

    def _mark(self, state: State[Any]) -> bool:
        """From now on the run has to stop; False when it is ending already."""
        with self._lock:
            if self._closed or self.stopped is not None:
                return False
            self.stopped = state
            return True


def state_of_interrupted(error: BaseException, flow_context: Any) -> State[Any]:
    """The state of a task run that an interruption has ended: Cancelled when its flow run was stopped."""
    return cancelled_with(flow_context) if is_stopped(flow_context) else crashed_state(error)


def cancelled_with(flow_context: Any) -> State[Any]:
    """The state of a task run that has ended because its flow run was stopped."""
    return Cancelled(message=f"Its flow run was stopped: it is {flow_context.control.stopped.name}.")


def is_held(flow_context: Any) -> bool:
    """Whether others have paused the flow run around."""
    return (
        flow_context is not None
        and flow_context.control is not None
        and flow_context.control.paused is not None
    )


def is_stopped(flow_context: Any) -> bool:
    """Whether the flow run around has to stop."""
    return (
        flow_context is not None
        and flow_context.control is not None
        and flow_context.control.stopped is not None
    )


def refuse_if_stopped(flow_context: Any) -> None:
    """Begin nothing new in a flow run that has to stop.

    Raises:
        FlowRunStopped: the flow run around has.
    """
    if is_stopped(flow_context):
        raise FlowRunStopped()

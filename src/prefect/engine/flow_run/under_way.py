"""A flow run as this process has it under way: what it is, and the states that it proposes and enters.

Each state is proposed and may be answered with another one. Not here: what is done in which state (`life`), who
answers (`server/orchestration`).
"""

from __future__ import annotations

import logging
from typing import Any

from prefect._steps import Life, Sleep
from prefect.context import FlowRunContext
from prefect.engine import observer
from prefect.engine.control import FlowRunControl
from prefect.engine.flow_run import ending
from prefect.engine.recording import asking
from prefect.engine.resumption import Resumption
from prefect.engine.signals import Termination
from prefect.engine.subflows import Child, Placeholder
from prefect.exceptions import Abort, Pause
from prefect.logging.loggers import flow_run_logger
from prefect.schemas.bases import now, uuid7
from prefect.schemas.outcomes import Outcome
from prefect.schemas.runs import FlowRun
from prefect.schemas.states import State, StateType, trusted_details, trusted_state

_BASE_LOGGER = logging.getLogger("prefect.flow_runs")


class FlowRunUnderWay:
    """What is known of a run of a flow, and how it enters states. See `FlowRunLife` for the arguments.

    Attributes:
        parent: the context of the flow run that calls this one.
        placeholder: the task run that stands for this one there.
        children: the subflow runs that earlier attempts made, by their place.
        context: that of the attempt under way, once there is one.
        state: the last state that was entered.
        attempt: the number of the attempt, as the record counts them.
        value: what the body returned.
        raised: what the body raised.
        abandoned: whoever consumed the items of a generator flow has closed it.
        termination: what has become of a request to the process to end.
        control: what others stop the run by.
    """

    def __init__(
        self,
        flow: Any,
        parameters: dict[str, Any],
        client: Any,
        wait_for: list[Any] | None = None,
        run: FlowRun | None = None,
        emits: bool = False,
        resumption: Resumption | None = None,
        labels: dict[str, Any] | None = None,
    ) -> None:
        self.flow = flow
        self.parameters = parameters
        self.client = client
        self.wait_for = wait_for or []
        self.run: FlowRun = run  # type: ignore[assignment]  # made at the start of the life
        self.emits = emits
        self.abandoned = False
        self.parent: FlowRunContext | None = FlowRunContext.get()
        self.placeholder: Placeholder | None = None
        self.labels = labels or {}
        self.children: dict[str, Child] = {}
        self.resumption: Resumption = resumption  # type: ignore[assignment]  # made at the start of the life
        self.context: FlowRunContext | None = None
        self.state: State[Any] | None = None
        self.raised: BaseException | None = None
        self.value: Any = None
        self.attempt: int | None = None
        self.termination: Termination | None = None
        around = None if self.parent is None else self.parent.control
        self.control = FlowRunControl(client, around, self)
        self._logger: Any = None

    # --- states ----------------------------------------------------------------------------------------

    def own_state(
        self, type: StateType, name: str, message: str | None = None, data: Any = None
    ) -> State[Any]:
        """A state of this run, not proposed yet."""
        return trusted_state(type, name, trusted_details(flow_run_id=self.run.id), message, data)

    def propose(self, state: State[Any], force: bool = False) -> Life[State[Any]]:
        """Propose a state; the run's state is then the one that was granted.

        Raises:
            Abort: the run must not go on.
            Pause: the run was paused from outside.
            FlowRunStopped: the run is being cancelled.
        """
        while True:
            outcome = yield from self._proposed(state, force)
            if outcome.status != "WAIT":
                break
            self.logger.debug("Waiting %g second(s): %s", outcome.delay_seconds, outcome.reason)
            yield self.control.interruptible(Sleep(outcome.delay_seconds))
            state.timestamp = now()
        if outcome.status == "ABORT":
            raise Abort(outcome.reason or "The run was told to stop.")
        granted = self._granted(outcome, state)
        if granted.is_cancelling() and granted.id != state.id:
            raise self.control.stop_with(granted)
        if granted.is_paused() and granted.id != state.id:
            raise Pause(state=granted)
        return granted

    def _proposed(self, state: State[Any], force: bool = False) -> Life[Outcome]:
        state.state_details.transition_id = uuid7()
        propose = self.client.propose_flow_run_state
        outcome: Outcome = yield asking(self.client, propose, self.run.id, state, self.attempt, force)
        return outcome

    def _granted(self, outcome: Outcome, proposed: State[Any]) -> State[Any]:
        """The run is in the state that the outcome of a proposal says."""
        granted = outcome.state
        assert granted is not None
        if outcome.status == "ACCEPT":
            granted.data = proposed.data
        counters = self.run.__dict__
        counters["run_count"], counters["start_time"] = outcome.run_count, outcome.start_time
        counters["end_time"], counters["total_run_time"] = outcome.end_time, outcome.total_run_time
        self.adopt(granted, outcome.attempt)
        return granted

    def adopt(self, state: State[Any] | None, attempt: int | None) -> None:
        """The run is in `state`, and so is the placeholder that stands for it in the parent."""
        self.note(state, attempt)
        self.mirror(state)

    def note(self, state: State[Any] | None, attempt: int | None) -> None:
        """The run is in `state`: its record and the live display follow."""
        fields = self.run.__dict__
        before = fields["state_type"]
        self.state = state
        self.attempt = attempt
        if state is None:
            return
        fields["state"], fields["state_id"] = state, state.id
        fields["state_type"], fields["state_name"] = state.type, state.name
        if fields["expected_start_time"] is None:
            fields["expected_start_time"] = state.timestamp
        if observer.current is not None:
            observer.current.on_flow_state(self.run.name, before, state.type)

    def mirror(self, state: State[Any] | None) -> None:
        """The placeholder in the parent follows the run."""
        if self.placeholder is not None and state is not None:
            self.placeholder.follow(self.run, state, self.value)

    # --- on behalf of others, see `ControlledLife` -----------------------------------------------------

    def ask(self, state: State[Any]) -> Life[Outcome]:
        """Propose a state from within the run's code; the outcome, which counts if it is accepted."""
        outcome = yield from self._proposed(state)
        if outcome.state is not None and outcome.state.is_cancelling():
            raise self.control.stop_with(outcome.state)
        if outcome.status == "ACCEPT":
            self._granted(outcome, state)
        return outcome

    def is_in(self, state: State[Any]) -> bool:
        """Whether that is the state that the life itself has entered last."""
        return self.state is not None and self.state.id == state.id

    def enter(self, state: State[Any]) -> None:
        """The run has been put into a state by others."""
        if self.is_in(state):
            return
        if not state.is_running():
            raise self.control.stop_with(state)
        self.run.__dict__["run_count"] += 1
        self.adopt(state, self.attempt)

    def end_undone(self, how: str) -> None:
        """Record, from another thread, the end of a run whose code cannot be stopped."""
        ending.end_undone(self, how)

    # --- the log ---------------------------------------------------------------------------------------

    @property
    def logger(self) -> Any:
        """The run's logger."""
        if self._logger is None:
            self._logger = flow_run_logger(self.run, self.flow)
        return self._logger

    def say(self, message: str, *values: Any) -> None:
        """Put a line into the run's log, if such lines are wanted at all: then it costs next to nothing."""
        if _BASE_LOGGER.isEnabledFor(logging.INFO):
            self.logger.info(message, *values)

    def rename(self, name: str) -> None:
        """Give the run another name."""
        self.run.name = name
        self.client.rename_flow_run(self.run.id, name)
        self._logger = None

"""A task run as this process has it: what it is, where it stands, and the states it enters.

Not here: which states follow one another (`life`), how they are stored (`client`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from prefect.context import FlowRunContext, TaskRunContext
from prefect.engine import inputs, observer
from prefect.engine.control import refuse_if_stopped
from prefect.engine.resumption import next_step
from prefect.engine.task_run.opening import edges_of, new_run
from prefect.exceptions import Abort
from prefect.logging.loggers import task_run_logger
from prefect.schemas.bases import now, uuid7
from prefect.schemas.runs import RunInput, TaskRun
from prefect.schemas.states import State, StateDetails, StateType, keep_data, trusted_details, trusted_state
from prefect.states import state_of_value
from prefect.transactions.fencing import RUN_IS_LOST

if TYPE_CHECKING:
    from prefect.engine.keeping import Keeper

_RUNNING, _COMPLETED = StateType.RUNNING, StateType.COMPLETED
_TICK = timedelta(microseconds=1)
_CONTEXT = TaskRunContext.__var__


class TaskRunUnderWay:
    """What is known of one run of a task; for the arguments see `TaskRunLife`.

    Attributes:
        abandoned: nobody wants the rest of a generator's items.
        cache_key: what its cache policy gives the call; None: no key.
        context: what the body finds around it, once that is settled.
        entered: when the run entered its state.
        findings: what the arguments depend on.
        flow_context: that of the flow run around; None outside of flows.
        keeper: keeps its result; None: nobody needs to.
        limit_seconds: how long an attempt may take, once that is settled.
        log_prints: whether what it prints becomes lines of its log, once that is settled.
        raised: what the last attempt raised.
        roll_back_when_over: its transaction has rolled back, which is said once it has completed.
        state: the state that the run is in.
        value: what the body gave.
    """

    __slots__ = (
        "_logger",
        "abandoned",
        "cache_key",
        "client",
        "context",
        "emits",
        "entered",
        "findings",
        "flow_context",
        "keeper",
        "limit_seconds",
        "log_prints",
        "parameters",
        "raised",
        "roll_back_when_over",
        "run",
        "state",
        "step",
        "task",
        "value",
        "wait_for",
    )  # fmt: skip

    context: TaskRunContext
    limit_seconds: float | None
    log_prints: bool

    def __init__(
        self,
        task: Any,
        parameters: dict[str, Any],
        client: Any,
        wait_for: list[Any] | None = None,
        dependencies: Mapping[str, Iterable[RunInput]] | None = None,
        run_id: UUID | None = None,
        run: TaskRun | None = None,
        emits: bool = False,
        step: str | None = None,
    ) -> None:
        self.task = task
        self.parameters = parameters
        self.client = client
        self.wait_for = wait_for
        self.emits = emits
        self.abandoned = False
        self.flow_context = FlowRunContext.get()
        self.step = step or next_step(self.flow_context, _CONTEXT.get(None), task)
        self.findings = edges_of(parameters, wait_for, dependencies, self.flow_context)
        self.run = run or new_run(task, self.flow_context, self.findings, run_id)
        self.state: State[Any] | None = self.run.state
        self.raised: BaseException | None = None
        self.value: Any = None
        self.keeper: Keeper | None = None
        self.cache_key: str | None = None
        self.roll_back_when_over = False
        self.entered: datetime | None = None
        self._logger: Any = None

    @property
    def logger(self) -> Any:
        """The run's logger."""
        if self._logger is None:
            self._logger = task_run_logger(self.run, self.task)
        return self._logger

    def refuse_if_superseded(self) -> None:
        """Stop here if the flow run was stopped, or another process has taken it for dead and has it now.

        Raises:
            Abort: another process has it.
            FlowRunStopped: it was stopped.
        """
        refuse_if_stopped(self.flow_context)
        self.refuse_if_lost()

    def refuse_if_lost(self) -> None:
        """Do nothing more in the name of a run that is another process's now.

        Raises:
            Abort: it is.
        """
        if self.client.superseded(self.run.flow_run_id):
            raise Abort(RUN_IS_LOST)

    def remember(self, value: Any) -> None:
        """Know a value again where it is an argument of something else."""
        if self.flow_context is not None:
            self.flow_context.run_results.remember(value, inputs.task_input(self.run.id))

    def explain_caching(self, outcome: str, reason: str, parts: dict[str, str] | None = None) -> None:
        """Keep with the run why a stored result was or was not reused."""
        told = {"prefect.cache.outcome": outcome, "prefect.cache.reason": reason}
        if parts:
            told["prefect.cache.parts"] = json.dumps(parts)
        self.run.labels.update(told)
        if outcome == "hit" or parts is None:
            self.logger.debug("Cache %s: %s.", outcome, reason)

    # --- states ----------------------------------------------------------------------------------------

    def own_state(
        self, type: StateType, name: str, message: str | None = None, data: Any = None
    ) -> State[Any]:
        """A state of this run."""
        return trusted_state(type, name, self._details(), message, data)

    def owned(self, state: State[Any]) -> State[Any]:
        """A state made elsewhere, marked as this run's."""
        ids = {"flow_run_id": self.run.flow_run_id, "task_run_id": self.run.id}
        details = state.state_details.model_copy(update=ids)
        copy = state.model_copy(update={"state_details": details, "timestamp": now(), "id": uuid7()})
        return keep_data(copy)

    def state_of_value(self, value: Any) -> State[Any]:
        """The final state that a value of the body means."""
        if isinstance(value, inputs.Upstream):
            value = value.state  # type: ignore[attr-defined]
        told = state_of_value(value)
        if told is not None:
            return self.owned(told)
        return self.own_state(_COMPLETED, "Completed", data=value)

    def state_of_record(
        self,
        type: StateType,
        name: str,
        record: Any,
        message: str | None = None,
        expiration: datetime | None = None,
    ) -> State[Any]:
        """The state of a run whose result is stored."""
        details = self._details(cache_key=self.cache_key, cache_expiration=expiration)
        return trusted_state(type, name, details, message, record)

    def _details(self, **known: Any) -> StateDetails:
        return trusted_details(flow_run_id=self.run.flow_run_id, task_run_id=self.run.id, **known)

    def rolled_back(self, transaction: Any) -> None:
        """The run's transaction was rolled back; called like a hook of the user's."""
        if self.state is not None and self.state.is_completed():
            self.enter_rolled_back()

    def enter_rolled_back(self) -> None:
        """The run has completed, and does not count."""
        self.enter(self.own_state(_COMPLETED, "RolledBack", "The run's transaction was rolled back."))

    def enter(self, state: State[Any]) -> None:
        """The run is now in `state`: count, record, tell."""
        run = self.run.__dict__
        before: StateType | None = run["state_type"]
        moment = state.timestamp
        entered = self.entered
        if entered is not None and moment <= entered:
            moment = state.__dict__["timestamp"] = entered + _TICK
        self.entered = moment
        if before is _RUNNING and entered is not None:
            run["total_run_time"] += moment - entered
        type = state.type
        if type is _RUNNING:
            run["run_count"] += 1
            run["start_time"] = run["start_time"] or moment
        elif type is _COMPLETED or state.is_final():
            run["end_time"] = moment
        if run["expected_start_time"] is None:
            run["expected_start_time"] = moment
        run["state"], run["state_id"], run["state_type"], run["state_name"] = (
            state,
            state.id,
            type,
            state.name,
        )
        self.state = state
        self.client.record_task_run(self.run, state)
        if observer.current is not None:
            observer.current.on_task_state(self.task.name, before, type)

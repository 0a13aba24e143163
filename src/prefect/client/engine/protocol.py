"""The port of the engine: what it asks of whoever records its runs.

There are two: the store of this process (`client/orchestration/local`) and a server (`remote`). Not here: which of
them the settings mean (`prefect.client.engine`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from prefect.schemas.outcomes import AwaitedRetry, Outcome
from prefect.schemas.runs import FlowRun, TaskRun
from prefect.schemas.states import State, StateType

if TYPE_CHECKING:
    from prefect.logging.handlers import LogRow


class Steps(Protocol):
    """By what names the steps of a flow run go, and the flow run around it."""

    @property
    def parent(self) -> UUID | None: ...
    @property
    def names(self) -> set[str]: ...


class HeldLock(Protocol):
    """A lock in force: on whose behalf, and when it ends by itself (None: when its process does)."""

    @property
    def holder(self) -> str: ...
    @property
    def expires_at(self) -> datetime | None: ...


class EngineClient(Protocol):
    """Records the runs of this process. Any thread may use it.

    Attributes:
        is_slow: asking it takes long enough that async code should not wait for it in its event loop.
        look_seconds: how often it is asked where flow runs stand.
    """

    is_slow: bool
    look_seconds: float

    # --- recording -------------------------------------------------------------------------------------

    def record_task_run(self, run: TaskRun, state: State[Any]) -> None:
        """Note that a task run has entered a state. It is stored soon, in order; `flush` waits for that."""
        ...

    def record_log(self, row: LogRow) -> None:
        """Note a line of a run's log."""
        ...

    def flush(self) -> None:
        """Wait until everything noted so far is stored.

        Raises:
            prefect.exceptions.StoreError: the store cannot be written.
            prefect.exceptions.ServerUnreachableError: the server cannot be reached, and nothing is kept for it.
        """
        ...

    def flow_id(self, name: str) -> UUID:
        """The id of the flow of that name; it is stored when it is new."""
        ...

    def begin_flow_run(self, run: FlowRun, state: State[Any]) -> bool:
        """Store a new flow run that this process is going to run, under a lease.

        False: it may not, since another process has taken the flow run that calls it.
        """
        ...

    def propose_flow_run_state(
        self,
        run_id: UUID,
        state: State[Any],
        attempt: int | None = None,
        force: bool = False,
        begin: bool = False,
    ) -> Outcome:
        """Ask that a flow run enter a state; everything noted before is stored first.

        Args:
            attempt: the attempt that speaks; an older one than the run's is refused.
            force: leave the ordinary rules out.
            begin: another attempt begins in this process.

        Raises:
            ObjectNotFound: there is no such run.
        """
        ...

    def rename_flow_run(self, run_id: UUID, name: str) -> None:
        """Give a flow run another name."""
        ...

    def amend_flow_run(self, run: FlowRun) -> None:
        """Store the parameters and labels that a flow run has now."""
        ...

    def superseded(self, flow_run: UUID | None) -> bool:
        """Whether somebody has taken a flow run from this process, which must not go on with it then."""
        ...

    # --- where flow runs stand -------------------------------------------------------------------------

    def flow_run_states(self, run_ids: list[UUID]) -> dict[UUID, tuple[UUID, StateType]]:
        """The id and the type of the state that each of these flow runs is in, as far as it is known."""
        ...

    def flow_run_state(self, run_id: UUID) -> State[Any] | None:
        """The state a flow run is in; None when there is no such run."""
        ...

    def flow_run_history(self, run_id: UUID) -> list[State[Any]]:
        """The states a flow run has been in, oldest first."""
        ...

    # --- what another attempt wants to know ------------------------------------------------------------

    def read_flow_run(self, run_id: UUID) -> FlowRun:
        """A flow run as it is stored.

        Raises:
            ObjectNotFound: there is no such run.
        """
        ...

    def read_task_runs(self, run_ids: list[UUID]) -> list[TaskRun]:
        """The task runs with these ids, as they are stored; those that are not are left out."""
        ...

    def flow_name(self, flow_id: UUID) -> str | None:
        """The name of a flow; None if there is none."""
        ...

    def children_of(self, run_id: UUID) -> list[tuple[TaskRun, FlowRun]]:
        """The subflow runs that a flow run has made, each with the task run that stands for it."""
        ...

    def completed_task_runs(self, run_id: UUID) -> list[TaskRun]:
        """The steps that a flow run and its subflows have completed."""
        ...

    def deferred_runs(self, run_id: UUID, label: str) -> dict[str, UUID]:
        """The task runs that a flow run has left to task workers, but for failed ones, by a label of theirs."""
        ...

    def awaited_retries(self, run_id: UUID, label: str) -> dict[str, AwaitedRetry]:
        """The retries that task runs of a flow run were waiting for when they crashed, by a label of theirs."""
        ...

    def kept_parameters(self, run_id: UUID) -> Any:
        """Where what the record of a flow run loses of its parameters is stored; None if it is not."""
        ...

    def step_names(self, run_id: UUID) -> Mapping[UUID, Steps]:
        """The names of the steps of a flow run and of each one inside it."""
        ...

    def close_dead_runs(self) -> None:
        """See to it that what is read next is not of processes that are gone, nor older than what is known here."""
        ...

    # --- locks -----------------------------------------------------------------------------------------

    def try_lock(self, key: str, holder: str, hold_seconds: float | None) -> bool:
        """Take the lock on a key unless somebody else has it; whether `holder` has it now."""
        ...

    def release_lock(self, key: str, holder: str) -> bool:
        """Give the lock on a key back; False: the holder did not have it."""
        ...

    def held_lock(self, key: str) -> HeldLock | None:
        """The lock on a key, or None when it is free."""
        ...

    # --- its own life ----------------------------------------------------------------------------------

    def usable(self) -> bool:
        """Whether it is open, and opened by this process: a forked child needs one of its own."""
        ...

    def close(self) -> None:
        """Store everything noted so far, as far as that can be, and give up what is held."""
        ...

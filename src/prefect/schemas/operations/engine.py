# mypy: disable-error-code="empty-body"
"""What the engine of a process that runs flows asks of a server: routes of our own, below `/engine`.

The API of the original has no words for leases, attempts and batches. Every operation here can be asked twice:
a client that did not hear the answer asks again. Not here: what other clients may ask (the other modules).
"""

from typing import Annotated, Any
from uuid import UUID

from prefect.schemas.operations.declaring import operation, wire
from prefect.schemas.operations.flow_runs import FlowRunId
from prefect.schemas.outcomes import AwaitedRetry, Outcome
from prefect.schemas.recording import (
    Batch,
    Begun,
    ChildOfFlowRun,
    HeldKey,
    Receipt,
    Standing,
    StepsOfFlowRun,
)
from prefect.schemas.runs import FlowRun, TaskRun
from prefect.schemas.states import State

PROTOCOL = 1
"""The version of these operations."""

LeaseSeconds = Annotated[float, wire(at_least=1, at_most=86_400)]


@operation("GET", "/engine")
def engine_protocol() -> int:
    """Which version of the engine's operations the server knows; servers of another make have no such route."""


# --- recording ------------------------------------------------------------------------------------------


@operation("POST", "/engine/record")
def record(batch: Annotated[Batch, wire(whole=True)]) -> Receipt:
    """Store states of task runs and log lines; they are stored when this returns."""


@operation("POST", "/engine/flow_runs")
def begin_flow_run(
    flow_run: FlowRun,
    state: State[Any],
    flow_name: str,
    holder: str,
    lease_seconds: LeaseSeconds = 30.0,
    late: bool = False,
) -> Begun:
    """Store a new flow run that the holder is going to run, under a lease; its flow is made if there is none.

    Args:
        late: it began while the server was away.
    """


@operation("POST", "/engine/flow_runs/{id}/state")
def propose_flow_run_state(
    flow_run_id: FlowRunId,
    state: State[Any],
    holder: str,
    lease_seconds: LeaseSeconds = 30.0,
    attempt: int | None = None,
    force: bool = False,
    begin: bool = False,
    late: bool = False,
) -> Outcome:
    """Ask that a flow run enter a state.

    Args:
        attempt: the attempt that speaks; an older one than the run's is refused.
        force: leave the ordinary rules out.
        begin: another attempt begins in the process of the holder.
        late: the state was entered while the server was away; it is recorded unless somebody else has gone on
            with the run.

    Raises:
        ObjectNotFound: there is no such run.
    """


@operation("POST", "/engine/leases")
def renew_leases(holder: str, lease_seconds: LeaseSeconds = 30.0) -> list[UUID]:
    """Renew all leases and locks of a holder; returns the flow runs that it still holds."""


@operation("POST", "/engine/standings")
def read_standings(flow_run_ids: list[UUID]) -> dict[UUID, Standing]:
    """The states that flow runs are in; those that are not there, or have no state, are left out."""


# --- what another attempt wants to know -----------------------------------------------------------------


@operation("GET", "/engine/flow_runs/{id}/children")
def read_children(flow_run_id: FlowRunId) -> list[ChildOfFlowRun]:
    """The subflow runs that a flow run has called, each with the task run that stands for it."""


@operation("GET", "/engine/flow_runs/{id}/steps")
def read_step_names(flow_run_id: FlowRunId) -> dict[UUID, StepsOfFlowRun]:
    """The names of the steps of a flow run and of each flow run inside it."""


@operation("GET", "/engine/flow_runs/{id}/completions")
def read_completed_task_runs(flow_run_id: FlowRunId) -> list[TaskRun]:
    """The steps that a flow run and its subflows have completed."""


@operation("GET", "/engine/flow_runs/{id}/deferred")
def read_deferred_runs(flow_run_id: FlowRunId, label: str) -> dict[str, UUID]:
    """The task runs of a flow run that have a label, by its value, but for those that ended badly."""


@operation("GET", "/engine/flow_runs/{id}/awaited_retries")
def read_awaited_retries(flow_run_id: FlowRunId, label: str) -> dict[str, AwaitedRetry]:
    """The retries that task runs of a flow run were waiting for when they crashed, by a label of theirs."""


@operation("GET", "/engine/flow_runs/{id}/kept_parameters")
def read_kept_parameters(flow_run_id: FlowRunId) -> Any:
    """Where what the record of a flow run loses of its parameters is stored; None if it is not."""


# --- what the command line tells ------------------------------------------------------------------------


@operation("GET", "/engine/runs")
def find_runs(noun: str, text: str, limit: Annotated[int, wire(at_least=1, at_most=200)] = 10) -> list[UUID]:
    """The ids of the runs that a text can mean: an id, the beginning of one, or a name; the newest first.

    Args:
        noun: "flow run" or "task run".
    """


@operation("GET", "/engine/flow_runs/{id}/story")
def read_flow_run_story(
    flow_run_id: FlowRunId, task_run_limit: Annotated[int, wire(at_least=0, at_most=100_000)] = 1_000
) -> Any:
    """Everything that `prefect flow-run inspect` tells, as JSON.

    Raises:
        ObjectNotFound: there is no such run.
    """


@operation("GET", "/engine/task_runs/{id}/story")
def read_task_run_story(task_run_id: Annotated[UUID, wire("id")]) -> Any:
    """Everything that `prefect task-run inspect` tells, as JSON.

    Raises:
        ObjectNotFound: there is no such run.
    """


# --- locks ----------------------------------------------------------------------------------------------


@operation("POST", "/engine/locks")
def take_lock(
    key: str,
    holder: str,
    process: str,
    hold_seconds: float | None = None,
    lease_seconds: LeaseSeconds = 30.0,
) -> bool:
    """Take the lock on a key unless somebody else has it; whether `holder` has it now.

    Args:
        process: the process that renews the lock, as its leases name it.
        hold_seconds: how long it lasts without being released; None: as long as the process.
    """


@operation("POST", "/engine/locks/release")
def release_lock(key: str, holder: str) -> bool:
    """Give the lock on a key back; False: `holder` did not have it."""


@operation("GET", "/engine/locks")
def read_lock(key: str) -> HeldKey | None:
    """The lock on a key, or None when the key is free."""

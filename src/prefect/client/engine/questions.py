"""What the engine asks a server about runs, beside recording them: where they stand, their past, locks.

Asked in the outbox's turn, so that answers see everything that was noted before. Not here: recording (`remote`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from prefect.client.engine.dispatch import Dispatch
from prefect.client.engine.heartbeat import Heartbeat
from prefect.client.engine.ledger import Ledger
from prefect.client.engine.letters import letter_of
from prefect.client.engine.line import Line, Refused, Unreachable, ask
from prefect.client.engine.outbox import Outbox
from prefect.client.engine.spool import Letter
from prefect.client.orchestration._messages import result_of
from prefect.exceptions import ObjectNotFound, ServerUnreachableError
from prefect.schemas.filters.task_runs import TaskRunFilter, TaskRunFilterId
from prefect.schemas.operations import Request, Response, engine, flow_runs, flows, task_runs
from prefect.schemas.runs import FlowRun, TaskRun
from prefect.schemas.states import State, StateType

if TYPE_CHECKING:
    from prefect.client.engine.protocol import HeldLock, Steps
    from prefect.schemas.outcomes import AwaitedRetry

R = TypeVar("R")

_PAGE = 200
_SETTLE_SECONDS = 10.0


class Questions:
    """The questions of an engine's client to its server."""

    holder: str
    _dispatch: Dispatch
    _line: Line
    _outbox: Outbox
    _ledger: Ledger
    _heartbeat: Heartbeat
    _heading: dict[str, Any]

    # --- where flow runs stand -------------------------------------------------------------------------

    def flow_run_states(self, run_ids: list[UUID]) -> dict[UUID, tuple[UUID, StateType]]:
        """The id and the type of the state that each of these flow runs is in; of none while the server is away."""
        found = None if self._dispatch.is_away else self._told(engine.read_standings(run_ids))
        return {id: (one.id, one.type) for id, one in (found or {}).items()}

    def flow_run_state(self, run_id: UUID) -> State[Any] | None:
        """The state a flow run is in, as it is known here while the server is away; None when there is no such run.

        Raises:
            ServerUnreachableError: the server is away, and it is not a run of this process.
        """
        known = None if self._dispatch.is_strict else self._ledger.state_of(run_id)
        if self._dispatch.is_away and known is not None:
            return known
        try:
            return self.read_flow_run(run_id).state
        except ObjectNotFound:
            return None
        except ServerUnreachableError:
            if known is None:
                raise
            return known

    def flow_run_history(self, run_id: UUID) -> list[State[Any]]:
        """The states a flow run has been in, oldest first."""
        return self._read(flow_runs.read_flow_run_states(run_id))

    # --- what another attempt wants to know ------------------------------------------------------------

    def read_flow_run(self, run_id: UUID) -> FlowRun:
        """A flow run as it is stored.

        Raises:
            ObjectNotFound: there is no such run.
        """
        run = self._read(flow_runs.read_flow_run(run_id))
        if self._ledger.attempt_of(run_id) is None:
            self._ledger.note(run, run.state, attempt=0)
        return run

    def read_task_runs(self, run_ids: list[UUID]) -> list[TaskRun]:
        """The task runs with these ids, as they are stored; those that are not are left out."""
        found: list[TaskRun] = []
        for start in range(0, len(run_ids), _PAGE):
            wanted = TaskRunFilter(id=TaskRunFilterId(any_=run_ids[start : start + _PAGE]))
            page: list[TaskRun] = self._read(task_runs.read_task_runs(task_run_filter=wanted, limit=_PAGE))
            found.extend(page)
        return found

    def flow_name(self, flow_id: UUID) -> str | None:
        """The name of a flow; None if there is none."""
        try:
            return self._read(flows.read_flow(flow_id)).name
        except ObjectNotFound:
            return None

    def children_of(self, run_id: UUID) -> list[tuple[TaskRun, FlowRun]]:
        """The subflow runs that a flow run has made, each with the task run that stands for it."""
        found = self._read(engine.read_children(run_id))
        for child in found:
            if self._ledger.attempt_of(child.flow_run.id) is None:
                self._ledger.note(child.flow_run, child.flow_run.state, attempt=0)
        return [(child.placeholder, child.flow_run) for child in found]

    def completed_task_runs(self, run_id: UUID) -> list[TaskRun]:
        """The steps that a flow run and its subflows have completed."""
        return self._read(engine.read_completed_task_runs(run_id))

    def deferred_runs(self, run_id: UUID, label: str) -> dict[str, UUID]:
        """The task runs that a flow run has left to task workers, but for failed ones, by a label of theirs."""
        return self._read(engine.read_deferred_runs(run_id, label))

    def awaited_retries(self, run_id: UUID, label: str) -> dict[str, AwaitedRetry]:
        """The retries that task runs of a flow run were waiting for when they crashed, by a label of theirs."""
        return self._read(engine.read_awaited_retries(run_id, label))

    def kept_parameters(self, run_id: UUID) -> Any:
        """Where what the record of a flow run loses of its parameters is stored; None if it is not."""
        return self._read(engine.read_kept_parameters(run_id))

    def step_names(self, run_id: UUID) -> Mapping[UUID, Steps]:
        """The names of the steps of a flow run and of each one inside it."""
        return self._read(engine.read_step_names(run_id))

    def close_dead_runs(self) -> None:
        """Have what is kept here for the server delivered first: it may be about the run that is asked for next."""
        self._dispatch.settle(_SETTLE_SECONDS)

    def _read(self, request: Request[R]) -> R:
        """What an operation returns that sees everything noted before.

        Raises:
            ServerUnreachableError: nobody answers.
            StoreError: what is kept for the server cannot be read.
            Exception: what the client of an operation raises when the server refuses.
        """

        def read() -> R:
            if self._dispatch.is_away and not self._dispatch.deliver_kept():
                raise ServerUnreachableError(self._line.url, "it does not know yet what happened")
            try:
                return ask(self._line, request)
            except Unreachable as error:
                raise ServerUnreachableError(self._line.url, error.reason) from error
            except Refused as error:
                raise error.error from None

        return self._outbox.perform(read)

    def _told(self, request: Request[R]) -> R | None:
        """What an operation returns; None: the server is away.

        Raises:
            ServerUnreachableError: it is, and nothing is to be kept for it.
            Exception: what the client of an operation raises when the server refuses.
        """
        return self._outbox.perform(partial(self._exchange, request, list))

    # --- locks -----------------------------------------------------------------------------------------

    def try_lock(self, key: str, holder: str, hold_seconds: float | None) -> bool:
        """Take the lock on a key unless somebody else has it; whether `holder` has it now."""
        how = {"process": self.holder, "lease_seconds": self._heading["lease_seconds"]}
        taken = self._read(engine.take_lock(key, holder, hold_seconds=hold_seconds, **how))
        if taken and hold_seconds is None:
            self._heartbeat.hold_other((key, holder))
        return taken

    def release_lock(self, key: str, holder: str) -> bool:
        """Give the lock on a key back; False: the holder did not have it."""
        self._heartbeat.release_other((key, holder))
        return self._read(engine.release_lock(key, holder))

    def held_lock(self, key: str) -> HeldLock | None:
        """The lock on a key, or None when it is free."""
        return self._read(engine.read_lock(key))

    # --- asking --------------------------------------------------------------------------------------

    def _exchange(self, request: Request[R], while_away: Callable[[], list[Letter]]) -> R | None:
        """In the outbox's turn: what an operation returns; None: the server is away.

        Raises:
            Exception: what the client of an operation raises when the server refuses.
        """
        try:
            answer = self._dispatch.send(letter_of(request), while_away)
        except Refused as error:
            raise error.error from None
        if answer is None or request.operation.result is Response:
            return None
        return result_of(request.operation, answer)  # type: ignore[no-any-return]

"""The engine's client of a server of another make: it has no words for leases, attempts and batches.

Flow runs are made and moved by the routes of the API, task runs are told as events, as that server's own clients
do. What only a server of ours knows (resuming from completed steps, locks) is refused by name. Not here: the order
and the way (`remote`), events (`foreign_letters`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar
from uuid import UUID

from prefect.client.engine.dispatch import Dispatch
from prefect.client.engine.foreign_letters import OpenRuns, letters_of
from prefect.client.engine.letters import Entry, bearable, letter_of
from prefect.client.engine.remote import RemoteClient, with_value
from prefect.client.engine.spool import Letter
from prefect.exceptions import ObjectUnsupported, ServerUnreachableError
from prefect.schemas.actions.runs import FlowRunCreate, TaskRunCreate
from prefect.schemas.actions.states import StateCreate
from prefect.schemas.described import described_data
from prefect.schemas.filters.flow_runs import FlowRunFilter, FlowRunFilterId
from prefect.schemas.operations import Request, flow_runs, task_runs
from prefect.schemas.outcomes import AwaitedRetry, Outcome
from prefect.schemas.responses import OrchestrationResult
from prefect.schemas.runs import FlowRun, TaskRun
from prefect.schemas.states import State, StateType

if TYPE_CHECKING:
    from prefect.client.engine.protocol import HeldLock, Steps

R = TypeVar("R")


class ForeignClient(RemoteClient):
    """Records the runs of this process at a server of another make."""

    def __init__(self, dispatch: Dispatch, holder: str, **options: Any) -> None:
        super().__init__(dispatch, holder, **options)
        self._open_runs = OpenRuns()

    # --- recording -------------------------------------------------------------------------------------

    def _letters(self, entries: list[Entry]) -> Iterable[Letter]:
        return letters_of(entries, self._open_runs)

    def _for_later(self, letter: Letter) -> Letter:
        return letter

    def _take_receipt(self, answer: bytes) -> None:
        """Such a server gives none."""

    def _follow_lone(self, run: TaskRun, state: State[Any]) -> None:
        """Such a server knows no leases."""

    # --- flow runs -------------------------------------------------------------------------------------

    def begin_flow_run(self, run: FlowRun, state: State[Any]) -> bool:
        """Make a flow run. The server gives it its id, which the run has from then on.

        Raises:
            ServerUnreachableError: the server is away: nobody else can give ids.
        """
        wanted = FlowRunCreate(
            name=run.name,
            flow_id=run.flow_id,
            flow_version=run.flow_version,
            parameters=run.parameters,
            parent_task_run_id=run.parent_task_run_id,
            empirical_policy=run.empirical_policy,
            tags=run.tags,
            idempotency_key=str(run.id),
            state=_create(state),
        )

        def begin() -> FlowRun:
            self._make_placeholder(run.parent_task_run_id)
            made = self._exchange(flow_runs.create_flow_run(wanted), self._cannot_wait)
            assert made is not None
            return made

        run.id = self._outbox.perform(begin).id
        state.state_details.flow_run_id = run.id
        self._ledger.note(run, state, attempt=1)
        return True

    def _make_placeholder(self, id: UUID | None) -> None:
        """A flow run may only name a task run that is there, and events are read in the server's own time."""
        run = None if id is None else self._open_runs.run(id)
        if run is None or run.flow_run_id is None:
            return
        wanted = TaskRunCreate(
            id=run.id,
            name=run.name,
            flow_run_id=run.flow_run_id,
            task_key=run.task_key,
            dynamic_key=run.dynamic_key,
        )
        self._exchange(task_runs.create_task_run(wanted), self._cannot_wait)

    def _cannot_wait(self) -> NoReturn:
        raise ServerUnreachableError(
            self._line.url, "it is of another make, and a flow run begins only with it"
        )

    def propose_flow_run_state(
        self,
        run_id: UUID,
        state: State[Any],
        attempt: int | None = None,
        force: bool = False,
        begin: bool = False,
    ) -> Outcome:
        """Ask that a flow run enter a state; while the server is away, the rules are asked here.

        Raises:
            ObjectNotFound: there is no such run.
            ServerUnreachableError: the server is away, and nothing is known of the run here.
        """

        def request(state: State[Any], force: bool) -> Request[OrchestrationResult[Any]]:
            return flow_runs.set_flow_run_state(run_id, _create(state), force)

        decided: list[Outcome] = []

        def decide() -> list[Letter]:
            found = self._ledger.decide(run_id, state, attempt, force, begin)
            if found is None:
                raise ServerUnreachableError(self._line.url, "the run is not one of this process")
            decided.append(found[0])
            return [] if found[1] is None else [letter_of(request(found[1], True))]

        def propose() -> Outcome:
            answer = self._exchange(request(state, force), decide)
            if answer is None:
                return decided[0]
            outcome = self._outcome(run_id, answer)
            self._ledger.follow(run_id, outcome)
            return outcome

        return with_value(self._outbox.perform(propose), state)

    def _outcome(self, run_id: UUID, answer: OrchestrationResult[Any]) -> Outcome:
        """The answer with the counters of the run, which must be asked for."""
        run = self._exchange(flow_runs.read_flow_run(run_id), list)
        counters: dict[str, Any] = {}
        if run is not None:
            names = ("run_count", "start_time", "end_time", "total_run_time")
            counters = {name: getattr(run, name) for name in names}
        return Outcome(
            answer.status.value,
            answer.state,
            reason=getattr(answer.details, "reason", None),
            delay_seconds=getattr(answer.details, "delay_seconds", 0.0),
            attempt=self._ledger.attempt_of(run_id) or 1,
            **counters,
        )

    # --- what such a server does not know --------------------------------------------------------------

    def superseded(self, flow_run: UUID | None) -> bool:
        """Nobody takes runs from others at such a server."""
        return False

    def flow_run_states(self, run_ids: list[UUID]) -> dict[UUID, tuple[UUID, StateType]]:
        """The id and the type of the state that each of these flow runs is in; of none while the server is away."""
        wanted = FlowRunFilter(id=FlowRunFilterId(any_=run_ids))
        found = self._told(flow_runs.read_flow_runs(flow_run_filter=wanted, limit=len(run_ids)))
        return {run.id: (run.state.id, run.state.type) for run in found or [] if run.state is not None}

    def children_of(self, run_id: UUID) -> list[tuple[TaskRun, FlowRun]]:
        raise self._unsupported("continuing a flow run")

    def completed_task_runs(self, run_id: UUID) -> list[TaskRun]:
        raise self._unsupported("forking a flow run")

    def deferred_runs(self, run_id: UUID, label: str) -> dict[str, UUID]:
        raise self._unsupported("continuing a flow run")

    def awaited_retries(self, run_id: UUID, label: str) -> dict[str, AwaitedRetry]:
        raise self._unsupported("continuing a flow run")

    def kept_parameters(self, run_id: UUID) -> Any:
        raise self._unsupported("continuing a flow run")

    def step_names(self, run_id: UUID) -> Mapping[UUID, Steps]:
        raise self._unsupported("continuing a flow run")

    def try_lock(self, key: str, holder: str, hold_seconds: float | None) -> bool:
        raise self._unsupported("a lock in its database")

    def release_lock(self, key: str, holder: str) -> bool:
        raise self._unsupported("a lock in its database")

    def held_lock(self, key: str) -> HeldLock | None:
        raise self._unsupported("a lock in its database")

    def _unsupported(self, what: str) -> ObjectUnsupported:
        message = f"The server at {self._line.url} is of another make and does not know {what}."
        return ObjectUnsupported(NotImplementedError(what), message)


def _create(state: State[Any]) -> StateCreate:
    return StateCreate(
        type=state.type,
        name=state.name,
        message=bearable(state).message,
        state_details=state.state_details,
        data=described_data(state.data),
    )

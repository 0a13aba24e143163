"""What this process knows of the flow runs that it runs: enough to ask the rules while the server is away.

The same rules as the server's, on the facts as they were told last. Not here: the rules (`server/orchestration`),
what happens to their answers (`remote`).
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any
from uuid import UUID

from prefect.schemas.bases import now
from prefect.schemas.described import described_data, wire_state
from prefect.schemas.outcomes import Outcome
from prefect.schemas.runs import FlowRun
from prefect.schemas.states import State
from prefect.server.orchestration import FlowRunFacts, Proposal, decide_flow_run, project_flow_run
from prefect.server.orchestration.entering import as_entered, changed, changes_of, state_to_enter, unchanged

_MOST_RUNS = 2_000
"""More runs are not remembered; those that have ended are forgotten first."""


class Ledger:
    """The flow runs of this process; threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs: dict[UUID, tuple[FlowRunFacts, State[Any] | None]] = {}

    def note(self, run: FlowRun, state: State[Any] | None, attempt: int) -> None:
        """A flow run is known, in that state."""
        policy = run.empirical_policy
        facts = FlowRunFacts(
            id=run.id,
            **({} if state is None else _facts_of(state)),
            run_count=run.run_count,
            attempt=attempt,
            expected_start_time=run.expected_start_time,
            start_time=run.start_time,
            end_time=run.end_time,
            total_run_time=run.total_run_time,
            retries=policy.retries or 0,
            retry_delay_seconds=policy.retry_delay or 0,
            pause_keys=frozenset(policy.pause_keys or ()),
            resuming=bool(policy.resuming),
            retry_type=policy.retry_type,
            deployment_id=run.deployment_id,
            parent_task_run_id=run.parent_task_run_id,
            infrastructure_pid=run.infrastructure_pid,
        )
        self._keep(facts, state)

    def follow(self, run_id: UUID, outcome: Outcome) -> None:
        """The server has answered a proposal."""
        known = self._runs.get(run_id)
        state = outcome.state
        if known is None or state is None:
            return
        facts = replace(
            known[0],
            **_facts_of(state),
            run_count=outcome.run_count,
            attempt=outcome.attempt,
            start_time=outcome.start_time,
            end_time=outcome.end_time,
            total_run_time=outcome.total_run_time,
            expected_start_time=known[0].expected_start_time or state.timestamp,
        )
        self._keep(facts, state)

    def attempt_of(self, run_id: UUID) -> int | None:
        """The attempt of a run that is known; None of others."""
        known = self._runs.get(run_id)
        return None if known is None else known[0].attempt

    def state_of(self, run_id: UUID) -> State[Any] | None:
        """The last state of a run that is known; None of others."""
        known = self._runs.get(run_id)
        return None if known is None else known[1]

    def decide(
        self, run_id: UUID, state: State[Any], attempt: int | None, force: bool, begin: bool
    ) -> tuple[Outcome, State[Any] | None] | None:
        """What becomes of a proposed state, by the facts known here, and the state that the run enters, if it does.

        None: nothing is known of the run.
        """
        known = self._runs.get(run_id)
        if known is None:
            return None
        facts, current = known
        moment = now()
        proposal = Proposal.of(state, None if begin else attempt, force)
        decision = decide_flow_run(facts, proposal, moment)
        chosen = state_to_enter(decision, state, current, moment)
        if chosen is None:
            return unchanged(decision, facts, current), None
        changes, due = changes_of(decision), chosen.state_details.scheduled_time
        projection = project_flow_run(facts, chosen.type, chosen.name or "", chosen.timestamp, due, changes)
        entered = as_entered(chosen, projection, changes, run_id)
        outcome = changed(decision, entered, facts.attempt + 1 if begin else facts.attempt, projection)
        self.follow(run_id, outcome)
        self._note_projection(run_id, projection)
        return outcome, entered

    def _note_projection(self, run_id: UUID, projection: Any) -> None:
        facts, state = self._runs[run_id]
        told = {"pause_keys": projection.pause_keys, "resuming": projection.resuming}
        self._keep(replace(facts, **told), state)

    def _keep(self, facts: FlowRunFacts, state: State[Any] | None) -> None:
        with self._lock:
            self._runs.pop(facts.id, None)
            # not the value that a state may hold: it would live as long as the process
            self._runs[facts.id] = facts, None if state is None else wire_state(state)
            if len(self._runs) > _MOST_RUNS:
                ended = (id for id, (known, _) in self._runs.items() if known.is_final)
                del self._runs[next(ended, next(iter(self._runs)))]


def _facts_of(state: State[Any]) -> dict[str, Any]:
    """What the rules are told of the state that a run is in."""
    return {
        "state_id": state.id,
        "state_type": state.type,
        "state_name": state.name,
        "state_timestamp": state.timestamp,
        "details": state.state_details,
        # as the server sees it: a value itself does not get there
        "has_data": described_data(state.data) is not None,
    }

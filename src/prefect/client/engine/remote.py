"""The engine's client of a server of ours: everything a run of this process has to say goes there, in order.

States of task runs and log lines wait in the outbox and go in batches; flow runs are asked for one by one, behind
everything noted before. While the server is away the rules are asked here, and all of it waits in the spool. Not
here: the order (`outbox`), the way (`dispatch`), the rules (`ledger`), leases (`heartbeat`), plain questions
(`questions`).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from prefect.client.engine.dispatch import Dispatch
from prefect.client.engine.heartbeat import Heartbeat
from prefect.client.engine.ledger import Ledger
from prefect.client.engine.letters import LOG, TRANSITION, Entry, batch_letters, bearable, late, letter_of
from prefect.client.engine.line import Refused, Unreachable, ask
from prefect.client.engine.outbox import Outbox
from prefect.client.engine.parts import FOR_ITS_CONTENT, report_refusal, send_in_parts
from prefect.client.engine.questions import Questions
from prefect.client.engine.spool import Letter
from prefect.exceptions import ServerUnreachableError, StoreError
from prefect.logging import get_logger
from prefect.schemas.actions.flows import FlowCreate
from prefect.schemas.actions.runs import FlowRunUpdate
from prefect.schemas.bases import uuid7
from prefect.schemas.described import wire_state
from prefect.schemas.operations import Request, engine, flow_runs, flows
from prefect.schemas.outcomes import Outcome
from prefect.schemas.recording import Begun, Receipt
from prefect.schemas.runs import FlowRun, TaskRun
from prefect.schemas.states import State

if TYPE_CHECKING:
    from prefect.logging.handlers import LogRow

_FLOWS = UUID("5b0c1a52-6f53-4a3c-9d0a-2b9d6c7f9f10")
"""The namespace of flows whose own ids are not known while the server is away."""
_NOTHING_LOST = b'{"lost":[]}'
_MOST_REPORTS = 100
"""So often it is said of one kind of refusal what is not recorded for it."""


class RemoteClient(Questions):
    """Records the runs of this process at a server of ours.

    Args:
        dispatch: the way there.
        holder: this process, as its leases name it.
        lease_seconds: how long they last without renewal.
        patience_seconds: how long to wait at the end for a server that is away.
        flush_seconds, max_queued, in_background: of the outbox.
    """

    is_slow = True
    look_seconds = 1.0

    def __init__(
        self,
        dispatch: Dispatch,
        holder: str,
        lease_seconds: float = 30.0,
        patience_seconds: float = 10.0,
        flush_seconds: float = 0.1,
        max_queued: int = 10_000,
        in_background: bool = True,
    ) -> None:
        self.holder = holder
        self._dispatch = dispatch
        self._line = dispatch.line
        self._patience_seconds = patience_seconds
        self._heading = {"holder": holder, "lease_seconds": lease_seconds}
        self._outbox = Outbox(self._hand_on, flush_seconds, max_queued, in_background)
        self._ledger = Ledger()
        self._heartbeat = Heartbeat(self._renewed, lease_seconds, in_background)
        self._flow_ids: dict[str, UUID] = {}
        self._flow_names: dict[UUID, str] = {}
        self._reported: Counter[int] = Counter()
        self._pid = os.getpid()
        self._closed = False
        dispatch.deliver_left()

    # --- recording -------------------------------------------------------------------------------------

    def record_task_run(self, run: TaskRun, state: State[Any]) -> None:
        """Note that a task run has entered a state; its counters are taken as they are now."""
        self._outbox.put(
            (TRANSITION, run, state, run.run_count, run.start_time, run.end_time, run.total_run_time)
        )
        if run.flow_run_id is None:
            self._follow_lone(run, state)

    def _follow_lone(self, run: TaskRun, state: State[Any]) -> None:
        """A task run outside flows has a lease of its own, which is to be renewed."""
        self._heartbeat.follow_lone(run.id, state)

    def record_log(self, row: LogRow) -> None:
        """Note a line of a run's log."""
        self._outbox.put((LOG, uuid7(), *row))

    def flush(self) -> None:
        """Wait until everything noted so far is stored: at the server, or in the spool while it is away.

        Raises:
            ServerUnreachableError: the server is away, and nothing is to be kept for it.
            StoreError: the server is away, and the spool cannot be written.
        """
        self._outbox.flush()

    def _hand_on(self, entries: list[Entry]) -> None:
        for letter in self._letters(entries):
            send_in_parts(letter, self._send_noted, self._report)

    def _send_noted(self, letter: Letter) -> None:
        answer = self._dispatch.send(letter, lambda: [self._for_later(letter)])
        if answer is not None:
            self._take_receipt(answer)

    def _letters(self, entries: list[Entry]) -> Iterable[Letter]:
        return batch_letters(entries, self._heading, self._ledger.attempt_of)

    def _for_later(self, letter: Letter) -> Letter:
        return late(letter)

    def _take_receipt(self, answer: bytes) -> None:
        if answer != _NOTHING_LOST:
            self._heartbeat.lose(Receipt.model_validate_json(answer).lost)

    def _report(self, letter: Letter, error: Refused) -> None:
        """Say that something is not recorded; of refusals that have nothing to do with it, one is enough."""
        self._reported[error.status] += 1
        most = _MOST_REPORTS if error.status in FOR_ITS_CONTENT else 1
        if self._reported[error.status] <= most:
            report_refusal(letter, error.reason)

    # --- flow runs -------------------------------------------------------------------------------------

    def flow_id(self, name: str) -> UUID:
        """The id of the flow of that name; while the server is away, one that stands for it."""
        found = self._flow_ids.get(name)
        if found is None:
            registered = self._told(flows.create_flow(FlowCreate(name=name)))
            found = uuid5(_FLOWS, name) if registered is None else registered.id
            self._flow_names[found] = name
            if registered is not None:
                self._flow_ids[name] = found
        return found

    def begin_flow_run(self, run: FlowRun, state: State[Any]) -> bool:
        """Store a new flow run under a lease of this process; False: its caller was taken from this process."""
        told = {"flow_run": run, "state": wire_state(state), "flow_name": self._flow_names[run.flow_id]}

        def request(late: bool) -> Request[Begun]:
            return engine.begin_flow_run(**told, **self._heading, late=late)  # type: ignore[arg-type]

        def begin() -> bool:
            begun = self._exchange(request(False), lambda: [letter_of(request(True))])
            if begun is not None and not begun.begun:
                return False
            self._ledger.note(run, state, attempt=1)
            self._heartbeat.hold(run.id)
            return True

        return self._outbox.perform(begin)

    def propose_flow_run_state(
        self,
        run_id: UUID,
        state: State[Any],
        attempt: int | None = None,
        force: bool = False,
        begin: bool = False,
    ) -> Outcome:
        """Ask that a flow run enter a state; while the server is away, the same rules are asked here.

        Raises:
            ObjectNotFound: there is no such run.
            ServerUnreachableError: the server is away, and nothing is known of the run here.
        """
        details = state.state_details
        details.transition_id = details.transition_id or uuid7()
        decided: list[Outcome] = []

        def request(state: State[Any], attempt: int | None, late: bool) -> Request[Outcome]:
            how = {"attempt": attempt, "force": force, "begin": begin, "late": late}
            told = wire_state(bearable(state))
            return engine.propose_flow_run_state(run_id, told, **self._heading, **how)  # type: ignore[arg-type]

        def decide() -> list[Letter]:
            spoke = attempt if attempt is not None else self._ledger.attempt_of(run_id)
            found = self._ledger.decide(run_id, state, attempt, force, begin)
            if found is None:
                raise ServerUnreachableError(self._line.url, "the run is not one of this process")
            decided.append(found[0])
            return [] if found[1] is None else [letter_of(request(found[1], spoke, True))]

        def propose() -> Outcome:
            outcome = self._exchange(request(state, attempt, False), decide)
            if outcome is None:
                [outcome] = decided
            else:
                self._ledger.follow(run_id, outcome)
                outcome = with_value(outcome, state)
            self._follow_lease(run_id, outcome, begin)
            return outcome

        return self._outbox.perform(propose)

    def rename_flow_run(self, run_id: UUID, name: str) -> None:
        """Give a flow run another name."""
        self._tell(flow_runs.update_flow_run(run_id, FlowRunUpdate(name=name)))

    def amend_flow_run(self, run: FlowRun) -> None:
        """Store the parameters and labels that a flow run has now."""
        self._tell(flow_runs.update_flow_run(run.id, FlowRunUpdate(parameters=run.parameters)))
        if run.labels:
            self._tell(flow_runs.update_flow_run_labels(run.id, run.labels))

    def _tell(self, request: Request[Any]) -> None:
        """Have something changed, behind everything noted before, now or when the server is back."""
        self._outbox.perform(partial(self._exchange, request, lambda: [letter_of(request)]))

    # --- leases ----------------------------------------------------------------------------------------

    def superseded(self, flow_run: UUID | None) -> bool:
        """Whether somebody has taken a flow run from this process.

        The server is only asked when the leases have not been renewed in time: before, nobody may take them.
        """
        if self._heartbeat.is_overdue(flow_run):
            self._outbox.perform(self._heartbeat.beat)
        return self._heartbeat.is_lost(flow_run)

    def _follow_lease(self, run_id: UUID, outcome: Outcome, begin: bool) -> None:
        over = outcome.state is not None and outcome.state.is_final()
        if over:
            self._heartbeat.release(run_id)
        elif begin and outcome.status == "ACCEPT":
            self._heartbeat.hold(run_id)

    def _renewed(self) -> list[UUID] | None:
        """Renew all leases; the flow runs still held, None while the server is away."""
        if self._dispatch.is_away:
            return None
        try:
            return ask(self._line, engine.renew_leases(**self._heading))
        except (Unreachable, Refused) as error:
            if isinstance(error, Refused) or self._dispatch.is_strict:
                get_logger("engine").warning("The server does not renew the leases: %s", error.reason)
        return None

    # --- its own life ----------------------------------------------------------------------------------

    def usable(self) -> bool:
        """Whether it is open, and opened by this process: a forked child needs one of its own."""
        return not self._closed and self._pid == os.getpid()

    def close(self) -> None:
        """Send everything noted so far, as long as patience lasts; what is left is kept, and that is said."""
        if not self.usable():
            return
        self._closed = True
        with ExitStack() as closing:
            closing.callback(self._dispatch.close)
            closing.callback(self._heartbeat.close)
            if left := self._outbox.close(self._patience_seconds):
                self._keep(left)
            self._settle()

    def _keep(self, entries: list[Entry]) -> None:
        """Keep what could not be handed on for the next program."""
        try:
            self._dispatch.keep([self._for_later(letter) for letter in self._letters(entries)])
        except Exception as error:
            get_logger("engine").error(
                "%d records of runs were not stored: the server at %s did not take them, and %s.",
                len(entries),
                self._line.url,
                self._outbox.error or error,
            )

    def _settle(self) -> None:
        try:
            left = self._dispatch.settle(self._patience_seconds)
        except StoreError as error:
            get_logger("engine").error("What is kept for the server cannot be sent: %s", error)
            return
        if left:
            get_logger("engine").warning(
                "The server at %s is still away: %d message(s) about runs are kept in %s. The next program that "
                "records at that server sends them; or run `prefect flow-run ls` once it is back.",
                self._line.url,
                left,
                self._dispatch.spool.path,
            )


def with_value(outcome: Outcome, proposed: State[Any]) -> Outcome:
    """The outcome with the value of an accepted state, which did not travel."""
    entered = outcome.state
    if outcome.status != "ACCEPT" or entered is None:
        return outcome
    told = {name: value for name, value in entered.__dict__.items() if name != "data"}
    return replace(outcome, state=proposed.model_copy(update=told))

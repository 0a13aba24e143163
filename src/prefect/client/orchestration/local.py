"""The store of this process, without a server: opening it, and the operations the engine asks of it.

The one place on the SDK's side that imports the brain (decision D3). A store is opened once per process and
location, at its first use; opening looks for runs whose process is gone and closes them. Not here: what an
operation does (`server/models`), how it is written (`server/database/journal`).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import ExitStack
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

from prefect.client.engine import flush_clients, record_log
from prefect.exceptions import ObjectNotFound
from prefect.logging import get_logger
from prefect.logging.handlers import LogRow, set_log_sink
from prefect.schemas.outcomes import AwaitedRetry
from prefect.schemas.runs import FlowRun, TaskRun
from prefect.schemas.states import State, StateType
from prefect.server.database.holders import this_holder, this_host
from prefect.server.database.journal import Journal
from prefect.server.database.leases import FLOW_RUN
from prefect.server.database.repeating import repeated
from prefect.server.database.store import Store, open_store
from prefect.server.models import locks, standing, transitions
from prefect.server.models.transitions import Outcome
from prefect.settings import get_current_settings

_MOST_STEPS = 1_000_000
_IDS_AT_ONCE = 10_000
"""So many identifiers one query asks for: fewer than any database allows."""

PATIENCE_SECONDS = 120.0
"""How long a run waits for a database server that does not answer, before it fails for that."""

P = ParamSpec("P")
R = TypeVar("R")


def _patiently(method: Callable[Concatenate[LocalClient, P], R]) -> Callable[Concatenate[LocalClient, P], R]:
    """An operation that waits for a database server that is out of reach for a while. Each may be done twice."""

    @wraps(method)
    def patient(self: LocalClient, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return repeated(lambda: method(self, *args, **kwargs), PATIENCE_SECONDS, may_be_done_twice=True)

    return patient


class LocalClient:
    """The operations of the engine, on the store of this process.

    Attributes:
        is_slow: asking it takes long enough that async code should not wait for it in its event loop.
        look_seconds: how often it is asked where flow runs stand.
    """

    is_slow = False
    look_seconds = 0.5

    def __init__(self, store: Store) -> None:
        self.store = store
        self.journal = store.journal
        self.reading = store.reading
        self.writing = store.writing
        self.record_task_run = store.journal.record_task_run
        self.superseded = store.journal.superseded if store.journal.connections.serial else self._superseded
        self._flow_ids: dict[str, UUID] = {}

    @_patiently
    def _superseded(self, flow_run: UUID | None) -> bool:
        return self.journal.superseded(flow_run)

    def record_log(self, row: LogRow) -> None:
        """Queue a line of a run's log."""
        self.journal.record_log(*row)

    @_patiently
    def flow_id(self, name: str) -> UUID:
        """The id of the flow of that name; it is stored when it is new."""
        found = self._flow_ids.get(name)
        if found is None:
            found = self._flow_ids[name] = transitions.flow_id(self.journal, name)
        return found

    @_patiently
    def begin_flow_run(self, run: FlowRun, state: State[Any]) -> bool:
        """Store a new flow run that this process is going to run, under a lease.

        False: it may not, since another process has taken the flow run that calls it.
        """
        return transitions.create_flow_run(self.journal, run, state, begin=True)

    @_patiently
    def rename_flow_run(self, run_id: UUID, name: str) -> None:
        """Give a flow run another name."""
        transitions.rename_flow_run(self.journal, run_id, name)

    @_patiently
    def amend_flow_run(self, run: FlowRun) -> None:
        """Store the parameters and labels that a flow run has now."""
        transitions.amend_flow_run(self.journal, run)

    @_patiently
    def propose_flow_run_state(
        self,
        run_id: UUID,
        state: State[Any],
        attempt: int | None = None,
        force: bool = False,
        begin: bool = False,
    ) -> Outcome:
        """Ask that a flow run enter a state; see `server.models.transitions`."""
        return transitions.propose_flow_run_state(self.journal, run_id, state, attempt, force, begin)

    @_patiently
    def flow_run_states(self, run_ids: list[UUID]) -> dict[UUID, tuple[UUID, StateType]]:
        """The id and the type of the state that each of these flow runs is in."""
        return standing.read_standings(self.journal, run_ids)

    @_patiently
    def flow_run_state(self, run_id: UUID) -> State[Any] | None:
        """The state a flow run is in; None when there is no such run."""
        return standing.read_current_state(self.journal, run_id)

    @_patiently
    def flow_run_history(self, run_id: UUID) -> list[State[Any]]:
        """The states a flow run has been in, oldest first."""
        return standing.read_state_history(self.journal, run_id)

    @_patiently
    def children_of(self, run_id: UUID) -> list[tuple[TaskRun, FlowRun]]:
        """The subflow runs that a flow run has made, each with the task run that stands for it."""
        from prefect.server.models.steps import read_children

        with self.reading() as connection:
            return list(read_children(connection, run_id))

    @_patiently
    def flow_name(self, flow_id: UUID) -> str | None:
        """The name of a flow; None if there is none."""
        from prefect.server.models.flows import read_flow

        with self.reading() as connection:
            try:
                return read_flow(connection, flow_id).name
            except ObjectNotFound:
                return None

    @_patiently
    def deferred_runs(self, run_id: UUID, label: str) -> dict[str, UUID]:
        """The task runs that a flow run has left to task workers, but for failed ones, by a label of theirs."""
        from prefect.server.models.steps import read_labelled_task_runs

        with self.reading() as connection:
            return read_labelled_task_runs(connection, run_id, label)

    @_patiently
    def awaited_retries(self, run_id: UUID, label: str) -> dict[str, AwaitedRetry]:
        """The retries that task runs of a flow run were waiting for when they crashed, by a label of theirs."""
        from prefect.server.models.steps import read_awaited_retries

        with self.reading() as connection:
            return read_awaited_retries(connection, run_id, label)

    @_patiently
    def kept_parameters(self, run_id: UUID) -> Any:
        """Where what the record of a flow run loses of its parameters is stored; None if it is not."""
        from prefect.server.models.steps import read_first_data

        with self.reading() as connection:
            return read_first_data(connection, run_id)

    @_patiently
    def step_names(self, run_id: UUID) -> dict[UUID, Any]:
        """The names of the steps of a flow run and of each one inside it; see `server.models.steps`."""
        from prefect.server.models.steps import read_step_names

        with self.reading() as connection:
            return read_step_names(connection, run_id)

    @_patiently
    def read_flow_run(self, run_id: UUID) -> FlowRun:
        """A flow run as it is stored.

        Raises:
            prefect.exceptions.ObjectNotFound: there is no such run.
        """
        from prefect.server.models.flow_runs import read_flow_run

        with self.reading() as connection:
            return read_flow_run(connection, run_id)

    @_patiently
    def completed_task_runs(self, run_id: UUID) -> list[TaskRun]:
        """The steps that a flow run and its subflows have completed; see `server.models.steps`."""
        from prefect.server.models.steps import last_completions
        from prefect.server.models.trees import read_flow_run_tree

        with self.reading() as connection:
            return last_completions(read_flow_run_tree(connection, run_id, task_run_limit=_MOST_STEPS))

    @_patiently
    def read_task_runs(self, run_ids: list[UUID]) -> list[TaskRun]:
        """The task runs with these ids, as they are stored; those that are not are left out."""
        from prefect.schemas.filters.task_runs import TaskRunFilter, TaskRunFilterId
        from prefect.server.models.filters import Filters
        from prefect.server.models.task_runs import read_task_runs

        found: list[TaskRun] = []
        with self.reading() as connection:
            for start in range(0, len(run_ids), _IDS_AT_ONCE):
                ids = TaskRunFilterId(any_=run_ids[start : start + _IDS_AT_ONCE])
                found += read_task_runs(connection, Filters(task_runs=TaskRunFilter(id=ids)))
        return found

    @_patiently
    def close_dead_runs(self) -> None:
        """Make Crashed every run whose process is gone."""
        close_dead_runs(self.journal)

    @_patiently
    def try_lock(self, key: str, holder: str, hold_seconds: float | None) -> bool:
        """Take the lock on a key unless somebody else has it; see `server.models.locks`."""
        return locks.try_lock(self.journal, key, holder, hold_seconds)

    @_patiently
    def release_lock(self, key: str, holder: str) -> bool:
        """Give the lock on a key back; False: the holder did not have it."""
        return locks.release_lock(self.journal, key, holder)

    @_patiently
    def held_lock(self, key: str) -> locks.HeldLock | None:
        """The lock on a key, or None when it is free."""
        return locks.held_lock(self.journal, key)

    def usable(self) -> bool:
        """Whether the store is open, and opened by this process: a forked child needs a client of its own."""
        return self.store.usable()

    @_patiently
    def flush(self) -> None:
        """Store everything recorded so far."""
        self.store.flush()

    def close(self) -> None:
        """Store everything recorded so far and close the store."""
        self.store.close()


# --- the stores of this process -------------------------------------------------------------------------

_opened: dict[str, LocalClient] = {}
_opening = threading.Lock()


def local_client() -> LocalClient:
    """The client of the store that the settings name, opened at its first use.

    Raises:
        ConfigurationError: the settings name a database that embedded runs cannot use.
        prefect.exceptions.StoreError: the store cannot be opened; the error says why and what to do.
    """
    url = _database_url()
    client = _opened.get(url)
    if client is not None and client.journal.usable():
        return client
    with _opening:
        client = _opened.get(url)
        if client is None or not client.journal.usable():
            client = _opened[url] = _open(url)
    return client


def _database_url() -> str:
    url = get_current_settings().server.database.connection_url
    return "" if url is None else url.get_secret_value()


def _open(url: str) -> LocalClient:
    engine = get_current_settings().engine
    store = open_store(
        url,
        holder=this_holder(),
        flush_seconds=engine.journal_flush_interval_seconds,
        max_queued=engine.journal_max_queued_rows,
        lease_seconds=engine.lease_ttl_seconds,
    )
    close_dead_runs(store.journal)
    set_log_sink(record_log, flush=flush_clients)
    return LocalClient(store)


def close_dead_runs(journal: Journal) -> None:
    """Make Crashed every run whose process is gone, so that no record claims to be running when nothing is."""
    from prefect._clock import clock
    from prefect.server.models.recovery import reap

    with journal.reading() as connection:
        reaped = reap(connection, clock().now(), this_host())
    for run in reaped:
        if run.kind == FLOW_RUN and run.state.is_crashed():
            get_logger("store").warning(
                "The flow run %r has ended: %s Continue it from its completed steps with "
                "`prefect flow-run resume %s`.",
                run.name,
                run.state.message,
                run.id,
            )


def opened_client() -> LocalClient | None:
    """The client of the store that the settings name, if it is open."""
    client = _opened.get(_database_url())
    return client if client is not None and client.usable() else None


def flush_stores() -> None:
    """Write what is queued in every store of this process."""
    for client in list(_opened.values()):
        if client.journal.usable():
            client.journal.flush()


def close_store(url: str) -> None:
    """Write what is queued in one store and close it."""
    client = _opened.pop(url, None)
    if client is not None:
        client.close()


def close_stores() -> None:
    """Write what is queued in every store of this process and close them, also when one of them cannot be written."""
    with ExitStack() as closing:
        for url in list(_opened):
            closing.callback(close_store, url)


def _forget_in_child() -> None:
    """A forked child must not use its parent's connections; it opens its own at first use."""
    global _opening
    _opening = threading.Lock()
    _opened.clear()


os.register_at_fork(after_in_child=_forget_in_child)

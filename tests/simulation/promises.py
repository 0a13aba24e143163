"""What must hold of a machine whose processes die, in plain checks of its store, its files and the world outside.

`Ledger` follows one machine: it looks after each death and at the end. Each check is named by the sentence that
docs/crash-safety.md, docs/exactly-once.md or ARCHITECTURE.md promises. Not here: making processes die.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import databases
from prefect.exceptions import MissingResult
from prefect.results import ResultRecord, read_result
from prefect.results.files import records_in
from prefect.schemas.states import TERMINAL_STATES, TRANSITIONS, StateType
from prefect.states import described_result
from simulation.world import Outside, Scenario

_RUNS = """
    SELECT run.id, run.name, run.state_id, run.state_type, run.state_name, run.state_timestamp, run.end_time,
           run.run_count, state.data, {parent}
    FROM {kind}_run AS run
    LEFT JOIN {kind}_run_state AS state ON state.{kind}_run_id = run.id AND state.id = run.state_id
"""
_STATES = "SELECT {kind}_run_id, id, timestamp, type FROM {kind}_run_state ORDER BY timestamp, id"


class StoredRun(NamedTuple):
    """A row of a run, with the data of its state."""

    id: bytes
    name: str
    state_id: bytes
    state_type: str
    state_name: str
    state_timestamp: int
    end_time: int | None
    run_count: int
    data: str | None
    parent: bytes | None

    @property
    def says_kept(self) -> bool:
        """Whether the run has completed, and its result is said to be stored."""
        return self.state_type == "COMPLETED" and self.data is not None

    @property
    def is_kept(self) -> bool:
        """Whether the result is said to be stored, and is."""
        if not self.says_kept:
            return False
        try:
            read_result(described_result(json.loads(self.data or "")))
        except MissingResult:
            return False
        return True


class StoredState(NamedTuple):
    """A row of the history of a run."""

    run_id: bytes
    id: bytes
    timestamp: int
    type: str


class Store:
    """What is on the disk at a moment."""

    def __init__(self, place: Path | str) -> None:
        with _connected(place) as connection:

            def rows(query: str, kind: str) -> list[tuple[Any, ...]]:
                parent = "run.parent_task_run_id" if kind == "flow" else "run.flow_run_id"
                return connection.execute(query.format(kind=kind, parent=parent)).fetchall()

            self.flow_runs = [StoredRun(*row) for row in rows(_RUNS, "flow")]
            self.task_runs = [StoredRun(*row) for row in rows(_RUNS, "task")]
            self.flow_run_states = [StoredState(*row) for row in rows(_STATES, "flow")]
            self.task_run_states = [StoredState(*row) for row in rows(_STATES, "task")]
            self.leases = connection.execute("SELECT kind, holder FROM lease").fetchall()

    @property
    def runs(self) -> list[StoredRun]:
        """Runs of both kinds."""
        return self.flow_runs + self.task_runs


@contextmanager
def _connected(place: Path | str) -> Iterator[Any]:
    if isinstance(place, Path):
        with closing(sqlite3.connect(place)) as connection:
            yield connection
    else:
        with _connections(place).taken() as connection:
            yield connection


@lru_cache(maxsize=1)
def _connections(url: str) -> Any:
    return databases.connections(url)


class Process(Protocol):
    """A process, simulated or real."""

    number: int
    outcome: Any
    said: Sequence[UUID]


class Machine(Protocol):
    """Where processes run one after another, in a simulation or for real."""

    scenario: Scenario
    home: Path
    outside: Outside

    @property
    def store(self) -> Path | str:
        """The file in which the runs are recorded, or the URL of a database."""
        ...


class Ledger:
    """Follows one machine from crash to crash.

    Attributes:
        kept: since which process the result of a run is kept, or was seen by its caller, by the run's name.
        heard: how many states of task runs were stored of a process when its run was taken from it.
        undone: how often hooks had taken something back in it by then.
    """

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.kept: dict[str, int] = {}
        self.heard: dict[int, int] = {}
        self.undone: dict[int, int] = {}

    def stop_listening(self, process: Process) -> None:
        """Others are about to take its run from a process: what it goes on to say of it must not be written."""
        store = Store(self.machine.store)
        if store.flow_runs:
            self.heard[process.number] = len(process.said) - len(_lost(store, process))
            # the hook that it is about to call it calls
            calls_a_hook = process.points[-1].startswith("step: Call") and "undo" in process.points[-1]
            self.undone[process.number] = self.machine.outside.undone_by(process.number) + calls_a_hook

    def look_after(self, process: Process) -> None:
        """A process has died, stalls, or has ended: check what it has left, and take down what it has kept."""
        store = Store(self.machine.store)
        _what_is_stored_is_a_prefix_of_what_happened(store, process)
        groups = self.machine.scenario.together
        _a_result_on_record_is_in_its_file(store, staged={name for group in groups for name in group})
        for group in groups:
            self._a_transaction_stores_nothing_before_its_end(group)
        seen = self.machine.outside.seen_by(process.number)
        _what_was_computed_and_seen_is_on_record(store, set(seen) & self._computed_by(process))
        self._what_has_lost_its_run_is_not_listened_to(store, process)
        self._what_has_lost_its_run_takes_nothing_back(process)
        self._no_kept_result_was_computed_again()
        for name in (*seen, *(run.name for run in store.runs if run.is_kept)):
            self.kept.setdefault(name, process.number)

    def _computed_by(self, process: Process) -> set[str]:
        return {
            effect.run_name for effect in self.machine.outside.effects if effect.process == process.number
        }

    def settle(self, process: Process) -> None:
        """That process has brought the run to its end: check how everything ended."""
        store = Store(self.machine.store)
        scenario, given = self.machine.scenario, process.outcome
        assert not _lost(store, process), "a process that has ended well has not stored all states"
        if scenario.ends == "COMPLETED":
            assert given == scenario.gives, f"the flow gave {given!r} and not {scenario.gives!r}"
        for run in store.flow_runs:
            if run.parent is None:
                assert run.state_type == scenario.ends, f"the run ended as {run.state_name}"
        for run in store.runs:
            _a_run_has_ended(run)
        _histories_obey_the_table(store.flow_runs, store.flow_run_states)
        _histories_obey_the_table(store.task_runs, store.task_run_states)
        assert store.leases == [], f"leases were left behind: {store.leases}"

    def _what_has_lost_its_run_is_not_listened_to(self, store: Store, process: Process) -> None:
        stored = len(process.said) - len(_lost(store, process))
        heard = self.heard.get(process.number, stored)
        assert stored == heard, f"{stored - heard} states were stored of a process that had lost its run"

    def _what_has_lost_its_run_takes_nothing_back(self, process: Process) -> None:
        undone = self.machine.outside.undone_by(process.number)
        by_then = self.undone.get(process.number, undone)
        assert undone <= by_then, f"a process that had lost its run took {undone - by_then} things back"

    def _no_kept_result_was_computed_again(self) -> None:
        for effect in self.machine.outside.effects:
            since = self.kept.get(effect.run_name)
            assert since is None or effect.process <= since, (
                f"{effect.run_name!r} was computed again by process {effect.process}, "
                f"though its result was kept when process {since} ended"
            )

    def _a_transaction_stores_nothing_before_its_end(self, together: tuple[str, ...]) -> None:
        files = records_in(self.machine.home / "storage")
        stored = [ResultRecord.deserialize(file.path.read_bytes()).result for file in files]
        visible = [name for name in together if name in stored]
        assert visible == list(together[: len(visible)]), f"of {together} only {visible} are stored"
        if visible:
            for name in together:
                assert self.machine.outside.times(name), (
                    f"{visible} are stored, {name!r} was not computed yet"
                )


def _lost(store: Store, process: Process) -> list[int]:
    """Which of the states of task runs that a process has told its journal are not stored, by their number."""
    stored = {state.id for state in store.task_run_states}
    return [number for number, said in enumerate(process.said, start=1) if said.bytes not in stored]


def _what_is_stored_is_a_prefix_of_what_happened(store: Store, process: Process) -> None:
    lost, said = _lost(store, process), len(process.said)
    assert lost == list(range(said - len(lost) + 1, said + 1)), (
        f"of {said} states of task runs, numbers {lost} are missing"
    )


def _a_result_on_record_is_in_its_file(store: Store, staged: set[str]) -> None:
    for run in store.runs:
        if run.says_kept and run.name not in staged:
            assert run.is_kept, f"{run.name!r} is on record as kept, its result is not there"


def _what_was_computed_and_seen_is_on_record(store: Store, names: Iterable[str]) -> None:
    on_record = {run.name for run in store.runs if run.says_kept}
    for name in names:
        assert name in on_record, f"the caller of {name!r} has seen its kept result, which is not on record"


def _a_run_has_ended(run: StoredRun) -> None:
    if run.state_name == "NotReady":  # it never began: what it waited for has failed
        return
    assert StateType(run.state_type) in TERMINAL_STATES, f"{run.name!r} is left {run.state_name}"
    assert run.end_time is not None, f"{run.name!r} has ended without a time"


def _histories_obey_the_table(runs: list[StoredRun], states: list[StoredState]) -> None:
    histories: dict[bytes, list[StoredState]] = defaultdict(list)
    for state in states:
        histories[state.run_id].append(state)
    assert histories.keys() == {run.id for run in runs}, "runs without history, or histories without a run"
    for run in runs:
        _history_obeys_the_table(run, histories[run.id])


def _history_obeys_the_table(run: StoredRun, history: list[StoredState]) -> None:
    told = " ".join(state.type for state in history)
    before = None
    for state in history:
        following = StateType(state.type)
        assert following in TRANSITIONS[before], f"{run.name!r} went through {told}"
        before = following
    moments = Counter(state.timestamp for state in history)
    assert max(moments.values()) == 1, f"{run.name!r} entered two states at once: {told}"
    last = history[-1]
    assert (run.state_id, run.state_type, run.state_timestamp) == (last.id, last.type, last.timestamp), (
        f"the row of {run.name!r} says {run.state_type} ({UUID(bytes=run.state_id)}), its history {told}"
    )
    running = sum(state.type == "RUNNING" for state in history)
    # one that waits first was in the delay of a retry when the process before died, and goes on counting
    goes_on = told.startswith("PENDING SCHEDULED") and run.run_count > running
    assert run.run_count == running or goes_on, (
        f"{run.name!r} counts {run.run_count} runs; it went through {told}"
    )

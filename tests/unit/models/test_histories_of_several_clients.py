"""Random histories of one flow run: engines that begin it, go on, die and speak too late, and users who interfere.

Each step is done with the store and with a model of a screenful that knows nothing of the rules' code; they must
agree after every step. A failure prints the shortest history that shows it.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import databases
from prefect._clock import VirtualClock, use_clock
from prefect.schemas.runs import FlowRun, FlowRunPolicy
from prefect.schemas.states import TERMINAL_STATES, TRANSITIONS, State, StateType
from prefect.server.database.delegation import Delegate
from prefect.server.database.holders import HostFacts
from prefect.server.database.journal import Journal
from prefect.server.database.opening import memory_location
from prefect.server.models import transitions
from prefect.server.models.recovery import reap
from prefect.states import Cancelled, Cancelling, Completed, Failed, Paused, Pending, Running

T = StateType
ENGINES = 3
RETRIES = 2
NOBODY_SEEN = HostFacts("elsewhere", "another boot", lambda pid: None)


@dataclass
class Model:
    """What is expected of the run."""

    type: StateType = T.PENDING
    attempt: int = 1
    holder: int | None = 0
    run_count: int = 0
    passed: set[str] = field(default_factory=set)

    def enter(self, type: StateType) -> None:
        if self.type in TERMINAL_STATES or (self.type, type) == (T.RUNNING, T.SCHEDULED):
            self.passed.clear()
        if type is T.RUNNING:
            self.run_count += 1
        if type in TERMINAL_STATES:
            self.holder = None
        self.type = type

    def begin(self, engine: int) -> None:
        if self.type in (T.SCHEDULED, T.COMPLETED, T.FAILED, T.CRASHED):
            self.enter(T.PENDING)
            self.attempt, self.holder = self.attempt + 1, engine

    def speak(self, attempt: int, type: StateType, key: str | None) -> None:
        """An attempt proposes a state."""
        if attempt < self.attempt or self.type in TERMINAL_STATES:
            return
        if self.type is T.CANCELLING:
            if type is T.CANCELLED:
                self.enter(type)
        elif type is T.PAUSED:
            if self.type is T.RUNNING and key not in self.passed:
                self.enter(type)
                self.passed.add(str(key))
        elif type is T.FAILED and self.type is T.RUNNING and self.run_count <= RETRIES:
            self.enter(T.SCHEDULED)
        else:
            self.enter(type)

    def cancel(self) -> None:
        if self.type in (T.SCHEDULED, T.PENDING, T.PAUSED):
            self.enter(T.CANCELLED)
        elif self.type is T.RUNNING:
            self.enter(T.CANCELLING)

    def resume(self) -> None:
        if self.type is T.PAUSED:
            self.enter(T.RUNNING)

    def die(self, engine: int) -> None:
        if self.holder == engine:
            self.enter(T.CANCELLED if self.type is T.CANCELLING else T.CRASHED)


engines = st.integers(0, ENGINES - 1)
words = st.sampled_from([Running, Completed, Failed, Paused])


class Histories(RuleBasedStateMachine):
    """The run in a store, and in the model."""

    @initialize()
    def made(self) -> None:
        self.clock = VirtualClock()
        self.time = use_clock(self.clock)
        self.time.__enter__()
        url = memory_location()
        self.journal = Journal(databases.connections(f"sqlite:///{url}"), "server", flush_seconds=3600)
        self.engines = [Delegate(self.journal, f"engine {number}") for number in range(ENGINES)]
        self.another_run()

    @precondition(lambda self: self.model.type is T.CANCELLED)
    @rule()
    def another_run(self) -> None:
        """Nothing follows a cancellation: the history goes on with another run."""
        self.run = FlowRun(
            name="run",
            flow_id=transitions.flow_id(self.journal, "flow"),
            empirical_policy=FlowRunPolicy(retries=RETRIES),
        )
        transitions.create_flow_run(self.engines[0], self.run, Pending(), begin=True)
        self.attempts: dict[int, int] = {0: 1}
        self.model = Model()

    def teardown(self) -> None:
        if hasattr(self, "journal"):
            self.journal.close()
            self.time.__exit__(None, None, None)

    def propose(self, writer: Any, state: State[Any], **how: Any) -> transitions.Outcome:
        self.clock.sleep(1)
        return transitions.propose_flow_run_state(writer, self.run.id, state, **how)

    @rule(engine=engines)
    def begins(self, engine: int) -> None:
        outcome = self.propose(self.engines[engine], Pending(), begin=True)
        if outcome.status == "ACCEPT":
            self.attempts[engine] = outcome.attempt
        self.model.begin(engine)

    @rule(engine=engines, word=words, key=st.sampled_from(["1", "2"]))
    def says(self, engine: int, word: Any, key: str) -> None:
        attempt = self.attempts.get(engine)
        if attempt is None:
            return
        state = Paused(pause_key=key) if word is Paused else word()
        self.propose(self.engines[engine], state, attempt=attempt)
        self.model.speak(attempt, state.type, key)

    @rule(word=words, key=st.sampled_from(["1", "2"]))
    def holder_says(self, word: Any, key: str) -> None:
        """The engine whose turn it is: most of what is said is said by it."""
        if self.model.holder is not None:
            self.says(self.model.holder, word, key)

    @rule(word=st.sampled_from([Running, Completed, Failed]))
    def holder_runs_and_says(self, word: Any) -> None:
        self.holder_says(Running, "")
        self.holder_says(word, "")

    @precondition(lambda self: self.model.type is T.CANCELLING)
    @rule(engine=engines)
    def says_it_is_cancelled(self, engine: int) -> None:
        self.says(engine, Cancelled, "")

    @rule(key=st.sampled_from(["1", "2"]))
    def holder_runs_and_pauses(self, key: str) -> None:
        self.holder_says(Running, key)
        self.holder_says(Paused, key)

    @precondition(lambda self: self.model.run_count > 0)
    @rule()
    def user_cancels(self) -> None:
        self.propose(self.journal, Cancelling())
        self.model.cancel()

    @rule()
    def user_resumes(self) -> None:
        if self.row()[0] is T.PAUSED:
            self.propose(self.journal, Running())
        self.model.resume()

    @rule(engine=engines)
    def dies(self, engine: int) -> None:
        """Its leases are not renewed any more, those of the others are."""
        self.clock.sleep(1)
        until = int((self.clock.now() + timedelta(hours=1)).timestamp() * 1e6)
        with self.journal.transaction() as connection:
            connection.execute("UPDATE lease SET expires_at = ?", (until,))
            connection.execute("UPDATE lease SET expires_at = 0 WHERE holder = ?", (f"engine {engine}",))
        with self.journal.reading() as connection:
            reap(connection, self.clock.now(), NOBODY_SEEN)
        self.model.die(engine)

    # --- what holds after every step -------------------------------------------------------------------

    def row(self) -> tuple[StateType, int, int, str | None]:
        query = "SELECT state_type, attempt, run_count, empirical_policy FROM flow_run WHERE id = ?"
        with self.journal.reading() as connection:
            type, *rest = connection.execute(query, (self.run.id.bytes,)).fetchone()
        return (StateType(type), *rest)  # type: ignore[return-value]

    @invariant()
    def store_and_model_agree(self) -> None:
        if not hasattr(self, "model"):
            return
        type, attempt, run_count, policy = self.row()
        model = self.model
        assert (type, attempt, run_count) == (model.type, model.attempt, model.run_count)
        assert set(json.loads(policy or "{}").get("pause_keys", [])) == model.passed

    @invariant()
    def a_lease_is_there_while_somebody_runs_it(self) -> None:
        if not hasattr(self, "model"):
            return
        with self.journal.reading() as connection:
            holders = [holder for (holder,) in connection.execute("SELECT holder FROM lease").fetchall()]
        holder = self.model.holder
        assert holders == ([] if holder is None else [f"engine {holder}"])

    @invariant()
    def the_history_is_one_that_the_table_allows(self) -> None:
        if not hasattr(self, "model"):
            return
        query = "SELECT type, timestamp FROM flow_run_state WHERE flow_run_id = ? ORDER BY timestamp"
        with self.journal.reading() as connection:
            history = connection.execute(query, (self.run.id.bytes,)).fetchall()
        types = [StateType(type) for type, _ in history]
        assert all(after in TRANSITIONS[before] for before, after in itertools.pairwise(types))
        assert len({timestamp for _, timestamp in history}) == len(history)


Histories.TestCase.settings = settings(max_examples=30, stateful_step_count=30)
TestHistories = Histories.TestCase

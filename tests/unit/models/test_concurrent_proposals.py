"""Threads with connections of their own propose states of one flow run at the same moment, on both databases."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import databases
from prefect.schemas.runs import FlowRun, FlowRunPolicy
from prefect.schemas.states import TRANSITIONS, State, StateType
from prefect.server.database.journal import Journal
from prefect.server.models import transitions
from prefect.server.models.transitions import Outcome
from prefect.states import Cancelling, Completed, Failed, Paused, Pending, Running

THREADS = 6
PATIENCE_SECONDS = 60.0


class Crowd:
    """Processes, as far as a store can tell: a journal for each."""

    def __init__(self, url: str, state: State[Any]) -> None:
        self.journals = [
            Journal(databases.connections(url), f"holder {number}", flush_seconds=3600)
            for number in range(THREADS)
        ]
        first = self.journals[0]
        self.run = FlowRun(
            name="run", flow_id=transitions.flow_id(first, "flow"), empirical_policy=FlowRunPolicy(retries=0)
        )
        transitions.create_flow_run(first, self.run, Pending(), begin=True)
        for one in (Running(), state):
            transitions.propose_flow_run_state(first, self.run.id, one, force=True)

    def at_once(self, proposal: Callable[[int], tuple[State[Any], dict[str, Any]]]) -> list[Outcome]:
        """All propose something; what they are answered."""
        together = threading.Barrier(THREADS)
        outcomes: list[Outcome] = []

        def propose(number: int) -> None:
            state, how = proposal(number)
            together.wait(PATIENCE_SECONDS)
            outcomes.append(
                transitions.propose_flow_run_state(self.journals[number], self.run.id, state, **how)
            )

        threads = [threading.Thread(target=propose, args=(number,)) for number in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE_SECONDS)
        assert len(outcomes) == THREADS
        return outcomes

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.journals[0].reading() as connection:
            return [tuple(row) for row in connection.execute(query).fetchall()]

    def close(self) -> None:
        for journal in self.journals:
            journal.close()


def test_one_of_many_begins_a_run_again(store_url: str) -> None:
    crowd = Crowd(store_url, Failed())
    outcomes = crowd.at_once(lambda number: (Pending(), {"begin": True}))
    assert Counter(one.status for one in outcomes) == {"ACCEPT": 1, "ABORT": THREADS - 1}
    assert crowd.rows("SELECT attempt, state_type FROM flow_run") == [(2, "PENDING")]
    assert len(crowd.rows("SELECT holder FROM lease")) == 1
    crowd.close()


def test_a_pause_of_a_key_is_entered_once(store_url: str) -> None:
    crowd = Crowd(store_url, Running())
    outcomes = crowd.at_once(lambda number: (Paused(pause_key="one"), {}))
    assert Counter(one.status for one in outcomes) == {"ACCEPT": 1, "REJECT": THREADS - 1}
    crowd.close()


def test_whoever_comes_first_the_history_is_whole(store_url: str) -> None:
    crowd = Crowd(store_url, Running())
    at_first = {id for (id,) in crowd.rows("SELECT id FROM flow_run_state")}
    words = [Completed, Failed, Cancelling, Running, Paused, Completed]
    outcomes = crowd.at_once(lambda number: (words[number](), {}))
    history = crowd.rows("SELECT type, timestamp, id FROM flow_run_state ORDER BY timestamp")
    types = [StateType(type) for type, _, _ in history]
    assert all(after in TRANSITIONS[before] for before, after in itertools.pairwise(types))
    assert len({timestamp for _, timestamp, _ in history}) == len(history)
    # those that were put in the place of others, too: what pauses is cancelled at once
    told = {one.state.id.bytes for one in outcomes if one.state is not None}
    assert {id for _, _, id in history} == at_first | told
    assert crowd.rows("SELECT state_type FROM flow_run") == [(types[-1].value,)]
    crowd.close()

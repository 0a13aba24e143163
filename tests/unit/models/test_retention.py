"""What may be removed: pure decisions, and the same over a store."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from prefect.schemas.bases import uuid7
from prefect.schemas.states import TERMINAL_STATES, StateType
from prefect.server.database import tables
from prefect.server.database.tables import flow_run, flow_run_state, task_run, task_run_state
from prefect.server.models.pruning import (
    Lifetimes,
    judge_runs,
    read_needs,
    read_uses,
    remove_runs,
    still_used,
)
from prefect.server.models.retention import (
    ResultVerdict,
    RunFacts,
    Use,
    decide_results,
    decide_runs,
    needs,
    why_needed,
)

NOW = datetime.fromisoformat("2026-06-30T12:00:00Z")
DAY = timedelta(days=1)
WINDOW = 30 * DAY
LIFETIME = 10 * DAY


def run_that(
    state: StateType | None = StateType.COMPLETED, days_ago: float | None = 20, **values: Any
) -> RunFacts:
    ended = None if days_ago is None or state not in TERMINAL_STATES else NOW - days_ago * DAY
    facts: dict[str, Any] = {"id": uuid7(), "kind": "flow run", "name": "r", **values}
    return RunFacts(state_type=state, state_name=state and state.value.title(), ended=ended, **facts)


# --- for its own sake -----------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [*StateType, None])
def test_only_runs_that_have_ended_are_not_needed(state: StateType | None) -> None:
    why = why_needed(run_that(state, 40), WINDOW, NOW)
    assert (why is None) == (state in TERMINAL_STATES)
    if state is not None and why is not None:
        assert state.value.title() in why


@pytest.mark.parametrize("state", [StateType.FAILED, StateType.CRASHED])
def test_what_can_be_resumed_is_needed_as_long_as_it_can(state: StateType) -> None:
    assert "can be resumed until 2026-07-10" in str(why_needed(run_that(state, 20), WINDOW, NOW))
    assert why_needed(run_that(state, 30), WINDOW, NOW) is None
    assert why_needed(run_that(state, 20, kind="task run"), WINDOW, NOW) is None


def test_what_a_process_holds_is_needed() -> None:
    assert why_needed(run_that(held=True), WINDOW, NOW) == "a process is running it"


# --- for the sake of others -----------------------------------------------------------------------------


def test_what_is_inside_a_needed_run_is_needed() -> None:
    live, done, inner = run_that(StateType.RUNNING, name="live"), run_that(), uuid7()
    found = needs([live, done], {inner: live.id, uuid7(): done.id}, WINDOW, NOW)
    assert found.keys() == {live.id, inner}
    assert found[inner] == "the flow run 'live' needs it, and that one has not ended: it is Running"


def test_the_own_reason_comes_first() -> None:
    live, failed = run_that(StateType.RUNNING), run_that(StateType.FAILED)
    found = needs([live, failed], {failed.id: live.id}, WINDOW, NOW)
    assert "can be resumed" in found[failed.id]


# --- verdicts -------------------------------------------------------------------------------------------


def test_runs_over_their_lifetime_go_unless_they_are_needed() -> None:
    old, young, failed, wanted = run_that(), run_that(days_ago=9), run_that(StateType.FAILED), run_that()
    verdicts = decide_runs([old, young, failed, wanted], {wanted.id: "because"}, LIFETIME, WINDOW, NOW)
    assert [(verdict.run.id, verdict.remove) for verdict in verdicts] == [
        (old.id, True),
        (failed.id, False),
        (wanted.id, False),
    ]
    assert verdicts[0].why == "it ended on 2026-06-10"
    assert verdicts[2].why == "because"


@given(
    state=st.sampled_from([*StateType, None]),
    days_ago=st.floats(0, 100),
    held=st.booleans(),
    lifetime=st.integers(0, 100),
)
def test_nothing_needed_and_nothing_young_is_ever_removed(
    state: StateType | None, days_ago: float, held: bool, lifetime: int
) -> None:
    run = run_that(state, days_ago, held=held)
    for verdict in decide_runs([run], {}, lifetime * DAY, WINDOW, NOW):
        assert verdict.why
        if verdict.remove:
            assert state in TERMINAL_STATES
            assert not held
            assert days_ago >= lifetime - 1e-6
            assert state not in (StateType.FAILED, StateType.CRASHED) or days_ago >= 30 - 1e-6


OLD, YOUNG = Use(NOW - 20 * DAY), Use(NOW - DAY)
NEEDED = Use(NOW - 20 * DAY, "it is Failed")


@pytest.mark.parametrize(
    ("uses", "expected"),
    [
        ([OLD], True),
        ([OLD, OLD], True),
        ([YOUNG], None),
        ([OLD, YOUNG], None),
        ([OLD, NEEDED], False),
        ([YOUNG, NEEDED], False),
        ([Use(None, "it has not ended")], False),
    ],
)
def test_a_result_goes_with_the_last_run_that_refers_to_it(uses: list[Use], expected: bool | None) -> None:
    verdicts = decide_results({"/s/k": uses}, LIFETIME, NOW)
    assert [verdict.remove for verdict in verdicts] == ([] if expected is None else [expected])
    if expected is False:
        assert "a run refers to it: it" in verdicts[0].why


def test_what_the_cache_of_a_needed_run_looks_for_stays() -> None:
    needed = Use(NOW - 20 * DAY, "it is Failed", cache_name="abc")
    verdicts = decide_results({"/elsewhere/x": [needed], "/s/abc": [OLD], "/s/abd": [OLD]}, LIFETIME, NOW)
    assert {verdict.storage_key: verdict.remove for verdict in verdicts} == {
        "/elsewhere/x": False,
        "/s/abc": False,
        "/s/abd": True,
    }


# --- over a store ---------------------------------------------------------------------------------------


LIFETIMES = Lifetimes(LIFETIME, WINDOW)


class Past:
    """A store in which runs ended some days ago."""

    def __init__(self, connection: sa.Connection, fill: Any) -> None:
        self.connection = connection
        self.fill = fill
        self.flow = fill.flow()

    def run(self, name: str, state: str = "Completed", days_ago: float = 20, **values: Any) -> UUID:
        id: UUID = self.fill.flow_run(self.flow, name, state, **self._times(state, days_ago), **values)
        return id

    def task(
        self, run: UUID | None, state: str = "Completed", days_ago: float = 20, key: str = "", **values: Any
    ) -> UUID:
        id: UUID = self.fill.task_run(run, state=state, **self._times(state, days_ago), **values)
        self._store(task_run_state, task_run_state.c.task_run_id == id, key)
        return id

    def result_of_run(self, id: UUID, key: str) -> None:
        self._store(flow_run_state, flow_run_state.c.flow_run_id == id, key)

    def _times(self, state: str, days_ago: float) -> dict[str, Any]:
        moment = NOW - days_ago * DAY
        ended = StateType(state.upper()) in TERMINAL_STATES
        return {"state_timestamp": moment, "end_time": moment if ended else None}

    def _store(self, table: sa.Table, condition: Any, key: str) -> None:
        if key:
            data = {"storage_key": key, "serializer": {"type": "json"}, "storage_block_id": None}
            self.connection.execute(table.update().where(condition).values(data=data))

    def inside(self, parent: UUID, name: str, **values: Any) -> UUID:
        return self.run(name, parent_task_run_id=self.task(parent), **values)

    def names_removed(self) -> set[str]:
        verdicts = judge_runs(self.connection, LIFETIMES, NOW)
        doomed = [verdict.run for verdict in verdicts if verdict.remove]
        remove_runs(self.connection, doomed, LIFETIMES, NOW)
        return {run.name for run in doomed}

    def names_left(self) -> set[str]:
        return set(self.connection.execute(sa.select(flow_run.c.name)).scalars())


@pytest.fixture
def past(connection: sa.Connection, fill: Any) -> Past:
    return Past(connection, fill)


def test_removes_what_is_over_and_leaves_the_rest(past: Past) -> None:
    old = past.run("old")
    past.task(old)
    past.fill.log("a line", flow_run_id=old)
    past.run("young", days_ago=5)
    past.run("cancelled", "Cancelled")
    past.run("failed", "Failed")
    past.run("failed-long-ago", "Failed", days_ago=31)
    past.run("running", "Running", days_ago=50)
    past.run("paused", "Paused", days_ago=50)
    past.run("scheduled", "Scheduled", days_ago=50)
    assert past.names_removed() == {"old", "cancelled", "failed-long-ago"}
    assert past.names_left() == {"young", "failed", "running", "paused", "scheduled"}
    assert past.fill.count(task_run) == past.fill.count(tables.log) == 0


def test_keeps_what_is_inside_runs_that_can_be_resumed(past: Past) -> None:
    failed = past.run("failed", "Failed")
    inner = past.inside(failed, "inner")
    past.inside(inner, "innermost")
    past.inside(past.run("done"), "of-done")
    assert past.names_removed() == {"done", "of-done"}
    assert past.names_left() == {"failed", "inner", "innermost"}
    reasons = {verdict.run.name: verdict.why for verdict in judge_runs(past.connection, LIFETIMES, NOW)}
    assert reasons["innermost"].startswith("the flow run 'failed' needs it, and that one is Failed")


def test_keeps_what_a_needed_fork_takes_its_steps_from(past: Past) -> None:
    origin = past.run("origin")
    past.inside(origin, "inside-origin")
    past.run("fork", "Crashed", labels={"prefect.lineage": str(origin)})
    other = past.run("other")
    past.run("done-fork", labels={"prefect.lineage": str(other)})
    assert past.names_removed() == {"other", "done-fork"}
    assert past.names_left() == {"origin", "inside-origin", "fork"}


@pytest.mark.parametrize("label", ["", "no id", 7, None, ["x"]])
def test_labels_may_say_anything(past: Past, label: Any) -> None:
    past.run("fork", "Crashed", labels={"prefect.lineage": label})
    past.run("old")
    assert past.names_removed() == {"old"}


def test_keeps_what_a_process_holds(past: Past) -> None:
    held = past.run("held")
    past.fill.lease("flow_run", held, NOW + DAY)
    assert past.names_removed() == set()
    assert read_needs(past.connection, WINDOW, NOW) == {held: "a process is running it"}


def test_task_runs_outside_of_flows_go_too(past: Past) -> None:
    past.task(None)
    past.task(None, days_ago=5)
    past.task(None, "Running", days_ago=50)
    held = past.task(None)
    past.fill.lease("task_run", held, NOW + DAY)
    past.names_removed()
    assert past.fill.count(task_run) == 3


def test_a_run_that_was_resumed_meanwhile_is_not_removed(past: Past) -> None:
    past.run("old")
    [verdict] = judge_runs(past.connection, LIFETIMES, NOW)
    past.connection.execute(flow_run.update().values(state_type="RUNNING", state_name="Running"))
    assert remove_runs(past.connection, [verdict.run], LIFETIMES, NOW) == ([], set())
    assert past.names_left() == {"old"}


def test_tells_which_results_removed_runs_had(past: Past) -> None:
    old, young = past.run("old"), past.run("young", days_ago=1)
    past.task(old, key="/s/a")
    past.task(old, key="/s/shared")
    past.task(young, key="/s/shared")
    past.result_of_run(old, "/s/flow")
    verdicts = judge_runs(past.connection, LIFETIMES, NOW)
    _, keys = remove_runs(past.connection, [verdict.run for verdict in verdicts], LIFETIMES, NOW)
    assert keys == {"/s/a", "/s/shared", "/s/flow"}
    assert still_used(past.connection, keys) == {"/s/shared"}


def test_reads_who_uses_which_result(past: Past) -> None:
    failed, done = past.run("failed", "Failed"), past.run("done")
    inner = past.inside(failed, "inner")
    past.task(failed, key="/s/of-failed", cache_key="cached")
    past.task(inner, key="/s/of-inner")
    past.task(done, key="/s/cached")
    past.task(done, key="/s/of-done", cache_key="mine")
    past.task(past.run("running", "Running"), days_ago=40, key="/s/live")
    past.task(None, key="/s/lone")
    past.result_of_run(done, "/s/flow")
    verdicts = decide_results(read_uses(past.connection, WINDOW, NOW), LIFETIME, NOW)
    assert {verdict.storage_key: verdict.remove for verdict in verdicts} == {
        "/s/of-failed": False,
        "/s/of-inner": False,
        "/s/cached": False,
        "/s/of-done": True,
        "/s/live": False,
        "/s/lone": True,
        "/s/flow": True,
    }
    assert all(isinstance(verdict, ResultVerdict) and verdict.why for verdict in verdicts)


def test_an_expired_cache_key_protects_nothing(past: Past) -> None:
    failed = past.run("failed", "Failed")
    past.task(failed, key="/s/x", cache_key="cached", cache_expiration=NOW - DAY)
    past.task(past.run("done"), key="/s/cached")
    verdicts = decide_results(read_uses(past.connection, WINDOW, NOW), LIFETIME, NOW)
    assert {verdict.storage_key: verdict.remove for verdict in verdicts} == {"/s/x": False, "/s/cached": True}


def test_results_in_blocks_are_left_alone(past: Past) -> None:
    run = past.run("old")
    id = past.task(run)
    data = {"storage_key": "k", "storage_block_id": str(uuid7())}
    past.connection.execute(
        task_run_state.update().where(task_run_state.c.task_run_id == id).values(data=data)
    )
    assert read_uses(past.connection, WINDOW, NOW) == {}
    verdicts = judge_runs(past.connection, LIFETIMES, NOW)
    assert remove_runs(past.connection, [verdicts[0].run], LIFETIMES, NOW)[1] == set()

"""Where the time of a flow run went: sums by task that agree with the rows, whatever order and gaps."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from prefect.schemas.states import StateType
from prefect.server.models.breakdowns import read_busy_time, read_task_sums

COMPLETED, FAILED, RUNNING, PENDING = (
    StateType.COMPLETED, StateType.FAILED, StateType.RUNNING, StateType.PENDING,
)  # fmt: skip


def minutes(number: float) -> datetime:
    """So many minutes after the moment at which a filled store begins."""
    return datetime(2026, 1, 2, 12, 0, tzinfo=UTC) + timedelta(minutes=number)


def minutes_long(number: float) -> timedelta:
    return timedelta(minutes=number)


@pytest.fixture
def run(fill: Any) -> UUID:
    return fill.flow_run(fill.flow(), "run", end_time=minutes(10))


def test_runs_of_a_task_are_added_up(connection: sa.Connection, fill: Any, run: UUID) -> None:
    fill.task_run(run, "a-1", task_key="a", total_run_time=minutes_long(1), run_count=1)
    slowest = fill.task_run(
        run, "a-2", task_key="a", dynamic_key="2", end_time=minutes(5),
        total_run_time=minutes_long(2), run_count=3,
    )  # fmt: skip
    fill.task_run(run, "a-3", "Completed/Cached", task_key="a", total_run_time=minutes_long(0))
    fill.task_run(run, "b-1", "Failed", task_key="b", expected_start_time=minutes(1))
    a, b = read_task_sums(connection, [run])
    assert (a.task_key, a.number, a.is_subflow) == ("a", 3, False)
    assert a.counts == {(COMPLETED, "Completed"): 2, (COMPLETED, "Cached"): 1}
    assert a.run_time == minutes_long(3)
    assert a.retries == 2
    # each was expected at 0; they ended after 2, 5 and 2 minutes
    assert a.waiting_time == minutes_long((2 - 1) + (5 - 2) + (2 - 0))
    assert (a.first_start, a.last_end) == (minutes(0), minutes(5))
    assert (a.slowest_id, a.slowest_name, a.slowest_dynamic_key) == (slowest, "a-2", "2")
    assert a.slowest_run_time == minutes_long(2)
    assert b.counts == {(FAILED, "Failed"): 1}


def test_what_goes_on_has_no_end_and_runs_until_now(connection: sa.Connection, fill: Any) -> None:
    run = fill.flow_run(fill.flow(), "run", "Running")
    fill.task_run(run, "done", task_key="a")
    fill.task_run(run, "going on", "Running", task_key="a", state_timestamp=minutes(1))
    (sums,) = read_task_sums(connection, [run])
    assert sums.last_end is None
    assert sums.slowest_name == "going on"
    assert sums.run_time > timedelta(days=1)


@pytest.mark.parametrize("first", ["Completed", "Pending/NotReady"])
def test_an_open_run_leaves_the_end_open_wherever_it_stands(
    connection: sa.Connection, fill: Any, run: UUID, first: str
) -> None:
    other = "Completed" if first != "Completed" else "Pending/NotReady"
    fill.task_run(run, "one", first, task_key="a")
    fill.task_run(run, "other", other, task_key="a")
    (sums,) = read_task_sums(connection, [run])
    assert sums.last_end is None


def test_what_never_was_ready_waits_no_longer_than_its_flow_run(
    connection: sa.Connection, fill: Any, run: UUID
) -> None:
    fill.task_run(run, "never", "Pending/NotReady", task_key="a")
    (sums,) = read_task_sums(connection, [run])
    assert (sums.run_time, sums.waiting_time) == (timedelta(0), minutes_long(10))


def test_calls_of_subflows_are_marked(connection: sa.Connection, fill: Any, run: UUID) -> None:
    placeholder = fill.task_run(run, "child-0", task_key="child")
    child = fill.flow_run(fill.flow("child"), "child run", parent_task_run_id=placeholder)
    fill.task_run(child, "leaf", task_key="leaf")
    sums = {one.task_key: one for one in read_task_sums(connection, [run, child])}
    assert sums["child"].is_subflow
    assert not sums["leaf"].is_subflow
    assert (sums["child"].flow_run_id, sums["leaf"].flow_run_id) == (run, child)


def test_tasks_come_in_the_order_of_their_first_calls(
    connection: sa.Connection, fill: Any, run: UUID
) -> None:
    for key, moment in (("late", 3), ("early", 1), ("late", 2), ("middle", 1.5)):
        fill.task_run(run, key, task_key=key, expected_start_time=minutes(moment))
    assert [one.task_key for one in read_task_sums(connection, [run])] == ["early", "middle", "late"]


@pytest.mark.parametrize(
    ("stretches", "busy"),
    [
        ([], 0),
        ([(0, 1)], 1),
        ([(0, 1), (2, 4)], 3),
        ([(0, 3), (1, 2)], 3),
        ([(0, 2), (1, 3)], 3),
        ([(0, 9), (1, 2), (3, 4), (8, 10)], 10),
        ([(0, 1), (1, 2), (0, 1)], 2),
    ],
)
def test_time_with_several_runs_under_way_counts_once(
    connection: sa.Connection, fill: Any, run: UUID, stretches: list[tuple[int, int]], busy: int
) -> None:
    for start, end in stretches:
        fill.task_run(run, start_time=minutes(start), end_time=minutes(end))
    assert read_busy_time(connection, [run]) == minutes_long(busy)


def test_neither_subflow_calls_nor_runs_that_never_started_are_busy(
    connection: sa.Connection, fill: Any, run: UUID
) -> None:
    placeholder = fill.task_run(run, "child-0", start_time=minutes(0), end_time=minutes(9))
    child = fill.flow_run(fill.flow("child"), parent_task_run_id=placeholder)
    fill.task_run(child, start_time=minutes(3), end_time=minutes(4))
    fill.task_run(run, "never", "Pending/NotReady")
    assert read_busy_time(connection, [run, child]) == minutes_long(1)

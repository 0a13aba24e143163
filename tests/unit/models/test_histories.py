"""Runs are counted in the interval they were expected in, by the state they are in now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from prefect.schemas.filters.flow_runs import FlowRunFilter
from prefect.schemas.states import StateType
from prefect.server.models.filters import Filters
from prefect.server.models.flow_runs import flow_run_history
from prefect.server.models.histories import MAX_INTERVALS, Interval
from prefect.server.models.task_runs import task_run_history

T0 = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def counts(history: list[Interval]) -> list[dict[str, int]]:
    return [{state.state_name: state.count_runs for state in interval.states} for interval in history]


@pytest.fixture
def runs(fill: Any) -> None:
    flow = fill.flow()
    for minute, state in [
        (0, "Completed"),
        (0.5, "Completed"),
        (0.9, "Failed/TimedOut"),
        (1, "Failed"),
        (3, "Failed"),
    ]:
        fill.flow_run(
            flow, f"at {minute}", state, expected_start_time=T0 + minute * MINUTE, start_time=T0 + 4 * MINUTE
        )


def test_intervals_hold_their_start_but_not_their_end(connection: sa.Connection, runs: None) -> None:
    history = flow_run_history(connection, T0, T0 + 3 * MINUTE, MINUTE)
    assert counts(history) == [{"Completed": 2, "TimedOut": 1}, {"Failed": 1}, {}]
    assert [interval.interval_start for interval in history] == [T0, T0 + MINUTE, T0 + 2 * MINUTE]
    assert history[0].interval_end == history[1].interval_start


def test_the_last_interval_is_whole(connection: sa.Connection, runs: None) -> None:
    history = flow_run_history(connection, T0, T0 + 1.5 * MINUTE, MINUTE)
    assert history[-1].interval_end == T0 + 2 * MINUTE
    assert counts(history)[-1] == {"Failed": 1}


def test_run_times_and_lateness_are_summed(connection: sa.Connection, runs: None) -> None:
    completed = flow_run_history(connection, T0, T0 + MINUTE, MINUTE)[0].states[0]
    assert completed.state_type is StateType.COMPLETED
    assert completed.sum_estimated_run_time == 2 * MINUTE
    assert completed.sum_estimated_lateness == 7.5 * MINUTE


def test_filters_narrow_it(connection: sa.Connection, runs: None) -> None:
    failed = FlowRunFilter.model_validate({"state": {"type": {"any_": ["FAILED"]}}})
    history = flow_run_history(connection, T0, T0 + MINUTE, MINUTE, Filters(flow_runs=failed))
    assert counts(history) == [{"TimedOut": 1}]


def test_task_runs_have_one_too(connection: sa.Connection, fill: Any) -> None:
    fill.task_run(None)
    assert counts(task_run_history(connection, T0, T0 + MINUTE, MINUTE)) == [{"Completed": 1}]


def test_the_number_of_intervals_is_bounded(connection: sa.Connection) -> None:
    history = flow_run_history(connection, T0, T0 + timedelta(days=365), timedelta(seconds=1))
    assert len(history) == MAX_INTERVALS


def test_an_end_before_the_start_holds_nothing(connection: sa.Connection) -> None:
    assert flow_run_history(connection, T0, T0 - MINUTE, MINUTE) == []


def test_an_interval_below_a_second_is_refused(connection: sa.Connection) -> None:
    with pytest.raises(ValueError, match="less than 1 second"):
        flow_run_history(connection, T0, T0 + MINUTE, timedelta(milliseconds=500))

"""What a transition writes on the run's row."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from uuid import UUID

from prefect.schemas.states import StateType
from prefect.server.orchestration import (
    Changes,
    FlowRunFacts,
    FlowRunProjection,
    TaskRunFacts,
    project_flow_run,
    project_task_run,
)

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
T = StateType


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def walk(*steps: tuple[StateType, float], resuming: bool = False) -> FlowRunProjection:
    """The row after entering each state at its second."""
    facts = FlowRunFacts(id=UUID(int=1), resuming=resuming)
    for type, second in steps:
        row = project_flow_run(facts, type, type.value.capitalize(), at(second))
        known = {field.name: getattr(row, field.name) for field in fields(row)}
        known.pop("next_scheduled_start_time")
        facts = FlowRunFacts(id=UUID(int=1), **known)
    return row


def test_a_run_of_one_attempt() -> None:
    row = walk((T.PENDING, 0), (T.RUNNING, 1), (T.COMPLETED, 3.5))
    assert (row.run_count, row.start_time, row.end_time) == (1, at(1), at(3.5))
    assert row.total_run_time == timedelta(seconds=2.5)
    assert row.expected_start_time == at(0)


def test_only_time_in_running_counts() -> None:
    row = walk((T.RUNNING, 0), (T.PAUSED, 1), (T.RUNNING, 100), (T.FAILED, 102))
    assert row.total_run_time == timedelta(seconds=3)
    assert row.start_time == at(0)


def test_a_run_that_never_ran_has_an_end_and_no_start() -> None:
    row = walk((T.PENDING, 0), (T.FAILED, 1))
    assert (row.run_count, row.start_time, row.end_time) == (0, None, at(1))


def test_a_rerun_has_not_ended_and_keeps_its_first_start() -> None:
    row = walk((T.RUNNING, 0), (T.FAILED, 1), (T.RUNNING, 5))
    assert (row.run_count, row.start_time, row.end_time) == (2, at(0), None)


def test_another_end_does_not_move_the_end() -> None:
    assert walk((T.RUNNING, 0), (T.COMPLETED, 1), (T.FAILED, 9)).end_time == at(1)


def test_each_entry_into_running_counts_except_after_a_suspension() -> None:
    assert walk((T.RUNNING, 0), (T.PAUSED, 1), (T.RUNNING, 2)).run_count == 2
    resumed = walk((T.PENDING, 0), (T.RUNNING, 1), resuming=True)
    assert (resumed.run_count, resumed.resuming) == (0, False)


def test_a_scheduled_run_says_when_it_starts_next() -> None:
    facts = FlowRunFacts(id=UUID(int=1))
    row = project_flow_run(facts, T.SCHEDULED, "Scheduled", at(0), scheduled_time=at(60))
    assert row.next_scheduled_start_time == row.expected_start_time == at(60)
    assert walk((T.SCHEDULED, 0)).next_scheduled_start_time == at(0)
    assert walk((T.SCHEDULED, 0), (T.PENDING, 1)).next_scheduled_start_time is None


def test_a_clock_that_stands_still_or_steps_back_does_not_reorder_history() -> None:
    row = walk((T.PENDING, 10), (T.RUNNING, 10), (T.COMPLETED, 4))
    assert row.start_time == at(10) + timedelta(microseconds=1)
    assert row.end_time == at(10) + timedelta(microseconds=2)
    assert row.total_run_time == timedelta(microseconds=1)


def test_changes_of_the_decision_show_on_the_row() -> None:
    facts = FlowRunFacts(id=UUID(int=1), pause_keys=frozenset({"1"}))
    changes = Changes(pause_keys=frozenset({"1", "2"}), resuming=True)
    row = project_flow_run(facts, T.SCHEDULED, "Resuming", at(0), changes=changes)
    assert (row.pause_keys, row.resuming) == ({"1", "2"}, True)


def test_a_task_run_counts_from_where_the_decision_says() -> None:
    facts = TaskRunFacts(id=UUID(int=1), state_type=T.FAILED, state_timestamp=at(0), run_count=3)
    row = project_task_run(facts, T.RUNNING, "Running", at(1), changes=Changes(run_count=0, name="Retrying"))
    assert (row.run_count, row.state_name) == (1, "Retrying")

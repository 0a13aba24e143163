"""What task runs were waiting for when their process went, as the next attempt reads it."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from tests.unit.models.conftest import Filler, minutes

from prefect.schemas.outcomes import AwaitedRetry
from prefect.schemas.states import StateDetails, StateType
from prefect.server.database import tables
from prefect.server.models.steps import read_awaited_retries

LABEL = "prefect.retry"


def waited(
    fill: Filler, flow_run: UUID, place: str, due: datetime, *then: str, run_count: int = 1, **options: Any
) -> UUID:
    """A task run that has waited for a retry, and then went through these states."""
    labels = {LABEL: place}
    last = then[-1] if then else "Scheduled/AwaitingRetry"
    run = fill.task_run(flow_run, state=last, labels=labels, run_count=run_count, **options)
    states = tables.task_run_state
    fill.connection.execute(sa.delete(states).where(states.c.task_run_id == run))
    for number, state in enumerate(["Running", "Scheduled/AwaitingRetry", *then]):
        type, _, name = state.partition("/")
        details = StateDetails(scheduled_time=due) if name else None
        fill.insert(
            states,
            task_run_id=run,
            type=StateType(type.upper()).value,
            name=name or type,
            timestamp=minutes(number),
            state_details=None if details is None else details.model_dump(mode="json", exclude_unset=True),
        )
    return run


def test_a_retry_that_was_waited_for_at_the_crash(fill: Filler, connection: sa.Connection) -> None:
    run = fill.flow_run(fill.flow(), state="Crashed")
    waited(fill, run, "a", minutes(10), "Crashed", run_count=2)
    assert read_awaited_retries(connection, run, LABEL) == {"a": AwaitedRetry(due=minutes(10), run_count=2)}


def test_what_was_not_waiting_when_it_crashed_is_left_out(fill: Filler, connection: sa.Connection) -> None:
    run, other = fill.flow_run(fill.flow(), state="Crashed"), fill.flow_run(fill.flow("other"))
    waited(fill, run, "under way", minutes(10), "Running", "Crashed")
    waited(fill, run, "completed", minutes(10), "Running", "Completed")
    waited(fill, run, "cancelled", minutes(10), "Cancelled")
    waited(fill, run, "waits", minutes(10))
    waited(fill, other, "elsewhere", minutes(10), "Crashed")
    fill.task_run(run, state="Crashed")
    assert read_awaited_retries(connection, run, LABEL) == {}


def test_the_latest_run_of_a_place_counts(fill: Filler, connection: sa.Connection) -> None:
    run = fill.flow_run(fill.flow(), state="Crashed")
    waited(fill, run, "a", minutes(10), "Crashed")
    waited(fill, run, "a", minutes(10), "Running", "Completed")
    waited(fill, run, "b", minutes(10), "Crashed")
    waited(fill, run, "b", minutes(20), "Crashed", run_count=2)
    assert read_awaited_retries(connection, run, LABEL) == {"b": AwaitedRetry(due=minutes(20), run_count=2)}

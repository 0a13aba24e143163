"""What a transition changes on a run's row: the projection of its journal.

Pure arithmetic over facts and the state entered. Not here: whether the state may be entered (`flow_rules`,
`task_rules`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from prefect.schemas.states import TERMINAL_STATES, StateType
from prefect.server.orchestration.decisions import NO_CHANGES, Changes
from prefect.server.orchestration.facts import FlowRunFacts, RunFacts

_TICK = timedelta(microseconds=1)
_T = StateType


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """The columns of a run's row after a transition."""

    state_type: StateType
    state_name: str
    state_timestamp: datetime
    run_count: int
    expected_start_time: datetime
    next_scheduled_start_time: datetime | None
    start_time: datetime | None
    end_time: datetime | None
    total_run_time: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowRunProjection(Projection):
    """The columns of a flow run's row after a transition."""

    pause_keys: frozenset[str]
    resuming: bool


def moment_after(timestamp: datetime, previous: datetime | None) -> datetime:
    """The timestamp of a run's next state: its own, or just after the previous one if that is not earlier.

    A run's timestamps strictly increase, whatever its clocks do, so that its history has one order.
    """
    if previous is None or timestamp > previous:
        return timestamp
    return previous + _TICK


def project_flow_run(
    facts: FlowRunFacts,
    type: StateType,
    name: str,
    timestamp: datetime,
    scheduled_time: datetime | None = None,
    changes: Changes = NO_CHANGES,
) -> FlowRunProjection:
    """The row of a flow run after it entered a state.

    Args:
        facts: the run before the transition.
        timestamp: of the new state; moved by a microsecond where it would not follow the previous one.
        scheduled_time: when a SCHEDULED state is due; default: its timestamp.
        changes: what the decision says goes with the transition.
    """
    moment = moment_after(timestamp, facts.state_timestamp)
    # a run that comes back from a suspension continues the attempt that it left
    starts = type is _T.RUNNING and not facts.resuming
    begun = facts.run_count if changes.run_count is None else changes.run_count
    pause_keys = facts.pause_keys if changes.pause_keys is None else changes.pause_keys
    resuming = facts.resuming if changes.resuming is None else changes.resuming
    return FlowRunProjection(
        state_type=type,
        state_name=changes.name or name,
        state_timestamp=moment,
        run_count=begun + 1 if starts else begun,
        expected_start_time=_expected_start(facts, type, moment, scheduled_time),
        next_scheduled_start_time=_next_start(type, moment, scheduled_time),
        start_time=_start(facts, type, moment),
        end_time=_end(facts, type, moment),
        total_run_time=_run_time(facts, moment),
        pause_keys=pause_keys,
        resuming=resuming and type is not _T.RUNNING and type not in TERMINAL_STATES,
    )


def project_task_run(
    facts: RunFacts,
    type: StateType,
    name: str,
    timestamp: datetime,
    scheduled_time: datetime | None = None,
    changes: Changes = NO_CHANGES,
) -> Projection:
    """The row of a task run after it entered a state. Arguments as for `project_flow_run`."""
    moment = moment_after(timestamp, facts.state_timestamp)
    begun = facts.run_count if changes.run_count is None else changes.run_count
    return Projection(
        state_type=type,
        state_name=changes.name or name,
        state_timestamp=moment,
        run_count=begun + 1 if type is _T.RUNNING else begun,
        expected_start_time=_expected_start(facts, type, moment, scheduled_time),
        next_scheduled_start_time=_next_start(type, moment, scheduled_time),
        start_time=_start(facts, type, moment),
        end_time=_end(facts, type, moment),
        total_run_time=_run_time(facts, moment),
    )


def _expected_start(
    facts: RunFacts, type: StateType, moment: datetime, scheduled_time: datetime | None
) -> datetime:
    if facts.expected_start_time is not None:
        return facts.expected_start_time
    return scheduled_time if type is _T.SCHEDULED and scheduled_time is not None else moment


def _next_start(type: StateType, moment: datetime, scheduled_time: datetime | None) -> datetime | None:
    return (scheduled_time or moment) if type is _T.SCHEDULED else None


def _start(facts: RunFacts, type: StateType, moment: datetime) -> datetime | None:
    return moment if type is _T.RUNNING and facts.start_time is None else facts.start_time


def _end(facts: RunFacts, type: StateType, moment: datetime) -> datetime | None:
    if type not in TERMINAL_STATES:
        return None
    return facts.end_time or moment


def _run_time(facts: RunFacts, moment: datetime) -> timedelta:
    if facts.state_type is not _T.RUNNING or facts.state_timestamp is None:
        return facts.total_run_time
    return facts.total_run_time + (moment - facts.state_timestamp)

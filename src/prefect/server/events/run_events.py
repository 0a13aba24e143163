"""Run states told as events, in the original's words: an event of its own for each state, with the state's id.

Pure, from rows to events: `prefect.flow-run.Completed`, `prefect.task-run.Running` and so on. What a run was when it
entered a state is worked out from the states before it, since its row only says what it is now. Not here: reading
the rows (`telling`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from prefect.schemas.events import ReceivedEvent, RelatedResource, Resource
from prefect.schemas.states import TERMINAL_STATES, StateType

Labels = dict[str, str]

_RUNNING = StateType.RUNNING.value
_TERMINAL = frozenset(type.value for type in TERMINAL_STATES)


class StateFacts(NamedTuple):
    """A state as it is stored."""

    id: UUID
    timestamp: datetime
    type: str
    name: str
    message: str | None
    details: Mapping[str, Any]
    data: Any


class History(NamedTuple):
    """What the states up to one of them make of a run: its counters, and the state before."""

    before: StateFacts | None
    run_count: int
    expected_start: datetime
    start: datetime | None
    end: datetime | None
    ran: timedelta


class RunFacts(NamedTuple):
    """A run as it is stored.

    Attributes:
        kind: "flow-run" or "task-run".
        related: the labels of what it is related to, in the original's order.
        told: of a task run, the fields that its events carry besides counters and times; None of a flow run.
    """

    kind: str
    id: UUID
    name: str
    related: Sequence[Labels]
    told: Mapping[str, Any] | None = None


# --- resources ------------------------------------------------------------------------------------------


def related_resource(kind: str, id: UUID, role: str, name: str | None, **more: str | None) -> Labels:
    """The labels of something that a run is related to."""
    labels = {"prefect.resource.id": f"prefect.{kind}.{id}", "prefect.resource.role": role}
    if name is not None:
        labels["prefect.resource.name"] = name
    return {**labels, **{label: value for label, value in more.items() if value is not None}}


def tag_resources(tags: Iterable[str]) -> list[Labels]:
    """The labels of tags, each once, in order."""
    return [
        {"prefect.resource.id": f"prefect.tag.{tag}", "prefect.resource.role": "tag"}
        for tag in dict.fromkeys(tags)
    ]


# --- histories ------------------------------------------------------------------------------------------


def histories(states: Sequence[StateFacts]) -> dict[UUID, History]:
    """What each state of a run found; `states` are all of them, in order."""
    found: dict[UUID, History] = {}
    before: StateFacts | None = None
    count, ran = 0, timedelta(0)
    start: datetime | None = None
    for state in states:
        if before is not None and before.type == _RUNNING:
            ran += max(state.timestamp - before.timestamp, timedelta(0))
        if state.type == _RUNNING:
            count += 1
            start = start or state.timestamp
        end = state.timestamp if state.type in _TERMINAL else None
        found[state.id] = History(before, count, states[0].timestamp, start, end, ran)
        before = state
    return found


# --- events ---------------------------------------------------------------------------------------------


def event_of(run: RunFacts, state: StateFacts, history: History, received: datetime) -> ReceivedEvent:
    """The event that a run's entering a state is."""
    before = history.before
    is_task_run = run.told is not None
    payload: dict[str, Any] = {
        "intended": {"from": None if before is None else before.type, "to": state.type},
        "initial_state": None if before is None else _told(before, is_task_run, with_data=False),
        "validated_state": _told(state, is_task_run, with_data=True),
    }
    labels = {
        "prefect.resource.id": f"prefect.{run.kind}.{run.id}",
        "prefect.resource.name": run.name,
        "prefect.run-count": str(history.run_count),
        "prefect.state-message": state.message or "",
        "prefect.state-name": state.name,
        "prefect.state-timestamp": state.timestamp.isoformat(),
        "prefect.state-type": state.type,
    }
    if run.told is not None:
        labels["prefect.orchestration"] = "client"
        payload["task_run"] = {**run.told, **_counters(state, history)}
    return ReceivedEvent.model_construct(
        occurred=state.timestamp,
        event=f"prefect.{run.kind}.{state.name}",
        resource=Resource.model_construct(labels),
        related=[RelatedResource.model_construct(labels) for labels in run.related],
        payload=payload,
        id=state.id,
        follows=None if before is None else before.id,
        received=received,
    )


def _told(state: StateFacts, is_task_run: bool, with_data: bool) -> dict[str, Any]:
    told: dict[str, Any] = {"type": state.type, "name": state.name}
    if is_task_run:
        told |= {"message": state.message or "", "state_details": dict(state.details)}
        return {**told, "data": state.data} if with_data else told
    return {**told, "message": state.message} if state.message else told


def _counters(state: StateFacts, history: History) -> dict[str, Any]:
    times = {"start_time": history.start, "end_time": history.end}
    expected = state.details.get("scheduled_time") or history.expected_start.isoformat()
    return {
        "run_count": history.run_count,
        "expected_start_time": expected,
        **{name: moment.isoformat() for name, moment in times.items() if moment is not None},
        "total_run_time": history.ran.total_seconds(),
    }

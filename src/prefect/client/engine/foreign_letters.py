"""What is told to a server of another make, as letters: task runs as the events its own clients send, and plain logs.

Pure. Not here: sending (`dispatch`), flow runs (`foreign`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from prefect.client.engine.letters import LOG, TRANSITION, Entry, as_json, bearable
from prefect.client.engine.spool import Letter
from prefect.schemas.described import described_data
from prefect.schemas.runs import TaskRun
from prefect.schemas.states import TERMINAL_STATES, State

_LETTER_ENTRIES = 200
"""So many events or log lines go in one message: such servers take small ones."""
_LEFT_OUT = {
    "id", "created", "updated", "flow_run_id", "state", "state_id", "state_type", "state_name", "run_count",
    "start_time", "end_time", "total_run_time", "estimated_run_time", "estimated_start_time_delta",
}  # fmt: skip


class OpenRuns:
    """The task runs under way, each with the state it entered last: events name the one they follow."""

    def __init__(self) -> None:
        self._last: dict[UUID, tuple[TaskRun, State[Any]]] = {}

    def run(self, id: UUID) -> TaskRun | None:
        """A task run that is under way."""
        found = self._last.get(id)
        return None if found is None else found[0]

    def enter(self, run: TaskRun, state: State[Any]) -> State[Any] | None:
        """The run enters a state; the one before."""
        before = self._last.get(run.id)
        if state.type in TERMINAL_STATES:
            self._last.pop(run.id, None)
        else:
            self._last[run.id] = run, state
        return None if before is None else before[1]


def letters_of(entries: list[Entry], open_runs: OpenRuns) -> Iterator[Letter]:
    """Entries as letters: the states of task runs in order, then the log lines."""
    events = [
        _event(open_runs, *entry[1:]) for entry in entries if entry[0] == TRANSITION and not _follows(entry)
    ]
    logs = [_log(*entry[1:]) for entry in entries if entry[0] == LOG]
    for path, items in (("/events", events), ("/logs/", logs)):
        for part in _parts(items):
            yield Letter("POST", path, as_json(part))


def _follows(entry: Entry) -> bool:
    """Whether the task run follows the subflow run it stands for: such a server sees to that itself."""
    return entry[2].state_details.child_flow_run_id is not None


def _parts(items: list[Any]) -> Iterable[list[Any]]:
    return (items[start : start + _LETTER_ENTRIES] for start in range(0, len(items), _LETTER_ENTRIES))


def _event(
    open_runs: OpenRuns, run: TaskRun, state: State[Any], run_count: int, start: Any, end: Any, total: Any
) -> dict[str, Any]:
    before = open_runs.enter(run, state)
    told = run.model_dump(mode="json", exclude=_LEFT_OUT, exclude_none=True)
    counters = {"run_count": run_count, "total_run_time": total.total_seconds()}
    times = {"start_time": start, "end_time": end}
    related = []
    if run.flow_run_id is not None:
        flow_run = f"prefect.flow-run.{run.flow_run_id}"
        related.append({"prefect.resource.id": flow_run, "prefect.resource.role": "flow-run"})
    return {
        "id": state.id,
        "follows": None if before is None else before.id,
        "occurred": state.timestamp,
        "event": f"prefect.task-run.{state.name}",
        "resource": {
            "prefect.resource.id": f"prefect.task-run.{run.id}",
            "prefect.resource.name": run.name,
            "prefect.run-count": str(run_count),
            "prefect.state-message": bearable(state).message or "",
            "prefect.state-name": state.name or "",
            "prefect.state-timestamp": state.timestamp.isoformat(),
            "prefect.state-type": state.type.value,
            "prefect.orchestration": "client",
        },
        "related": related,
        "payload": {
            "intended": {"from": None if before is None else before.type.value, "to": state.type.value},
            "initial_state": None if before is None else _state(before),
            "validated_state": {**_state(state), "data": described_data(state.data)},
            "task_run": {**told, **counters, **{name: value for name, value in times.items() if value}},
        },
    }


def _state(state: State[Any]) -> dict[str, Any]:
    ids = {"flow_run_id", "task_run_id"}
    details = state.state_details.model_dump(mode="json", exclude=ids, exclude_defaults=True)
    return {
        "type": state.type.value,
        "name": state.name,
        "message": bearable(state).message or "",
        "state_details": details,
    }


def _log(
    id: UUID, name: str, level: int, message: str, timestamp: Any, flow_run_id: Any, task_run_id: Any
) -> dict[str, Any]:
    ids = {"flow_run_id": flow_run_id, "task_run_id": task_run_id}
    return {"name": name, "level": level, "message": message, "timestamp": timestamp, **ids}

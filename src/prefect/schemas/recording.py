"""What a process that runs flows tells a server of them: batches of task-run states and log lines, compactly.

A batch holds each task run once, as it was at last, and every state it went through; moments and durations are
whole microseconds. Both sides are here, so that they fit: `batch_of` on the client's, `transitions_of` on the
server's. Not here: what of a state is told at all (`described`), sending (`client/engine`), writing
(`server/models/recording`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, NamedTuple
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from prefect.schemas.bases import microseconds_since_epoch
from prefect.schemas.described import described_data, described_details
from prefect.schemas.runs import FlowRun, TaskInput, TaskRun, TaskRunPolicy, trusted_task_run
from prefect.schemas.states import (
    State,
    StateDetails,
    StateType,
    default_name,
    trusted_details,
    trusted_state,
)

MOST_ENTRIES = 10_000
"""A batch holds at most so many states, and so many log lines."""

Transition = tuple[TaskRun, State[Any], int, datetime | None, datetime | None, timedelta]
"""A task run, the state it entered, and its counters then: how often it ran, since when, until when, how long."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LAST_MOMENT = 253_402_300_799_000_000
_NO_POLICY = TaskRunPolicy()

Moment = Annotated[int, Field(ge=0, le=_LAST_MOMENT)]
Count = Annotated[int, Field(ge=0, le=2**31 - 1)]


class RunLine(NamedTuple):
    """A task run as it was at last."""

    id: UUID
    created: Moment | None
    name: str
    flow_run_id: UUID | None
    task_key: str
    dynamic_key: str
    cache_key: str | None
    cache_expiration: Moment | None
    task_version: str | None
    flow_run_run_count: Count
    policy: TaskRunPolicy | None
    tags: list[str]
    labels: dict[str, bool | int | float | str]
    inputs: dict[str, list[TaskInput]]
    expected_start_time: Moment | None
    run_count: Count
    start_time: Moment | None
    end_time: Moment | None
    total_run_time: Moment


class StateLine(NamedTuple):
    """A state; `run` says which of the batch's runs entered it. None as details: nothing but the run's own ids."""

    run: Count
    id: UUID
    type: StateType
    name: str | None
    timestamp: Moment
    message: str | None
    details: StateDetails | None
    data: Any


class LogLine(NamedTuple):
    """A line of a run's log."""

    id: UUID
    name: str
    level: Annotated[int, Field(ge=0, le=2**31 - 1)]
    message: str
    timestamp: Moment
    flow_run_id: UUID | None
    task_run_id: UUID | None


class Batch(BaseModel):
    """What a process has to tell, in order. Telling it again changes nothing.

    Attributes:
        holder: the process that ran the runs, as its leases name it.
        lease_seconds: how long leases of task runs outside of flows last.
        attempts: which attempt of each flow run speaks; another one since, and its words do not count.
        late: it was kept back while the server was away: the process may be gone by now.
    """

    model_config = ConfigDict(extra="forbid")

    holder: Annotated[str, Field(min_length=1, max_length=500)]
    lease_seconds: Annotated[float, Field(ge=1, le=86_400)] = 30.0
    attempts: dict[UUID, Count] = {}
    late: bool = False
    runs: Annotated[list[RunLine], Field(max_length=MOST_ENTRIES)] = []
    states: Annotated[list[StateLine], Field(max_length=MOST_ENTRIES)] = []
    logs: Annotated[list[LogLine], Field(max_length=MOST_ENTRIES)] = []


class Receipt(BaseModel):
    """A batch was stored. `lost`: flow runs that its holder does not run any more; what it said of them is left out."""

    lost: list[UUID] = []


# --- the client's side ----------------------------------------------------------------------------------


def batch_of(transitions: Iterable[Transition], logs: Iterable[tuple[Any, ...]]) -> dict[str, Any]:
    """The lines of a batch, as plain values for JSON.

    Args:
        transitions: what task runs entered, in order.
        logs: lines as `LogLine` has them, but for the timestamp, which is a datetime.
    """
    told = list(transitions)
    # of a run itself only what it is at last is told
    last = {transition[0].id: transition for transition in told}
    places = {id: place for place, id in enumerate(last)}
    run_lines = [_run_line(*transition) for transition in last.values()]
    state_lines = [_state_line(places[transition[0].id], transition[1]) for transition in told]
    log_lines = [(*log[:4], microseconds_since_epoch(log[4]), *log[5:]) for log in logs]
    return {"runs": run_lines, "states": state_lines, "logs": log_lines}


def _run_line(
    run: TaskRun,
    state: State[Any],
    run_count: int,
    start: datetime | None,
    end: datetime | None,
    total: timedelta,
) -> tuple[Any, ...]:
    details = state.state_details
    policy = run.empirical_policy
    return (
        run.id,
        _moment(run.created),
        run.name,
        run.flow_run_id,
        run.task_key,
        run.dynamic_key,
        details.cache_key or run.cache_key,
        _moment(details.cache_expiration or run.cache_expiration),
        run.task_version,
        run.flow_run_run_count,
        None if policy is _NO_POLICY or policy == _NO_POLICY else policy.model_dump(mode="json"),
        run.tags,
        run.labels,
        {name: [edge.model_dump(mode="json") for edge in edges] for name, edges in run.task_inputs.items()},
        _moment(run.expected_start_time),
        run_count,
        _moment(start),
        _moment(end),
        total // _MICROSECOND if total else 0,
    )


def _state_line(index: int, state: State[Any]) -> tuple[Any, ...]:
    return (
        index,
        state.id,
        state.type.value,
        state.name,
        microseconds_since_epoch(state.timestamp),
        state.message,
        _details_line(state.state_details),
        None if state.data is None else described_data(state.data),
    )


def _details_line(details: StateDetails) -> dict[str, Any] | None:
    told = set(described_details(details))
    return details.model_dump(mode="json", include=told) if told else None


def _moment(value: datetime | None) -> int | None:
    return None if value is None else microseconds_since_epoch(value)


# --- the server's side ----------------------------------------------------------------------------------


def transitions_of(batch: Batch) -> Iterator[Transition]:
    """The transitions of a batch, in order. Each run comes as it was at last.

    Raises:
        ValueError: a state names a run that is not there.
    """
    runs = [_run_of(line) for line in batch.runs]
    for line in batch.states:
        if line.run >= len(runs):
            raise ValueError(f"A state of the batch names its run {line.run}; there are {len(runs)} runs.")
        run = runs[line.run]
        told = batch.runs[line.run]
        yield (
            run,
            _state_of(line, run),
            told.run_count,
            run.start_time,
            run.end_time,
            run.total_run_time,
        )


def _run_of(line: RunLine) -> TaskRun:
    return trusted_task_run(
        id=line.id,
        created=_datetime_or_none(line.created),
        name=line.name,
        flow_run_id=line.flow_run_id,
        task_key=line.task_key,
        dynamic_key=line.dynamic_key,
        cache_key=line.cache_key,
        cache_expiration=_datetime_or_none(line.cache_expiration),
        task_version=line.task_version,
        flow_run_run_count=line.flow_run_run_count,
        empirical_policy=line.policy or _NO_POLICY,
        tags=line.tags,
        labels=line.labels,
        task_inputs=line.inputs,
        expected_start_time=_datetime_or_none(line.expected_start_time),
        run_count=line.run_count,
        start_time=_datetime_or_none(line.start_time),
        end_time=_datetime_or_none(line.end_time),
        total_run_time=timedelta(microseconds=line.total_run_time),
    )


def _state_of(line: StateLine, run: TaskRun) -> State[Any]:
    if line.details is None:
        details = trusted_details(flow_run_id=run.flow_run_id, task_run_id=run.id)
    else:
        details = line.details
        details.flow_run_id, details.task_run_id = run.flow_run_id, run.id
    timestamp = datetime_of(line.timestamp)
    return trusted_state(
        line.type, line.name or default_name(line.type), details, line.message, line.data, timestamp, line.id
    )


def datetime_of(moment: int) -> datetime:
    """A moment as a datetime, aware, in UTC."""
    return _EPOCH + timedelta(microseconds=moment)


def _datetime_or_none(moment: int | None) -> datetime | None:
    return None if moment is None else datetime_of(moment)


# --- other answers --------------------------------------------------------------------------------------


class Begun(BaseModel):
    """Whether a flow run may be run, and the flow it belongs to.

    `begun` is False when another process has taken the flow run that calls it.
    """

    begun: bool
    flow_id: UUID


class Standing(BaseModel):
    """The state a flow run is in, as far as whoever watches it must know."""

    id: UUID
    type: StateType
    name: str


class ChildOfFlowRun(BaseModel):
    """A subflow run, with the task run that stands for it."""

    placeholder: TaskRun
    flow_run: FlowRun


class StepsOfFlowRun(BaseModel):
    """By what names the steps of a flow run go. `parent`: the flow run around it."""

    parent: UUID | None = None
    names: set[str] = set()


class HeldKey(BaseModel):
    """A lock in force. `expires_at`: when it ends by itself; None: when its process does."""

    holder: str
    expires_at: datetime | None = None

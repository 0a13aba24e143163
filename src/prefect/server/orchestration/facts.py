"""What the rules may know: plain facts about a run, and the state that somebody proposes for it.

Facts are gathered by whoever holds the store (`server/models`, the embedded journal) and handed in; nothing
here reads a clock, a database or a setting. Not here: the rules (`flow_rules`, `task_rules`), their answers
(`decisions`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol, Self
from uuid import UUID

from prefect.schemas.described import described_data
from prefect.schemas.states import TERMINAL_STATES, State, StateType

CollisionStrategy = Literal["ENQUEUE", "CANCEL_NEW"]
RetryType = Literal["in_process", "reschedule"]


class Details(Protocol):
    """The part of a state's details that rules read. `prefect.schemas.states.StateDetails` fits as it is."""

    @property
    def flow_run_id(self) -> UUID | None: ...
    @property
    def task_run_id(self) -> UUID | None: ...
    @property
    def scheduled_time(self) -> datetime | None: ...
    @property
    def cache_key(self) -> str | None: ...
    @property
    def deferred(self) -> bool | None: ...
    @property
    def pause_timeout(self) -> datetime | None: ...
    @property
    def pause_reschedule(self) -> bool: ...
    @property
    def pause_key(self) -> str | None: ...
    @property
    def refresh_cache(self) -> bool | None: ...
    @property
    def retriable(self) -> bool | None: ...
    @property
    def transition_id(self) -> UUID | None: ...
    @property
    def task_parameters_id(self) -> UUID | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainDetails:
    """`Details` of values read from a row, for callers that hold no `StateDetails`."""

    flow_run_id: UUID | None = None
    task_run_id: UUID | None = None
    scheduled_time: datetime | None = None
    cache_key: str | None = None
    deferred: bool | None = None
    pause_timeout: datetime | None = None
    pause_reschedule: bool = False
    pause_key: str | None = None
    refresh_cache: bool | None = None
    retriable: bool | None = None
    transition_id: UUID | None = None
    task_parameters_id: UUID | None = None


NO_DETAILS: Details = PlainDetails()


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A state that somebody would like a run to enter.

    Args:
        attempt: number of the attempt that speaks (the fencing token of its lease); None when a user, a
            service or a client without leases does.
        has_data: whether the state brings a stored result.
        force: whether the ordinary rules are to be left out.
    """

    type: StateType
    name: str
    timestamp: datetime
    message: str | None = None
    details: Details = NO_DETAILS
    has_data: bool = False
    attempt: int | None = None
    force: bool = False

    @classmethod
    def of(cls, state: State[Any], attempt: int | None = None, force: bool = False) -> Self:
        """The proposal of a state, as far as it can leave its process."""
        return cls(
            type=state.type,
            name=state.name or "",
            timestamp=state.timestamp,
            message=state.message,
            details=state.state_details,
            has_data=described_data(state.data) is not None,
            attempt=attempt,
            force=force,
        )

    @property
    def transition_id(self) -> UUID | None:
        """What tells a repeated request from a new one."""
        return self.details.transition_id


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """What is known of any run. All state fields are None while the run has no state.

    Args:
        attempt: number of the attempt that holds, or last held, the run's lease; 0 before the first. Whoever
            declares an attempt dead, or starts another one, raises it.
        has_data: whether the current state holds a stored result.
    """

    id: UUID
    state_id: UUID | None = None
    state_type: StateType | None = None
    state_name: str | None = None
    state_timestamp: datetime | None = None
    details: Details = NO_DETAILS
    has_data: bool = False
    run_count: int = 0
    attempt: int = 0
    expected_start_time: datetime | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    total_run_time: timedelta = timedelta(0)

    @property
    def is_final(self) -> bool:
        """Whether the run has ended."""
        return self.state_type in TERMINAL_STATES


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentSlots:
    """The concurrency limit of a run's deployment, and how full it is.

    Args:
        limit: runs at once.
        free: slots not held by a live lease.
        held: whether this run holds one.
        on_full: what becomes of a run that finds no slot.
    """

    limit: int
    free: int
    held: bool = False
    on_full: CollisionStrategy = "ENQUEUE"


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowRunFacts(RunFacts):
    """What is known of a flow run.

    Args:
        retry_delay_seconds: time between a failure and the next try.
        pause_keys: keys of the pauses this run has been through.
        resuming: whether the run is on its way back from a pause.
        slots: the deployment's concurrency limit; None when there is none.
    """

    retries: int = 0
    retry_delay_seconds: float = 0
    pause_keys: frozenset[str] = frozenset()
    resuming: bool = False
    retry_type: RetryType | None = None
    deployment_id: UUID | None = None
    parent_task_run_id: UUID | None = None
    infrastructure_pid: str | None = None
    slots: DeploymentSlots | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TagSlots:
    """The limit on runs with a tag, and how full it is."""

    tag: str
    limit: int
    free: int
    held: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedState:
    """A COMPLETED state stored under the cache key that is asked for."""

    id: UUID
    message: str | None = None
    expiration: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRunFacts(RunFacts):
    """What is known of a task run. `attempt` is that of the flow run it belongs to.

    Args:
        retry_delays_seconds: delay before each retry; the last one repeats; empty means none.
        retry_jitter_factor: how far a delay may stray, as a part of it.
        flow_run_state_type: state of its flow run, if it has one.
        flow_run_run_count: which run of its flow run it last started in; 0 before it started.
        flow_run_count: which run of its flow run is on now.
        slots: the limits on its tags.
        cached: what the store holds under the proposed cache key.
    """

    retries: int = 0
    retry_delays_seconds: tuple[float, ...] = ()
    retry_jitter_factor: float | None = None
    flow_run_id: UUID | None = None
    flow_run_state_type: StateType | None = None
    flow_run_run_count: int = 0
    flow_run_count: int = 0
    slots: tuple[TagSlots, ...] = ()
    cached: CachedState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The circumstances of a decision: what would otherwise be read from settings or drawn by chance.

    Args:
        draw: a number from 0 to 1, drawn by the caller, that spreads retry delays and waits.
    """

    tag_slot_wait_seconds: float = 30
    deployment_slot_wait_seconds: float = 30
    draw: float = 0.5


DEFAULT_TERMS = Terms()

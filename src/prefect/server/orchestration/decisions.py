"""The four answers to a proposed state, and what goes with them.

A decision says what is to be written; writing it is the journal's work. Every answer but a plain acceptance
carries its reason in words: it is stored and shown, so it names the fact that decided.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from prefect.schemas.states import StateType
from prefect.server.orchestration.facts import RetryType


@dataclass(frozen=True, slots=True, kw_only=True)
class NewState:
    """A state put in place of the proposed one.

    Args:
        details: fields of `StateDetails` it is made with.
        data_of: id of the stored state whose result it takes over; None for no result.
    """

    type: StateType
    name: str
    message: str | None = None
    details: Mapping[str, object] = field(default_factory=dict)
    data_of: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What a transition changes besides the state itself; None and empty mean untouched.

    Args:
        name: the state is written under this name.
        details: fields set in the state's details.
        run_count: count of runs from which this transition goes on counting.
        flow_run_run_count: run of the flow run in which a task run started.
        take_slots: concurrency slots the run takes: tags of a task run, `DEPLOYMENT_SLOT` of a flow run.
        renew_slots: the leases on the slots it holds are renewed.
        release_slots: every slot it holds is freed.
        cache_key: the state is remembered under this key.
        enqueue: queue of its task key that the run is put on.
        notes: why, in words, one for each change worth telling.
    """

    name: str | None = None
    details: Mapping[str, object] = field(default_factory=dict)
    pause_keys: frozenset[str] | None = None
    resuming: bool | None = None
    retry_type: RetryType | None = None
    run_count: int | None = None
    flow_run_run_count: int | None = None
    take_slots: tuple[str, ...] = ()
    renew_slots: bool = False
    release_slots: bool = False
    cache_key: str | None = None
    enqueue: Literal["scheduled", "retry"] | None = None
    notes: tuple[str, ...] = ()


NO_CHANGES = Changes()
DEPLOYMENT_SLOT = "deployment"


@dataclass(frozen=True, slots=True)
class Accept:
    """The proposed state is written, with the changes."""

    changes: Changes = NO_CHANGES


@dataclass(frozen=True, slots=True)
class Reject:
    """The proposed state is not written.

    `state` is written in its place, with the changes; when it is None nothing is written and the run stays in
    the state it is in.
    """

    reason: str
    state: NewState | None = None
    changes: Changes = NO_CHANGES


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing is written; the same may be proposed again after the delay (round up to whole seconds)."""

    delay_seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class Abort:
    """Nothing is written and whoever proposed must stop working on the run."""

    reason: str


Decision = Accept | Reject | Wait | Abort

ACCEPT = Accept()


def merged(first: Changes, second: Changes) -> Changes:
    """Both sets of changes; where they touch the same thing the second holds."""
    if first is NO_CHANGES:
        return second
    if second is NO_CHANGES:
        return first
    return Changes(
        name=second.name or first.name,
        details={**first.details, **second.details},
        pause_keys=first.pause_keys if second.pause_keys is None else second.pause_keys,
        resuming=first.resuming if second.resuming is None else second.resuming,
        retry_type=second.retry_type or first.retry_type,
        run_count=first.run_count if second.run_count is None else second.run_count,
        flow_run_run_count=first.flow_run_run_count
        if second.flow_run_run_count is None
        else second.flow_run_run_count,
        take_slots=(*first.take_slots, *second.take_slots),
        renew_slots=first.renew_slots or second.renew_slots,
        release_slots=first.release_slots or second.release_slots,
        cache_key=second.cache_key or first.cache_key,
        enqueue=second.enqueue or first.enqueue,
        notes=(*first.notes, *second.notes),
    )

"""What may be removed, and why the rest may not: pure decisions about runs and results over their lifetime.

A run is needed while it goes on, while a process holds it, and while it can still be resumed; and so is
everything that a needed run would look at when it is resumed: the runs inside it, the run it was forked from,
and their results. Not here: SQL (`pruning`), files (`prefect.results.files`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from prefect.schemas.states import TERMINAL_STATES, StateType

_RESUMABLE = (StateType.FAILED, StateType.CRASHED)


class RunFacts(NamedTuple):
    """What is known of a run.

    Attributes:
        kind: "flow run" or "task run" (one outside of flows).
        ended: when it ended; None while it has not.
        held: a process holds a lease on it.
        origin: the flow run it was forked from.
    """

    id: UUID
    kind: str
    name: str
    state_type: StateType | None
    state_name: str | None
    ended: datetime | None
    held: bool = False
    origin: UUID | None = None


class Verdict(NamedTuple):
    """Whether a run that is over its lifetime may be removed, and why."""

    run: RunFacts
    remove: bool
    why: str


class Use(NamedTuple):
    """A run that refers to a stored result.

    Attributes:
        ended: when the run (the flow run around a task run) ended; None while it has not.
        need: why it is needed; None when it is not.
        cache_name: the name under which its cache looks for the result, as long as that does not expire.
    """

    ended: datetime | None
    need: str | None = None
    cache_name: str | None = None


class ResultVerdict(NamedTuple):
    """Whether a stored result that is over its lifetime may be removed, and why."""

    storage_key: str
    remove: bool
    why: str


def why_needed(run: RunFacts, resume_window: timedelta, at: datetime) -> str | None:
    """Why a run itself is needed; None when it is not.

    Args:
        resume_window: how long after its end a failed or crashed run can be resumed.
        at: the present moment.
    """
    if run.held:
        return "a process is running it"
    if run.state_type is None or run.state_type not in TERMINAL_STATES or run.ended is None:
        return f"it has not ended: it is {run.state_name or 'created only'}"
    last = run.ended + resume_window
    if run.kind == "flow run" and run.state_type in _RESUMABLE and last > at:
        return f"it is {run.state_name} and can be resumed until {_day(last)}"
    return None


def needs(
    runs: Iterable[RunFacts], inside: Mapping[UUID, UUID], resume_window: timedelta, at: datetime
) -> dict[UUID, str]:
    """Why each flow run is needed that is needed.

    Args:
        runs: all flow runs that may be needed for their own sake.
        inside: for runs inside others, and for runs that others were forked from: one that needs them.
    """
    known = {run.id: run for run in runs}
    own = {run.id: why for run in known.values() if (why := why_needed(run, resume_window, at)) is not None}
    found = dict(own)
    for id, needed_by in inside.items():
        if needed_by in own and id not in found:
            other = known[needed_by]
            found[id] = f"the flow run {other.name!r} needs it, and {_of_other(own[needed_by])}"
    return found


def decide_runs(
    runs: Iterable[RunFacts],
    needed: Mapping[UUID, str],
    lifetime: timedelta,
    resume_window: timedelta,
    at: datetime,
) -> list[Verdict]:
    """What becomes of each run that is over its lifetime; the others are left out."""
    verdicts = []
    for run in runs:
        if run.ended is None or run.ended + lifetime > at:
            continue
        why = needed.get(run.id) or why_needed(run, resume_window, at)
        if why is None:
            verdicts.append(Verdict(run, True, f"it ended on {_day(run.ended)}"))
        else:
            verdicts.append(Verdict(run, False, why))
    return verdicts


def decide_results(
    uses_by_key: Mapping[str, Iterable[Use]], lifetime: timedelta, at: datetime
) -> list[ResultVerdict]:
    """What becomes of each stored result that is over its lifetime; the others are left out.

    A result is over its lifetime when the last run that refers to it is. It stays as long as one of these
    runs is needed, or a needed run's cache would look for it.
    """
    in_caches = {
        use.cache_name: use.need
        for uses in uses_by_key.values()
        for use in uses
        if use.need is not None and use.cache_name is not None
    }
    verdicts = []
    for key, uses in uses_by_key.items():
        uses = list(uses)
        ends = [use.ended for use in uses if use.ended is not None]
        why = next((use.need for use in uses if use.need is not None), None)
        why = why or in_caches.get(os.path.basename(key))
        oldest_over = not ends or min(ends) + lifetime <= at
        if why is not None and oldest_over:
            verdicts.append(ResultVerdict(key, False, f"a run refers to it: {why}"))
        elif why is None and ends and max(ends) + lifetime <= at:
            verdicts.append(ResultVerdict(key, True, f"the last run with it ended on {_day(max(ends))}"))
    return verdicts


def _of_other(why: str) -> str:
    """A reason about a run, said of a run that was named just before."""
    return f"that one {why.removeprefix('it ')}" if why.startswith("it ") else why


def _day(moment: datetime) -> str:
    return moment.date().isoformat()

"""What the engine is told of runs: what becomes of a state that it proposes, and of retries that were waited for.

Of a proposal it is told more than the API's `OrchestrationResult` tells: the counters of the run, and which attempt it
is. Not here: the decision (`server/orchestration`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from prefect.schemas.states import State

Status = Literal["ACCEPT", "REJECT", "WAIT", "ABORT"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer to a proposed state.

    Attributes:
        status: what was decided.
        state: the state the run is in now (for WAIT and ABORT: the unchanged one, or None).
        reason: why, in words; None for a plain acceptance.
        delay_seconds: for WAIT: how long until it makes sense to ask again.
        attempt: the run's attempt, to be given with further proposals of this attempt.
        run_count, start_time, end_time, total_run_time: counters of the run as they are now.
    """

    status: Status
    state: State[Any] | None
    reason: str | None = None
    delay_seconds: float = 0.0
    attempt: int = 0
    run_count: int = 0
    start_time: datetime | None = None
    end_time: datetime | None = None
    total_run_time: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class AwaitedRetry:
    """The retry that a task run was waiting for when it crashed.

    Attributes:
        due: when it was to begin.
        run_count: how often the run had run by then.
    """

    due: datetime
    run_count: int

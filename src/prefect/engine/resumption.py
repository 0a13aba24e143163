"""What a run may take over from earlier attempts: its own, or those of the run it was forked from.

A step (a task call) is known again by its place: which task, called from where, the how-manyth time. That is the
same in every attempt as long as the code takes the same way. Not here: stored results and keys (`keeping`), who
starts another attempt (`flow_runs`).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from prefect.schemas.bases import microseconds_since_epoch
from prefect.schemas.outcomes import AwaitedRetry
from prefect.schemas.runs import FlowRun

LINEAGE_LABEL = "prefect.lineage"
"""Under this label a forked run, and each run inside it, remembers whose stored steps count as its own."""
RENEWALS_LABEL = "prefect.renewals"
"""Under this label a run remembers the tasks that it was told to start from, as JSON."""
RETRY_LABEL = "prefect.retry"
"""Under this label a task run that waits for a retry remembers its place, by which later attempts know it."""


@dataclass(slots=True)
class Resumption:
    """The past of a flow run, as its steps see it.

    From a task that was chosen to start from (`from_task`) on, results are kept under another name than before:
    what was stored there earlier is out of sight for good, also for attempts that follow, and is not overwritten.

    Attributes:
        origin: the run whose stored steps count as this run's own: itself, or the one it was forked from.
        again: whether earlier attempts of this run may have left something.
        renewals: the tasks that attempts were told to start from, with the moment (in microseconds) of each.
        from_task: the one of them that this attempt was told.
        parent: the past of the flow run around.
        origins: for a fork: the subflow runs of the run it was forked from, by their place.
        revisits: subflow runs that contain a task of `renewals`, with the moment: those completed earlier than
            that are entered again.
        deferred: runs that earlier attempts have left to task workers, by the key of their place; None: not read yet.
        awaited: the retries that steps of earlier attempts were waiting for when they crashed, by the key of their
            place; None: not read yet.
        counts: how often each task was called so far, by caller.
    """

    origin: UUID
    again: bool = False
    renewals: dict[str, int] = field(default_factory=dict)
    from_task: str | None = None
    parent: Resumption | None = None
    origins: dict[str, Any] = field(default_factory=dict)
    revisits: dict[UUID, int] = field(default_factory=dict)
    deferred: dict[str, UUID] | None = None
    awaited: dict[str, AwaitedRetry] | None = None
    counts: dict[str, int] = field(default_factory=dict)
    _renewed: int = 0
    _from_here_on: bool = False

    @property
    def recomputes(self) -> bool:
        """Whether what is stored does not count: this attempt has reached the task it was told to start from."""
        return self._from_here_on or (self.parent is not None and self.parent.recomputes)

    @property
    def renewed(self) -> int:
        """The moment of the latest renewal that has been reached, here or in a flow run around; 0 without any."""
        return self._renewed if self.parent is None else max(self._renewed, self.parent.renewed)

    @property
    def lineage(self) -> str:
        """The name under which results that belong to this run are kept."""
        return self.name_of(self.origin)

    def name_of(self, run_id: UUID) -> str:
        """The name of a run as part of a key, from here on."""
        renewed = self.renewed
        return f"{run_id}/{renewed}" if renewed else str(run_id)

    def reaches(self, *names: str) -> None:
        """A task or subflow that goes by these names is about to run."""
        past: Resumption | None = self
        while past is not None:
            if past.renewals:
                for name in names:
                    past._renewed = max(past._renewed, past.renewals.get(name, 0))
                past._from_here_on = past._from_here_on or past.from_task in names
            past = past.parent

    def is_over(self, child: UUID, ended: datetime) -> bool:
        """Whether a subflow run that completed then does not count, because of a later renewal."""
        past: Resumption | None = self
        latest = self.renewed
        while past is not None:
            latest = max(latest, past.revisits.get(child, 0))
            past = past.parent
        return microseconds_since_epoch(ended) < latest

    def next_step(self, task: str, caller: str | None) -> str:
        """The place of the next call of a task: `caller/task:number`."""
        name = task if caller is None else f"{caller}/{task}"
        number = self.counts.get(name, 0)
        self.counts[name] = number + 1
        return f"{name}:{number}"

    def place_key(self, run_id: UUID, step: str, parameters: dict[str, Any]) -> str:
        """A key for a step of a run that is the same in every attempt.

        The plain arguments of the call are part of it: should the code take another way, a step is run again
        rather than given what another call at its place has computed.
        """
        place = f"{self.name_of(run_id)}/{step} {_plain_arguments(parameters)}"
        return hashlib.sha256(place.encode("utf-8", "surrogatepass")).hexdigest()[:32]

    def another_attempt(self) -> Resumption:
        """The past as the next attempt of the same run sees it."""
        return Resumption(
            self.origin,
            again=True,
            renewals=self.renewals,
            parent=self.parent,
            origins=self.origins,
            revisits=self.revisits,
            awaited={},  # in a process that goes on nothing has crashed
        )


def _plain_arguments(parameters: dict[str, Any]) -> str:
    """Arguments as text: plain values as they are, of others only the type, which costs nothing."""
    try:
        return json.dumps(parameters, default=lambda value: type(value).__name__)
    except (TypeError, ValueError, RecursionError):
        return ""


def past_of(
    run: FlowRun,
    parent: Resumption | None = None,
    origins: dict[str, Any] | None = None,
    **told: Any,
) -> Resumption:
    """The past of a run as its record tells it; `told` is what this attempt was told beyond that."""
    return Resumption(
        lineage_of(run),
        run.run_count > 0,
        parent=parent,
        origins=origins or {},
        renewals=renewals_of(run),
        **told,
    )


def lineage_of(run: FlowRun) -> UUID:
    """The run whose stored steps a run counts as its own."""
    told = run.labels.get(LINEAGE_LABEL)
    return UUID(str(told)) if told else run.id


def renewals_of(run: FlowRun) -> dict[str, int]:
    """The tasks that attempts of a run were told to start from, with the moments."""
    told = run.labels.get(RENEWALS_LABEL)
    return json.loads(str(told)) if told else {}


def labels_after(origin: FlowRun, renewals: dict[str, int] | None = None) -> dict[str, Any]:
    """The labels of a run that takes over the stored steps of another one."""
    known = renewals_of(origin) if renewals is None else renewals
    labels: dict[str, Any] = {LINEAGE_LABEL: str(lineage_of(origin))}
    return {**labels, RENEWALS_LABEL: json.dumps(known)} if known else labels


def next_step(flow_context: Any, task_context: Any, task: Any) -> str | None:
    """The place of a call of a task made here; None outside of flow runs."""
    past: Resumption | None = None if flow_context is None else flow_context.resumption
    if past is None:
        return None
    inside = task_context is not None and task_context.task_run.flow_run_id == flow_context.flow_run.id
    # without the hash of the code: the same file has another one when it is run and when it is imported
    function = task.task_key.rsplit("-", 1)[0]
    past.reaches(task.name, function)
    return past.next_step(function, task_context.step if inside else None)

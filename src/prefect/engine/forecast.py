"""What a fork will take over, said before it runs: pure reasoning over the steps of the run it starts from.

A step is taken over when its key will be the same: same source, same inputs, and its result is still stored. What
its inputs will be is known when nothing they come from runs again. Not here: gathering the facts (`flow_runs`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from uuid import UUID


class Verdict(str, Enum):
    """What a fork will do with a step."""

    REUSED = "reused"
    RUN = "run"
    DEPENDS = "depends"


@dataclass(frozen=True, slots=True)
class StepFacts:
    """One completed step of the run that is forked.

    Attributes:
        upstreams: the steps whose results went into it.
        has_key: whether a cache policy gave it a key.
        result_is_stored: whether its result can be read.
        source_is_same: whether the task's source is what it was; None: the task was not found in the flow's module.
        flow_parameters: the parameters of the flow that are part of its key.
    """

    id: UUID
    name: str
    task_name: str
    upstreams: tuple[UUID, ...]
    has_key: bool
    result_is_stored: bool
    source_is_same: bool | None
    flow_parameters: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a fork will do with a step, and why."""

    step: StepFacts
    verdict: Verdict
    reason: str


def forecast(
    steps: Iterable[StepFacts], changed_parameters: frozenset[str], from_task: str | None = None
) -> list[Forecast]:
    """What a fork will do with each completed step of a run.

    Args:
        steps: in the order they ran.
        changed_parameters: names of the flow's parameters that the fork gives other values.
        from_task: the task from whose first call on everything runs.
    """
    told: dict[UUID, Forecast] = {}
    reached = False
    for step in steps:
        reached = reached or step.task_name == from_task
        verdict, reason = (
            (Verdict.RUN, f"it comes at or after the task {from_task!r}")
            if reached
            else _judge(step, changed_parameters, told)
        )
        told[step.id] = Forecast(step, verdict, reason)
    return list(told.values())


def _judge(
    step: StepFacts, changed_parameters: frozenset[str], told: dict[UUID, Forecast]
) -> tuple[Verdict, str]:
    if not step.has_key:
        return Verdict.RUN, "it has no cache key: its task does not cache"
    if not step.result_is_stored:
        return Verdict.RUN, "its result is not stored any more"
    if step.source_is_same is False:
        return Verdict.RUN, "the source of its task has changed"
    if own := sorted(step.flow_parameters & changed_parameters):
        return Verdict.RUN, f"its key depends on the changed parameter {', '.join(own)}"
    before = [told[upstream] for upstream in step.upstreams if upstream in told]
    if anew := [upstream.step.name for upstream in before if upstream.verdict is not Verdict.REUSED]:
        return Verdict.DEPENDS, f"reused if {', '.join(anew)} gives the same value again"
    if step.source_is_same is None:
        return (
            Verdict.DEPENDS,
            "reused if the source of its task is the same (the task was not found in the module)",
        )
    if changed_parameters:
        changed = ", ".join(sorted(changed_parameters))
        return Verdict.DEPENDS, f"reused if its inputs do not depend on the changed parameter {changed}"
    return Verdict.REUSED, "same source, same inputs, result stored"

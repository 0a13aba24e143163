"""Why a task run reused a stored result, or did not: what the engine noted, and a comparison of key parts.

Pure functions. Not here: making keys (`prefect.cache_policies`), noting (`prefect.engine.keeping`), reading
earlier runs (`server/models/dependencies`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from prefect.cli import _wording as words

if TYPE_CHECKING:
    from uuid import UUID

    from prefect.server.models.dependencies import KeyedRun
    from prefect.server.models.stories import TaskRunStory

_DIGITS_SHOWN = 8


@dataclass
class Part:
    """A part of a cache key: its value in this run and in the other one; None where it has no such part."""

    name: str
    here: str | None
    there: str | None

    @property
    def differs(self) -> bool:
        """Whether this part alone makes the keys different."""
        return self.here != self.there


@dataclass
class Explanation:
    """Why a result was or was not reused.

    Attributes:
        outcome: "hit" or "miss", as the engine noted.
        reason: its own words.
        compared_with: for a miss the earlier run with the most similar key, for a hit the run that made the
            result; None when no such run is recorded.
        parts: what the key is made of, beside the parts of that run.
    """

    outcome: Literal["hit", "miss"]
    reason: str
    compared_with: UUID | None = None
    compared_with_name: str = ""
    parts: list[Part] = field(default_factory=list)

    @property
    def differing(self) -> list[str]:
        """The names of the parts that differ."""
        return [part.name for part in self.parts if part.differs]


def explain(story: TaskRunStory) -> Explanation | None:
    """Why a run did or did not reuse a result; None when it had no cache policy."""
    labels = story.run.labels
    outcome = labels.get("prefect.cache.outcome")
    if outcome not in ("hit", "miss"):
        return None
    parts = story.key_parts
    explanation = Explanation(outcome, str(labels.get("prefect.cache.reason", "")))  # type: ignore[arg-type]
    other = nearest(parts, story.earlier_keys, made_it=outcome == "hit") if parts else None
    explanation.parts = _side_by_side(parts, other.parts if other is not None else parts)
    if other is not None:
        explanation.compared_with, explanation.compared_with_name = other.id, other.name
    return explanation


def nearest(parts: Mapping[str, str], earlier: Sequence[KeyedRun], made_it: bool) -> KeyedRun | None:
    """The run to compare a key with: the one that differs in the fewest parts, the latest of equals.

    Args:
        parts: of the key.
        earlier: candidates, newest first.
        made_it: only the run that made the result under that very key will do.
    """
    if made_it:
        return next((run for run in earlier if run.parts == parts and not run.was_hit), None)
    return min(
        earlier, key=lambda run: sum(part.differs for part in _side_by_side(parts, run.parts)), default=None
    )


def _side_by_side(here: Mapping[str, str], there: Mapping[str, str]) -> list[Part]:
    return [Part(name, here.get(name), there.get(name)) for name in {**here, **there}]


def sentence(explanation: Explanation) -> str:
    """The explanation in one sentence."""
    reason, other = explanation.reason, explanation.compared_with_name
    if explanation.outcome == "hit":
        return f"hit: {reason}" + (f", made by {other}" if other else "")
    if not other:
        nothing = "; no earlier completed run of the task is recorded" if explanation.parts else ""
        return f"miss: {reason}{nothing}"
    if explanation.differing:
        return (
            f"miss: different from {other}, the most similar earlier run: {', '.join(explanation.differing)}"
        )
    return f"miss: {reason}, although {other} had the same key"


def parts_lines(explanation: Explanation) -> list[tuple[str, str]]:
    """Each part with its value, and that of the other run where it differs; fingerprints are cut."""
    lines = []
    for part in explanation.parts:
        value = _short(part.here)
        if part.differs:
            value = f"{value}, was {_short(part.there)}"
        lines.append((part.name, value))
    return lines


def _short(fingerprint: str | None) -> str:
    if fingerprint is None:
        return "absent"
    is_hash = len(fingerprint) >= 32 and all(digit in "0123456789abcdef" for digit in fingerprint)
    return f"{fingerprint[:_DIGITS_SHOWN]}…" if is_hash else words.joined(fingerprint.splitlines(), 1)


def as_json(explanation: Explanation | None) -> dict[str, Any] | None:
    """The explanation for programs."""
    return None if explanation is None else {**asdict(explanation), "differing": explanation.differing}

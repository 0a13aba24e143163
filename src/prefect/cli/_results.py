"""Stored results as commands see them: whose they are, whether they are there, and in words.

Not here: commands (`result`), reading and writing results (`prefect.results`).
"""

from __future__ import annotations

import os
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from prefect.cli import _wording as words
from prefect.schemas.runs import FlowRun, TaskRun

if TYPE_CHECKING:
    from prefect.schemas.results import ResultRecordMetadata

STORED, GONE, ELSEWHERE, NONE = "stored", "gone", "elsewhere", "none"
"""What can be said of a run's result without reading it."""

_UNITS = ("B", "kB", "MB", "GB", "TB")


class ResultFacts(NamedTuple):
    """What is known of the result of a run.

    Attributes:
        presence: STORED; GONE: stored once, not there any more; ELSEWHERE: in a storage block, which was not
            asked; NONE: not kept.
        metadata: as the run's state has it; None without a result.
        size_bytes: of the file, with its metadata; None where that is not known.
    """

    run: FlowRun | TaskRun
    presence: str
    metadata: ResultRecordMetadata | None = None
    size_bytes: int | None = None

    @property
    def serializer(self) -> str:
        """The type of the serializer."""
        return "" if self.metadata is None else str(self.metadata.serializer.type)

    @property
    def stored_at(self) -> datetime | None:
        """When the run entered the state that has the result."""
        return None if self.metadata is None or self.run.state is None else self.run.state.timestamp

    def as_json(self) -> dict[str, Any]:
        """The facts as JSON values."""
        run, metadata = self.run, self.metadata
        return {
            "run_id": str(run.id),
            "run_name": run.name,
            "run_type": kind_of(run).replace(" ", "-"),
            "state_name": run.state_name,
            "presence": self.presence,
            "storage_key": metadata and metadata.storage_key,
            "storage_block_id": metadata and metadata.storage_block_id and str(metadata.storage_block_id),
            "serializer": self.serializer or None,
            "size_bytes": self.size_bytes,
            "stored": self.stored_at and self.stored_at.isoformat(),
            "expiration": metadata and metadata.expiration and metadata.expiration.isoformat(),
            "prefect_version": metadata and metadata.prefect_version,
        }


def kind_of(run: FlowRun | TaskRun) -> str:
    """ "flow run" or "task run"."""
    return "task run" if isinstance(run, TaskRun) else "flow run"


def facts_of(run: FlowRun | TaskRun) -> ResultFacts:
    """What is known of the result of a run. Looks at local files, reads none."""
    metadata = metadata_of(run)
    if metadata is None:
        return ResultFacts(run, NONE)
    key = metadata.storage_key
    if metadata.storage_block_id is not None or key is None or not os.path.isabs(key):
        return ResultFacts(run, ELSEWHERE, metadata)
    try:
        return ResultFacts(run, STORED, metadata, os.stat(key).st_size)
    except OSError:
        return ResultFacts(run, GONE, metadata)


def metadata_of(run: FlowRun | TaskRun) -> ResultRecordMetadata | None:
    """What the state of a run says about its result; None when it kept none."""
    from prefect.schemas.results import ResultRecordMetadata

    data = None if run.state is None else run.state.data
    if isinstance(data, ResultRecordMetadata):
        return data
    return ResultRecordMetadata.model_validate(data) if isinstance(data, dict) else None


def why_none(run: FlowRun | TaskRun) -> str:
    """Why a run has no stored result, and what to do about it."""
    who, state = f"The {kind_of(run)} {run.name!r}", run.state
    if state is None or not state.is_final():
        name = "created only" if state is None else state.name
        return f"{who} has no result yet: it is {name}."
    if state.is_completed():
        return (
            f"{who} kept no result. Results are kept with `persist_result=True` on the task or flow, or for "
            "all of them with PREFECT_RESULTS_PERSIST_BY_DEFAULT=true."
        )
    return f"{who} has no result: it is {state.name}. {state.message or ''}".rstrip()


def told(facts: ResultFacts, at: datetime) -> str:
    """One line about a stored result: who made it and when, how it is stored and where."""
    metadata = facts.metadata
    assert metadata is not None
    expiration = metadata.expiration
    if expiration is None:
        lifetime = "never expires"
    else:
        lifetime = f"{'expired' if expiration <= at else 'expires'} {words.ago(expiration, at)}"
    place = f"block {metadata.storage_block_id}, " if metadata.storage_block_id else ""
    return (
        f"Stored {words.ago(facts.stored_at, at)} by the {kind_of(facts.run)} {facts.run.name!r} "
        f"({facts.run.id}): {facts.serializer}, {size_text(facts.size_bytes)}, {lifetime}.\n"
        f"{place}{metadata.storage_key}"
    )


def size_text(size_bytes: int | None) -> str:
    """A size to about three digits: 34 B, 1.2 kB, 12 MB."""
    if size_bytes is None:
        return "size unknown"
    size, unit = float(size_bytes), 0
    while size >= 999.5 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.1f} {_UNITS[unit]}" if unit and size < 9.95 else f"{size:.0f} {_UNITS[unit]}"

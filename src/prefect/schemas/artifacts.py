"""Artifacts: what a run leaves to be looked at, and the collections they form by key.

Not here: how users make them (`prefect.artifacts`).
"""

from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator

from prefect.schemas.bases import ObjectBaseModel

MAX_METADATA_LENGTH = 500


def _shorten(metadata: dict[str, str]) -> dict[str, str]:
    """Metadata is a hint beside the data: overlong values are cut rather than refused."""
    return {
        key: value if len(value) <= MAX_METADATA_LENGTH else value[:MAX_METADATA_LENGTH] + "..."
        for key, value in metadata.items()
    }


class Artifact(ObjectBaseModel):
    """One artifact. Artifacts of the same key are versions of one thing; without a key it stands alone."""

    key: str | None = None
    type: str | None = None
    description: str | None = None
    data: dict[str, Any] | Any | None = None
    metadata_: Annotated[dict[str, str], AfterValidator(_shorten)] | None = None
    flow_run_id: UUID | None = None
    task_run_id: UUID | None = None


class ArtifactCollection(ObjectBaseModel):
    """All artifacts of one key, shown by the latest."""

    key: str
    latest_id: UUID
    type: str | None = None
    description: str | None = None
    data: dict[str, Any] | Any | None = None
    metadata_: dict[str, str] | None = None
    flow_run_id: UUID | None = None
    task_run_id: UUID | None = None

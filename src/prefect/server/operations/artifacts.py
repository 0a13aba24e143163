"""What operations on artifacts do."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prefect.schemas.actions.records import ArtifactCreate, ArtifactUpdate
from prefect.schemas.artifacts import Artifact, ArtifactCollection
from prefect.schemas.filters.artifacts import ArtifactCollectionFilter, ArtifactFilter
from prefect.schemas.sorting import ArtifactCollectionSort, ArtifactSort
from prefect.server.models import artifacts
from prefect.server.operations.doing import reads, writes
from prefect.server.operations.narrowing import narrowed
from prefect.server.operations.paging import at_most

reads(artifacts.read_artifact)
reads(artifacts.read_latest_artifact)
writes(artifacts.delete_artifact)


@writes
def create_artifact(connection: sa.Connection, artifact: ArtifactCreate) -> Artifact:
    return artifacts.create_artifact(connection, artifact)


@reads
def read_artifacts(
    connection: sa.Connection,
    artifact_filter: ArtifactFilter | None,
    sort: ArtifactSort | None,
    limit: int | None,
    offset: int,
    **filters: Any,
) -> list[Artifact]:
    return artifacts.read_artifacts(
        connection, artifact_filter, narrowed(filters), sort or ArtifactSort.ID_DESC, at_most(limit), offset
    )


@reads
def read_latest_artifacts(
    connection: sa.Connection,
    artifact_filter: ArtifactCollectionFilter | None,
    sort: ArtifactCollectionSort | None,
    limit: int | None,
    offset: int,
    **filters: Any,
) -> list[ArtifactCollection]:
    order = sort or ArtifactCollectionSort.ID_DESC
    return artifacts.read_collections(
        connection, artifact_filter, narrowed(filters), order, at_most(limit), offset
    )


@reads
def count_artifacts(connection: sa.Connection, artifact_filter: ArtifactFilter | None, **filters: Any) -> int:
    return artifacts.count_artifacts(connection, artifact_filter, narrowed(filters))


@reads
def count_latest_artifacts(
    connection: sa.Connection, artifact_filter: ArtifactCollectionFilter | None, **filters: Any
) -> int:
    return artifacts.count_collections(connection, artifact_filter, narrowed(filters))


@writes
def update_artifact(connection: sa.Connection, artifact_id: UUID, artifact: ArtifactUpdate) -> None:
    changes = artifact.model_dump(mode="json", exclude_unset=True)
    artifacts.update_artifact(connection, artifact_id, changes)

# mypy: disable-error-code="empty-body"
"""Operations on artifacts and on their collections: the latest of each key."""

from typing import Annotated
from uuid import UUID

from prefect.schemas.actions.records import ArtifactCreate, ArtifactUpdate
from prefect.schemas.artifacts import Artifact, ArtifactCollection
from prefect.schemas.filters.artifacts import ArtifactCollectionFilter, ArtifactFilter
from prefect.schemas.operations.arguments import (
    Limit,
    OfDeployments,
    OfFlowRuns,
    OfFlows,
    Offset,
    OfTaskRuns,
)
from prefect.schemas.operations.declaring import operation, wire
from prefect.schemas.sorting import ArtifactCollectionSort, ArtifactSort

ArtifactId = Annotated[UUID, wire("id")]
Wanted = Annotated[ArtifactFilter | None, wire("artifacts")]
WantedLatest = Annotated[ArtifactCollectionFilter | None, wire("artifacts")]
Order = Annotated[ArtifactSort | None, wire(default=ArtifactSort.ID_DESC)]
OrderOfLatest = Annotated[ArtifactCollectionSort | None, wire(default=ArtifactCollectionSort.ID_DESC)]


@operation("POST", "/artifacts/", status=201)
def create_artifact(artifact: Annotated[ArtifactCreate, wire(whole=True)]) -> Artifact:
    """Keep an artifact; with a key it becomes the latest of that key."""


@operation("GET", "/artifacts/{id}")
def read_artifact(artifact_id: ArtifactId) -> Artifact:
    """The artifact with that id.

    Raises:
        ObjectNotFound: there is none.
    """


@operation("GET", "/artifacts/{key}/latest")
def read_latest_artifact(key: str) -> Artifact:
    """The latest artifact of a key.

    Raises:
        ObjectNotFound: there is none.
    """


@operation("POST", "/artifacts/filter")
def read_artifacts(
    *,
    artifact_filter: Wanted = None,
    flow_run_filter: OfFlowRuns = None,
    task_run_filter: OfTaskRuns = None,
    flow_filter: OfFlows = None,
    deployment_filter: OfDeployments = None,
    sort: Order = None,
    limit: Limit = None,
    offset: Offset = 0,
) -> list[Artifact]:
    """The artifacts that meet all filters, the newest first unless `sort` says otherwise."""


@operation("POST", "/artifacts/latest/filter")
def read_latest_artifacts(
    *,
    artifact_filter: WantedLatest = None,
    flow_run_filter: OfFlowRuns = None,
    task_run_filter: OfTaskRuns = None,
    flow_filter: OfFlows = None,
    deployment_filter: OfDeployments = None,
    sort: OrderOfLatest = None,
    limit: Limit = None,
    offset: Offset = 0,
) -> list[ArtifactCollection]:
    """The latest artifact of each key, of those that meet all filters."""


@operation("POST", "/artifacts/count")
def count_artifacts(
    *,
    artifact_filter: Wanted = None,
    flow_run_filter: OfFlowRuns = None,
    task_run_filter: OfTaskRuns = None,
    flow_filter: OfFlows = None,
    deployment_filter: OfDeployments = None,
) -> int:
    """How many artifacts meet all filters."""


@operation("POST", "/artifacts/latest/count")
def count_latest_artifacts(
    *,
    artifact_filter: WantedLatest = None,
    flow_run_filter: OfFlowRuns = None,
    task_run_filter: OfTaskRuns = None,
    flow_filter: OfFlows = None,
    deployment_filter: OfDeployments = None,
) -> int:
    """How many keys have a latest artifact that meets all filters."""


@operation("PATCH", "/artifacts/{id}", status=204)
def update_artifact(artifact_id: ArtifactId, artifact: Annotated[ArtifactUpdate, wire(whole=True)]) -> None:
    """Change an artifact; what is not set stays as it is.

    Raises:
        ObjectNotFound: there is no such artifact.
    """


@operation("DELETE", "/artifacts/{id}", status=204)
def delete_artifact(artifact_id: ArtifactId) -> None:
    """Delete an artifact; the one before it becomes the latest of its key.

    Raises:
        ObjectNotFound: there is no such artifact.
    """

"""Filters of artifacts, and of collections: the latest artifact of each key."""

from prefect.schemas.bases import PrefectBaseModel
from prefect.schemas.filters.bases import AnyId, AnyTextBut, OperatorMixin, TextMatch


class ArtifactFilterId(AnyId):
    """By artifact."""


class ArtifactFilterKey(TextMatch):
    """By key; `exists_`: whether it has one."""

    exists_: bool | None = None


class ArtifactFilterFlowRunId(AnyId):
    """By flow run."""


class ArtifactFilterTaskRunId(AnyId):
    """By task run."""


class ArtifactFilterType(AnyTextBut):
    """By type."""


class ArtifactFilter(PrefectBaseModel, OperatorMixin):
    """Which artifacts."""

    id: ArtifactFilterId | None = None
    key: ArtifactFilterKey | None = None
    flow_run_id: ArtifactFilterFlowRunId | None = None
    task_run_id: ArtifactFilterTaskRunId | None = None
    type: ArtifactFilterType | None = None


class ArtifactCollectionFilterLatestId(AnyId):
    """By the latest artifact."""


class ArtifactCollectionFilterKey(TextMatch):
    """By key; `exists_`: whether it has one."""

    exists_: bool | None = None


class ArtifactCollectionFilterFlowRunId(AnyId):
    """By the flow run of the latest artifact."""


class ArtifactCollectionFilterTaskRunId(AnyId):
    """By the task run of the latest artifact."""


class ArtifactCollectionFilterType(AnyTextBut):
    """By the type of the latest artifact."""


class ArtifactCollectionFilter(PrefectBaseModel, OperatorMixin):
    """Which collections."""

    latest_id: ArtifactCollectionFilterLatestId | None = None
    key: ArtifactCollectionFilterKey | None = None
    flow_run_id: ArtifactCollectionFilterFlowRunId | None = None
    task_run_id: ArtifactCollectionFilterTaskRunId | None = None
    type: ArtifactCollectionFilterType | None = None

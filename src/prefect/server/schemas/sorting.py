"""Sort orders as the server names them. Home: `prefect.schemas.sorting`."""

from prefect.schemas.sorting import (
    ArtifactCollectionSort,
    ArtifactSort,
    AutomationSort,
    BlockDocumentSort,
    DeploymentSort,
    FlowRunSort,
    FlowSort,
    LogSort,
    ObservedStateSort,
    TaskRunSort,
    VariableSort,
)

__all__ = [
    "ArtifactCollectionSort",
    "ArtifactSort",
    "AutomationSort",
    "BlockDocumentSort",
    "DeploymentSort",
    "FlowRunSort",
    "FlowSort",
    "LogSort",
    "ObservedStateSort",
    "TaskRunSort",
    "VariableSort",
]

"""Making and changing what runs leave behind or read: logs, artifacts, variables."""

from typing import Any
from uuid import UUID

from prefect.schemas.bases import ActionBaseModel
from prefect.types import DateTime, StrictVariableValue
from prefect.types.names import ArtifactKey, VariableName


class LogCreate(ActionBaseModel):
    """A log record to keep."""

    name: str
    level: int
    message: str
    timestamp: DateTime
    flow_run_id: UUID | None = None
    task_run_id: UUID | None = None
    worker_id: UUID | None = None

    def model_dump(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """As pydantic's, without `worker_id` where there is none: servers of before 3.2 refuse the field."""
        values = super().model_dump(*args, **kwargs)
        if self.worker_id is None:
            values.pop("worker_id", None)
        return values


class ArtifactCreate(ActionBaseModel):
    """An artifact to keep."""

    key: ArtifactKey | None = None
    type: str | None = None
    description: str | None = None
    data: dict[str, Any] | Any | None = None
    metadata_: dict[str, str] | None = None
    flow_run_id: UUID | None = None
    task_run_id: UUID | None = None


class ArtifactUpdate(ActionBaseModel):
    """What can be changed of an artifact."""

    data: dict[str, Any] | Any | None = None
    description: str | None = None
    metadata_: dict[str, str] | None = None


class VariableCreate(ActionBaseModel):
    """A variable to set."""

    name: VariableName
    value: StrictVariableValue
    tags: list[str] | None = None


class VariableUpdate(ActionBaseModel):
    """What can be changed of a variable."""

    name: VariableName | None = None
    value: StrictVariableValue = None
    tags: list[str] | None = None

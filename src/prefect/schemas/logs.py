"""A log record of a run, as it is kept and shown. Not here: how records get there (`prefect.logging`)."""

from uuid import UUID

from prefect.schemas.bases import ObjectBaseModel, TimeSeriesBaseModel
from prefect.types import DateTime


class Log(TimeSeriesBaseModel, ObjectBaseModel):
    """One record; `level` is a number as in `logging`."""

    name: str
    level: int
    message: str
    timestamp: DateTime
    flow_run_id: UUID | None = None
    task_run_id: UUID | None = None

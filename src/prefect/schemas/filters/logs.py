"""Filters of log records."""

from pydantic import Field

from prefect.schemas.bases import PrefectBaseModel
from prefect.schemas.filters.bases import AnyId, AnyText, Between, OperatorMixin

MAX_QUERY_LENGTH = 200


class LogFilterName(AnyText):
    """By the name of the logger."""


class LogFilterLevel(PrefectBaseModel):
    """By level, as the numbers of `logging`."""

    ge_: int | None = None
    le_: int | None = None


class LogFilterTimestamp(Between):
    """By the time of the record."""


class LogFilterFlowRunId(AnyId):
    """By flow run."""


class LogFilterTaskRunId(AnyId):
    """By task run."""


class LogFilterTextSearch(PrefectBaseModel):
    """By words in the record: `a b` either, `-a` not, `+a` must, `"a b"` the phrase."""

    query: str = Field(max_length=MAX_QUERY_LENGTH)


class LogFilter(PrefectBaseModel, OperatorMixin):
    """Which log records."""

    level: LogFilterLevel | None = None
    timestamp: LogFilterTimestamp | None = None
    flow_run_id: LogFilterFlowRunId | None = None
    task_run_id: LogFilterTaskRunId | None = None
    text: LogFilterTextSearch | None = None

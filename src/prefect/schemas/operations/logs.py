# mypy: disable-error-code="empty-body"
"""Operations on log records of runs."""

from typing import Annotated

from prefect.schemas.actions.records import LogCreate
from prefect.schemas.filters.logs import LogFilter
from prefect.schemas.logs import Log
from prefect.schemas.operations.arguments import Limit
from prefect.schemas.operations.declaring import operation, wire
from prefect.schemas.sorting import LogSort


@operation("POST", "/logs/", status=201)
def create_logs(logs: Annotated[list[LogCreate], wire(whole=True)]) -> None:
    """Keep log records."""


@operation("POST", "/logs/filter")
def read_logs(
    log_filter: Annotated[LogFilter | None, wire("logs")] = None,
    limit: Limit = None,
    offset: Annotated[int | None, wire(at_least=0)] = None,
    sort: Annotated[LogSort | None, wire(default=LogSort.TIMESTAMP_ASC)] = None,
) -> list[Log]:
    """The log records that meet the filter, the earliest first unless `sort` says otherwise."""

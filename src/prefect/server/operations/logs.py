"""What operations on log records do."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from prefect.schemas.actions.records import LogCreate
from prefect.schemas.filters.logs import LogFilter
from prefect.schemas.logs import Log
from prefect.schemas.sorting import LogSort
from prefect.server.database.journal import Journal
from prefect.server.models import logs
from prefect.server.operations.doing import reads, through_journal
from prefect.server.operations.paging import at_most


@through_journal
def create_logs(journal: Journal, logs: Iterable[LogCreate]) -> None:
    for one in logs:
        journal.record_log(one.name, one.level, one.message, one.timestamp, one.flow_run_id, one.task_run_id)
    journal.flush()


@reads
def read_logs(
    connection: sa.Connection,
    log_filter: LogFilter | None,
    limit: int | None,
    offset: int | None,
    sort: LogSort | None,
) -> list[Log]:
    order = sort or LogSort.TIMESTAMP_ASC
    return logs.read_logs(connection, log_filter, order, at_most(limit), offset or 0)

"""Reading log records, page by page or as text of a table. Not here: recording them (`server/database/journal`)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol
from uuid import UUID

import sqlalchemy as sa

from prefect.schemas.filters.logs import LogFilter
from prefect.schemas.logs import Log
from prefect.schemas.sorting import LogSort
from prefect.server.database.tables import log
from prefect.server.models.filters import log_conditions
from prefect.server.models.nouns import log_from


def read_logs(
    connection: sa.Connection,
    filter: LogFilter | None = None,
    sort: LogSort = LogSort.TIMESTAMP_ASC,
    limit: int | None = None,
    offset: int = 0,
) -> list[Log]:
    """The log records that meet the filter, by time and, within a moment, as they were made."""
    query = sa.select(log).where(*log_conditions(filter))
    if sort is LogSort.TIMESTAMP_ASC:
        query = query.order_by(log.c.timestamp, log.c.id)
    else:
        query = query.order_by(log.c.timestamp.desc(), log.c.id.desc())
    return [log_from(row) for row in connection.execute(query.limit(limit).offset(offset))]


def count_logs(connection: sa.Connection, filter: LogFilter | None = None) -> int:
    """How many log records meet the filter."""
    query = sa.select(sa.func.count()).select_from(log).where(*log_conditions(filter))
    return connection.execute(query).scalar_one()


class Readable(Protocol):
    """A store to read from, a short while at a time."""

    def reading(self) -> AbstractContextManager[sa.Connection]: ...


COLUMNS = ("timestamp", "level", "flow_run_id", "task_run_id", "message")


def logs_as_csv(store: Readable, flow_run_id: UUID, rows_per_part: int = 2_000) -> Iterator[bytes]:
    """The log records of a flow run as a CSV table, oldest first, in parts; nothing is held between them."""
    yield _csv([COLUMNS])
    seen: tuple[object, object] | None = None
    while True:
        query = sa.select(log.c.id, *(log.c[name] for name in COLUMNS)).where(
            log.c.flow_run_id == flow_run_id
        )
        if seen is not None:
            moment, id = sa.literal(seen[0], log.c.timestamp.type), sa.literal(seen[1], log.c.id.type)
            query = query.where(sa.tuple_(log.c.timestamp, log.c.id) > sa.tuple_(moment, id))
        with store.reading() as connection:
            rows = connection.execute(query.order_by(log.c.timestamp, log.c.id).limit(rows_per_part)).all()
        if not rows:
            return
        yield _csv([row[1:] for row in rows])
        seen = rows[-1].timestamp, rows[-1].id


def _csv(rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8", "backslashreplace")

"""What is told live: listening for it, reading what has come, and sweeping what everybody has read.

Every server that has watchers reads the same messages, from where it stopped reading before. On PostgreSQL rows
appear in another order than their numbers, so there one reads again from the oldest transaction that was open
before, leaving out what one has had. Not here: handing messages to watchers (`hub`), writing them
(`server/database/announcing`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from prefect.server.database.announcing import LISTENER
from prefect.server.database.inserting import insert_ignoring
from prefect.server.database.tables import lease, live_message


class LiveItem(NamedTuple):
    """Something to tell: an event or a log record (`kind`), by its id."""

    kind: str
    id: UUID


def listen(
    connection: sa.Connection, to: Iterable[UUID], holder: str, now: datetime, until: datetime
) -> None:
    """Have what is written announced until a moment, also when somebody else listens for longer.

    Args:
        to: what is listened to: resources of `server.database.announcing`.
        holder: who listens.
    """
    for resource in to:
        mine = sa.and_(lease.c.kind == LISTENER, lease.c.resource_id == resource)
        listening = connection.execute(sa.select(lease.c.expires_at).where(mine)).scalar()
        row = {"holder": holder, "acquired_at": now, "expires_at": until}
        if listening is None:
            connection.execute(
                insert_ignoring(connection, lease), {"kind": LISTENER, "resource_id": resource, **row}
            )
        elif listening < until:
            connection.execute(sa.update(lease).where(mine).values(row))


def reader_from_now(connection: sa.Connection) -> LiveReader:
    """A reader of what is told from now on."""
    return (
        _TransactionReader(connection)
        if connection.dialect.name == "postgresql"
        else _NumberReader(connection)
    )


class LiveReader(ABC):
    """Reads each message once, in the order in which they were told."""

    @abstractmethod
    def read(self, connection: sa.Connection, limit: int) -> list[LiveItem]:
        """What was told since the last time; at most so many, the rest the next time."""


class _NumberReader(LiveReader):
    """On SQLite, where one writes at a time: later messages have higher numbers."""

    def __init__(self, connection: sa.Connection) -> None:
        self._number = newest_number(connection)

    def read(self, connection: sa.Connection, limit: int) -> list[LiveItem]:
        query = sa.select(live_message).where(live_message.c.id > self._number)
        rows = connection.execute(query.order_by(live_message.c.id).limit(limit)).all()
        if rows:
            self._number = rows[-1].id
        return [LiveItem(row.kind, row.item_id) for row in rows]


class _TransactionReader(LiveReader):
    """On PostgreSQL. What a transaction below the horizon has told was visible when the horizon was seen."""

    def __init__(self, connection: sa.Connection) -> None:
        self._horizon = self._oldest_open_transaction(connection)
        self._had = {row.id for row in self._visible(connection)}

    def read(self, connection: sa.Connection, limit: int) -> list[LiveItem]:
        horizon = self._oldest_open_transaction(connection)
        visible = self._visible(connection)
        new = [row for row in visible if row.id not in self._had]
        taken = new[:limit]
        self._had |= {row.id for row in taken}
        if len(taken) == len(new):
            self._horizon = horizon
        # what is below the horizon, or has been swept, is not seen again
        self._had &= {row.id for row in visible if row.transaction_id >= self._horizon}
        return [LiveItem(row.kind, row.item_id) for row in taken]

    def _visible(self, connection: sa.Connection) -> Sequence[sa.Row[Any]]:
        query = sa.select(live_message).where(live_message.c.transaction_id >= self._horizon)
        return connection.execute(query.order_by(live_message.c.id)).all()

    @staticmethod
    def _oldest_open_transaction(connection: sa.Connection) -> int:
        query = sa.text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        return int(connection.execute(query).scalar_one())


def newest_number(connection: sa.Connection) -> int:
    """The number of the newest message; what is told later has a higher one."""
    return connection.execute(sa.select(sa.func.max(live_message.c.id))).scalar() or 0


def sweep(connection: sa.Connection, up_to: int) -> None:
    """Delete the messages up to a number."""
    connection.execute(sa.delete(live_message).where(live_message.c.id <= up_to))

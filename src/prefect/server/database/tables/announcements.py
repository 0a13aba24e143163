"""What is to be told: states that become events, and events and log records that somebody watches live.

The rows are put in by triggers (`server/database/announcing`), so that whoever writes a state announces it in the
same transaction, and only while somebody listens. `event_outbox` is a queue: the server takes states out and
stores the events they are. `live_message` is read by every server that has watchers, and swept after a minute.

Unlike all other tables these have numbers that rise, since they are read in the order they were written.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from prefect.server.database.tables.bases import metadata, text
from prefect.server.database.types import Uuid


def _numbered(name: str, *items: sa.Column[Any]) -> sa.Table:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    # AUTOINCREMENT: the number of a deleted row is never given to another
    return sa.Table(
        name,
        metadata,
        sa.Column("id", number, primary_key=True, nullable=False),
        *items,
        sqlite_autoincrement=True,
    )


event_outbox = _numbered(
    "event_outbox",
    text("kind", required=True),
    sa.Column("run_id", Uuid, nullable=False),
    sa.Column("state_id", Uuid, nullable=False),
)

live_message = _numbered(
    "live_message",
    text("kind", required=True),
    sa.Column("item_id", Uuid, nullable=False),
    # of the transaction that wrote it, on PostgreSQL, where rows appear in another order than their numbers
    sa.Column("transaction_id", sa.BigInteger, nullable=False, server_default=sa.text("0")),
)

"""Concurrency limits and the slots held under them.

Slots in use are counted from the live leases, never kept as a number: a slot that nobody renews frees itself.
A rate limit has no holder; what it has spent decays, so the amount and the moment it was true are kept.
"""

from __future__ import annotations

import sqlalchemy as sa

from prefect.server.database.tables.bases import count, flag, reference, stored, table, text
from prefect.server.database.types import Timestamp, Uuid

concurrency_limit = stored(
    "concurrency_limit",
    text("tag", required=True),
    count("concurrency_limit"),
    sa.UniqueConstraint("tag"),
)

concurrency_limit_v2 = stored(
    "concurrency_limit_v2",
    text("name", required=True),
    flag("active", default=True),
    count("limit"),
    count("denied_slots"),
    sa.Column("slot_decay_per_second", sa.Float, nullable=False, server_default=sa.text("0")),
    sa.Column("avg_slot_occupancy_seconds", sa.Float, nullable=False, server_default=sa.text("2")),
    sa.Column("decaying_slots", sa.Float, nullable=False, server_default=sa.text("0")),
    sa.Column("decaying_since", Timestamp),
    sa.UniqueConstraint("name"),
)

concurrency_lease = table(
    "concurrency_lease",
    sa.Column("id", Uuid, primary_key=True, nullable=False),
    sa.Column("acquired_at", Timestamp, nullable=False),
    # NULL: taken by a client that knows no leases; held until released
    sa.Column("expires_at", Timestamp),
    text("holder"),
    text("holder_type"),
    sa.Column("holder_id", Uuid),
    sa.Index(None, "holder_id"),
)

concurrency_slot = table(
    "concurrency_slot",
    # of either kind of limit, hence no enforced reference
    sa.Column("limit_id", Uuid, nullable=False),
    reference("lease_id", "concurrency_lease"),
    count("slots", default=1),
    sa.PrimaryKeyConstraint("limit_id", "lease_id"),
    sa.Index(None, "lease_id"),
)

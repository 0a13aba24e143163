"""What the server remembers for itself: settings, CSRF tokens, saved searches, states seen."""

from __future__ import annotations

import sqlalchemy as sa

from prefect.server.database.tables.bases import stored, table, text
from prefect.server.database.types import Json, Timestamp

configuration = stored(
    "configuration",
    text("key", required=True),
    sa.Column("value", Json, nullable=False),
    sa.UniqueConstraint("key"),
)

csrf_token = stored(
    "csrf_token",
    text("token", required=True),
    text("client", required=True),
    sa.Column("expiration", Timestamp, nullable=False),
    sa.UniqueConstraint("client"),
)

saved_search = stored(
    "saved_search",
    text("name", required=True),
    sa.Column("filters", Json),
    sa.UniqueConstraint("name"),
)

observed_state = table(
    "observed_state",
    text("state_type", required=True),
    text("state_name", required=True),
    sa.Column("first_seen", Timestamp, nullable=False),
    sa.Column("last_seen", Timestamp, nullable=False),
    sa.PrimaryKeyConstraint("state_type", "state_name"),
)

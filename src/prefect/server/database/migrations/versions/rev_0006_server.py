"""What the server remembers for itself.

Follows revision 0005.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from prefect.server.database.types import Json, Timestamp, Uuid

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "configuration",
        sa.Column("id", Uuid, nullable=False),
        sa.Column("created", Timestamp, nullable=False),
        sa.Column("updated", Timestamp, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("value", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_configuration"),
        sa.UniqueConstraint("key", name="uq_configuration__key"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "csrf_token",
        sa.Column("id", Uuid, nullable=False),
        sa.Column("created", Timestamp, nullable=False),
        sa.Column("updated", Timestamp, nullable=False),
        sa.Column("token", sa.Text, nullable=False),
        sa.Column("client", sa.Text, nullable=False),
        sa.Column("expiration", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_csrf_token"),
        sa.UniqueConstraint("client", name="uq_csrf_token__client"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "saved_search",
        sa.Column("id", Uuid, nullable=False),
        sa.Column("created", Timestamp, nullable=False),
        sa.Column("updated", Timestamp, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("filters", Json, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_saved_search"),
        sa.UniqueConstraint("name", name="uq_saved_search__name"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "observed_state",
        sa.Column("state_type", sa.Text, nullable=False),
        sa.Column("state_name", sa.Text, nullable=False),
        sa.Column("first_seen", Timestamp, nullable=False),
        sa.Column("last_seen", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("state_type", "state_name", name="pk_observed_state"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("observed_state")
    op.drop_table("saved_search")
    op.drop_table("csrf_token")
    op.drop_table("configuration")

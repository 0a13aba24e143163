"""Concurrency limits and their slots.

Follows revision 0002.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from prefect.server.database.types import Timestamp, Uuid

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "concurrency_limit",
        sa.Column("id", Uuid, nullable=False),
        sa.Column("created", Timestamp, nullable=False),
        sa.Column("updated", Timestamp, nullable=False),
        sa.Column("tag", sa.Text, nullable=False),
        sa.Column("concurrency_limit", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.PrimaryKeyConstraint("id", name="pk_concurrency_limit"),
        sa.UniqueConstraint("tag", name="uq_concurrency_limit__tag"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "concurrency_limit_v2",
        sa.Column("id", Uuid, nullable=False),
        sa.Column("created", Timestamp, nullable=False),
        sa.Column("updated", Timestamp, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("limit", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("denied_slots", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("slot_decay_per_second", sa.Float, nullable=False, server_default=sa.text("0")),
        sa.Column("avg_slot_occupancy_seconds", sa.Float, nullable=False, server_default=sa.text("2")),
        sa.Column("decaying_slots", sa.Float, nullable=False, server_default=sa.text("0")),
        sa.Column("decaying_since", Timestamp, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_concurrency_limit_v2"),
        sa.UniqueConstraint("name", name="uq_concurrency_limit_v2__name"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "concurrency_lease",
        sa.Column("id", Uuid, nullable=False),
        sa.Column("acquired_at", Timestamp, nullable=False),
        sa.Column("expires_at", Timestamp, nullable=True),
        sa.Column("holder", sa.Text, nullable=True),
        sa.Column("holder_type", sa.Text, nullable=True),
        sa.Column("holder_id", Uuid, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_concurrency_lease"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_concurrency_lease__holder_id", "concurrency_lease", ["holder_id"])
    op.create_table(
        "concurrency_slot",
        sa.Column("limit_id", Uuid, nullable=False),
        sa.Column("lease_id", Uuid, nullable=False),
        sa.Column("slots", sa.Integer, nullable=False, server_default=sa.text("1")),
        sa.PrimaryKeyConstraint("limit_id", "lease_id", name="pk_concurrency_slot"),
        sa.ForeignKeyConstraint(
            ["lease_id"], ["concurrency_lease.id"], name="fk_concurrency_slot__lease_id", ondelete="CASCADE"
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_concurrency_slot__lease_id", "concurrency_slot", ["lease_id"])


def downgrade() -> None:
    op.drop_table("concurrency_slot")
    op.drop_table("concurrency_lease")
    op.drop_table("concurrency_limit_v2")
    op.drop_table("concurrency_limit")

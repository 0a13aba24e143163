"""What is to be told live: the outbox of events, live messages, and the triggers that fill them.

Follows revision 0006.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from prefect.server.database import announcing
from prefect.server.database.types import Uuid

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "event_outbox",
        sa.Column("id", number, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("run_id", Uuid, nullable=False),
        sa.Column("state_id", Uuid, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_event_outbox"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "live_message",
        sa.Column("id", number, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("item_id", Uuid, nullable=False),
        sa.Column("transaction_id", sa.BigInteger, nullable=False, server_default=sa.text("0")),
        sa.PrimaryKeyConstraint("id", name="pk_live_message"),
        sqlite_autoincrement=True,
    )
    for statement in announcing.statements(op.get_context().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    for statement in announcing.removals(op.get_context().dialect.name):
        op.execute(statement)
    op.drop_table("live_message")
    op.drop_table("event_outbox")

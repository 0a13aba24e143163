"""Events and automations.

Follows revision 0004.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from prefect.server.database.types import Json, Timestamp, Uuid

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "event",
        sa.Column("id", Uuid, nullable=False),
        sa.Column("occurred", Timestamp, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("resource_id", sa.Text, nullable=False),
        sa.Column("resource", Json, nullable=False),
        sa.Column("related", Json, nullable=True),
        sa.Column("payload", Json, nullable=True),
        sa.Column("follows", Uuid, nullable=True),
        sa.Column("received", Timestamp, nullable=False),
        sa.Column("recorded", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_event"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_event__event_occurred", "event", ["event", "occurred"])
    op.create_index("ix_event__occurred", "event", ["occurred"])
    op.create_index("ix_event__resource_id_occurred", "event", ["resource_id", "occurred"])
    op.create_table(
        "event_resource",
        sa.Column("event_id", Uuid, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("occurred", Timestamp, nullable=False),
        sa.Column("resource_id", sa.Text, nullable=False),
        sa.Column("resource_role", sa.Text, nullable=True),
        sa.Column("resource", Json, nullable=False),
        sa.PrimaryKeyConstraint("event_id", "position", name="pk_event_resource"),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name="fk_event_resource__event_id", ondelete="CASCADE"
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_event_resource__resource_id_occurred", "event_resource", ["resource_id", "occurred"])
    op.create_table(
        "event_follower",
        sa.Column("follower_event_id", Uuid, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("leader_event_id", Uuid, nullable=False),
        sa.Column("received", Timestamp, nullable=False),
        sa.Column("follower", Json, nullable=False),
        sa.PrimaryKeyConstraint("scope", "follower_event_id", name="pk_event_follower"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_event_follower__scope_leader_event_id", "event_follower", ["scope", "leader_event_id"]
    )
    op.create_table(
        "automation",
        sa.Column("id", Uuid, nullable=False),
        sa.Column("created", Timestamp, nullable=False),
        sa.Column("updated", Timestamp, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("tags", Json, nullable=True),
        sa.Column("trigger", Json, nullable=False),
        sa.Column("actions", Json, nullable=False),
        sa.Column("actions_on_trigger", Json, nullable=True),
        sa.Column("actions_on_resolve", Json, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_automation"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "automation_related_resource",
        sa.Column("automation_id", Uuid, nullable=False),
        sa.Column("resource_id", sa.Text, nullable=False),
        sa.Column("automation_owned_by_resource", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.PrimaryKeyConstraint("automation_id", "resource_id", name="pk_automation_related_resource"),
        sa.ForeignKeyConstraint(
            ["automation_id"],
            ["automation.id"],
            name="fk_automation_related_resource__automation_id",
            ondelete="CASCADE",
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_automation_related_resource__resource_id", "automation_related_resource", ["resource_id"]
    )
    op.create_table(
        "automation_bucket",
        sa.Column("id", Uuid, nullable=False),
        sa.Column("created", Timestamp, nullable=False),
        sa.Column("updated", Timestamp, nullable=False),
        sa.Column("automation_id", Uuid, nullable=False),
        sa.Column("trigger_id", Uuid, nullable=False),
        sa.Column("bucketing_key", sa.Text, nullable=False),
        sa.Column("last_event", Json, nullable=True),
        sa.Column("start", Timestamp, nullable=False),
        sa.Column("end", Timestamp, nullable=False),
        sa.Column("count", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("last_operation", sa.Text, nullable=True),
        sa.Column("triggered_at", Timestamp, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_automation_bucket"),
        sa.UniqueConstraint(
            "automation_id",
            "trigger_id",
            "bucketing_key",
            name="uq_automation_bucket__automation_id_trigger_id_bucketing_key",
        ),
        sa.ForeignKeyConstraint(
            ["automation_id"],
            ["automation.id"],
            name="fk_automation_bucket__automation_id",
            ondelete="CASCADE",
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_automation_bucket__automation_id_end", "automation_bucket", ["automation_id", "end"])
    op.create_table(
        "composite_trigger_child_firing",
        sa.Column("id", Uuid, nullable=False),
        sa.Column("created", Timestamp, nullable=False),
        sa.Column("updated", Timestamp, nullable=False),
        sa.Column("automation_id", Uuid, nullable=False),
        sa.Column("parent_trigger_id", Uuid, nullable=False),
        sa.Column("child_trigger_id", Uuid, nullable=False),
        sa.Column("child_firing_id", Uuid, nullable=False),
        sa.Column("child_fired_at", Timestamp, nullable=False),
        sa.Column("child_firing", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_composite_trigger_child_firing"),
        sa.UniqueConstraint(
            "automation_id",
            "parent_trigger_id",
            "child_trigger_id",
            name="uq_composite_trigger_child_firing__triggers",
        ),
        sa.ForeignKeyConstraint(
            ["automation_id"],
            ["automation.id"],
            name="fk_composite_trigger_child_firing__automation_id",
            ondelete="CASCADE",
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "flow_run_notification_policy",
        sa.Column("id", Uuid, nullable=False),
        sa.Column("created", Timestamp, nullable=False),
        sa.Column("updated", Timestamp, nullable=False),
        sa.Column("is_active", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("state_names", Json, nullable=False),
        sa.Column("tags", Json, nullable=False),
        sa.Column("block_document_id", Uuid, nullable=False),
        sa.Column("message_template", sa.Text, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_flow_run_notification_policy"),
        sa.ForeignKeyConstraint(
            ["block_document_id"],
            ["block_document.id"],
            name="fk_flow_run_notification_policy__block_document_id",
            ondelete="CASCADE",
        ),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("flow_run_notification_policy")
    op.drop_table("composite_trigger_child_firing")
    op.drop_table("automation_bucket")
    op.drop_table("automation_related_resource")
    op.drop_table("automation")
    op.drop_table("event_follower")
    op.drop_table("event_resource")
    op.drop_table("event")

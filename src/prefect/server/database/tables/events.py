"""Events and automations: what happened, what waits for it, and how far each trigger has got."""

from __future__ import annotations

import sqlalchemy as sa

from prefect.server.database.tables.bases import count, flag, reference, stored, table, text
from prefect.server.database.types import Json, Timestamp, Uuid

event = table(
    "event",
    sa.Column("id", Uuid, primary_key=True, nullable=False),
    sa.Column("occurred", Timestamp, nullable=False),
    text("event", required=True),
    text("resource_id", required=True),
    sa.Column("resource", Json, nullable=False),
    sa.Column("related", Json),
    sa.Column("payload", Json),
    sa.Column("follows", Uuid),
    sa.Column("received", Timestamp, nullable=False),
    sa.Column("recorded", Timestamp, nullable=False),
    sa.Index(None, "occurred"),
    sa.Index(None, "event", "occurred"),
    sa.Index(None, "resource_id", "occurred"),
)

event_resource = table(
    "event_resource",
    reference("event_id", "event"),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("occurred", Timestamp, nullable=False),
    text("resource_id", required=True),
    text("resource_role"),
    sa.Column("resource", Json, nullable=False),
    sa.PrimaryKeyConstraint("event_id", "position"),
    sa.Index(None, "resource_id", "occurred"),
)

event_follower = table(
    "event_follower",
    sa.Column("follower_event_id", Uuid, nullable=False),
    text("scope", required=True),
    sa.Column("leader_event_id", Uuid, nullable=False),
    sa.Column("received", Timestamp, nullable=False),
    sa.Column("follower", Json, nullable=False),
    sa.PrimaryKeyConstraint("scope", "follower_event_id"),
    sa.Index(None, "scope", "leader_event_id"),
)

automation = stored(
    "automation",
    text("name", required=True),
    text("description", required=True),
    flag("enabled", default=True),
    sa.Column("tags", Json),
    sa.Column("trigger", Json, nullable=False),
    sa.Column("actions", Json, nullable=False),
    sa.Column("actions_on_trigger", Json),
    sa.Column("actions_on_resolve", Json),
)

automation_related_resource = table(
    "automation_related_resource",
    reference("automation_id", "automation"),
    text("resource_id", required=True),
    flag("automation_owned_by_resource", default=False),
    sa.PrimaryKeyConstraint("automation_id", "resource_id"),
    sa.Index(None, "resource_id"),
)

automation_bucket = stored(
    "automation_bucket",
    reference("automation_id", "automation"),
    sa.Column("trigger_id", Uuid, nullable=False),
    # as text, because a key must compare equal on both databases
    text("bucketing_key", required=True),
    sa.Column("last_event", Json),
    sa.Column("start", Timestamp, nullable=False),
    sa.Column("end", Timestamp, nullable=False),
    count("count"),
    text("last_operation"),
    sa.Column("triggered_at", Timestamp),
    sa.UniqueConstraint("automation_id", "trigger_id", "bucketing_key"),
    sa.Index(None, "automation_id", "end"),
)

composite_trigger_child_firing = stored(
    "composite_trigger_child_firing",
    reference("automation_id", "automation"),
    sa.Column("parent_trigger_id", Uuid, nullable=False),
    sa.Column("child_trigger_id", Uuid, nullable=False),
    sa.Column("child_firing_id", Uuid, nullable=False),
    sa.Column("child_fired_at", Timestamp, nullable=False),
    sa.Column("child_firing", Json, nullable=False),
    # named by hand: PostgreSQL cuts names at 63 characters
    sa.UniqueConstraint(
        "automation_id",
        "parent_trigger_id",
        "child_trigger_id",
        name="uq_composite_trigger_child_firing__triggers",
    ),
)

flow_run_notification_policy = stored(
    "flow_run_notification_policy",
    flag("is_active", default=True),
    sa.Column("state_names", Json, nullable=False),
    sa.Column("tags", Json, nullable=False),
    reference("block_document_id", "block_document"),
    text("message_template"),
)

"""Flows and their runs.

The first revision.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from prefect.server.database.types import Duration, ExactJson, Json, Timestamp, Uuid

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "flow",
        sa.Column("id", Uuid, nullable=False),
        sa.Column("created", Timestamp, nullable=False),
        sa.Column("updated", Timestamp, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("tags", Json, nullable=True),
        sa.Column("labels", Json, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_flow"),
        sa.UniqueConstraint("name", name="uq_flow__name"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "flow_run",
        sa.Column("id", Uuid, nullable=False),
        sa.Column("created", Timestamp, nullable=False),
        sa.Column("updated", Timestamp, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("flow_id", Uuid, nullable=False),
        sa.Column("flow_version", sa.Text, nullable=True),
        sa.Column("deployment_id", Uuid, nullable=True),
        sa.Column("deployment_version", sa.Text, nullable=True),
        sa.Column("work_queue_id", Uuid, nullable=True),
        sa.Column("work_queue_name", sa.Text, nullable=True),
        sa.Column("parameters", ExactJson, nullable=True),
        sa.Column("idempotency_key", sa.Text, nullable=True),
        sa.Column("context", Json, nullable=True),
        sa.Column("empirical_policy", Json, nullable=True),
        sa.Column("tags", Json, nullable=True),
        sa.Column("labels", Json, nullable=True),
        sa.Column("parent_task_run_id", Uuid, nullable=True),
        sa.Column("state_id", Uuid, nullable=True),
        sa.Column("state_type", sa.Text, nullable=True),
        sa.Column("state_name", sa.Text, nullable=True),
        sa.Column("state_timestamp", Timestamp, nullable=True),
        sa.Column("run_count", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("attempt", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("expected_start_time", Timestamp, nullable=True),
        sa.Column("next_scheduled_start_time", Timestamp, nullable=True),
        sa.Column("start_time", Timestamp, nullable=True),
        sa.Column("end_time", Timestamp, nullable=True),
        sa.Column("total_run_time", Duration, nullable=False, server_default=sa.text("0")),
        sa.Column("auto_scheduled", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("infrastructure_document_id", Uuid, nullable=True),
        sa.Column("infrastructure_pid", sa.Text, nullable=True),
        sa.Column("created_by", Json, nullable=True),
        sa.Column("job_variables", Json, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_flow_run"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_flow_run__deployment_id",
        "flow_run",
        ["deployment_id"],
        sqlite_where=sa.text("deployment_id IS NOT NULL"),
        postgresql_where=sa.text("deployment_id IS NOT NULL"),
    )
    op.create_index(
        "ix_flow_run__due",
        "flow_run",
        ["next_scheduled_start_time"],
        sqlite_where=sa.text("state_type = 'SCHEDULED'"),
        postgresql_where=sa.text("state_type = 'SCHEDULED'"),
    )
    op.create_index("ix_flow_run__expected_start_time", "flow_run", ["expected_start_time"])
    op.create_index("ix_flow_run__flow_id", "flow_run", ["flow_id"])
    op.create_index(
        "ix_flow_run__parent_task_run_id",
        "flow_run",
        ["parent_task_run_id"],
        sqlite_where=sa.text("parent_task_run_id IS NOT NULL"),
        postgresql_where=sa.text("parent_task_run_id IS NOT NULL"),
    )
    op.create_index("ix_flow_run__state_type", "flow_run", ["state_type"])
    op.create_index(
        "uq_flow_run__flow_id_idempotency_key",
        "flow_run",
        ["flow_id", "idempotency_key"],
        unique=True,
        sqlite_where=sa.text("idempotency_key IS NOT NULL"),
        postgresql_where=sa.text("idempotency_key IS NOT NULL"),
    )
    op.create_table(
        "task_run",
        sa.Column("id", Uuid, nullable=False),
        sa.Column("created", Timestamp, nullable=False),
        sa.Column("updated", Timestamp, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("flow_run_id", Uuid, nullable=True),
        sa.Column("task_key", sa.Text, nullable=False),
        sa.Column("dynamic_key", sa.Text, nullable=False),
        sa.Column("cache_key", sa.Text, nullable=True),
        sa.Column("cache_expiration", Timestamp, nullable=True),
        sa.Column("task_version", sa.Text, nullable=True),
        sa.Column("flow_run_run_count", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("empirical_policy", Json, nullable=True),
        sa.Column("tags", Json, nullable=True),
        sa.Column("labels", Json, nullable=True),
        sa.Column("task_inputs", Json, nullable=True),
        sa.Column("state_id", Uuid, nullable=True),
        sa.Column("state_type", sa.Text, nullable=True),
        sa.Column("state_name", sa.Text, nullable=True),
        sa.Column("state_timestamp", Timestamp, nullable=True),
        sa.Column("run_count", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("expected_start_time", Timestamp, nullable=True),
        sa.Column("next_scheduled_start_time", Timestamp, nullable=True),
        sa.Column("start_time", Timestamp, nullable=True),
        sa.Column("end_time", Timestamp, nullable=True),
        sa.Column("total_run_time", Duration, nullable=False, server_default=sa.text("0")),
        sa.PrimaryKeyConstraint("id", name="pk_task_run"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_task_run__cache_key",
        "task_run",
        ["cache_key"],
        sqlite_where=sa.text("cache_key IS NOT NULL AND state_type = 'COMPLETED'"),
        postgresql_where=sa.text("cache_key IS NOT NULL AND state_type = 'COMPLETED'"),
    )
    op.create_index(
        "ix_task_run__due",
        "task_run",
        ["task_key", "next_scheduled_start_time"],
        sqlite_where=sa.text("state_type = 'SCHEDULED'"),
        postgresql_where=sa.text("state_type = 'SCHEDULED'"),
    )
    op.create_index("ix_task_run__flow_run_id", "task_run", ["flow_run_id"])
    op.create_table(
        "flow_run_state",
        sa.Column("id", Uuid, nullable=False),
        sa.Column("flow_run_id", Uuid, nullable=False),
        sa.Column("timestamp", Timestamp, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=True),
        sa.Column("state_details", Json, nullable=True),
        sa.Column("data", Json, nullable=True),
        sa.PrimaryKeyConstraint("flow_run_id", "id", name="pk_flow_run_state"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "task_run_state",
        sa.Column("id", Uuid, nullable=False),
        sa.Column("task_run_id", Uuid, nullable=False),
        sa.Column("timestamp", Timestamp, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=True),
        sa.Column("state_details", Json, nullable=True),
        sa.Column("data", Json, nullable=True),
        sa.PrimaryKeyConstraint("task_run_id", "id", name="pk_task_run_state"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "log",
        sa.Column("id", Uuid, nullable=False),
        sa.Column("timestamp", Timestamp, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("flow_run_id", Uuid, nullable=True),
        sa.Column("task_run_id", Uuid, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_log"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_log__flow_run_id_timestamp", "log", ["flow_run_id", "timestamp"])
    op.create_index(
        "ix_log__task_run_id",
        "log",
        ["task_run_id"],
        sqlite_where=sa.text("task_run_id IS NOT NULL"),
        postgresql_where=sa.text("task_run_id IS NOT NULL"),
    )
    op.create_table(
        "lease",
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("resource_id", Uuid, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("acquired_at", Timestamp, nullable=False),
        sa.Column("expires_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("kind", "resource_id", name="pk_lease"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "flow_run_input",
        sa.Column("id", Uuid, nullable=False),
        sa.Column("created", Timestamp, nullable=False),
        sa.Column("updated", Timestamp, nullable=False),
        sa.Column("flow_run_id", Uuid, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("sender", sa.Text, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_flow_run_input"),
        sa.UniqueConstraint("flow_run_id", "key", name="uq_flow_run_input__flow_run_id_key"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "task_worker",
        sa.Column("identifier", sa.Text, nullable=False),
        sa.Column("task_keys", Json, nullable=False),
        sa.Column("timestamp", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("identifier", name="pk_task_worker"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("task_worker")
    op.drop_table("flow_run_input")
    op.drop_table("lease")
    op.drop_table("log")
    op.drop_table("task_run_state")
    op.drop_table("flow_run_state")
    op.drop_table("task_run")
    op.drop_table("flow_run")
    op.drop_table("flow")

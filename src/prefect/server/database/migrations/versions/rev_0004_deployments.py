"""Deployments and where they run.

Follows revision 0003.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from prefect.server.database.types import Json, Timestamp, Uuid

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "work_pool",
        sa.Column("id", Uuid, nullable=False),
        sa.Column("created", Timestamp, nullable=False),
        sa.Column("updated", Timestamp, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=True),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("base_job_template", Json, nullable=True),
        sa.Column("is_paused", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("concurrency_limit", sa.Integer, nullable=True),
        sa.Column("status", sa.Text, nullable=True),
        sa.Column("default_queue_id", Uuid, nullable=True),
        sa.Column("storage_configuration", Json, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_work_pool"),
        sa.UniqueConstraint("name", name="uq_work_pool__name"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "work_queue",
        sa.Column("id", Uuid, nullable=False),
        sa.Column("created", Timestamp, nullable=False),
        sa.Column("updated", Timestamp, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=True),
        sa.Column("is_paused", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("concurrency_limit", sa.Integer, nullable=True),
        sa.Column("priority", sa.Integer, nullable=False, server_default=sa.text("1")),
        sa.Column("work_pool_id", Uuid, nullable=True),
        sa.Column("filter", Json, nullable=True),
        sa.Column("last_polled", Timestamp, nullable=True),
        sa.Column("status", sa.Text, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_work_queue"),
        sa.UniqueConstraint("work_pool_id", "name", name="uq_work_queue__work_pool_id_name"),
        sa.ForeignKeyConstraint(
            ["work_pool_id"], ["work_pool.id"], name="fk_work_queue__work_pool_id", ondelete="CASCADE"
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "worker",
        sa.Column("id", Uuid, nullable=False),
        sa.Column("created", Timestamp, nullable=False),
        sa.Column("updated", Timestamp, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("work_pool_id", Uuid, nullable=False),
        sa.Column("last_heartbeat_time", Timestamp, nullable=True),
        sa.Column("heartbeat_interval_seconds", sa.Integer, nullable=True),
        sa.Column("status", sa.Text, nullable=True),
        sa.Column("metadata_", Json, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_worker"),
        sa.UniqueConstraint("work_pool_id", "name", name="uq_worker__work_pool_id_name"),
        sa.ForeignKeyConstraint(
            ["work_pool_id"], ["work_pool.id"], name="fk_worker__work_pool_id", ondelete="CASCADE"
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "deployment",
        sa.Column("id", Uuid, nullable=False),
        sa.Column("created", Timestamp, nullable=False),
        sa.Column("updated", Timestamp, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("flow_id", Uuid, nullable=False),
        sa.Column("version", sa.Text, nullable=True),
        sa.Column("version_info", Json, nullable=True),
        sa.Column("description", sa.Text, nullable=True),
        sa.Column("paused", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("status", sa.Text, nullable=True),
        sa.Column("last_polled", Timestamp, nullable=True),
        sa.Column("concurrency_limit", sa.Integer, nullable=True),
        sa.Column("concurrency_limit_id", Uuid, nullable=True),
        sa.Column("concurrency_options", Json, nullable=True),
        sa.Column("job_variables", Json, nullable=True),
        sa.Column("parameters", Json, nullable=True),
        sa.Column("parameter_openapi_schema", Json, nullable=True),
        sa.Column("enforce_parameter_schema", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("tags", Json, nullable=True),
        sa.Column("labels", Json, nullable=True),
        sa.Column("work_queue_id", Uuid, nullable=True),
        sa.Column("work_queue_name", sa.Text, nullable=True),
        sa.Column("path", sa.Text, nullable=True),
        sa.Column("entrypoint", sa.Text, nullable=True),
        sa.Column("pull_steps", Json, nullable=True),
        sa.Column("storage_document_id", Uuid, nullable=True),
        sa.Column("infrastructure_document_id", Uuid, nullable=True),
        sa.Column("created_by", Json, nullable=True),
        sa.Column("updated_by", Json, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_deployment"),
        sa.UniqueConstraint("flow_id", "name", name="uq_deployment__flow_id_name"),
        sa.ForeignKeyConstraint(["flow_id"], ["flow.id"], name="fk_deployment__flow_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["concurrency_limit_id"],
            ["concurrency_limit_v2.id"],
            name="fk_deployment__concurrency_limit_id",
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["work_queue_id"], ["work_queue.id"], name="fk_deployment__work_queue_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["storage_document_id"],
            ["block_document.id"],
            name="fk_deployment__storage_document_id",
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["infrastructure_document_id"],
            ["block_document.id"],
            name="fk_deployment__infrastructure_document_id",
            ondelete="SET NULL",
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_deployment__work_queue_id", "deployment", ["work_queue_id"])
    op.create_table(
        "deployment_schedule",
        sa.Column("id", Uuid, nullable=False),
        sa.Column("created", Timestamp, nullable=False),
        sa.Column("updated", Timestamp, nullable=False),
        sa.Column("deployment_id", Uuid, nullable=False),
        sa.Column("schedule", Json, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("max_scheduled_runs", sa.Integer, nullable=True),
        sa.Column("parameters", Json, nullable=True),
        sa.Column("slug", sa.Text, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_deployment_schedule"),
        sa.ForeignKeyConstraint(
            ["deployment_id"],
            ["deployment.id"],
            name="fk_deployment_schedule__deployment_id",
            ondelete="CASCADE",
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_deployment_schedule__deployment_id", "deployment_schedule", ["deployment_id"])
    op.create_index(
        "uq_deployment_schedule__deployment_id_slug",
        "deployment_schedule",
        ["deployment_id", "slug"],
        unique=True,
        sqlite_where=sa.text("slug IS NOT NULL"),
        postgresql_where=sa.text("slug IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_table("deployment_schedule")
    op.drop_table("deployment")
    op.drop_table("worker")
    op.drop_table("work_queue")
    op.drop_table("work_pool")

"""Blocks, artifacts, variables.

Follows revision 0001.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from prefect.server.database.types import Json, Timestamp, Uuid

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "block_type",
        sa.Column("id", Uuid, nullable=False),
        sa.Column("created", Timestamp, nullable=False),
        sa.Column("updated", Timestamp, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("slug", sa.Text, nullable=False),
        sa.Column("logo_url", sa.Text, nullable=True),
        sa.Column("documentation_url", sa.Text, nullable=True),
        sa.Column("description", sa.Text, nullable=True),
        sa.Column("code_example", sa.Text, nullable=True),
        sa.Column("is_protected", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.PrimaryKeyConstraint("id", name="pk_block_type"),
        sa.UniqueConstraint("slug", name="uq_block_type__slug"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "block_schema",
        sa.Column("id", Uuid, nullable=False),
        sa.Column("created", Timestamp, nullable=False),
        sa.Column("updated", Timestamp, nullable=False),
        sa.Column("checksum", sa.Text, nullable=False),
        sa.Column("fields", Json, nullable=True),
        sa.Column("block_type_id", Uuid, nullable=False),
        sa.Column("capabilities", Json, nullable=True),
        sa.Column("version", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_block_schema"),
        sa.UniqueConstraint("checksum", "version", name="uq_block_schema__checksum_version"),
        sa.ForeignKeyConstraint(
            ["block_type_id"], ["block_type.id"], name="fk_block_schema__block_type_id", ondelete="CASCADE"
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_block_schema__block_type_id", "block_schema", ["block_type_id"])
    op.create_table(
        "block_schema_reference",
        sa.Column("id", Uuid, nullable=False),
        sa.Column("created", Timestamp, nullable=False),
        sa.Column("updated", Timestamp, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("parent_block_schema_id", Uuid, nullable=False),
        sa.Column("reference_block_schema_id", Uuid, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_block_schema_reference"),
        sa.ForeignKeyConstraint(
            ["parent_block_schema_id"],
            ["block_schema.id"],
            name="fk_block_schema_reference__parent_block_schema_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["reference_block_schema_id"],
            ["block_schema.id"],
            name="fk_block_schema_reference__reference_block_schema_id",
            ondelete="CASCADE",
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_block_schema_reference__parent_block_schema_id",
        "block_schema_reference",
        ["parent_block_schema_id"],
    )
    op.create_index(
        "ix_block_schema_reference__reference_block_schema_id",
        "block_schema_reference",
        ["reference_block_schema_id"],
    )
    op.create_table(
        "block_document",
        sa.Column("id", Uuid, nullable=False),
        sa.Column("created", Timestamp, nullable=False),
        sa.Column("updated", Timestamp, nullable=False),
        sa.Column("name", sa.Text, nullable=True),
        sa.Column("data", Json, nullable=True),
        sa.Column("block_type_id", Uuid, nullable=False),
        sa.Column("block_type_name", sa.Text, nullable=True),
        sa.Column("block_schema_id", Uuid, nullable=False),
        sa.Column("is_anonymous", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.PrimaryKeyConstraint("id", name="pk_block_document"),
        sa.UniqueConstraint("block_type_id", "name", name="uq_block_document__block_type_id_name"),
        sa.ForeignKeyConstraint(
            ["block_type_id"], ["block_type.id"], name="fk_block_document__block_type_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["block_schema_id"],
            ["block_schema.id"],
            name="fk_block_document__block_schema_id",
            ondelete="CASCADE",
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_block_document__block_schema_id", "block_document", ["block_schema_id"])
    op.create_table(
        "block_document_reference",
        sa.Column("id", Uuid, nullable=False),
        sa.Column("created", Timestamp, nullable=False),
        sa.Column("updated", Timestamp, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("parent_block_document_id", Uuid, nullable=False),
        sa.Column("reference_block_document_id", Uuid, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_block_document_reference"),
        sa.ForeignKeyConstraint(
            ["parent_block_document_id"],
            ["block_document.id"],
            name="fk_block_document_reference__parent_block_document_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["reference_block_document_id"],
            ["block_document.id"],
            name="fk_block_document_reference__reference_block_document_id",
            ondelete="CASCADE",
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_block_document_reference__parent_block_document_id",
        "block_document_reference",
        ["parent_block_document_id"],
    )
    op.create_index(
        "ix_block_document_reference__reference_block_document_id",
        "block_document_reference",
        ["reference_block_document_id"],
    )
    op.create_table(
        "artifact",
        sa.Column("id", Uuid, nullable=False),
        sa.Column("created", Timestamp, nullable=False),
        sa.Column("updated", Timestamp, nullable=False),
        sa.Column("key", sa.Text, nullable=True),
        sa.Column("type", sa.Text, nullable=True),
        sa.Column("description", sa.Text, nullable=True),
        sa.Column("data", Json, nullable=True),
        sa.Column("metadata_", Json, nullable=True),
        sa.Column("flow_run_id", Uuid, nullable=True),
        sa.Column("task_run_id", Uuid, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_artifact"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_artifact__flow_run_id",
        "artifact",
        ["flow_run_id"],
        sqlite_where=sa.text("flow_run_id IS NOT NULL"),
        postgresql_where=sa.text("flow_run_id IS NOT NULL"),
    )
    op.create_index("ix_artifact__key", "artifact", ["key"])
    op.create_index(
        "ix_artifact__task_run_id",
        "artifact",
        ["task_run_id"],
        sqlite_where=sa.text("task_run_id IS NOT NULL"),
        postgresql_where=sa.text("task_run_id IS NOT NULL"),
    )
    op.create_table(
        "artifact_collection",
        sa.Column("id", Uuid, nullable=False),
        sa.Column("created", Timestamp, nullable=False),
        sa.Column("updated", Timestamp, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("latest_id", Uuid, nullable=False),
        sa.Column("type", sa.Text, nullable=True),
        sa.Column("description", sa.Text, nullable=True),
        sa.Column("data", Json, nullable=True),
        sa.Column("metadata_", Json, nullable=True),
        sa.Column("flow_run_id", Uuid, nullable=True),
        sa.Column("task_run_id", Uuid, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_artifact_collection"),
        sa.UniqueConstraint("key", name="uq_artifact_collection__key"),
        sa.ForeignKeyConstraint(
            ["latest_id"], ["artifact.id"], name="fk_artifact_collection__latest_id", ondelete="CASCADE"
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_artifact_collection__latest_id", "artifact_collection", ["latest_id"])
    op.create_table(
        "variable",
        sa.Column("id", Uuid, nullable=False),
        sa.Column("created", Timestamp, nullable=False),
        sa.Column("updated", Timestamp, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("value", Json, nullable=True),
        sa.Column("tags", Json, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_variable"),
        sa.UniqueConstraint("name", name="uq_variable__name"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("variable")
    op.drop_table("artifact_collection")
    op.drop_table("artifact")
    op.drop_table("block_document_reference")
    op.drop_table("block_document")
    op.drop_table("block_schema_reference")
    op.drop_table("block_schema")
    op.drop_table("block_type")

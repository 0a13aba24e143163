"""Blocks (types, schemas, documents and what they refer to), artifacts, variables."""

from __future__ import annotations

import sqlalchemy as sa

from prefect.server.database.tables.bases import flag, partial_index, reference, stored, text
from prefect.server.database.types import Json, Uuid

block_type = stored(
    "block_type",
    text("name", required=True),
    text("slug", required=True),
    text("logo_url"),
    text("documentation_url"),
    text("description"),
    text("code_example"),
    flag("is_protected", default=False),
    sa.UniqueConstraint("slug"),
)

block_schema = stored(
    "block_schema",
    text("checksum", required=True),
    sa.Column("fields", Json),
    reference("block_type_id", "block_type"),
    sa.Column("capabilities", Json),
    text("version", required=True),
    sa.UniqueConstraint("checksum", "version"),
    sa.Index(None, "block_type_id"),
)

block_schema_reference = stored(
    "block_schema_reference",
    text("name", required=True),
    reference("parent_block_schema_id", "block_schema"),
    reference("reference_block_schema_id", "block_schema"),
    sa.Index(None, "parent_block_schema_id"),
    sa.Index(None, "reference_block_schema_id"),
)

block_document = stored(
    "block_document",
    text("name"),
    # as given, secrets too: what may be shown is decided when it is read
    sa.Column("data", Json),
    reference("block_type_id", "block_type"),
    text("block_type_name"),
    reference("block_schema_id", "block_schema"),
    flag("is_anonymous", default=False),
    sa.UniqueConstraint("block_type_id", "name"),
    sa.Index(None, "block_schema_id"),
)

block_document_reference = stored(
    "block_document_reference",
    text("name", required=True),
    reference("parent_block_document_id", "block_document"),
    reference("reference_block_document_id", "block_document"),
    sa.Index(None, "parent_block_document_id"),
    sa.Index(None, "reference_block_document_id"),
)

artifact = stored(
    "artifact",
    text("key"),
    text("type"),
    text("description"),
    sa.Column("data", Json),
    sa.Column("metadata_", Json),
    sa.Column("flow_run_id", Uuid),
    sa.Column("task_run_id", Uuid),
    sa.Index(None, "key"),
    partial_index("ix_artifact__flow_run_id", "flow_run_id", where="flow_run_id IS NOT NULL"),
    partial_index("ix_artifact__task_run_id", "task_run_id", where="task_run_id IS NOT NULL"),
)

artifact_collection = stored(
    "artifact_collection",
    text("key", required=True),
    reference("latest_id", "artifact"),
    text("type"),
    text("description"),
    sa.Column("data", Json),
    sa.Column("metadata_", Json),
    sa.Column("flow_run_id", Uuid),
    sa.Column("task_run_id", Uuid),
    sa.UniqueConstraint("key"),
    sa.Index(None, "latest_id"),
)

variable = stored(
    "variable",
    text("name", required=True),
    sa.Column("value", Json),
    sa.Column("tags", Json),
    sa.UniqueConstraint("name"),
)

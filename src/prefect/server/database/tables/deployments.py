"""Deployments and where they run: schedules, work pools, work queues, workers.

References are enforced here: what belongs to a deleted row goes with it.
"""

from __future__ import annotations

import sqlalchemy as sa

from prefect.server.database.tables.bases import count, flag, partial_index, reference, stored, text
from prefect.server.database.types import Json, Timestamp, Uuid

work_pool = stored(
    "work_pool",
    text("name", required=True),
    text("description"),
    text("type", required=True),
    sa.Column("base_job_template", Json),
    flag("is_paused", default=False),
    count("concurrency_limit", default=None),
    text("status"),
    # no enforced reference: pool and default queue are made together and name each other
    sa.Column("default_queue_id", Uuid),
    sa.Column("storage_configuration", Json),
    sa.UniqueConstraint("name"),
)

work_queue = stored(
    "work_queue",
    text("name", required=True),
    text("description"),
    flag("is_paused", default=False),
    count("concurrency_limit", default=None),
    count("priority", default=1),
    reference("work_pool_id", "work_pool", required=False),
    sa.Column("filter", Json),
    sa.Column("last_polled", Timestamp),
    text("status"),
    sa.UniqueConstraint("work_pool_id", "name"),
)

worker = stored(
    "worker",
    text("name", required=True),
    reference("work_pool_id", "work_pool"),
    sa.Column("last_heartbeat_time", Timestamp),
    count("heartbeat_interval_seconds", default=None),
    text("status"),
    sa.Column("metadata_", Json),
    sa.UniqueConstraint("work_pool_id", "name"),
)

deployment = stored(
    "deployment",
    text("name", required=True),
    reference("flow_id", "flow"),
    text("version"),
    sa.Column("version_info", Json),
    text("description"),
    flag("paused", default=False),
    text("status"),
    sa.Column("last_polled", Timestamp),
    count("concurrency_limit", default=None),
    reference("concurrency_limit_id", "concurrency_limit_v2", on_delete="SET NULL", required=False),
    sa.Column("concurrency_options", Json),
    sa.Column("job_variables", Json),
    sa.Column("parameters", Json),
    sa.Column("parameter_openapi_schema", Json),
    flag("enforce_parameter_schema", default=True),
    sa.Column("tags", Json),
    sa.Column("labels", Json),
    reference("work_queue_id", "work_queue", on_delete="SET NULL", required=False),
    text("work_queue_name"),
    text("path"),
    text("entrypoint"),
    sa.Column("pull_steps", Json),
    reference("storage_document_id", "block_document", on_delete="SET NULL", required=False),
    reference("infrastructure_document_id", "block_document", on_delete="SET NULL", required=False),
    sa.Column("created_by", Json),
    sa.Column("updated_by", Json),
    sa.UniqueConstraint("flow_id", "name"),
    sa.Index(None, "work_queue_id"),
)

deployment_schedule = stored(
    "deployment_schedule",
    reference("deployment_id", "deployment"),
    sa.Column("schedule", Json, nullable=False),
    flag("active", default=True),
    count("max_scheduled_runs", default=None),
    sa.Column("parameters", Json),
    text("slug"),
    sa.Index(None, "deployment_id"),
    partial_index(
        "uq_deployment_schedule__deployment_id_slug",
        "deployment_id",
        "slug",
        where="slug IS NOT NULL",
        unique=True,
    ),
)

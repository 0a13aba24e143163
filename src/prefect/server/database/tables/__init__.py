"""Every table of the store, one module a topic; this face brings them together.

Times are aware and UTC, identifiers version 7 UUIDs, names those of the API's objects.
References are enforced between tables of configuration (a deployment's schedules go with it). They are not
among the hot tables of `runs`, nor on the plain SQLite connections that write those.
Not here: how a table is made (`schema`, `migrations`), what its rows mean (`server/models`).
"""

from prefect.server.database.tables.announcements import event_outbox, live_message
from prefect.server.database.tables.bases import metadata
from prefect.server.database.tables.blocks import (
    artifact,
    artifact_collection,
    block_document,
    block_document_reference,
    block_schema,
    block_schema_reference,
    block_type,
    variable,
)
from prefect.server.database.tables.concurrency import (
    concurrency_lease,
    concurrency_limit,
    concurrency_limit_v2,
    concurrency_slot,
)
from prefect.server.database.tables.deployments import (
    deployment,
    deployment_schedule,
    work_pool,
    work_queue,
    worker,
)
from prefect.server.database.tables.events import (
    automation,
    automation_bucket,
    automation_related_resource,
    composite_trigger_child_firing,
    event,
    event_follower,
    event_resource,
    flow_run_notification_policy,
)
from prefect.server.database.tables.runs import (
    flow,
    flow_run,
    flow_run_input,
    flow_run_state,
    lease,
    log,
    task_run,
    task_run_state,
    task_worker,
)
from prefect.server.database.tables.server import configuration, csrf_token, observed_state, saved_search

__all__ = [
    "artifact",
    "artifact_collection",
    "automation",
    "automation_bucket",
    "automation_related_resource",
    "block_document",
    "block_document_reference",
    "block_schema",
    "block_schema_reference",
    "block_type",
    "composite_trigger_child_firing",
    "concurrency_lease",
    "concurrency_limit",
    "concurrency_limit_v2",
    "concurrency_slot",
    "configuration",
    "csrf_token",
    "deployment",
    "deployment_schedule",
    "event",
    "event_follower",
    "event_outbox",
    "event_resource",
    "flow",
    "flow_run",
    "flow_run_input",
    "flow_run_notification_policy",
    "flow_run_state",
    "lease",
    "live_message",
    "log",
    "metadata",
    "observed_state",
    "saved_search",
    "task_run",
    "task_run_state",
    "task_worker",
    "variable",
    "work_pool",
    "work_queue",
    "worker",
]

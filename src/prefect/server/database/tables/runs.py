"""The hot tables: flows, runs, their states, logs, leases.

`server/database/journal.py` writes them in plain SQL with these column names. On tables of tasks an index is a
cost that every task pays, so each one names the query that needs it; flow runs are fewer and looked at most.
Measured over 100 000 rows: a task run takes 6 µs to insert, of which 1.1 for the index by flow run and 0.3 for
each partial one; a log record 4.4 µs, of which 1.1 for the index by task run and 0.5 for that by flow run.

None of these tables enforces references: the rows of a run arrive in any order, and the models keep them
together.

A JSON column that is NULL means the empty value of its kind.
"""

from __future__ import annotations

import sqlalchemy as sa

from prefect.server.database.tables.bases import count, flag, list_index, partial_index, stored, table, text
from prefect.server.database.types import Duration, ExactJson, Json, Timestamp, Uuid

# when a run started, or is expected to
_START = "coalesce(start_time, expected_start_time)"
_TIMES = ("start_time", "expected_start_time")

flow = stored(
    "flow",
    text("name", required=True),
    sa.Column("tags", Json),
    sa.Column("labels", Json),
    sa.UniqueConstraint("name"),
)

flow_run = stored(
    "flow_run",
    text("name", required=True),
    sa.Column("flow_id", Uuid, nullable=False),
    text("flow_version"),
    sa.Column("deployment_id", Uuid),
    text("deployment_version"),
    sa.Column("work_queue_id", Uuid),
    text("work_queue_name"),
    sa.Column("parameters", ExactJson),
    text("idempotency_key"),
    sa.Column("context", Json),
    sa.Column("empirical_policy", Json),
    sa.Column("tags", Json),
    sa.Column("labels", Json),
    sa.Column("parent_task_run_id", Uuid),
    sa.Column("state_id", Uuid),
    text("state_type"),
    text("state_name"),
    sa.Column("state_timestamp", Timestamp),
    count("run_count"),
    count("attempt"),
    sa.Column("expected_start_time", Timestamp),
    sa.Column("next_scheduled_start_time", Timestamp),
    sa.Column("start_time", Timestamp),
    sa.Column("end_time", Timestamp),
    sa.Column("total_run_time", Duration, nullable=False, server_default=sa.text("0")),
    flag("auto_scheduled", default=False),
    sa.Column("infrastructure_document_id", Uuid),
    text("infrastructure_pid"),
    sa.Column("created_by", Json),
    sa.Column("job_variables", Json),
    # the orders of lists; that of ids is the key itself on PostgreSQL, on SQLite the key is the whole table
    sa.Index("ix_flow_run__id", "id").ddl_if(dialect="sqlite"),
    list_index("ix_flow_run__start", _START, made_of=_TIMES),
    list_index("ix_flow_run__expected_start_time", "expected_start_time"),
    list_index("ix_flow_run__next_scheduled_start_time", "next_scheduled_start_time"),
    list_index("ix_flow_run__end_time", "end_time", nulls_first="end_time"),
    # also a run that is meant by its name
    list_index("ix_flow_run__name", "name"),
    # the runs of a flow, and those in a state: newest first, and by when they started
    list_index("ix_flow_run__flow_id", "flow_id"),
    list_index("ix_flow_run__flow_id_start", "flow_id", _START, made_of=_TIMES),
    list_index("ix_flow_run__state_type", "state_type"),
    list_index("ix_flow_run__state_type_start", "state_type", _START, made_of=_TIMES),
    # the runs of a deployment; its last run
    list_index(
        "ix_flow_run__deployment_id_start",
        "deployment_id",
        _START,
        made_of=_TIMES,
        where="deployment_id IS NOT NULL",
    ),
    # a subflow run from its placeholder task run
    partial_index(
        "ix_flow_run__parent_task_run_id", "parent_task_run_id", where="parent_task_run_id IS NOT NULL"
    ),
    # what is due: the scheduler, late runs, workers
    partial_index("ix_flow_run__due", "next_scheduled_start_time", where="state_type = 'SCHEDULED'"),
    # the same request twice makes one run
    partial_index(
        "uq_flow_run__flow_id_idempotency_key",
        "flow_id",
        "idempotency_key",
        where="idempotency_key IS NOT NULL",
        unique=True,
    ),
)

task_run = stored(
    "task_run",
    text("name", required=True),
    sa.Column("flow_run_id", Uuid),
    text("task_key", required=True),
    text("dynamic_key", required=True),
    text("cache_key"),
    sa.Column("cache_expiration", Timestamp),
    text("task_version"),
    count("flow_run_run_count"),
    sa.Column("empirical_policy", Json),
    sa.Column("tags", Json),
    sa.Column("labels", Json),
    sa.Column("task_inputs", Json),
    sa.Column("state_id", Uuid),
    text("state_type"),
    text("state_name"),
    sa.Column("state_timestamp", Timestamp),
    count("run_count"),
    sa.Column("expected_start_time", Timestamp),
    sa.Column("next_scheduled_start_time", Timestamp),
    sa.Column("start_time", Timestamp),
    sa.Column("end_time", Timestamp),
    sa.Column("total_run_time", Duration, nullable=False, server_default=sa.text("0")),
    # the task runs of a flow run, in order
    sa.Index(None, "flow_run_id"),
    # the newest completed run with a cache key (clients that leave caching to the server)
    partial_index(
        "ix_task_run__cache_key", "cache_key", where="cache_key IS NOT NULL AND state_type = 'COMPLETED'"
    ),
    # what task workers may pick up
    partial_index(
        "ix_task_run__due", "task_key", "next_scheduled_start_time", where="state_type = 'SCHEDULED'"
    ),
)


def _states(name: str, run: str) -> sa.Table:
    """The journal of one kind of run: a row per transition, kept with the run it belongs to.

    The index is for a state that is asked for by its own id alone: half a microsecond for each state, where
    without it a client could have the server read the whole table.
    """
    return table(
        name,
        sa.Column("id", Uuid, nullable=False),
        sa.Column(run, Uuid, nullable=False),
        sa.Column("timestamp", Timestamp, nullable=False),
        text("type", required=True),
        text("name", required=True),
        text("message"),
        sa.Column("state_details", Json),
        sa.Column("data", Json),
        sa.PrimaryKeyConstraint(run, "id"),
        sa.Index(f"ix_{name}__id", "id"),
    )


flow_run_state = _states("flow_run_state", "flow_run_id")
task_run_state = _states("task_run_state", "task_run_id")

log = table(
    "log",
    sa.Column("id", Uuid, primary_key=True, nullable=False),
    sa.Column("timestamp", Timestamp, nullable=False),
    text("name", required=True),
    sa.Column("level", sa.Integer, nullable=False),
    text("message", required=True),
    sa.Column("flow_run_id", Uuid),
    sa.Column("task_run_id", Uuid),
    # the logs of a flow run, in order
    sa.Index(None, "flow_run_id", "timestamp"),
    # the logs of a task run: those outside a flow have no other way to be found
    partial_index("ix_log__task_run_id", "task_run_id", where="task_run_id IS NOT NULL"),
)

lease = table(
    "lease",
    text("kind", required=True),
    sa.Column("resource_id", Uuid, nullable=False),
    text("holder", required=True),
    count("attempt"),
    sa.Column("acquired_at", Timestamp, nullable=False),
    sa.Column("expires_at", Timestamp, nullable=False),
    sa.PrimaryKeyConstraint("kind", "resource_id"),
)

flow_run_input = stored(
    "flow_run_input",
    sa.Column("flow_run_id", Uuid, nullable=False),
    text("key", required=True),
    text("value", required=True),
    text("sender"),
    sa.UniqueConstraint("flow_run_id", "key"),
)

task_worker = table(
    "task_worker",
    sa.Column("identifier", sa.Text, primary_key=True, nullable=False),
    sa.Column("task_keys", Json, nullable=False),
    sa.Column("timestamp", Timestamp, nullable=False),
)

"""Indexes that lists of flow runs are found in alone, at any depth, and a state by its own id.

Follows revision 0007.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_START = sa.text("coalesce(start_time, expected_start_time)")
_BY_START = [_START, "id", "start_time", "expected_start_time"]
_DEPLOYED = sa.text("deployment_id IS NOT NULL")
_REPLACED = {"flow_id": "flow_id", "state_type": "state_type", "expected_start_time": "expected_start_time"}


def _create(name: str, columns: list[Any], **options: Any) -> None:
    op.create_index(f"ix_flow_run__{name}", "flow_run", columns, **options)


def _drop(name: str) -> None:
    op.drop_index(f"ix_flow_run__{name}", "flow_run")


def upgrade() -> None:
    on_sqlite = op.get_context().dialect.name == "sqlite"
    for name, column in _REPLACED.items():
        _drop(name)
        _create(name, [column, "id"])
    _drop("deployment_id")
    deployed = {"sqlite_where": _DEPLOYED, "postgresql_where": _DEPLOYED}
    _create("deployment_id_start", ["deployment_id", *_BY_START], **deployed)
    if on_sqlite:
        _create("id", ["id"])
    _create("start", _BY_START)
    _create("next_scheduled_start_time", ["next_scheduled_start_time", "id"])
    _create("end_time", ["end_time" if on_sqlite else sa.text("end_time NULLS FIRST"), "id"])
    _create("name", ["name", "id"])
    _create("flow_id_start", ["flow_id", *_BY_START])
    _create("state_type_start", ["state_type", *_BY_START])
    op.create_index("ix_flow_run_state__id", "flow_run_state", ["id"])


def downgrade() -> None:
    op.drop_index("ix_flow_run_state__id", "flow_run_state")
    for name in (
        "state_type_start",
        "flow_id_start",
        "name",
        "end_time",
        "next_scheduled_start_time",
        "start",
    ):
        _drop(name)
    if op.get_context().dialect.name == "sqlite":
        _drop("id")
    _drop("deployment_id_start")
    deployed = {"sqlite_where": _DEPLOYED, "postgresql_where": _DEPLOYED}
    _create("deployment_id", ["deployment_id"], **deployed)
    for name, column in _REPLACED.items():
        _drop(name)
        _create(name, [column])

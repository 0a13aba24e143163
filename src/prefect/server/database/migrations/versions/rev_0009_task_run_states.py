"""A state of a task run by its own id.

Follows revision 0008.
"""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_task_run_state__id", "task_run_state", ["id"])


def downgrade() -> None:
    op.drop_index("ix_task_run_state__id", "task_run_state")

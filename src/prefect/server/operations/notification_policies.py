"""What operations on flow run notification policies do."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from prefect.schemas.actions.notifications import (
    FlowRunNotificationPolicyCreate,
    FlowRunNotificationPolicyUpdate,
)
from prefect.schemas.filters.notifications import FlowRunNotificationPolicyFilter
from prefect.schemas.notifications import FlowRunNotificationPolicy
from prefect.server.models import notification_policies as policies
from prefect.server.operations.doing import reads, writes
from prefect.server.operations.paging import at_most


@writes
def create_flow_run_notification_policy(
    connection: sa.Connection, policy: FlowRunNotificationPolicyCreate
) -> FlowRunNotificationPolicy:
    return policies.create_policy(connection, policy)


@reads
def read_flow_run_notification_policy(
    connection: sa.Connection, policy_id: UUID
) -> FlowRunNotificationPolicy:
    return policies.read_policy(connection, policy_id)


@reads
def read_flow_run_notification_policies(
    connection: sa.Connection,
    policy_filter: FlowRunNotificationPolicyFilter | None,
    limit: int | None,
    offset: int,
) -> list[FlowRunNotificationPolicy]:
    return policies.read_policies(connection, policy_filter, at_most(limit), offset)


@writes
def update_flow_run_notification_policy(
    connection: sa.Connection, policy_id: UUID, policy: FlowRunNotificationPolicyUpdate
) -> None:
    changes = policy.model_dump(mode="json", exclude_unset=True)
    policies.update_policy(connection, policy_id, changes)


@writes
def delete_flow_run_notification_policy(connection: sa.Connection, policy_id: UUID) -> None:
    policies.delete_policy(connection, policy_id)

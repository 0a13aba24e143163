"""Flow run notification policies of 3.0: kept and found. Not here: sending anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prefect.schemas.actions.notifications import FlowRunNotificationPolicyCreate
from prefect.schemas.bases import now, uuid7
from prefect.schemas.filters.notifications import FlowRunNotificationPolicyFilter
from prefect.schemas.notifications import FlowRunNotificationPolicy
from prefect.server.database.tables import flow_run_notification_policy as policy
from prefect.server.models.absent import absent
from prefect.server.models.block_documents import read_block_document
from prefect.server.models.criteria import join, on

_READERS = {"is_active": on(policy.c.is_active)}


def create_policy(
    connection: sa.Connection, asked: FlowRunNotificationPolicyCreate
) -> FlowRunNotificationPolicy:
    """Make a policy.

    Raises:
        ObjectNotFound: there is no such block document.
    """
    read_block_document(connection, asked.block_document_id)
    moment = now()
    row = {"id": uuid7(), "created": moment, "updated": moment, **asked.model_dump(mode="json")}
    return _from(connection.execute(sa.insert(policy).values(row).returning(policy)).one())


def read_policy(connection: sa.Connection, policy_id: UUID) -> FlowRunNotificationPolicy:
    """The policy with that id.

    Raises:
        ObjectNotFound: there is none.
    """
    row = connection.execute(sa.select(policy).where(policy.c.id == policy_id)).first()
    if row is None:
        raise absent("flow run notification policy", policy_id)
    return _from(row)


def read_policies(
    connection: sa.Connection, wanted: FlowRunNotificationPolicyFilter | None, limit: int, offset: int
) -> list[FlowRunNotificationPolicy]:
    """The policies that meet the filter, in the order in which they were made."""
    query = sa.select(policy).order_by(policy.c.id).limit(limit).offset(offset)
    if wanted is not None:
        query = query.where(join(wanted, _READERS))
    return [_from(row) for row in connection.execute(query)]


def update_policy(connection: sa.Connection, policy_id: UUID, changes: Mapping[str, Any]) -> None:
    """Change fields of a policy (`changes`: by their names).

    Raises:
        ObjectNotFound: there is no such policy, or block document.
    """
    nullable = {"message_template"}
    told = {name: value for name, value in changes.items() if value is not None or name in nullable}
    if "block_document_id" in told:
        read_block_document(connection, UUID(told["block_document_id"]))
    query = sa.update(policy).where(policy.c.id == policy_id).values({**told, "updated": now()})
    if connection.execute(query).rowcount == 0:
        raise absent("flow run notification policy", policy_id)


def delete_policy(connection: sa.Connection, policy_id: UUID) -> None:
    """Delete a policy.

    Raises:
        ObjectNotFound: there is none.
    """
    if connection.execute(sa.delete(policy).where(policy.c.id == policy_id)).rowcount == 0:
        raise absent("flow run notification policy", policy_id)


def _from(row: Any) -> FlowRunNotificationPolicy:
    return FlowRunNotificationPolicy(**row._mapping)

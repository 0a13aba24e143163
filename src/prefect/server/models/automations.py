"""Automations: what is to be done when something happens. They are kept and found here.

An automation may be owned by a resource, as those of a deployment are, and is related to the objects that its
actions select. Not here: what is refused (`automation_checks`), evaluating triggers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prefect.schemas.automations import Automation, AutomationCore
from prefect.schemas.bases import now, uuid7
from prefect.schemas.event_filters import AutomationFilter
from prefect.schemas.sorting import AutomationSort
from prefect.server.database.tables import automation, automation_related_resource
from prefect.server.models.absent import absent
from prefect.server.models.automation_checks import all_actions, check_automation
from prefect.server.models.criteria import Condition, join, on, on_list

_READERS = {
    "id": on(automation.c.id),
    "name": on(automation.c.name),
    "created": on(automation.c.created),
    "tags": on_list(automation.c.tags),
}
_ORDERS: Mapping[AutomationSort, sa.ColumnElement[Any]] = {
    AutomationSort.CREATED_DESC: automation.c.created.desc(),
    AutomationSort.UPDATED_DESC: automation.c.updated.desc(),
    AutomationSort.NAME_ASC: automation.c.name.asc(),
    AutomationSort.NAME_DESC: automation.c.name.desc(),
}
_SELECTED = {
    "deployment_id": "prefect.deployment",
    "work_pool_id": "prefect.work-pool",
    "work_queue_id": "prefect.work-queue",
    "automation_id": "prefect.automation",
}

# --- reading --------------------------------------------------------------------------------------------


def read_automation(connection: sa.Connection, automation_id: UUID) -> Automation:
    """The automation with that id.

    Raises:
        ObjectNotFound: there is none.
    """
    row = connection.execute(_select().where(automation.c.id == automation_id)).first()
    if row is None:
        raise absent("automation", automation_id)
    return _from(row)


def read_automations(
    connection: sa.Connection,
    wanted: AutomationFilter | None,
    sort: AutomationSort = AutomationSort.NAME_ASC,
    limit: int | None = None,
    offset: int = 0,
) -> list[Automation]:
    """The automations that meet the filter, in that order."""
    query = _select().where(*_conditions(wanted)).order_by(_ORDERS[sort], automation.c.id)
    return [_from(row) for row in connection.execute(query.limit(limit).offset(offset))]


def count_automations(connection: sa.Connection, wanted: AutomationFilter | None) -> int:
    """How many automations meet the filter."""
    query = sa.select(sa.func.count()).select_from(automation).where(*_conditions(wanted))
    return connection.execute(query).scalar_one()


def read_related_automations(connection: sa.Connection, resource_id: str) -> list[Automation]:
    """The automations that a resource owns, or that act on it, by name."""
    related = automation_related_resource
    ids = sa.select(related.c.automation_id).where(related.c.resource_id == resource_id)
    query = _select().where(automation.c.id.in_(ids)).order_by(automation.c.name, automation.c.id)
    return [_from(row) for row in connection.execute(query)]


def _conditions(wanted: AutomationFilter | None) -> list[Condition]:
    return [] if wanted is None else [join(wanted, _READERS)]


def _select() -> sa.Select[Any]:
    """Automations, each with its owner."""
    related = automation_related_resource
    owned = sa.and_(related.c.automation_id == automation.c.id, related.c.automation_owned_by_resource)
    owner = sa.select(sa.func.min(related.c.resource_id)).where(owned).scalar_subquery()
    return sa.select(automation, owner.label("owner_resource"))


def _from(row: Any) -> Automation:
    lists = ("tags", "actions", "actions_on_trigger", "actions_on_resolve")
    return Automation.model_validate({**row._mapping, **{name: row._mapping[name] or [] for name in lists}})


# --- making and changing --------------------------------------------------------------------------------


def create_automation(connection: sa.Connection, asked: AutomationCore) -> Automation:
    """Make an automation.

    Raises:
        ValueError: an action is not known, a template is broken, or it would run flows without end.
    """
    check_automation(asked)
    id, moment = uuid7(), now()
    row = {"id": id, "created": moment, "updated": moment, **_columns(asked)}
    connection.execute(sa.insert(automation).values(row))
    _relate(connection, id, asked, asked.owner_resource)
    return read_automation(connection, id)


def update_automation(connection: sa.Connection, automation_id: UUID, asked: AutomationCore) -> None:
    """Put another automation in the place of one; its owner stays.

    Raises:
        ObjectNotFound: there is no such automation.
        ValueError: an action is not known, a template is broken, or it would run flows without end.
    """
    there = read_automation(connection, automation_id)
    check_automation(asked)
    query = sa.update(automation).where(automation.c.id == automation_id)
    connection.execute(query.values({**_columns(asked), "updated": now()}))
    related = automation_related_resource
    connection.execute(sa.delete(related).where(related.c.automation_id == automation_id))
    _relate(connection, automation_id, asked, asked.owner_resource or there.owner_resource)


def set_enabled(connection: sa.Connection, automation_id: UUID, enabled: bool) -> None:
    """Let an automation rest or go on.

    Raises:
        ObjectNotFound: there is no such automation.
        ValueError: it would run flows without end.
    """
    there = read_automation(connection, automation_id)
    if enabled:
        check_automation(there.model_copy(update={"enabled": True}))
    query = sa.update(automation).where(automation.c.id == automation_id)
    connection.execute(query.values(enabled=enabled, updated=now()))


def delete_automation(connection: sa.Connection, automation_id: UUID) -> None:
    """Delete an automation.

    Raises:
        ObjectNotFound: there is none.
    """
    query = sa.delete(automation).where(automation.c.id == automation_id)
    if connection.execute(query).rowcount == 0:
        raise absent("automation", automation_id)


def delete_owned_automations(connection: sa.Connection, resource_id: str) -> None:
    """Delete the automations that a resource owns."""
    related = automation_related_resource
    owned = (related.c.resource_id == resource_id, related.c.automation_owned_by_resource)
    ids = sa.select(related.c.automation_id).where(*owned)
    connection.execute(sa.delete(automation).where(automation.c.id.in_(ids)))


def _columns(asked: AutomationCore) -> dict[str, Any]:
    return asked.model_dump(mode="json", include=set(AutomationCore.model_fields) - {"owner_resource"})


def _relate(connection: sa.Connection, id: UUID, asked: AutomationCore, owner: str | None) -> None:
    """Note the owner, and what the actions select."""
    selected = {
        f"{kind}.{getattr(action, name)}"
        for action in all_actions(asked)
        for name, kind in _SELECTED.items()
        if getattr(action, name, None) is not None
    }
    for resource in selected | ({owner} if owner else set()):
        row = {"automation_id": id, "resource_id": resource}
        owned = {"automation_owned_by_resource": resource == owner}
        connection.execute(sa.insert(automation_related_resource).values({**row, **owned}))

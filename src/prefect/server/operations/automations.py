"""What operations on automations do."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from prefect.schemas.automations import (
    Automation,
    AutomationCreate,
    AutomationPartialUpdate,
    AutomationUpdate,
)
from prefect.schemas.event_filters import AutomationFilter
from prefect.schemas.sorting import AutomationSort
from prefect.server.models import automations as models
from prefect.server.operations.doing import on_store, reads, writes
from prefect.server.operations.paging import at_most
from prefect.utilities.user_templates import check_template

reads(models.read_automation)
writes(models.delete_automation)


@writes
def create_automation(connection: sa.Connection, automation: AutomationCreate) -> Automation:
    return models.create_automation(connection, automation)


@reads
def read_automations(
    connection: sa.Connection,
    automations: AutomationFilter | None,
    sort: AutomationSort | None,
    limit: int | None,
    offset: int,
) -> list[Automation]:
    order = sort or AutomationSort.NAME_ASC
    return models.read_automations(connection, automations, order, at_most(limit), offset)


@reads
def count_automations(connection: sa.Connection, automations: AutomationFilter | None) -> int:
    return models.count_automations(connection, automations)


@writes
def update_automation(connection: sa.Connection, automation_id: UUID, automation: AutomationUpdate) -> None:
    models.update_automation(connection, automation_id, automation)


@writes
def patch_automation(
    connection: sa.Connection, automation_id: UUID, automation: AutomationPartialUpdate
) -> None:
    models.set_enabled(connection, automation_id, automation.enabled)


@reads
def read_resource_related_automations(connection: sa.Connection, resource_id: str) -> list[Automation]:
    return models.read_related_automations(connection, resource_id)


@writes
def delete_automations_owned_by_resource(connection: sa.Connection, resource_id: str) -> None:
    models.delete_owned_automations(connection, resource_id)


@on_store
def validate_automation_template(store: object, template: str) -> None:
    check_template(template)


@on_store
def validate_template(store: object, template: str) -> None:
    check_template(template)

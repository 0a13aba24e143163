# mypy: disable-error-code="empty-body"
"""Operations on automations: kept, found, changed. Not here: evaluating triggers."""

from typing import Annotated, Any
from uuid import UUID

from prefect.schemas.automations import (
    Automation,
    AutomationCreate,
    AutomationPartialUpdate,
    AutomationUpdate,
)
from prefect.schemas.event_filters import AutomationFilter
from prefect.schemas.operations.arguments import Limit, Offset
from prefect.schemas.operations.declaring import operation, wire
from prefect.schemas.sorting import AutomationSort

AutomationId = Annotated[UUID, wire("id")]
Wanted = Annotated[AutomationFilter | None, wire("automations")]
Template = Annotated[str, wire(whole=True)]
_AUTOMATIONS = "Automations"


@operation("POST", "/automations/", status=201)
def create_automation(automation: Annotated[AutomationCreate, wire(whole=True)]) -> Automation:
    """Make an automation. With an `owner_resource` it goes when its owner's automations are deleted.

    Raises:
        ValueError: an action is not known, a template is broken, or it would run flows without end.
    """


@operation("GET", "/automations/{id}")
def read_automation(automation_id: AutomationId) -> Automation:
    """The automation with that id.

    Raises:
        ObjectNotFound: there is none.
    """


@operation("POST", "/automations/filter")
def read_automations(
    *,
    automations: Wanted = None,
    sort: Annotated[AutomationSort | None, wire(default=AutomationSort.NAME_ASC)] = None,
    limit: Limit = None,
    offset: Offset = 0,
) -> list[Automation]:
    """The automations that meet the filter, by name unless `sort` says otherwise."""


@operation("POST", "/automations/count")
def count_automations(automations: Wanted = None) -> int:
    """How many automations meet the filter."""


@operation("PUT", "/automations/{id}", status=204)
def update_automation(
    automation_id: AutomationId, automation: Annotated[AutomationUpdate, wire(whole=True)]
) -> None:
    """Put another automation in the place of one; its owner stays.

    Raises:
        ObjectNotFound: there is no such automation.
        ValueError: an action is not known, a template is broken, or it would run flows without end.
    """


@operation("PATCH", "/automations/{id}", status=204)
def patch_automation(
    automation_id: AutomationId, automation: Annotated[AutomationPartialUpdate, wire(whole=True)]
) -> None:
    """Let an automation rest or go on.

    Raises:
        ObjectNotFound: there is no such automation.
    """


@operation("DELETE", "/automations/{id}", status=204)
def delete_automation(automation_id: AutomationId) -> None:
    """Delete an automation.

    Raises:
        ObjectNotFound: there is none.
    """


@operation("GET", "/automations/related-to/{resource_id}")
def read_resource_related_automations(resource_id: str) -> list[Automation]:
    """The automations that a resource owns, or that act on it, by name."""


@operation("DELETE", "/automations/owned-by/{resource_id}", status=202)
def delete_automations_owned_by_resource(resource_id: str) -> Any:
    """Delete the automations that a resource owns."""


@operation("POST", "/automations/templates/validate", status=204)
def validate_automation_template(template: Template = "") -> None:
    """Check a template as automations use them.

    Raises:
        ValueError: it is broken or does too much.
    """


@operation("POST", "/templates/validate", status=204, tag=_AUTOMATIONS)
def validate_template(template: Template = "") -> None:
    """Check a template as automations use them.

    Raises:
        ValueError: it is broken or does too much.
    """

"""Documented methods on automations that are not one operation as it is, as steps.

Not here: methods that are an operation (`prefect.schemas.operations`).
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from prefect._steps import Life
from prefect.client.orchestration.transport import Asking
from prefect.exceptions import ObjectNotFound
from prefect.schemas.automations import (
    Automation,
    AutomationCore,
    AutomationCreate,
    AutomationPartialUpdate,
    AutomationUpdate,
)
from prefect.schemas.event_filters import AutomationFilter, AutomationFilterName
from prefect.schemas.operations import automations


class AutomationMethods(Asking):
    """Methods on automations."""

    def create_automation(self, automation: AutomationCore) -> Life[UUID]:
        """Make an automation; returns its id.

        Raises:
            ValueError: an action is not known, a template is broken, or it would run flows without end.
        """
        asked = AutomationCreate.model_validate(_core_of(automation))
        return (yield from self._ask(automations.create_automation(asked))).id

    def update_automation(self, automation_id: UUID, automation: AutomationCore) -> Life[None]:
        """Put another automation in the place of one; its owner stays.

        Raises:
            ObjectNotFound: there is no such automation.
        """
        asked = AutomationUpdate.model_validate(_core_of(automation))
        yield from self._ask(automations.update_automation(automation_id, asked))

    def read_automation(self, automation_id: UUID) -> Life[Automation | None]:
        """The automation with that id; None when there is none."""
        try:
            return (yield from self._ask(automations.read_automation(automation_id)))
        except ObjectNotFound:
            return None

    def read_automations_by_name(self, name: str) -> Life[list[Automation]]:
        """The automations of that name."""
        wanted = AutomationFilter(name=AutomationFilterName(any_=[name]))
        return (yield from self._ask(automations.read_automations(automations=wanted)))

    def find_automation(self, id_or_name: str | UUID) -> Life[Automation | None]:
        """The automation with that id, else the first of that name; None when there is none."""
        id = _id_in(id_or_name)
        if id is not None:
            found = yield from AutomationMethods.read_automation(self, id)
            if found is not None:
                return found
        named = yield from AutomationMethods.read_automations_by_name(self, str(id_or_name))
        return named[0] if named else None

    def pause_automation(self, automation_id: UUID) -> Life[None]:
        """Let an automation rest.

        Raises:
            ObjectNotFound: there is no such automation.
        """
        rest = AutomationPartialUpdate(enabled=False)
        yield from self._ask(automations.patch_automation(automation_id, rest))

    def resume_automation(self, automation_id: UUID) -> Life[None]:
        """Let an automation that rests go on.

        Raises:
            ObjectNotFound: there is no such automation.
        """
        go_on = AutomationPartialUpdate(enabled=True)
        yield from self._ask(automations.patch_automation(automation_id, go_on))

    def delete_resource_owned_automations(self, resource_id: str) -> Life[None]:
        """Delete the automations that a resource owns."""
        yield from self._ask(automations.delete_automations_owned_by_resource(resource_id))


def _core_of(automation: AutomationCore) -> dict[str, Any]:
    """All that is said of an automation, with its defaults: the original's server has others."""
    names = set(AutomationCore.model_fields)
    if automation.owner_resource is None:
        # an older server refuses the field
        names.discard("owner_resource")
    return automation.model_dump(mode="json", include=names)


def _id_in(text: str | UUID) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None

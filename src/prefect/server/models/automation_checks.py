"""What is refused of an automation: actions nobody knows, broken templates, runs without end. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from prefect.schemas.automation_actions import CallWebhook, RunDeployment, SendNotification, UnknownAction
from prefect.schemas.automations import AutomationCore, EventTrigger, MetricTrigger, Posture
from prefect.schemas.events import ResourceSpecification
from prefect.utilities.user_templates import TemplateRefusedError, check_template

_EVENTS_OF_EVERY_RUN = {
    "prefect.flow-run.Scheduled",
    "prefect.flow-run.Pending",
    "prefect.flow-run.Running",
    "prefect.flow-run.*",
}
_EVERY_RUN: list[dict[str, Any]] = [
    {},
    {"prefect.resource.id": "prefect.flow-run.*"},
    {"prefect.resource.id": ["prefect.flow-run.*"]},
]
_LOOKS_LIKE_A_TEMPLATE = ("{{", "{%")


def check_automation(automation: AutomationCore) -> None:
    """Refuse an automation that cannot work, or would not stop.

    Raises:
        ValueError: an action is not known, a template is broken, or it would run flows without end.
    """
    if any(isinstance(trigger, MetricTrigger) for trigger in _all_triggers(automation.trigger)):
        raise ValueError("Metric triggers are evaluated by Prefect Cloud only: here they would never fire.")
    for action in all_actions(automation):
        if isinstance(action, UnknownAction):
            raise ValueError(f"There is no action of the type {action.type!r}.")
        for name, template in _templates_of(action):
            try:
                check_template(template)
            except TemplateRefusedError as error:
                raise ValueError(f"{name!r} of {action.type!r} is not a valid template: {error}") from None
        if automation.enabled and isinstance(action, RunDeployment):
            _must_end(automation, action)


def _all_triggers(trigger: Any) -> Iterator[Any]:
    """A trigger and those it is made of."""
    yield trigger
    for inner in getattr(trigger, "triggers", ()):
        yield from _all_triggers(inner)


def all_actions(automation: AutomationCore) -> list[Any]:
    """The actions of an automation, whenever they are done."""
    return [*automation.actions, *automation.actions_on_trigger, *automation.actions_on_resolve]


def _templates_of(action: Any) -> Iterator[tuple[str, str]]:
    """The templates in an action, by the names of the fields they are in."""
    if isinstance(action, SendNotification):
        yield "subject", action.subject
        yield "body", action.body
    elif isinstance(action, CallWebhook):
        yield "payload", action.payload
    elif isinstance(action, RunDeployment):
        for template in _templates_in(action.parameters or {}):
            yield "parameters", template


def _templates_in(value: Any) -> Iterator[str]:
    if isinstance(value, str) and any(mark in value for mark in _LOOKS_LIKE_A_TEMPLATE):
        yield value
    elif isinstance(value, Mapping):
        if value.get("__prefect_kind") == "jinja" and isinstance(value.get("template"), str):
            yield value["template"]
            return
        for one in value.values():
            yield from _templates_in(one)
    elif isinstance(value, list):
        for one in value:
            yield from _templates_in(one)


def _must_end(automation: AutomationCore, action: RunDeployment) -> None:
    """A run must not be started by what every run does: it would start the next."""
    trigger = automation.trigger
    if not isinstance(trigger, EventTrigger) or trigger.posture is not Posture.Reactive:
        return
    if not trigger.expect & _EVENTS_OF_EVERY_RUN:
        return
    if action.source == "inferred":
        raise ValueError(
            "Running an inferred deployment when a flow run changes its state will lead to an infinite loop of "
            "flow runs. Select a deployment, and narrow `match` or `match_related` of the trigger."
        )
    if _labels(trigger.match) in _EVERY_RUN and not _labels(trigger.match_related):
        raise ValueError(
            "Running a deployment whenever any flow run changes its state may lead to an infinite loop of flow "
            "runs. Narrow `match` or `match_related` of the trigger so that runs of this deployment are left out."
        )


def _labels(match: Any) -> Any:
    if isinstance(match, ResourceSpecification):
        return match.root
    return [_labels(one) for one in match] if isinstance(match, list) else match

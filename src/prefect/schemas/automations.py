"""Automations: when something happens (or does not), do something.

Here: triggers and automations as data. Not here: evaluating triggers (`server/events`), the class users call
(`prefect.automations`), triggers of deployments (`deployment_triggers`), actions (`automation_actions`).
"""

import abc
import datetime
import textwrap
from enum import Enum
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Discriminator, Field, PrivateAttr, Tag, field_validator, model_validator

from prefect.schemas.automation_actions import ActionTypesOrUnknown, RunDeployment
from prefect.schemas.bases import ActionBaseModel, ObjectBaseModel, PrefectBaseModel
from prefect.schemas.events import ResourceSpecification
from prefect.utilities.collections import AutoEnum

MIN_PROACTIVE_WINDOW = datetime.timedelta(seconds=10)
MIN_METRIC_RANGE = datetime.timedelta(minutes=5)

ResourceSpecificationDict = dict[str, str | list[str]]


class Posture(AutoEnum):
    """What fires a trigger: events that come, events that fail to come, or a metric."""

    Reactive = "Reactive"
    Proactive = "Proactive"
    Metric = "Metric"


# --- triggers -------------------------------------------------------------------------------------------


class Trigger(PrefectBaseModel, abc.ABC):
    """What must be the case for an automation to act.

    Given to a deployment, a trigger knows that deployment and stands for the automation that runs it.
    """

    model_config = ConfigDict(ser_json_timedelta="float")

    type: str

    _deployment_id: UUID | None = PrivateAttr(default=None)

    @abc.abstractmethod
    def describe_for_cli(self, indent: int = 0) -> str:
        """The trigger in words, for people."""

    def set_deployment_id(self, deployment_id: UUID) -> None:
        """Make this the trigger of a deployment."""
        self._deployment_id = deployment_id

    def owner_resource(self) -> str | None:
        """The resource of the deployment this is a trigger of; None when it is of none."""
        return f"prefect.deployment.{self._deployment_id}" if self._deployment_id else None

    def actions(self) -> list[ActionTypesOrUnknown]:
        """What to do for the deployment: run it.

        Raises:
            ValueError: no deployment was set.
        """
        if self._deployment_id is None:
            raise ValueError("This trigger belongs to no deployment; call set_deployment_id() first.")
        extra = self._deployment_options()
        return [RunDeployment(source="selected", deployment_id=self._deployment_id, **extra)]

    def as_automation(self) -> "AutomationCore":
        """The automation that runs the deployment when this trigger fires.

        Raises:
            ValueError: no deployment was set, or the trigger has no name.
        """
        name = getattr(self, "name", None)
        if not name:
            raise ValueError("A trigger needs a name to become an automation.")
        return AutomationCore(
            name=name,
            description=getattr(self, "description", ""),
            enabled=getattr(self, "enabled", True),
            trigger=self._plain(),
            actions=self.actions(),
            owner_resource=self.owner_resource(),
        )

    def _deployment_options(self) -> dict[str, Any]:
        return {}

    def _plain(self) -> "TriggerTypes":
        return self  # type: ignore[return-value]  # every concrete trigger is one of them


def _as_specification(value: Any) -> Any:
    return ResourceSpecification.model_validate(value) if isinstance(value, dict) else value


class ResourceTrigger(Trigger, abc.ABC):
    """A trigger that looks at events of some resources, related to some others."""

    match: ResourceSpecification | ResourceSpecificationDict = Field(default_factory=ResourceSpecification)
    match_related: (
        ResourceSpecification
        | ResourceSpecificationDict
        | list[ResourceSpecification | ResourceSpecificationDict]
    ) = Field(default_factory=ResourceSpecification)

    @field_validator("match")
    @classmethod
    def _coerce_match(cls, value: Any) -> Any:
        return _as_specification(value)

    @field_validator("match_related")
    @classmethod
    def _coerce_match_related(cls, value: Any) -> Any:
        if isinstance(value, list):
            return [_as_specification(item) for item in value]
        return _as_specification(value)


class EventTrigger(ResourceTrigger):
    """Fires when enough expected events come (Reactive), or do not come (Proactive), within a time."""

    type: Literal["event"] = "event"
    after: set[str] = Field(default_factory=set)
    expect: set[str] = Field(default_factory=set)
    for_each: set[str] = Field(default_factory=set)
    posture: Literal[Posture.Reactive, Posture.Proactive] = Posture.Reactive
    threshold: int = 1
    within: datetime.timedelta = Field(default=datetime.timedelta(0), ge=datetime.timedelta(0))

    @model_validator(mode="after")
    def _window_of_proactive(self) -> Self:
        if self.posture is Posture.Proactive:
            if not self.within:
                self.__dict__["within"] = MIN_PROACTIVE_WINDOW
            elif self.within < MIN_PROACTIVE_WINDOW:
                raise ValueError(
                    "`within` for Proactive triggers must be greater than or equal to 10 seconds; "
                    f"got {self.within.total_seconds():g}"
                )
        return self

    def describe_for_cli(self, indent: int = 0) -> str:
        """`Reactive: expecting 1 of {…}` or the like."""
        expected = "{" + ", ".join(repr(event) for event in sorted(self.expect)) + "}"
        if self.posture is Posture.Reactive:
            text = f"Reactive: expecting {self.threshold} of {expected}"
        else:
            text = f"Proactive: expecting {self.threshold} {expected} event within {self.within}"
        return textwrap.indent(text, "  " * indent)


class MetricTriggerOperator(Enum):
    """How a metric is compared with its threshold."""

    LT = "<"
    LTE = "<="
    GT = ">"
    GTE = ">="


class PrefectMetric(Enum):
    """The metrics there are."""

    lateness = "lateness"
    duration = "duration"
    successes = "successes"


class MetricTriggerQuery(PrefectBaseModel):
    """A metric over a time, compared with a threshold, for so long."""

    model_config = ConfigDict(ser_json_timedelta="float")

    name: Annotated[PrefectMetric | str, Field(union_mode="left_to_right")]
    threshold: float
    operator: MetricTriggerOperator
    range: datetime.timedelta = MIN_METRIC_RANGE
    firing_for: datetime.timedelta = MIN_METRIC_RANGE

    @field_validator("range", "firing_for")
    @classmethod
    def _long_enough(cls, value: datetime.timedelta) -> datetime.timedelta:
        if value < MIN_METRIC_RANGE:
            raise ValueError(
                f"The minimum range is 300 seconds (5 minutes); got {value.total_seconds():g} seconds"
            )
        return value


class MetricTrigger(ResourceTrigger):
    """Fires when a metric crosses a threshold (Cloud; our server keeps but does not evaluate it)."""

    type: Literal["metric"] = "metric"
    posture: Literal[Posture.Metric] = Posture.Metric
    metric: MetricTriggerQuery

    def describe_for_cli(self, indent: int = 0) -> str:
        """`Metric: successes < 1.0 for 0:05:00` or the like."""
        query = self.metric
        name = query.name.value if isinstance(query.name, PrefectMetric) else query.name
        text = f"Metric: {name} {query.operator.value} {query.threshold} for {query.range}"
        return textwrap.indent(text, "  " * indent)


class CompositeTrigger(Trigger, abc.ABC):
    """A trigger made of others, within a time (None: any)."""

    type: Literal["compound", "sequence"]
    triggers: "list[TriggerTypes]"
    within: datetime.timedelta | None = None

    def _described(self, heading: str, indent: int) -> str:
        parts = [trigger.describe_for_cli(indent + 1) for trigger in self.triggers]
        return "\n".join([textwrap.indent(heading, "  " * indent), *parts])


class CompoundTrigger(CompositeTrigger):
    """Fires when any, all, or a number of its triggers have fired."""

    type: Literal["compound"] = "compound"
    require: int | Literal["any", "all"]

    @model_validator(mode="after")
    def _require_is_possible(self) -> Self:
        if isinstance(self.require, int):
            if self.require < 1:
                raise ValueError(f"require must be at least 1; got {self.require}")
            if self.require > len(self.triggers):
                raise ValueError(
                    "require must be less than or equal to the number of triggers; "
                    f"got {self.require} for {len(self.triggers)}"
                )
        return self

    def describe_for_cli(self, indent: int = 0) -> str:
        """`Any of:` and the triggers, one a line."""
        return self._described(f"{str(self.require).capitalize()} of:", indent)


class SequenceTrigger(CompositeTrigger):
    """Fires when its triggers have fired in order."""

    type: Literal["sequence"] = "sequence"

    def describe_for_cli(self, indent: int = 0) -> str:
        """`In this order:` and the triggers, one a line."""
        return self._described("In this order:", indent)


def trigger_discriminator(value: Any) -> str:
    """The kind of trigger a value is meant to be, also where it does not say so."""
    if not isinstance(value, dict):
        return str(getattr(value, "type", "event"))
    if "type" in value:
        return str(value["type"])
    if value.get("posture") in (Posture.Metric, "Metric"):
        return "metric"
    if "triggers" in value:
        return "compound" if "require" in value else "sequence"
    return "event"


TriggerTypes = Annotated[
    Annotated[EventTrigger, Tag("event")]
    | Annotated[MetricTrigger, Tag("metric")]
    | Annotated[CompoundTrigger, Tag("compound")]
    | Annotated[SequenceTrigger, Tag("sequence")],
    Discriminator(trigger_discriminator),
]
"""Any trigger."""


# --- automations ----------------------------------------------------------------------------------------


class AutomationCore(PrefectBaseModel):
    """When something happens, do something."""

    name: str
    description: str = ""
    enabled: bool = True
    tags: list[str] = Field(default_factory=list)
    trigger: TriggerTypes
    actions: list[ActionTypesOrUnknown]
    actions_on_trigger: list[ActionTypesOrUnknown] = Field(default_factory=list)
    actions_on_resolve: list[ActionTypesOrUnknown] = Field(default_factory=list)
    owner_resource: str | None = None


class Automation(AutomationCore, ObjectBaseModel):
    """An automation as it is stored."""

    id: UUID


class AutomationCreate(AutomationCore, ActionBaseModel):
    """A new automation."""


class AutomationUpdate(AutomationCreate):
    """An automation in place of the stored one: every field counts, given or not."""


class AutomationPartialUpdate(ActionBaseModel):
    """What can be changed alone: whether the automation is active."""

    enabled: bool = True

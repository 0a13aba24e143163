"""Triggers as they are given to a deployment: they name the automation and say how to run the deployment."""

import abc
import datetime
from typing import Annotated, Any, ClassVar

from pydantic import Discriminator, Tag

from prefect.schemas.automations import (
    CompoundTrigger,
    EventTrigger,
    MetricTrigger,
    SequenceTrigger,
    Trigger,
    TriggerTypes,
    trigger_discriminator,
)
from prefect.schemas.bases import PrefectBaseModel
from prefect.types import NonNegativeTimeDelta


class BaseDeploymentTrigger(PrefectBaseModel, abc.ABC):
    """What a deployment's trigger has beyond the trigger: a name, and with what to run the deployment."""

    trigger_type: ClassVar[type[Trigger]]

    name: str | None = None
    description: str = ""
    enabled: bool = True
    parameters: dict[str, Any] | None = None
    job_variables: dict[str, Any] | None = None
    schedule_after: NonNegativeTimeDelta = datetime.timedelta(0)

    def _deployment_options(self) -> dict[str, Any]:
        return {
            "parameters": self.parameters,
            "job_variables": self.job_variables,
            "schedule_after": self.schedule_after,
        }

    def _plain(self) -> TriggerTypes:
        kept = {name: getattr(self, name) for name in self.trigger_type.model_fields}
        return self.trigger_type(**kept)  # type: ignore[return-value]  # each trigger type is one of them


class DeploymentEventTrigger(BaseDeploymentTrigger, EventTrigger):
    """Runs a deployment when events come, or do not come."""

    trigger_type: ClassVar[type[Trigger]] = EventTrigger


class DeploymentMetricTrigger(BaseDeploymentTrigger, MetricTrigger):
    """Runs a deployment when a metric crosses a threshold."""

    trigger_type: ClassVar[type[Trigger]] = MetricTrigger


class DeploymentCompoundTrigger(BaseDeploymentTrigger, CompoundTrigger):
    """Runs a deployment when several triggers have fired."""

    trigger_type: ClassVar[type[Trigger]] = CompoundTrigger


class DeploymentSequenceTrigger(BaseDeploymentTrigger, SequenceTrigger):
    """Runs a deployment when several triggers have fired in order."""

    trigger_type: ClassVar[type[Trigger]] = SequenceTrigger


def deployment_trigger_discriminator(value: Any) -> str:
    """The kind of trigger a value is meant to be, also where it does not say so."""
    return trigger_discriminator(value)


DeploymentTriggerTypes = Annotated[
    Annotated[DeploymentEventTrigger, Tag("event")]
    | Annotated[DeploymentMetricTrigger, Tag("metric")]
    | Annotated[DeploymentCompoundTrigger, Tag("compound")]
    | Annotated[DeploymentSequenceTrigger, Tag("sequence")],
    Discriminator(deployment_trigger_discriminator),
]
"""Any trigger of a deployment."""

"""Automations under their documented import path. Home: `prefect.schemas.automations`."""

from prefect.schemas.automations import (
    Automation,
    AutomationCore,
    CompositeTrigger,
    CompoundTrigger,
    EventTrigger,
    MetricTrigger,
    MetricTriggerOperator,
    MetricTriggerQuery,
    Posture,
    PrefectMetric,
    ResourceSpecificationDict,
    ResourceTrigger,
    SequenceTrigger,
    Trigger,
    TriggerTypes,
    trigger_discriminator,
)

__all__ = [
    "Automation",
    "AutomationCore",
    "CompositeTrigger",
    "CompoundTrigger",
    "EventTrigger",
    "MetricTrigger",
    "MetricTriggerOperator",
    "MetricTriggerQuery",
    "Posture",
    "PrefectMetric",
    "ResourceSpecificationDict",
    "ResourceTrigger",
    "SequenceTrigger",
    "Trigger",
    "TriggerTypes",
    "trigger_discriminator",
]

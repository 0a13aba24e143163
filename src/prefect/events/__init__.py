"""Events and automations: what happened, and what is done about it. Their nouns live in `prefect.schemas`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prefect.events.actions import (
        Action,
        ActionTypes,
        CallWebhook,
        CancelFlowRun,
        ChangeFlowRunState,
        DeclareIncident,
        DeleteFlowRun,
        DoNothing,
        PauseAutomation,
        PauseDeployment,
        PauseWorkPool,
        PauseWorkQueue,
        ResumeAutomation,
        ResumeDeployment,
        ResumeWorkPool,
        ResumeWorkQueue,
        RunDeployment,
        SendNotification,
        SuspendFlowRun,
        UnknownAction,
    )
    from prefect.events.clients import get_events_client, get_events_subscriber
    from prefect.events.schemas.automations import (
        Automation,
        AutomationCore,
        CompositeTrigger,
        CompoundTrigger,
        EventTrigger,
        MetricTrigger,
        MetricTriggerOperator,
        MetricTriggerQuery,
        Posture,
        ResourceTrigger,
        SequenceTrigger,
        Trigger,
        TriggerTypes,
    )
    from prefect.events.schemas.deployment_triggers import (
        DeploymentCompoundTrigger,
        DeploymentEventTrigger,
        DeploymentMetricTrigger,
        DeploymentSequenceTrigger,
        DeploymentTriggerTypes,
    )
    from prefect.events.schemas.events import (
        Event,
        ReceivedEvent,
        RelatedResource,
        Resource,
        ResourceSpecification,
    )
    from prefect.events.subscribers import FlowRunSubscriber
    from prefect.events.utilities import emit_event

_HOMES = {
    "prefect.events.actions": (
        "Action",
        "ActionTypes",
        "CallWebhook",
        "CancelFlowRun",
        "ChangeFlowRunState",
        "DeclareIncident",
        "DeleteFlowRun",
        "DoNothing",
        "PauseAutomation",
        "PauseDeployment",
        "PauseWorkPool",
        "PauseWorkQueue",
        "ResumeAutomation",
        "ResumeDeployment",
        "ResumeWorkPool",
        "ResumeWorkQueue",
        "RunDeployment",
        "SendNotification",
        "SuspendFlowRun",
        "UnknownAction",
    ),
    "prefect.events.schemas.automations": (
        "Automation",
        "AutomationCore",
        "CompositeTrigger",
        "CompoundTrigger",
        "EventTrigger",
        "MetricTrigger",
        "MetricTriggerOperator",
        "MetricTriggerQuery",
        "Posture",
        "ResourceTrigger",
        "SequenceTrigger",
        "Trigger",
        "TriggerTypes",
    ),
    "prefect.events.schemas.deployment_triggers": (
        "DeploymentCompoundTrigger",
        "DeploymentEventTrigger",
        "DeploymentMetricTrigger",
        "DeploymentSequenceTrigger",
        "DeploymentTriggerTypes",
    ),
    "prefect.events.schemas.events": (
        "Event",
        "ReceivedEvent",
        "RelatedResource",
        "Resource",
        "ResourceSpecification",
    ),
    "prefect.events.subscribers": ("FlowRunSubscriber",),
    "prefect.events.utilities": ("emit_event",),
    "prefect.events.clients": (
        "get_events_client",
        "get_events_subscriber",
    ),
}
"""The modules that names come from, loaded when one is asked for."""

_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Action",
    "ActionTypes",
    "Automation",
    "AutomationCore",
    "CallWebhook",
    "CancelFlowRun",
    "ChangeFlowRunState",
    "CompositeTrigger",
    "CompoundTrigger",
    "DeclareIncident",
    "DeleteFlowRun",
    "DeploymentCompoundTrigger",
    "DeploymentEventTrigger",
    "DeploymentMetricTrigger",
    "DeploymentSequenceTrigger",
    "DeploymentTriggerTypes",
    "DoNothing",
    "Event",
    "EventTrigger",
    "FlowRunSubscriber",
    "MetricTrigger",
    "MetricTriggerOperator",
    "MetricTriggerQuery",
    "PauseAutomation",
    "PauseDeployment",
    "PauseWorkPool",
    "PauseWorkQueue",
    "Posture",
    "ReceivedEvent",
    "RelatedResource",
    "Resource",
    "ResourceSpecification",
    "ResourceTrigger",
    "ResumeAutomation",
    "ResumeDeployment",
    "ResumeWorkPool",
    "ResumeWorkQueue",
    "RunDeployment",
    "SendNotification",
    "SequenceTrigger",
    "SuspendFlowRun",
    "Trigger",
    "TriggerTypes",
    "UnknownAction",
    "emit_event",
    "get_events_client",
    "get_events_subscriber",
]


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(home), name)

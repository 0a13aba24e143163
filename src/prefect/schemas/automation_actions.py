"""What an automation does when it fires: one class per action, told apart by `type`.

Not here: doing it (`server/services`), and what fires (`automations`).
"""

import abc
import datetime
import json
from typing import Annotated, Any, ClassVar, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Discriminator, Field, Tag, field_validator, model_validator

from prefect.schemas.bases import PrefectBaseModel
from prefect.schemas.states import StateType
from prefect.types import NonNegativeTimeDelta


class Action(PrefectBaseModel, abc.ABC):
    """Something an automation can do."""

    model_config = ConfigDict(ser_json_timedelta="float")

    type: str

    def describe_for_cli(self) -> str:
        """The action in a few words."""
        return self.type.replace("-", " ").capitalize()


class _TargetedAction(Action):
    """An action on an object that is either selected by its id, or inferred from the event (no id then)."""

    _target: ClassVar[str]

    source: Literal["selected", "inferred"] = "selected"

    @model_validator(mode="after")
    def _id_if_selected(self) -> Self:
        given = getattr(self, self._target) is not None
        if self.source == "selected" and not given:
            raise ValueError(f"{self._target} is required")
        if self.source == "inferred" and given:
            raise ValueError(f"{self._target} is not allowed")
        return self


class DoNothing(Action):
    """Nothing; the firing itself is an event one can watch."""

    type: Literal["do-nothing"] = "do-nothing"


class DeploymentAction(_TargetedAction):
    """An action on a deployment."""

    _target: ClassVar[str] = "deployment_id"
    deployment_id: UUID | None = None


class RunDeployment(DeploymentAction):
    """Make a run of a deployment, after a delay; parameters may be templates."""

    type: Literal["run-deployment"] = "run-deployment"
    parameters: dict[str, Any] | None = None
    job_variables: dict[str, Any] | None = None
    schedule_after: NonNegativeTimeDelta = datetime.timedelta(0)


class PauseDeployment(DeploymentAction):
    """Pause the schedules of a deployment."""

    type: Literal["pause-deployment"] = "pause-deployment"


class ResumeDeployment(DeploymentAction):
    """Resume the schedules of a deployment."""

    type: Literal["resume-deployment"] = "resume-deployment"


class ChangeFlowRunState(Action):
    """Propose a state to the flow run of the event."""

    type: Literal["change-flow-run-state"] = "change-flow-run-state"
    name: str | None = None
    state: StateType
    message: str | None = None
    force: bool = False


class CancelFlowRun(Action):
    """Cancel the flow run of the event."""

    type: Literal["cancel-flow-run"] = "cancel-flow-run"


class DeleteFlowRun(Action):
    """Delete the flow run of the event."""

    type: Literal["delete-flow-run"] = "delete-flow-run"


class ResumeFlowRun(Action):
    """Resume the flow run of the event."""

    type: Literal["resume-flow-run"] = "resume-flow-run"


class SuspendFlowRun(Action):
    """Suspend the flow run of the event."""

    type: Literal["suspend-flow-run"] = "suspend-flow-run"


class CallWebhook(Action):
    """Call the webhook of a block."""

    type: Literal["call-webhook"] = "call-webhook"
    block_document_id: UUID
    payload: str = ""

    @field_validator("payload", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        """A payload may be given as what it is the JSON of."""
        return json.dumps(value, indent=2) if isinstance(value, dict) else value


class SendNotification(Action):
    """Send a message with a notification block; subject and body are templates."""

    type: Literal["send-notification"] = "send-notification"
    block_document_id: UUID
    subject: str = "Prefect automated notification"
    body: str


class WorkPoolAction(Action):
    """An action on a work pool."""

    source: Literal["selected", "inferred"] = "selected"
    work_pool_id: UUID | None = None


class PauseWorkPool(WorkPoolAction):
    """Pause a work pool."""

    type: Literal["pause-work-pool"] = "pause-work-pool"


class ResumeWorkPool(WorkPoolAction):
    """Resume a work pool."""

    type: Literal["resume-work-pool"] = "resume-work-pool"


class WorkQueueAction(_TargetedAction):
    """An action on a work queue."""

    _target: ClassVar[str] = "work_queue_id"
    work_queue_id: UUID | None = None


class PauseWorkQueue(WorkQueueAction):
    """Pause a work queue."""

    type: Literal["pause-work-queue"] = "pause-work-queue"


class ResumeWorkQueue(WorkQueueAction):
    """Resume a work queue."""

    type: Literal["resume-work-queue"] = "resume-work-queue"


class AutomationAction(_TargetedAction):
    """An action on an automation."""

    _target: ClassVar[str] = "automation_id"
    automation_id: UUID | None = None


class PauseAutomation(AutomationAction):
    """Pause an automation."""

    type: Literal["pause-automation"] = "pause-automation"


class ResumeAutomation(AutomationAction):
    """Resume an automation."""

    type: Literal["resume-automation"] = "resume-automation"


class DeclareIncident(Action):
    """Declare an incident (Cloud)."""

    type: Literal["declare-incident"] = "declare-incident"


ActionTypes = (
    DoNothing
    | RunDeployment
    | PauseDeployment
    | ResumeDeployment
    | ResumeFlowRun
    | CancelFlowRun
    | DeleteFlowRun
    | ChangeFlowRunState
    | PauseWorkQueue
    | ResumeWorkQueue
    | SendNotification
    | CallWebhook
    | PauseAutomation
    | ResumeAutomation
    | SuspendFlowRun
    | PauseWorkPool
    | ResumeWorkPool
    | DeclareIncident
)

_KNOWN_TYPES = {kind.model_fields["type"].default for kind in ActionTypes.__args__}


class UnknownAction(Action):
    """An action of a newer peer: kept as it came, so that reading and writing back loses nothing."""

    model_config = ConfigDict(extra="allow")

    @field_validator("type")
    @classmethod
    def _type_is_not_known(cls, type: str) -> str:
        if type in _KNOWN_TYPES:
            raise ValueError(f"{type!r} is a known action type and cannot be an UnknownAction")
        return type


def _known_or_not(value: Any) -> str:
    type = value.get("type") if isinstance(value, dict) else getattr(value, "type", None)
    return "known" if isinstance(type, str) and type in _KNOWN_TYPES else "unknown"


ActionTypesOrUnknown = Annotated[
    Annotated[Annotated[ActionTypes, Field(discriminator="type")], Tag("known")]
    | Annotated[UnknownAction, Tag("unknown")],
    Discriminator(_known_or_not),
]
"""Any action, of this version or another."""

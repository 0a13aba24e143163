"""Making and changing the flow run notification policies of 3.0."""

from uuid import UUID

from prefect.schemas.bases import ActionBaseModel
from prefect.schemas.notifications import MessageTemplate


class FlowRunNotificationPolicyCreate(ActionBaseModel):
    """A policy to make."""

    is_active: bool = True
    state_names: list[str]
    tags: list[str]
    block_document_id: UUID
    message_template: MessageTemplate | None = None


class FlowRunNotificationPolicyUpdate(ActionBaseModel):
    """What can be changed of a policy."""

    is_active: bool | None = None
    state_names: list[str] | None = None
    tags: list[str] | None = None
    block_document_id: UUID | None = None
    message_template: MessageTemplate | None = None

"""Flow run notification policies of 3.0: automations took their place, older clients still send them."""

from string import Formatter
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator

from prefect.schemas.bases import ObjectBaseModel

FLOW_RUN_NOTIFICATION_TEMPLATE_KWARGS = [
    "flow_run_notification_policy_id",
    "flow_id",
    "flow_name",
    "flow_run_url",
    "flow_run_id",
    "flow_run_name",
    "flow_run_parameters",
    "flow_run_state_type",
    "flow_run_state_name",
    "flow_run_state_timestamp",
    "flow_run_state_message",
]


def _only_known_variables(template: str) -> str:
    unknown = {name for _, name, _, _ in Formatter().parse(template) if name is not None}
    unknown -= set(FLOW_RUN_NOTIFICATION_TEMPLATE_KWARGS)
    if unknown:
        known = ", ".join(FLOW_RUN_NOTIFICATION_TEMPLATE_KWARGS)
        raise ValueError(f"Invalid template variables {sorted(unknown)}; available are: {known}")
    return template


MessageTemplate = Annotated[str, AfterValidator(_only_known_variables)]


class FlowRunNotificationPolicy(ObjectBaseModel):
    """Send a message when runs with these tags enter one of these states; an empty list means any."""

    is_active: bool = True
    state_names: list[str]
    tags: list[str]
    block_document_id: UUID
    message_template: MessageTemplate | None = None

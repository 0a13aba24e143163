# mypy: disable-error-code="empty-body"
"""Operations on the flow run notification policies of 3.0: kept for older clients, as automations do more."""

from typing import Annotated
from uuid import UUID

from prefect.schemas.actions.notifications import (
    FlowRunNotificationPolicyCreate,
    FlowRunNotificationPolicyUpdate,
)
from prefect.schemas.filters.notifications import FlowRunNotificationPolicyFilter
from prefect.schemas.notifications import FlowRunNotificationPolicy
from prefect.schemas.operations.arguments import Limit, Offset
from prefect.schemas.operations.declaring import operation, wire

PolicyId = Annotated[UUID, wire("id")]
_TAG = "Flow Run Notification Policies"


@operation("POST", "/flow_run_notification_policies/", status=201, tag=_TAG)
def create_flow_run_notification_policy(
    policy: Annotated[FlowRunNotificationPolicyCreate, wire(whole=True)],
) -> FlowRunNotificationPolicy:
    """Make a policy.

    Raises:
        ObjectNotFound: there is no such block document.
    """


@operation("GET", "/flow_run_notification_policies/{id}", tag=_TAG)
def read_flow_run_notification_policy(policy_id: PolicyId) -> FlowRunNotificationPolicy:
    """The policy with that id.

    Raises:
        ObjectNotFound: there is none.
    """


@operation("POST", "/flow_run_notification_policies/filter", tag=_TAG)
def read_flow_run_notification_policies(
    policy_filter: Annotated[
        FlowRunNotificationPolicyFilter | None, wire("flow_run_notification_policy_filter")
    ] = None,
    limit: Limit = None,
    offset: Offset = 0,
) -> list[FlowRunNotificationPolicy]:
    """The policies that meet the filter, in the order in which they were made."""


@operation("PATCH", "/flow_run_notification_policies/{id}", status=204, tag=_TAG)
def update_flow_run_notification_policy(
    policy_id: PolicyId, policy: Annotated[FlowRunNotificationPolicyUpdate, wire(whole=True)]
) -> None:
    """Change a policy; what is not set stays as it is.

    Raises:
        ObjectNotFound: there is no such policy, or block document.
    """


@operation("DELETE", "/flow_run_notification_policies/{id}", status=204, tag=_TAG)
def delete_flow_run_notification_policy(policy_id: PolicyId) -> None:
    """Delete a policy.

    Raises:
        ObjectNotFound: there is none.
    """

"""Filter of the flow run notification policies of 3.0."""

from pydantic import Field

from prefect.schemas.bases import PrefectBaseModel


class FlowRunNotificationPolicyFilterIsActive(PrefectBaseModel):
    """By whether the policy is active."""

    eq_: bool | None = None


def _inactive_only() -> FlowRunNotificationPolicyFilterIsActive:
    return FlowRunNotificationPolicyFilterIsActive(eq_=False)


class FlowRunNotificationPolicyFilter(PrefectBaseModel):
    """Which policies."""

    is_active: FlowRunNotificationPolicyFilterIsActive | None = Field(default_factory=_inactive_only)

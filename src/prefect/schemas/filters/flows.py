"""Filters of flows."""

from uuid import UUID

from prefect.schemas.bases import PrefectBaseModel
from prefect.schemas.filters.bases import AnyId, OperatorMixin, Tags, TextMatch


class FlowFilterId(AnyId):
    """By flow."""

    not_any_: list[UUID] | None = None


class FlowFilterDeployment(PrefectBaseModel, OperatorMixin):
    """By whether the flow has deployments (`is_null_`: it has none)."""

    is_null_: bool | None = None


class FlowFilterName(TextMatch):
    """By name."""


class FlowFilterTags(Tags):
    """By tags."""


class FlowFilter(PrefectBaseModel, OperatorMixin):
    """Which flows."""

    id: FlowFilterId | None = None
    deployment: FlowFilterDeployment | None = None
    name: FlowFilterName | None = None
    tags: FlowFilterTags | None = None

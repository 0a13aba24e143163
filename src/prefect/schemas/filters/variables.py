"""Filters of variables."""

from prefect.schemas.bases import PrefectBaseModel
from prefect.schemas.filters.bases import AnyId, OperatorMixin, Tags, TextMatch


class VariableFilterId(AnyId):
    """By variable."""


class VariableFilterName(TextMatch):
    """By name."""


class VariableFilterTags(Tags):
    """By tags."""


class VariableFilter(PrefectBaseModel, OperatorMixin):
    """Which variables."""

    id: VariableFilterId | None = None
    name: VariableFilterName | None = None
    tags: VariableFilterTags | None = None

"""Keeping a search of the UI."""

from pydantic import Field

from prefect.schemas.bases import ActionBaseModel
from prefect.schemas.saved_searches import SavedSearchFilter


class SavedSearchCreate(ActionBaseModel):
    """A search to keep."""

    name: str
    filters: list[SavedSearchFilter] = Field(default_factory=list)

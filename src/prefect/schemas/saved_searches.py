"""Searches of the UI that were given a name."""

from typing import Any

from pydantic import Field

from prefect.schemas.bases import ObjectBaseModel, PrefectBaseModel


class SavedSearchFilter(PrefectBaseModel):
    """One condition of a search: a property of a kind of object, compared with a value."""

    object: str
    property: str
    type: str
    operation: str
    value: Any


class SavedSearch(ObjectBaseModel):
    """A named list of conditions."""

    name: str
    filters: list[SavedSearchFilter] = Field(default_factory=list)

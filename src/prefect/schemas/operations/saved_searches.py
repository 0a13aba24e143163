# mypy: disable-error-code="empty-body"
"""Operations on the searches that users of the UI keep."""

from typing import Annotated
from uuid import UUID

from prefect.schemas.actions.saved_searches import SavedSearchCreate
from prefect.schemas.operations.arguments import Limit, Offset
from prefect.schemas.operations.declaring import operation, wire
from prefect.schemas.saved_searches import SavedSearch

SavedSearchId = Annotated[UUID, wire("id")]


@operation("PUT", "/saved_searches/", status=201, tag="SavedSearches")
def create_saved_search(saved_search: Annotated[SavedSearchCreate, wire(whole=True)]) -> SavedSearch:
    """Keep a search; it takes the place of the one of that name."""


@operation("POST", "/saved_searches/filter", tag="SavedSearches")
def read_saved_searches(limit: Limit = None, offset: Offset = 0) -> list[SavedSearch]:
    """The searches by name."""


@operation("GET", "/saved_searches/{id}", tag="SavedSearches")
def read_saved_search(saved_search_id: SavedSearchId) -> SavedSearch:
    """The search with that id.

    Raises:
        ObjectNotFound: there is none.
    """


@operation("DELETE", "/saved_searches/{id}", status=204, tag="SavedSearches")
def delete_saved_search(saved_search_id: SavedSearchId) -> None:
    """Forget a search.

    Raises:
        ObjectNotFound: there is none with that id.
    """

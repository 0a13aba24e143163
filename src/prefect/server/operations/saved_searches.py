"""What operations on saved searches do."""

from __future__ import annotations

import sqlalchemy as sa

from prefect.schemas.actions.saved_searches import SavedSearchCreate
from prefect.schemas.saved_searches import SavedSearch
from prefect.server.models import saved_searches
from prefect.server.operations.doing import reads, writes
from prefect.server.operations.paging import at_most

reads(saved_searches.read_saved_search)
writes(saved_searches.delete_saved_search)


@writes
def create_saved_search(connection: sa.Connection, saved_search: SavedSearchCreate) -> SavedSearch:
    return saved_searches.save_search(connection, saved_search)


@reads
def read_saved_searches(connection: sa.Connection, limit: int | None, offset: int) -> list[SavedSearch]:
    return saved_searches.read_saved_searches(connection, at_most(limit), offset)

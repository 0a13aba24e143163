"""Searches of the UI that were given a name."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from prefect.schemas.actions.saved_searches import SavedSearchCreate
from prefect.schemas.bases import now, uuid7
from prefect.schemas.saved_searches import SavedSearch
from prefect.server.database.tables import saved_search
from prefect.server.models.absent import absent


def save_search(connection: sa.Connection, asked: SavedSearchCreate) -> SavedSearch:
    """Keep a search; it takes the place of the one of that name."""
    moment, filters = now(), [filter.model_dump(mode="json") for filter in asked.filters]
    changed = sa.update(saved_search).where(saved_search.c.name == asked.name)
    query: sa.Insert | sa.Update = changed.values(filters=filters, updated=moment)
    row = connection.execute(query.returning(saved_search)).first()
    if row is None:
        query = sa.insert(saved_search).values(
            id=uuid7(), created=moment, updated=moment, name=asked.name, filters=filters
        )
        row = connection.execute(query.returning(saved_search)).one()
    return _from(row)


def read_saved_searches(connection: sa.Connection, limit: int, offset: int) -> list[SavedSearch]:
    """The searches by name."""
    query = sa.select(saved_search).order_by(saved_search.c.name).limit(limit).offset(offset)
    return [_from(row) for row in connection.execute(query)]


def read_saved_search(connection: sa.Connection, saved_search_id: UUID) -> SavedSearch:
    """The search with that id.

    Raises:
        ObjectNotFound: there is none.
    """
    row = connection.execute(sa.select(saved_search).where(saved_search.c.id == saved_search_id)).first()
    if row is None:
        raise absent("saved search", saved_search_id)
    return _from(row)


def delete_saved_search(connection: sa.Connection, saved_search_id: UUID) -> None:
    """Forget a search.

    Raises:
        ObjectNotFound: there is none with that id.
    """
    query = sa.delete(saved_search).where(saved_search.c.id == saved_search_id)
    if connection.execute(query).rowcount == 0:
        raise absent("saved search", saved_search_id)


def _from(row: sa.Row[tuple[object, ...]]) -> SavedSearch:
    return SavedSearch.model_validate(dict(row._mapping))

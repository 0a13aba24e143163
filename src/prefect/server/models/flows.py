"""Registering, reading and changing flows. Not here: deleting one (`deletion`), the fast way of embedded runs
to register one (`transitions`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from prefect.schemas.bases import now, uuid7
from prefect.schemas.flows import Flow
from prefect.schemas.sorting import FlowSort
from prefect.server.database.tables import flow
from prefect.server.models.absent import absent, absent_name
from prefect.server.models.filters import NO_FILTERS, Filters, flow_conditions
from prefect.server.models.nouns import flow_from

if TYPE_CHECKING:
    # at run time this would load every action, and each command that lists runs would pay for it
    from prefect.schemas.actions.flows import FlowCreate

_ORDERS: Mapping[FlowSort, sa.ColumnElement[Any]] = {
    FlowSort.CREATED_DESC: flow.c.created.desc(),
    FlowSort.UPDATED_DESC: flow.c.updated.desc(),
    FlowSort.NAME_ASC: flow.c.name.asc(),
    FlowSort.NAME_DESC: flow.c.name.desc(),
}


def register_flow(connection: sa.Connection, asked: FlowCreate) -> Flow:
    """The flow of that name, which is stored when there is none; one that is there stays as it is."""
    found = connection.execute(sa.select(flow).where(flow.c.name == asked.name)).first()
    if found is None:
        moment = now()
        row = {"id": uuid7(), "created": moment, "updated": moment, **asked.model_dump(mode="json")}
        found = connection.execute(sa.insert(flow).values(row).returning(flow)).one()
    return flow_from(found)


def read_flow(connection: sa.Connection, flow_id: UUID) -> Flow:
    """The flow with that id.

    Raises:
        ObjectNotFound: there is none.
    """
    row = connection.execute(sa.select(flow).where(flow.c.id == flow_id)).first()
    if row is None:
        raise absent("flow", flow_id)
    return flow_from(row)


def read_flow_by_name(connection: sa.Connection, name: str) -> Flow:
    """The flow of that name.

    Raises:
        ObjectNotFound: there is none.
    """
    row = connection.execute(sa.select(flow).where(flow.c.name == name)).first()
    if row is None:
        raise absent_name("flow", name)
    return flow_from(row)


def read_flows(
    connection: sa.Connection,
    filters: Filters = NO_FILTERS,
    sort: FlowSort = FlowSort.NAME_ASC,
    limit: int | None = None,
    offset: int = 0,
) -> list[Flow]:
    """The flows that meet the filters, in that order."""
    query = sa.select(flow).where(*flow_conditions(filters)).order_by(_ORDERS[sort], flow.c.id)
    return [flow_from(row) for row in connection.execute(query.limit(limit).offset(offset))]


def count_flows(connection: sa.Connection, filters: Filters = NO_FILTERS) -> int:
    """How many flows meet the filters."""
    query = sa.select(sa.func.count()).select_from(flow).where(*flow_conditions(filters))
    return connection.execute(query).scalar_one()


def update_flow(connection: sa.Connection, flow_id: UUID, changes: Mapping[str, Any]) -> None:
    """Change the tags or the labels of a flow (`changes`: by the names of its fields).

    Raises:
        ObjectNotFound: there is no such flow.
    """
    query = sa.update(flow).where(flow.c.id == flow_id).values({**changes, "updated": now()})
    if connection.execute(query).rowcount == 0:
        raise absent("flow", flow_id)

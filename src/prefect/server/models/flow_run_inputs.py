"""Values handed to flow runs under keys. Not here: what is waited for (`prefect.input`)."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

import sqlalchemy as sa

from prefect.exceptions import ObjectAlreadyExists
from prefect.schemas.bases import now, trusted
from prefect.schemas.flow_run_inputs import FlowRunInput
from prefect.server.database.tables import flow_run, flow_run_input
from prefect.server.models.absent import absent, absent_name


def create_flow_run_input(connection: sa.Connection, given: FlowRunInput) -> None:
    """Keep an input.

    Raises:
        ObjectNotFound: there is no such flow run.
        ObjectAlreadyExists: the run has an input of that key.
    """
    of_run = sa.select(flow_run.c.id).where(flow_run.c.id == given.flow_run_id)
    if connection.execute(of_run).first() is None:
        raise absent("flow run", given.flow_run_id)
    if connection.execute(_one(given.flow_run_id, given.key)).first() is not None:
        raise ObjectAlreadyExists(
            LookupError(f"Flow run {given.flow_run_id} already has an input with the key {given.key!r}.")
        )
    moment = now()
    row = {**given.model_dump(), "created": moment, "updated": moment}
    connection.execute(sa.insert(flow_run_input).values(row))


def filter_flow_run_inputs(
    connection: sa.Connection, flow_run_id: UUID, prefix: str, limit: int, exclude_keys: Collection[str]
) -> list[FlowRunInput]:
    """The inputs of a run whose keys begin so, oldest first."""
    table = flow_run_input
    query = sa.select(table).where(
        table.c.flow_run_id == flow_run_id,
        table.c.key.startswith(prefix, autoescape=True),
        table.c.key.not_in(list(exclude_keys)),
    )
    rows = connection.execute(query.order_by(table.c.created, table.c.id).limit(limit))
    return [trusted(FlowRunInput, dict(row._mapping)) for row in rows]


def read_flow_run_input(connection: sa.Connection, flow_run_id: UUID, key: str) -> FlowRunInput:
    """One input of a run.

    Raises:
        ObjectNotFound: the run has none of that key.
    """
    row = connection.execute(_one(flow_run_id, key)).first()
    if row is None:
        raise absent_name("flow run input", key)
    return trusted(FlowRunInput, dict(row._mapping))


def delete_flow_run_input(connection: sa.Connection, flow_run_id: UUID, key: str) -> None:
    """Take one input of a run away.

    Raises:
        ObjectNotFound: the run has none of that key.
    """
    table = flow_run_input
    query = sa.delete(table).where(table.c.flow_run_id == flow_run_id, table.c.key == key)
    if connection.execute(query).rowcount == 0:
        raise absent_name("flow run input", key)


def _one(flow_run_id: UUID, key: str) -> sa.Select[tuple[object, ...]]:
    table = flow_run_input
    return sa.select(table).where(table.c.flow_run_id == flow_run_id, table.c.key == key)

"""Variables: named JSON values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prefect.exceptions import ObjectAlreadyExists
from prefect.schemas.actions.records import VariableCreate
from prefect.schemas.bases import now, trusted, uuid7
from prefect.schemas.filters.variables import VariableFilter
from prefect.schemas.sorting import VariableSort
from prefect.schemas.variables import Variable
from prefect.server.database.tables import variable
from prefect.server.models.absent import absent, absent_name
from prefect.server.models.criteria import Condition, join, on, on_list

_VARIABLE = {"id": on(variable.c.id), "name": on(variable.c.name), "tags": on_list(variable.c.tags)}

_ORDERS: Mapping[VariableSort, sa.ColumnElement[Any]] = {
    VariableSort.CREATED_DESC: variable.c.created.desc(),
    VariableSort.UPDATED_DESC: variable.c.updated.desc(),
    VariableSort.NAME_DESC: variable.c.name.desc(),
    VariableSort.NAME_ASC: variable.c.name.asc(),
}


def create_variable(connection: sa.Connection, asked: VariableCreate) -> Variable:
    """Set a new variable.

    Raises:
        ObjectAlreadyExists: there is one of that name.
    """
    _must_be_free(connection, asked.name)
    moment = now()
    row = {"id": uuid7(), "created": moment, "updated": moment, **asked.model_dump(mode="json")}
    return _from(connection.execute(sa.insert(variable).values(row).returning(variable)).one())


def read_variable(connection: sa.Connection, variable_id: UUID) -> Variable:
    """The variable with that id.

    Raises:
        ObjectNotFound: there is none.
    """
    row = connection.execute(sa.select(variable).where(variable.c.id == variable_id)).first()
    if row is None:
        raise absent("variable", variable_id)
    return _from(row)


def read_variable_by_name(connection: sa.Connection, name: str) -> Variable:
    """The variable of that name.

    Raises:
        ObjectNotFound: there is none.
    """
    row = connection.execute(sa.select(variable).where(variable.c.name == name)).first()
    if row is None:
        raise absent_name("variable", name)
    return _from(row)


def read_variables(
    connection: sa.Connection, wanted: VariableFilter | None, sort: VariableSort, limit: int, offset: int
) -> list[Variable]:
    """The variables that meet the filter."""
    query = sa.select(variable).where(*_conditions(wanted)).order_by(_ORDERS[sort], variable.c.id)
    return [_from(row) for row in connection.execute(query.limit(limit).offset(offset))]


def count_variables(connection: sa.Connection, wanted: VariableFilter | None) -> int:
    """How many variables meet the filter."""
    query = sa.select(sa.func.count()).select_from(variable).where(*_conditions(wanted))
    return connection.execute(query).scalar_one()


def update_variable(connection: sa.Connection, variable_id: UUID, changes: Mapping[str, Any]) -> None:
    """Change fields of a variable (`changes`: by their names).

    Raises:
        ObjectNotFound: there is no such variable.
        ObjectAlreadyExists: another has the new name.
    """
    if changes.get("name") is not None:
        _must_be_free(connection, changes["name"], but_for=variable_id)
    query = sa.update(variable).where(variable.c.id == variable_id).values({**changes, "updated": now()})
    if connection.execute(query).rowcount == 0:
        raise absent("variable", variable_id)


def delete_variable(connection: sa.Connection, variable_id: UUID) -> None:
    """Delete a variable.

    Raises:
        ObjectNotFound: there is no such variable.
    """
    if connection.execute(sa.delete(variable).where(variable.c.id == variable_id)).rowcount == 0:
        raise absent("variable", variable_id)


def _must_be_free(connection: sa.Connection, name: str, but_for: UUID | None = None) -> None:
    holder = connection.execute(sa.select(variable.c.id).where(variable.c.name == name)).scalar()
    if holder is not None and holder != but_for:
        raise ObjectAlreadyExists(LookupError(f"There is already a variable named {name!r}."))


def _conditions(wanted: VariableFilter | None) -> list[Condition]:
    return [] if wanted is None else [join(wanted, _VARIABLE)]


def _from(row: Any) -> Variable:
    fields = dict(row._mapping)
    return trusted(Variable, {**fields, "tags": fields["tags"] or []})

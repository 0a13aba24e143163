"""What operations on variables do."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from prefect.schemas.actions.records import VariableCreate, VariableUpdate
from prefect.schemas.filters.variables import VariableFilter
from prefect.schemas.sorting import VariableSort
from prefect.schemas.variables import Variable
from prefect.server.models import variables
from prefect.server.operations.doing import reads, writes
from prefect.server.operations.paging import at_most

reads(variables.read_variable)
reads(variables.read_variable_by_name)
writes(variables.delete_variable)


@writes
def create_variable(connection: sa.Connection, variable: VariableCreate) -> Variable:
    return variables.create_variable(connection, variable)


@reads
def read_variables(
    connection: sa.Connection,
    limit: int | None,
    variable_filter: VariableFilter | None,
    sort: VariableSort | None,
    offset: int,
) -> list[Variable]:
    order = sort or VariableSort.NAME_ASC
    return variables.read_variables(connection, variable_filter, order, at_most(limit), offset)


@reads
def count_variables(connection: sa.Connection, variable_filter: VariableFilter | None) -> int:
    return variables.count_variables(connection, variable_filter)


@writes
def update_variable_by_id(connection: sa.Connection, variable_id: UUID, variable: VariableUpdate) -> None:
    variables.update_variable(connection, variable_id, variable.model_dump(mode="json", exclude_unset=True))


@writes
def update_variable_by_name(connection: sa.Connection, name: str, variable: VariableUpdate) -> None:
    update_variable_by_id(connection, variables.read_variable_by_name(connection, name).id, variable)


@writes
def delete_variable_by_name(connection: sa.Connection, name: str) -> None:
    variables.delete_variable(connection, variables.read_variable_by_name(connection, name).id)

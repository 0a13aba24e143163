# mypy: disable-error-code="empty-body"
"""Operations on variables."""

from typing import Annotated
from uuid import UUID

from prefect.schemas.actions.records import VariableCreate, VariableUpdate
from prefect.schemas.filters.variables import VariableFilter
from prefect.schemas.operations.arguments import Limit, Offset
from prefect.schemas.operations.declaring import operation, wire
from prefect.schemas.sorting import VariableSort
from prefect.schemas.variables import Variable

VariableId = Annotated[UUID, wire("id")]
Wanted = Annotated[VariableFilter | None, wire("variables")]
Changes = Annotated[VariableUpdate, wire(whole=True)]


@operation("POST", "/variables/", status=201)
def create_variable(variable: Annotated[VariableCreate, wire(whole=True)]) -> Variable:
    """Set a new variable.

    Raises:
        ObjectAlreadyExists: there is one of that name.
    """


@operation("GET", "/variables/{id}")
def read_variable(variable_id: VariableId) -> Variable:
    """The variable with that id.

    Raises:
        ObjectNotFound: there is none.
    """


@operation("GET", "/variables/name/{name}")
def read_variable_by_name(name: str) -> Variable:
    """The variable of that name.

    Raises:
        ObjectNotFound: there is none.
    """


@operation("POST", "/variables/filter")
def read_variables(
    limit: Limit = None,
    *,
    variable_filter: Wanted = None,
    sort: Annotated[VariableSort | None, wire(default=VariableSort.NAME_ASC)] = None,
    offset: Offset = 0,
) -> list[Variable]:
    """The variables that meet the filter, by name unless `sort` says otherwise."""


@operation("POST", "/variables/count")
def count_variables(variable_filter: Wanted = None) -> int:
    """How many variables meet the filter."""


@operation("PATCH", "/variables/{id}", status=204)
def update_variable_by_id(variable_id: VariableId, variable: Changes) -> None:
    """Change a variable; what is not set stays as it is.

    Raises:
        ObjectNotFound: there is no such variable.
        ObjectAlreadyExists: another has the new name.
    """


@operation("PATCH", "/variables/name/{name}", status=204)
def update_variable_by_name(name: str, variable: Changes) -> None:
    """Change the variable of a name; what is not set stays as it is.

    Raises:
        ObjectNotFound: there is no such variable.
        ObjectAlreadyExists: another has the new name.
    """


@operation("DELETE", "/variables/{id}", status=204)
def delete_variable(variable_id: VariableId) -> None:
    """Delete a variable.

    Raises:
        ObjectNotFound: there is no such variable.
    """


@operation("DELETE", "/variables/name/{name}", status=204)
def delete_variable_by_name(name: str) -> None:
    """Delete the variable of a name.

    Raises:
        ObjectNotFound: there is none.
    """

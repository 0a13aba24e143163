"""Parameters of deployments and of their runs: made into the values they stand for, held to the flow's schema.

Not here: what a schema means and what may stand for a value (`prefect.utilities.schema_tools`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from prefect.exceptions import PrefectException
from prefect.server.database.tables import variable
from prefect.utilities.schema_tools.hydration import HydrationContext, HydrationError, hydrate
from prefect.utilities.schema_tools.validation import (
    CircularSchemaRefError,
    ValidationError,
    build_error_obj,
    is_valid_schema,
    validate,
)

_KIND = "__prefect_kind"


class ParameterSchemaMismatch(ValueError, PrefectException):
    """Parameters of a deployment, or of a run of it, do not fit the schema that the deployment holds them to."""


def check_schema(schema: Mapping[str, Any]) -> None:
    """Refuse what is no schema.

    Raises:
        ValueError: it is none.
    """
    try:
        is_valid_schema(schema)
    except (ValidationError, CircularSchemaRefError) as error:
        raise ValueError(f"parameter_openapi_schema: {error}") from None


def check_parameters(
    parameters: Mapping[str, Any], schema: Mapping[str, Any] | None, complete: bool = False
) -> None:
    """Hold parameters to a schema; without a schema everything fits.

    Args:
        complete: those that have to be given must be there.

    Raises:
        ParameterSchemaMismatch: they do not fit.
    """
    if not schema:
        return
    try:
        validate(
            dict(parameters),
            schema,
            raise_on_error=True,
            ignore_required=not complete,
            allow_none_with_default=complete,
        )
    except (ValidationError, CircularSchemaRefError) as error:
        raise ParameterSchemaMismatch(f"The parameters do not fit the flow's schema. {error}") from None


def made_values(connection: sa.Connection, parameters: dict[str, Any]) -> dict[str, Any]:
    """Parameters with values in the place of what stands for them: JSON texts, templates, variables.

    Raises:
        ValueError: something stands for no value.
    """
    try:
        return _hydrated(connection, parameters, render_jinja=True, raise_on_error=True)
    except HydrationError as error:
        raise ValueError(f"The parameters cannot be made into values. {error}") from None


def faults_of(connection: sa.Connection, values: dict[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """What is wrong with values as forms send them, at its place: `{"valid": …, "errors": […]}`.

    Raises:
        ValueError: the schema is none.
    """
    made = _hydrated(connection, values, render_jinja=False, raise_on_error=False)
    try:
        return build_error_obj(validate(made, schema))
    except (ValidationError, CircularSchemaRefError) as error:
        raise ValueError(f"Invalid schema: {error}") from None


def _hydrated(connection: sa.Connection, parameters: dict[str, Any], **how: Any) -> dict[str, Any]:
    names = set(_variables_in(parameters))
    if not names and not _stands_for_something(parameters):
        return parameters
    query = sa.select(variable.c.name, variable.c.value).where(variable.c.name.in_(names))
    values = {row.name: row.value for row in connection.execute(query)}
    return hydrate(
        parameters, HydrationContext(workspace_variables=values, render_workspace_variables=True, **how)
    )


def _objects_in(value: Any) -> Iterator[dict[str, Any]]:
    """The objects in a JSON value that stand for something."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if _KIND in one:
                yield one
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one


def _stands_for_something(parameters: dict[str, Any]) -> bool:
    return next(_objects_in(parameters), None) is not None


def _variables_in(parameters: dict[str, Any]) -> Iterator[str]:
    for one in _objects_in(parameters):
        name = one.get("variable_name")
        if one[_KIND] == "workspace_variable" and isinstance(name, str):
            yield name

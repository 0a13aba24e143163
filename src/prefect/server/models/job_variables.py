"""Job variables of deployments and of their runs, held to what their work pool says of its variables.

What stands for another value (a placeholder, a block) is known when the run is prepared: it passes. Not here:
filling in a pool's template.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prefect.server.database.tables import work_pool, work_queue
from prefect.utilities.schema_tools.validation import CircularSchemaRefError, ValidationError, validate
from prefect.utilities.templating import find_placeholders


def check_job_variables(
    connection: sa.Connection, work_queue_id: UUID | None, given: Mapping[str, Any], complete: bool = False
) -> None:
    """Refuse job variables that do not fit the pool of a queue; without a pool, everything fits.

    Args:
        complete: those that must be given are there.

    Raises:
        ValueError: they do not fit.
    """
    query = sa.select(work_pool.c.base_job_template).join(
        work_queue, work_queue.c.work_pool_id == work_pool.c.id
    )
    template = connection.execute(query.where(work_queue.c.id == work_queue_id)).scalar()
    variables = (template or {}).get("variables")
    if not variables:
        return
    later = {name for name, value in given.items() if _is_known_later(value)}
    required = [name for name in variables.get("required") or () if name not in later]
    told = {name: value for name, value in given.items() if name not in later}
    schema = {**variables, "required": required}
    try:
        validate(
            told, schema, raise_on_error=True, ignore_required=not complete, allow_none_with_default=True
        )
    except (ValidationError, CircularSchemaRefError) as error:
        raise ValueError(f"The job variables do not fit the work pool. {error}") from None


def _is_known_later(value: Any) -> bool:
    return (isinstance(value, Mapping) and "$ref" in value) or bool(find_placeholders(value))

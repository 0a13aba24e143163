"""How a runtime module answers for its attributes; used by all three.

Not here: what the attributes are. Each module lists its own in ``FIELDS``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

RUN_ID_VARIABLE = "PREFECT__FLOW_RUN_ID"


def parse_datetime(text: str) -> datetime:
    """An ISO 8601 time; in UTC if it names no zone."""
    parsed = datetime.fromisoformat(text)
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


type_cast: dict[type, Callable[[str], Any]] = {
    bool: lambda text: text.lower() == "true",
    int: int,
    float: float,
    str: str,
    datetime: parse_datetime,
    # An attribute that is empty here would be text inside a run: ids and names.
    type(None): str,
}


def runtime_attribute(module: str, fields: Mapping[str, Callable[[], Any]], name: str) -> Any:
    """The value of attribute `name` of the runtime module `module` (its full name).

    Raises:
        AttributeError: there is no such attribute, neither in `fields` nor in the environment.
        ValueError: the environment replaces a collection, or its text does not fit the attribute's type.
    """
    variable = f"PREFECT__RUNTIME__{module.rpartition('.')[2]}__{name}".upper()
    replacement = os.environ.get(variable) if not name.startswith("__") else None
    if name not in fields:
        if replacement is None:
            raise AttributeError(f"{module} has no attribute {name!r}")
        return replacement
    value = fields[name]()
    if replacement is None:
        return value
    for kind, cast in type_cast.items():
        if type(value) is kind or (kind is datetime and isinstance(value, datetime)):
            return cast(replacement)
    raise ValueError(
        f"{variable} cannot replace {module}.{name}: it is a {type(value).__name__}, and only single values "
        "can be set by environment variables. Replace the attribute itself in your test."
    )


def flow_run_id_of_process() -> UUID | None:
    """The id of the flow run this process was started for."""
    text = os.environ.get(RUN_ID_VARIABLE)
    return UUID(text) if text else None


def fetch_flow_run(flow_run_id: UUID) -> Any:
    """The flow run as the API has it."""
    with _client() as client:
        return client.read_flow_run(flow_run_id)


def fetch_task_run(task_run_id: UUID) -> Any:
    """The task run as the API has it."""
    with _client() as client:
        return client.read_task_run(task_run_id)


def fetch_flow(flow_id: UUID) -> Any:
    """The flow as the API has it."""
    with _client() as client:
        return client.read_flow(flow_id)


def fetch_deployment(deployment_id: UUID) -> Any:
    """The deployment as the API has it."""
    with _client() as client:
        return client.read_deployment(deployment_id)


def run_url(base: str | None, *parts: str) -> str | None:
    """`base` extended by `parts`; None without a base."""
    return "/".join([base.rstrip("/"), *parts]) if base else None


def _client() -> Any:
    from prefect.client.orchestration import get_client

    return get_client(sync_client=True)

"""What operations on the inputs of flow runs do."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from prefect.schemas.flow_run_inputs import FlowRunInput
from prefect.server.models import flow_run_inputs
from prefect.server.operations.doing import reads, writes
from prefect.server.operations.narrowing import check_listed
from prefect.server.operations.paging import at_most

writes(flow_run_inputs.delete_flow_run_input)


@writes
def create_flow_run_input(
    connection: sa.Connection, flow_run_id: UUID, key: str, value: str, sender: str | None
) -> None:
    given = FlowRunInput(flow_run_id=flow_run_id, key=key, value=value, sender=sender)
    flow_run_inputs.create_flow_run_input(connection, given)


@reads
def filter_flow_run_input(
    connection: sa.Connection, flow_run_id: UUID, key_prefix: str, limit: int, exclude_keys: set[str] | None
) -> list[FlowRunInput]:
    excluded = exclude_keys or ()
    check_listed("exclude_keys", excluded)
    return flow_run_inputs.filter_flow_run_inputs(
        connection, flow_run_id, key_prefix, at_most(limit), excluded
    )


@reads
def read_flow_run_input(connection: sa.Connection, flow_run_id: UUID, key: str) -> str:
    return flow_run_inputs.read_flow_run_input(connection, flow_run_id, key).value

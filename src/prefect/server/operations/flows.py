"""What operations on flows do."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prefect.schemas.actions.flows import FlowCreate, FlowUpdate
from prefect.schemas.filters.flows import FlowFilter
from prefect.schemas.flows import Flow
from prefect.schemas.responses import BulkDeleteResponse, FlowPaginationResponse
from prefect.schemas.sorting import FlowSort
from prefect.server.models import deletion, flows
from prefect.server.operations.doing import reads, writes, writes_apart
from prefect.server.operations.narrowing import narrowed
from prefect.server.operations.paging import at_most, offset_of, page_facts

reads(flows.read_flow)


@writes_apart
def create_flow(connection: sa.Connection, flow: FlowCreate) -> Flow:
    return flows.register_flow(connection, flow)


@reads
def read_flow_by_name(connection: sa.Connection, flow_name: str) -> Flow:
    return flows.read_flow_by_name(connection, flow_name)


@reads
def read_flows(
    connection: sa.Connection, sort: FlowSort | None, limit: int | None, offset: int, **filters: Any
) -> list[Flow]:
    order = sort or FlowSort.NAME_ASC
    return flows.read_flows(connection, narrowed(filters), order, at_most(limit), offset)


@reads
def paginate_flows(
    connection: sa.Connection, sort: FlowSort | None, page: int, limit: int | None, **filters: Any
) -> FlowPaginationResponse:
    size, wanted = at_most(limit), narrowed(filters)
    found = flows.read_flows(connection, wanted, sort or FlowSort.NAME_ASC, size, offset_of(page, size))
    facts = page_facts(page, size, flows.count_flows(connection, wanted))
    return FlowPaginationResponse(results=found, **facts)


@reads
def count_flows(connection: sa.Connection, **filters: Any) -> int:
    return flows.count_flows(connection, narrowed(filters))


@writes
def update_flow(connection: sa.Connection, flow_id: UUID, flow: FlowUpdate) -> None:
    flows.update_flow(connection, flow_id, flow.model_dump(exclude_unset=True))


@writes
def delete_flow(connection: sa.Connection, flow_id: UUID) -> None:
    deletion.delete_flow(connection, flow_id, force=True)


@writes
def bulk_delete_flows(
    connection: sa.Connection, flow_filter: FlowFilter | None, limit: int
) -> BulkDeleteResponse:
    found = flows.read_flows(connection, narrowed({"flow_filter": flow_filter}), limit=limit)
    for flow in found:
        deletion.delete_flow(connection, flow.id, force=True)
    return BulkDeleteResponse(deleted=[flow.id for flow in found])

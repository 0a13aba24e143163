"""What operations that show a flow run as a whole do."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from prefect.schemas.downloads import Download
from prefect.schemas.graphs import DependencyResult, Graph
from prefect.server.models import flow_runs, graphs, logs
from prefect.server.operations.doing import Store, on_store, reads


@reads
def read_flow_run_graph_v1(connection: sa.Connection, flow_run_id: UUID) -> list[DependencyResult]:
    return graphs.read_dependencies(connection, flow_run_id)


@reads
def read_flow_run_graph_v2(connection: sa.Connection, flow_run_id: UUID, since: datetime | None) -> Graph:
    return graphs.read_graph(connection, flow_run_id, since)


@on_store
def download_flow_run_logs(store: Store, flow_run_id: UUID) -> Download:
    with store.reading() as connection:
        run = flow_runs.read_flow_run(connection, flow_run_id)
    return Download(f"{run.name}-logs.csv", "text/csv", logs.logs_as_csv(store, flow_run_id))

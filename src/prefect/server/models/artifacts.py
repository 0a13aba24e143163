"""Artifacts, and their collections: the latest artifact of each key, kept up to date with every change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prefect.schemas.actions.records import ArtifactCreate
from prefect.schemas.artifacts import Artifact, ArtifactCollection
from prefect.schemas.bases import now, trusted, uuid7
from prefect.schemas.filters.artifacts import ArtifactCollectionFilter, ArtifactFilter
from prefect.schemas.sorting import ArtifactCollectionSort, ArtifactSort
from prefect.server.database.tables import artifact, artifact_collection, flow_run, task_run
from prefect.server.models.absent import absent, absent_name
from prefect.server.models.criteria import Condition, Reader, join, on
from prefect.server.models.filters import NO_FILTERS, Filters, flow_run_conditions, task_run_conditions

_SHARED = ("key", "type", "description", "data", "metadata_", "flow_run_id", "task_run_id")


def _readers(table: sa.Table) -> dict[str, Reader]:
    names = ("key", "flow_run_id", "task_run_id", "type")
    return {name: on(table.c[name]) for name in names}


_ARTIFACT = {"id": on(artifact.c.id), **_readers(artifact)}
_COLLECTION = {"latest_id": on(artifact_collection.c.latest_id), **_readers(artifact_collection)}


def _orders(table: sa.Table) -> dict[str, sa.ColumnElement[Any]]:
    return {
        "CREATED_DESC": table.c.created.desc(),
        "UPDATED_DESC": table.c.updated.desc(),
        "ID_DESC": table.c.id.desc(),
        "KEY_DESC": table.c.key.desc(),
        "KEY_ASC": table.c.key.asc(),
    }


_ORDERS, _COLLECTION_ORDERS = _orders(artifact), _orders(artifact_collection)

# --- reading --------------------------------------------------------------------------------------------


def read_artifact(connection: sa.Connection, artifact_id: UUID) -> Artifact:
    """The artifact with that id.

    Raises:
        ObjectNotFound: there is none.
    """
    row = connection.execute(sa.select(artifact).where(artifact.c.id == artifact_id)).first()
    if row is None:
        raise absent("artifact", artifact_id)
    return _artifact(row)


def read_latest_artifact(connection: sa.Connection, key: str) -> Artifact:
    """The latest artifact of a key.

    Raises:
        ObjectNotFound: there is none.
    """
    query = sa.select(artifact).where(artifact.c.key == key).order_by(artifact.c.id.desc())
    row = connection.execute(query.limit(1)).first()
    if row is None:
        raise absent_name("artifact with the key", key)
    return _artifact(row)


def read_artifacts(
    connection: sa.Connection,
    wanted: ArtifactFilter | None,
    filters: Filters,
    sort: ArtifactSort,
    limit: int,
    offset: int,
) -> list[Artifact]:
    """The artifacts that meet all filters."""
    query = sa.select(artifact).where(*_conditions(artifact, _ARTIFACT, wanted, filters))
    query = query.order_by(_ORDERS[sort.value], artifact.c.id.desc()).limit(limit).offset(offset)
    return [_artifact(row) for row in connection.execute(query)]


def read_collections(
    connection: sa.Connection,
    wanted: ArtifactCollectionFilter | None,
    filters: Filters,
    sort: ArtifactCollectionSort,
    limit: int,
    offset: int,
) -> list[ArtifactCollection]:
    """The collections whose latest artifact meets all filters."""
    table = artifact_collection
    query = sa.select(table).where(*_conditions(table, _COLLECTION, wanted, filters))
    query = query.order_by(_COLLECTION_ORDERS[sort.value], table.c.id.desc()).limit(limit).offset(offset)
    rows = connection.execute(query)
    return [trusted(ArtifactCollection, dict(row._mapping)) for row in rows]


def count_artifacts(connection: sa.Connection, wanted: ArtifactFilter | None, filters: Filters) -> int:
    """How many artifacts meet all filters."""
    return _count(connection, artifact, _conditions(artifact, _ARTIFACT, wanted, filters))


def count_collections(
    connection: sa.Connection, wanted: ArtifactCollectionFilter | None, filters: Filters
) -> int:
    """How many collections have a latest artifact that meets all filters."""
    conditions = _conditions(artifact_collection, _COLLECTION, wanted, filters)
    return _count(connection, artifact_collection, conditions)


def _conditions(
    table: sa.Table, readers: Mapping[str, Reader], wanted: Any, filters: Filters
) -> list[Condition]:
    """Filters of flows and deployments ask for those of the flow run."""
    conditions = [] if wanted is None else [join(wanted, readers)]
    if filters.task_runs is not None:
        of_task_run = task_run_conditions(Filters(task_runs=filters.task_runs))
        conditions.append(table.c.task_run_id.in_(sa.select(task_run.c.id).where(*of_task_run)))
    of_flow_run = replace(filters, task_runs=None)
    if of_flow_run != NO_FILTERS:
        runs = sa.select(flow_run.c.id).where(*flow_run_conditions(of_flow_run))
        conditions.append(table.c.flow_run_id.in_(runs))
    return conditions


def _count(connection: sa.Connection, table: sa.Table, conditions: list[Condition]) -> int:
    query = sa.select(sa.func.count()).select_from(table).where(*conditions)
    return connection.execute(query).scalar_one()


def _artifact(row: Any) -> Artifact:
    return trusted(Artifact, dict(row._mapping))


# --- writing --------------------------------------------------------------------------------------------


def create_artifact(connection: sa.Connection, asked: ArtifactCreate) -> Artifact:
    """Keep an artifact; with a key it becomes the latest of that key."""
    moment = now()
    row = {"id": uuid7(), "created": moment, "updated": moment, **asked.model_dump(mode="json")}
    created = _artifact(connection.execute(sa.insert(artifact).values(row).returning(artifact)).one())
    if created.key is not None:
        _show(connection, created.key, created)
    return created


def update_artifact(connection: sa.Connection, artifact_id: UUID, changes: Mapping[str, Any]) -> None:
    """Change fields of an artifact (`changes`: by their names).

    Raises:
        ObjectNotFound: there is no such artifact.
    """
    values = {**changes, "updated": now()}
    query = sa.update(artifact).where(artifact.c.id == artifact_id).values(values)
    if connection.execute(query).rowcount == 0:
        raise absent("artifact", artifact_id)
    shown = sa.update(artifact_collection).where(artifact_collection.c.latest_id == artifact_id)
    connection.execute(shown.values(values))


def delete_artifact(connection: sa.Connection, artifact_id: UUID) -> None:
    """Delete an artifact; the one before it becomes the latest of its key.

    Raises:
        ObjectNotFound: there is no such artifact.
    """
    gone = read_artifact(connection, artifact_id)
    before = sa.select(artifact).where(artifact.c.key == gone.key, artifact.c.id != artifact_id)
    row = connection.execute(before.order_by(artifact.c.id.desc()).limit(1)).first()
    if gone.key is not None and row is not None:
        _show(connection, gone.key, _artifact(row))
    else:
        table = artifact_collection
        connection.execute(sa.delete(table).where(table.c.latest_id == artifact_id))
    connection.execute(sa.delete(artifact).where(artifact.c.id == artifact_id))


def _show(connection: sa.Connection, key: str, latest: Artifact) -> None:
    """Let a collection be shown by an artifact."""
    table, moment = artifact_collection, now()
    values = {name: getattr(latest, name) for name in _SHARED} | {"latest_id": latest.id, "updated": moment}
    changed = connection.execute(sa.update(table).where(table.c.key == key).values(values))
    if changed.rowcount == 0:
        connection.execute(sa.insert(table).values({"id": uuid7(), "created": moment, **values}))

"""Block schemas: the fields of a block type, known by their checksum and version. Made once, never changed.

Not here: what a checksum is made of (`prefect.schemas.block_fields`), block types (`block_types`).
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prefect.exceptions import ProtectedBlockError
from prefect.schemas.actions.blocks import BlockSchemaCreate
from prefect.schemas.bases import now, uuid7
from prefect.schemas.block_fields import schema_checksum, with_used_definitions
from prefect.schemas.blocks import BlockSchema
from prefect.schemas.filters.blocks import BlockSchemaFilter
from prefect.server.database.tables import block_schema, block_type
from prefect.server.models.absent import absent, absent_name
from prefect.server.models.block_types import SCHEMA_READERS, read_block_type, type_from
from prefect.server.models.criteria import join

_TYPE = "type_"


def create_block_schema(connection: sa.Connection, asked: BlockSchemaCreate) -> BlockSchema:
    """Register a block schema; the one of those fields and that version if it is there.

    Raises:
        ObjectNotFound: there is no such block type.
        ValueError: no block type is named.
    """
    if asked.block_type_id is None:
        raise ValueError("A block schema belongs to a block type; `block_type_id` is not set.")
    read_block_type(connection, asked.block_type_id)
    checksum, table = schema_checksum(asked.fields), block_schema
    known = sa.select(table.c.id).where(table.c.checksum == checksum, table.c.version == asked.version)
    id: UUID | None = connection.execute(known).scalar()
    if id is None:
        id, moment = uuid7(), now()
        fields = {"block_schema_references": {}, **with_used_definitions(asked.fields)}
        row = {"id": id, "created": moment, "updated": moment, "checksum": checksum, "fields": fields}
        told = asked.model_dump(mode="json", include={"capabilities", "version"})
        connection.execute(sa.insert(table).values({**row, **told, "block_type_id": asked.block_type_id}))
    return read_block_schema(connection, id)


def read_block_schema(connection: sa.Connection, block_schema_id: UUID) -> BlockSchema:
    """The block schema with that id.

    Raises:
        ObjectNotFound: there is none.
    """
    row = connection.execute(_select().where(block_schema.c.id == block_schema_id)).first()
    if row is None:
        raise absent("block schema", block_schema_id)
    return schema_from(row)


def read_block_schema_by_checksum(
    connection: sa.Connection, checksum: str, version: str | None
) -> BlockSchema:
    """The block schema of that checksum, the latest of them unless a version is named.

    Raises:
        ObjectNotFound: there is none.
    """
    query = _select().where(block_schema.c.checksum == checksum).order_by(block_schema.c.id.desc())
    if version is not None:
        query = query.where(block_schema.c.version == version)
    row = connection.execute(query.limit(1)).first()
    if row is None:
        raise absent_name("block schema with the checksum", checksum)
    return schema_from(row)


def read_block_schemas(
    connection: sa.Connection, wanted: BlockSchemaFilter | None, limit: int, offset: int
) -> list[BlockSchema]:
    """The block schemas that meet the filter, the latest first."""
    query = _select().order_by(block_schema.c.created.desc(), block_schema.c.id.desc())
    if wanted is not None:
        query = query.where(join(wanted, SCHEMA_READERS))
    return [schema_from(row) for row in connection.execute(query.limit(limit).offset(offset))]


def read_capabilities(connection: sa.Connection) -> list[str]:
    """The capabilities that schemas have, in alphabetical order."""
    found = connection.execute(sa.select(block_schema.c.capabilities).distinct()).scalars()
    return sorted({capability for capabilities in found for capability in capabilities or ()})


def delete_block_schema(connection: sa.Connection, block_schema_id: UUID) -> None:
    """Delete a block schema with the documents that have it.

    Raises:
        ObjectNotFound: there is no such schema.
        ProtectedBlockError: its type is one of those that are always there.
    """
    found = read_block_schema(connection, block_schema_id)
    if found.block_type is not None and found.block_type.is_protected:
        slug = found.block_type.slug
        raise ProtectedBlockError(f"The block type {slug!r} is protected: its schemas cannot be deleted.")
    connection.execute(sa.delete(block_schema).where(block_schema.c.id == block_schema_id))


def _select() -> sa.Select[Any]:
    joined = block_schema.join(block_type, block_type.c.id == block_schema.c.block_type_id)
    return sa.select(block_schema, *type_columns()).select_from(joined)


def type_columns() -> list[sa.ColumnElement[Any]]:
    """The columns of a type beside those of something that has one."""
    return [column.label(_TYPE + column.name) for column in block_type.c]


def schema_from(row: Any, prefix: str = "") -> BlockSchema:
    """A row with the columns of `block_schema`, whose names begin with a prefix, and of its type."""
    fields = {name: getattr(row, prefix + name) for name in block_schema.c.keys()}  # noqa: SIM118
    empty = {"fields": fields["fields"] or {}, "capabilities": fields["capabilities"] or []}
    return BlockSchema(**{**fields, **empty}, block_type=type_from(row, _TYPE))

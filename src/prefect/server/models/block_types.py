"""Block types: kinds of blocks, known by their slug. Some are always there and cannot be deleted.

Not here: their schemas (`block_schemas`), the documents of blocks (`block_documents`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prefect.exceptions import ObjectAlreadyExists, ProtectedBlockError
from prefect.schemas.actions.blocks import BlockTypeCreate
from prefect.schemas.bases import now, uuid7
from prefect.schemas.blocks import BlockType
from prefect.schemas.filters.blocks import BlockSchemaFilter, BlockTypeFilter
from prefect.server.database.tables import block_schema, block_type
from prefect.server.models.absent import absent, absent_name
from prefect.server.models.criteria import Condition, Reader, join, on, on_list

PROTECTED_SLUGS = frozenset({"local-file-system", "secret", "webhook"})
"""Types that other parts rely on."""

_RESERVED = "prefect"

TYPE_READERS: Mapping[str, Reader] = {"name": on(block_type.c.name), "slug": on(block_type.c.slug)}
SCHEMA_READERS: Mapping[str, Reader] = {
    "block_type_id": on(block_schema.c.block_type_id),
    "block_capabilities": on_list(block_schema.c.capabilities),
    "id": on(block_schema.c.id),
    "version": on(block_schema.c.version),
}


def create_block_type(connection: sa.Connection, asked: BlockTypeCreate) -> BlockType:
    """Register a block type.

    Raises:
        ObjectAlreadyExists: there is one of that slug.
        ProtectedBlockError: the name is reserved.
    """
    if asked.name.lower().startswith(_RESERVED):
        raise ProtectedBlockError(
            f"Names of block types that begin with 'Prefect' are reserved: {asked.name!r}."
        )
    if connection.execute(sa.select(block_type.c.id).where(block_type.c.slug == asked.slug)).first():
        raise ObjectAlreadyExists(LookupError(f"There is already a block type with the slug {asked.slug!r}."))
    moment = now()
    row = {"id": uuid7(), "created": moment, "updated": moment, **asked.model_dump(mode="json")}
    row["is_protected"] = asked.slug in PROTECTED_SLUGS
    return type_from(connection.execute(sa.insert(block_type).values(row).returning(block_type)).one())


def read_block_type(connection: sa.Connection, block_type_id: UUID) -> BlockType:
    """The block type with that id.

    Raises:
        ObjectNotFound: there is none.
    """
    row = connection.execute(sa.select(block_type).where(block_type.c.id == block_type_id)).first()
    if row is None:
        raise absent("block type", block_type_id)
    return type_from(row)


def read_block_type_by_slug(connection: sa.Connection, slug: str) -> BlockType:
    """The block type of that slug.

    Raises:
        ObjectNotFound: there is none.
    """
    row = connection.execute(sa.select(block_type).where(block_type.c.slug == slug)).first()
    if row is None:
        raise absent_name("block type", slug)
    return type_from(row)


def read_block_types(
    connection: sa.Connection,
    types: BlockTypeFilter | None,
    schemas: BlockSchemaFilter | None,
    limit: int,
    offset: int,
) -> list[BlockType]:
    """The block types that meet the filters, by name."""
    query = sa.select(block_type).where(*type_conditions(types, schemas))
    query = query.order_by(block_type.c.name, block_type.c.id).limit(limit).offset(offset)
    return [type_from(row) for row in connection.execute(query)]


def type_conditions(types: BlockTypeFilter | None, schemas: BlockSchemaFilter | None) -> list[Condition]:
    """What a type must meet to be in the list."""
    conditions: list[Condition] = []
    if types is not None:
        conditions.append(join(types, TYPE_READERS))
    if schemas is not None:
        having = sa.select(block_schema.c.block_type_id).where(join(schemas, SCHEMA_READERS))
        conditions.append(block_type.c.id.in_(having))
    return conditions


def update_block_type(connection: sa.Connection, block_type_id: UUID, changes: Mapping[str, Any]) -> None:
    """Change fields of a block type (`changes`: by their names).

    Raises:
        ObjectNotFound: there is no such type.
    """
    query = sa.update(block_type).where(block_type.c.id == block_type_id)
    if connection.execute(query.values({**changes, "updated": now()})).rowcount == 0:
        raise absent("block type", block_type_id)


def delete_block_type(connection: sa.Connection, block_type_id: UUID) -> None:
    """Delete a block type with its schemas and documents.

    Raises:
        ObjectNotFound: there is no such type.
        ProtectedBlockError: it is one of those that are always there.
    """
    found = read_block_type(connection, block_type_id)
    if found.is_protected:
        raise ProtectedBlockError(f"The block type {found.slug!r} is protected: it cannot be deleted.")
    connection.execute(sa.delete(block_type).where(block_type.c.id == block_type_id))


def type_from(row: Any, prefix: str = "") -> BlockType:
    """A row with the columns of `block_type`, whose names begin with a prefix."""
    return BlockType(**{name: getattr(row, prefix + name) for name in block_type.c.keys()})  # noqa: SIM118

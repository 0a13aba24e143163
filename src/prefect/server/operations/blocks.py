"""What operations on blocks do."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from prefect.schemas.actions.blocks import (
    BlockDocumentCreate,
    BlockDocumentUpdate,
    BlockSchemaCreate,
    BlockTypeCreate,
    BlockTypeUpdate,
)
from prefect.schemas.blocks import BlockDocument, BlockSchema, BlockType
from prefect.schemas.filters.blocks import (
    BlockDocumentFilter,
    BlockDocumentFilterBlockTypeId,
    BlockSchemaFilter,
    BlockTypeFilter,
)
from prefect.schemas.sorting import BlockDocumentSort
from prefect.server.models import block_documents, block_schemas, block_types, system_blocks
from prefect.server.operations.doing import reads, writes
from prefect.server.operations.paging import at_most

reads(block_types.read_block_type)
reads(block_types.read_block_type_by_slug)
writes(block_types.delete_block_type)
writes(system_blocks.install_system_block_types)
reads(block_schemas.read_block_schema)
reads(block_schemas.read_block_schema_by_checksum)
writes(block_schemas.delete_block_schema)
reads(block_documents.read_block_document)
reads(block_documents.read_block_document_by_name)
writes(block_documents.delete_block_document)

# --- types ----------------------------------------------------------------------------------------------


@writes
def create_block_type(connection: sa.Connection, block_type: BlockTypeCreate) -> BlockType:
    return block_types.create_block_type(connection, block_type)


@reads
def read_block_types(
    connection: sa.Connection,
    block_type_filter: BlockTypeFilter | None,
    block_schema_filter: BlockSchemaFilter | None,
    limit: int | None,
    offset: int,
) -> list[BlockType]:
    filters = (block_type_filter, block_schema_filter)
    return block_types.read_block_types(connection, *filters, at_most(limit), offset)


@writes
def update_block_type(connection: sa.Connection, block_type_id: UUID, block_type: BlockTypeUpdate) -> None:
    changes = block_type.model_dump(mode="json", exclude_unset=True)
    block_types.update_block_type(connection, block_type_id, changes)


@reads
def read_block_documents_of_type(
    connection: sa.Connection, block_type_slug: str, include_secrets: bool
) -> list[BlockDocument]:
    type = block_types.read_block_type_by_slug(connection, block_type_slug)
    of_type = BlockDocumentFilter(block_type_id=BlockDocumentFilterBlockTypeId(any_=[type.id]))
    wanted = block_documents.document_conditions(of_type)
    order = BlockDocumentSort.NAME_ASC
    return block_documents.read_block_documents(connection, wanted, order, include_secrets, at_most(None), 0)


# --- schemas --------------------------------------------------------------------------------------------


@writes
def create_block_schema(connection: sa.Connection, block_schema: BlockSchemaCreate) -> BlockSchema:
    return block_schemas.create_block_schema(connection, block_schema)


@reads
def read_block_schemas(
    connection: sa.Connection, block_schema_filter: BlockSchemaFilter | None, limit: int | None, offset: int
) -> list[BlockSchema]:
    return block_schemas.read_block_schemas(connection, block_schema_filter, at_most(limit), offset)


@reads
def read_block_capabilities(connection: sa.Connection) -> list[str]:
    return block_schemas.read_capabilities(connection)


# --- documents ------------------------------------------------------------------------------------------


@writes
def create_block_document(connection: sa.Connection, block_document: BlockDocumentCreate) -> BlockDocument:
    return block_documents.create_block_document(connection, block_document)


@reads
def filter_block_documents(
    connection: sa.Connection,
    block_document_filter: BlockDocumentFilter | None,
    block_type_filter: BlockTypeFilter | None,
    block_schema_filter: BlockSchemaFilter | None,
    include_secrets: bool,
    sort: BlockDocumentSort | None,
    limit: int | None,
    offset: int,
) -> list[BlockDocument]:
    filters = (block_document_filter, block_type_filter, block_schema_filter)
    wanted = block_documents.document_conditions(*filters)
    order = sort or BlockDocumentSort.NAME_ASC
    return block_documents.read_block_documents(
        connection, wanted, order, include_secrets, at_most(limit), offset
    )


@reads
def count_block_documents(
    connection: sa.Connection,
    block_document_filter: BlockDocumentFilter | None,
    block_type_filter: BlockTypeFilter | None,
    block_schema_filter: BlockSchemaFilter | None,
) -> int:
    filters = (block_document_filter, block_type_filter, block_schema_filter)
    return block_documents.count_block_documents(connection, block_documents.document_conditions(*filters))


@writes
def update_block_document(
    connection: sa.Connection, block_document_id: UUID, block_document: BlockDocumentUpdate
) -> None:
    block_documents.update_block_document(connection, block_document_id, block_document)

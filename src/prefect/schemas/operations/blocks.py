# mypy: disable-error-code="empty-body"
"""Operations on block types, schemas, documents and capabilities.

Secret values are masked in every answer, unless they are asked for.
"""

from typing import Annotated
from uuid import UUID

from prefect.schemas.actions.blocks import (
    BlockDocumentCreate,
    BlockDocumentUpdate,
    BlockSchemaCreate,
    BlockTypeCreate,
    BlockTypeUpdate,
)
from prefect.schemas.blocks import BlockDocument, BlockSchema, BlockType
from prefect.schemas.filters.blocks import BlockDocumentFilter, BlockSchemaFilter, BlockTypeFilter
from prefect.schemas.operations.arguments import Limit, Offset
from prefect.schemas.operations.declaring import operation, wire
from prefect.schemas.sorting import BlockDocumentSort

TypeId = Annotated[UUID, wire("id")]
SchemaId = Annotated[UUID, wire("id")]
DocumentId = Annotated[UUID, wire("id")]
Slug = Annotated[str, wire("slug")]
OfTypes = Annotated[BlockTypeFilter | None, wire("block_types")]
OfSchemas = Annotated[BlockSchemaFilter | None, wire("block_schemas")]
OfDocuments = Annotated[BlockDocumentFilter | None, wire("block_documents")]
Order = Annotated[BlockDocumentSort | None, wire(default=BlockDocumentSort.NAME_ASC)]
_TYPES, _SCHEMAS, _DOCUMENTS = "Block types", "Block schemas", "Block documents"

# --- types ----------------------------------------------------------------------------------------------


@operation("POST", "/block_types/", status=201, tag=_TYPES)
def create_block_type(block_type: Annotated[BlockTypeCreate, wire(whole=True)]) -> BlockType:
    """Register a block type.

    Raises:
        ObjectAlreadyExists: there is one of that slug.
        ProtectedBlockError: the name is reserved.
    """


@operation("GET", "/block_types/{id}", tag=_TYPES)
def read_block_type(block_type_id: TypeId) -> BlockType:
    """The block type with that id.

    Raises:
        ObjectNotFound: there is none.
    """


@operation("GET", "/block_types/slug/{slug}", tag=_TYPES)
def read_block_type_by_slug(slug: str) -> BlockType:
    """The block type of that slug.

    Raises:
        ObjectNotFound: there is none.
    """


@operation("POST", "/block_types/filter", tag=_TYPES)
def read_block_types(
    *,
    block_type_filter: OfTypes = None,
    block_schema_filter: OfSchemas = None,
    limit: Limit = None,
    offset: Offset = 0,
) -> list[BlockType]:
    """The block types that meet the filters, by name."""


@operation("PATCH", "/block_types/{id}", status=204, tag=_TYPES)
def update_block_type(
    block_type_id: TypeId, block_type: Annotated[BlockTypeUpdate, wire(whole=True)]
) -> None:
    """Change a block type; what is not set stays as it is.

    Raises:
        ObjectNotFound: there is no such type.
    """


@operation("DELETE", "/block_types/{id}", status=204, tag=_TYPES)
def delete_block_type(block_type_id: TypeId) -> None:
    """Delete a block type with its schemas and documents.

    Raises:
        ObjectNotFound: there is no such type.
        ProtectedBlockError: it is one of those that are always there.
    """


@operation("POST", "/block_types/install_system_block_types", tag=_TYPES)
def install_system_block_types() -> None:
    """Register the block types that are always there, where they are not yet."""


@operation("GET", "/block_types/slug/{slug}/block_documents", tag=_DOCUMENTS)
def read_block_documents_of_type(block_type_slug: Slug, include_secrets: bool = False) -> list[BlockDocument]:
    """The documents of the block type of that slug that have a name, by it.

    Raises:
        ObjectNotFound: there is no such type.
    """


@operation("GET", "/block_types/slug/{slug}/block_documents/name/{block_document_name}", tag=_DOCUMENTS)
def read_block_document_by_name(
    name: Annotated[str, wire("block_document_name")], block_type_slug: Slug, include_secrets: bool = False
) -> BlockDocument:
    """The document of that name of the block type of that slug.

    Raises:
        ObjectNotFound: there is none.
    """


# --- schemas --------------------------------------------------------------------------------------------


@operation("POST", "/block_schemas/", status=201, tag=_SCHEMAS)
def create_block_schema(block_schema: Annotated[BlockSchemaCreate, wire(whole=True)]) -> BlockSchema:
    """Register a block schema; the one of those fields and that version if it is there.

    Raises:
        ObjectNotFound: there is no such block type.
        ValueError: no block type is named.
    """


@operation("GET", "/block_schemas/{id}", tag=_SCHEMAS)
def read_block_schema(block_schema_id: SchemaId) -> BlockSchema:
    """The block schema with that id.

    Raises:
        ObjectNotFound: there is none.
    """


@operation("GET", "/block_schemas/checksum/{checksum}", tag=_SCHEMAS)
def read_block_schema_by_checksum(checksum: str, version: str | None = None) -> BlockSchema:
    """The block schema of that checksum, the latest of them unless a version is named.

    Raises:
        ObjectNotFound: there is none.
    """


@operation("POST", "/block_schemas/filter", tag=_SCHEMAS)
def read_block_schemas(
    *, block_schema_filter: OfSchemas = None, limit: Limit = None, offset: Offset = 0
) -> list[BlockSchema]:
    """The block schemas that meet the filter, the latest first."""


@operation("DELETE", "/block_schemas/{id}", status=204, tag=_SCHEMAS)
def delete_block_schema(block_schema_id: SchemaId) -> None:
    """Delete a block schema with the documents that have it.

    Raises:
        ObjectNotFound: there is no such schema.
        ProtectedBlockError: its type is one of those that are always there.
    """


@operation("GET", "/block_capabilities/", tag="Block capabilities")
def read_block_capabilities() -> list[str]:
    """The capabilities that block schemas have, in alphabetical order."""


# --- documents ------------------------------------------------------------------------------------------


@operation("POST", "/block_documents/", status=201, tag=_DOCUMENTS)
def create_block_document(
    block_document: Annotated[BlockDocumentCreate, wire(whole=True)],
) -> BlockDocument:
    """Store the values of a block. A value `{"$ref": {"block_document_id": …}}` stands for another document.

    Raises:
        ObjectAlreadyExists: the type has a document of that name.
        ObjectNotFound: there is no such type, schema, or document that is referred to.
    """


@operation("GET", "/block_documents/{id}", tag=_DOCUMENTS)
def read_block_document(block_document_id: DocumentId, include_secrets: bool = False) -> BlockDocument:
    """The block document with that id, with the values of those it refers to.

    Raises:
        ObjectNotFound: there is none.
    """


@operation("POST", "/block_documents/filter", tag=_DOCUMENTS)
def filter_block_documents(
    *,
    block_document_filter: OfDocuments = None,
    block_type_filter: OfTypes = None,
    block_schema_filter: OfSchemas = None,
    include_secrets: bool = False,
    sort: Order = None,
    limit: Limit = None,
    offset: Offset = 0,
) -> list[BlockDocument]:
    """The block documents that meet the filters; without one of documents, those that have a name."""


@operation("POST", "/block_documents/count", tag=_DOCUMENTS)
def count_block_documents(
    *,
    block_document_filter: OfDocuments = None,
    block_type_filter: OfTypes = None,
    block_schema_filter: OfSchemas = None,
) -> int:
    """How many block documents meet the filters; without one of documents, of those that have a name."""


@operation("PATCH", "/block_documents/{id}", status=204, tag=_DOCUMENTS)
def update_block_document(
    block_document_id: DocumentId, block_document: Annotated[BlockDocumentUpdate, wire(whole=True)]
) -> None:
    """Change the values of a block. Where the mask of a secret comes back, the secret stays.

    Raises:
        ObjectNotFound: there is no such document, schema, or document that is referred to.
        ValueError: it would refer to itself.
    """


@operation("DELETE", "/block_documents/{id}", status=204, tag=_DOCUMENTS)
def delete_block_document(block_document_id: DocumentId) -> None:
    """Delete a block document; documents that refer to it lose that value.

    Raises:
        ObjectNotFound: there is none.
    """

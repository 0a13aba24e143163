"""Block types, schemas and documents: configuration as it is stored.

Not here: the class users write (`prefect.blocks.core.Block`).
"""

from typing import Any, Self
from uuid import UUID

from pydantic import Field, HttpUrl, model_validator

from prefect.schemas.bases import ObjectBaseModel
from prefect.types.names import BlockDocumentName, Name

DEFAULT_BLOCK_SCHEMA_VERSION = "non-versioned"


def require_name_unless_anonymous(name: str | None, is_anonymous: bool) -> None:
    """A block document has a name or says that it has none.

    Raises:
        ValueError: it has neither.
    """
    if not name and not is_anonymous:
        raise ValueError("Names must be provided for block documents that are not anonymous.")


class BlockType(ObjectBaseModel):
    """A kind of block."""

    name: Name
    slug: str
    logo_url: HttpUrl | None = None
    documentation_url: HttpUrl | None = None
    description: str | None = None
    code_example: str | None = None
    is_protected: bool = False


class BlockSchema(ObjectBaseModel):
    """The fields of a block type at a version, known by their checksum."""

    checksum: str
    fields: dict[str, Any] = Field(default_factory=dict)
    block_type_id: UUID | None
    block_type: BlockType | None = None
    capabilities: list[str] = Field(default_factory=list)
    version: str = DEFAULT_BLOCK_SCHEMA_VERSION


class BlockSchemaReference(ObjectBaseModel):
    """A field of one block schema that holds a block of another."""

    parent_block_schema_id: UUID
    parent_block_schema: BlockSchema | None = None
    reference_block_schema_id: UUID
    reference_block_schema: BlockSchema | None = None
    name: str


class BlockDocument(ObjectBaseModel):
    """The stored values of one block. Secret values are masked unless they were asked for."""

    name: BlockDocumentName | None = None
    data: dict[str, Any] = Field(default_factory=dict)
    block_schema_id: UUID
    block_schema: BlockSchema | None = None
    block_type_id: UUID
    block_type_name: str | None = None
    block_type: BlockType | None = None
    block_document_references: dict[str, dict[str, Any]] = Field(default_factory=dict)
    is_anonymous: bool = False

    @model_validator(mode="after")
    def _named_or_anonymous(self) -> Self:
        require_name_unless_anonymous(self.name, self.is_anonymous)
        return self


class BlockDocumentReference(ObjectBaseModel):
    """A field of one block document that holds another document."""

    parent_block_document_id: UUID
    parent_block_document: BlockDocument | None = None
    reference_block_document_id: UUID
    reference_block_document: BlockDocument | None = None
    name: str

    @model_validator(mode="after")
    def _not_itself(self) -> Self:
        if self.parent_block_document_id == self.reference_block_document_id:
            raise ValueError(
                "`parent_block_document_id` and `reference_block_document_id` cannot be the same: "
                f"{self.parent_block_document_id}"
            )
        return self

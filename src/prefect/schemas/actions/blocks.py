"""Making and changing block types, schemas and documents."""

from typing import Any, Self
from uuid import UUID, uuid4

from pydantic import Field, HttpUrl, model_validator

from prefect.schemas.bases import ActionBaseModel
from prefect.schemas.blocks import DEFAULT_BLOCK_SCHEMA_VERSION, require_name_unless_anonymous
from prefect.types.names import BlockDocumentName, BlockTypeSlug, Name


class BlockTypeCreate(ActionBaseModel):
    """A block type to register."""

    name: Name
    slug: BlockTypeSlug
    logo_url: HttpUrl | None = None
    documentation_url: HttpUrl | None = None
    description: str | None = None
    code_example: str | None = None


class BlockTypeUpdate(ActionBaseModel):
    """What can be changed of a block type."""

    logo_url: HttpUrl | None = None
    documentation_url: HttpUrl | None = None
    description: str | None = None
    code_example: str | None = None

    @classmethod
    def updatable_fields(cls) -> set[str]:
        """The names of the fields that can be changed."""
        return set(cls.model_fields)


class BlockSchemaCreate(ActionBaseModel):
    """A block schema to register."""

    fields: dict[str, Any] = Field(default_factory=dict)
    block_type_id: UUID | None = None
    capabilities: list[str] = Field(default_factory=list)
    version: str = DEFAULT_BLOCK_SCHEMA_VERSION


class BlockDocumentCreate(ActionBaseModel):
    """A block document to store."""

    name: BlockDocumentName | None = None
    data: dict[str, Any] = Field(default_factory=dict)
    block_schema_id: UUID
    block_type_id: UUID
    is_anonymous: bool = False

    @model_validator(mode="after")
    def _named_or_anonymous(self) -> Self:
        require_name_unless_anonymous(self.name, self.is_anonymous)
        return self


class BlockDocumentUpdate(ActionBaseModel):
    """What can be changed of a block document; its data is merged into the stored unless told otherwise."""

    block_schema_id: UUID | None = None
    data: dict[str, Any] = Field(default_factory=dict)
    merge_existing_data: bool = True


class BlockDocumentReferenceCreate(ActionBaseModel):
    """A reference from one block document to another."""

    id: UUID = Field(default_factory=uuid4)
    parent_block_document_id: UUID
    reference_block_document_id: UUID
    name: str

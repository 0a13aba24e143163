"""Filters of block types, schemas and documents."""

from pydantic import Field

from prefect.schemas.bases import PrefectBaseModel
from prefect.schemas.filters.bases import AnyId, AnyText, OperatorMixin, TextMatch


class BlockTypeFilterName(PrefectBaseModel):
    """By name."""

    like_: str | None = None


class BlockTypeFilterSlug(AnyText):
    """By slug."""


class BlockTypeFilter(PrefectBaseModel):
    """Which block types."""

    name: BlockTypeFilterName | None = None
    slug: BlockTypeFilterSlug | None = None


class BlockSchemaFilterBlockTypeId(AnyId):
    """By block type."""


class BlockSchemaFilterId(AnyId):
    """By block schema."""


class BlockSchemaFilterCapabilities(PrefectBaseModel):
    """By capabilities: the schema has all of these."""

    all_: list[str] | None = None


class BlockSchemaFilterVersion(AnyText):
    """By version."""


class BlockSchemaFilter(PrefectBaseModel, OperatorMixin):
    """Which block schemas."""

    block_type_id: BlockSchemaFilterBlockTypeId | None = None
    block_capabilities: BlockSchemaFilterCapabilities | None = None
    id: BlockSchemaFilterId | None = None
    version: BlockSchemaFilterVersion | None = None


class BlockDocumentFilterIsAnonymous(PrefectBaseModel):
    """By whether the document has no name of its own."""

    eq_: bool | None = None


class BlockDocumentFilterBlockTypeId(AnyId):
    """By block type."""


class BlockDocumentFilterId(AnyId):
    """By block document."""


class BlockDocumentFilterName(TextMatch):
    """By name."""


def _named_only() -> BlockDocumentFilterIsAnonymous:
    return BlockDocumentFilterIsAnonymous(eq_=False)


class BlockDocumentFilter(PrefectBaseModel, OperatorMixin):
    """Which block documents; those without a name only when asked for."""

    id: BlockDocumentFilterId | None = None
    is_anonymous: BlockDocumentFilterIsAnonymous | None = Field(default_factory=_named_only)
    block_type_id: BlockDocumentFilterBlockTypeId | None = None
    name: BlockDocumentFilterName | None = None

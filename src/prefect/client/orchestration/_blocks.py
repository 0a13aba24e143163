"""Documented methods on blocks that are not one operation as it is, as steps.

What clients read comes with its secrets unless they say otherwise; what servers answer on their own does
not. Not here: methods that are an operation (`prefect.schemas.operations`).
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from pydantic import BaseModel, SecretBytes, SecretStr

from prefect._steps import Life
from prefect.client.orchestration.transport import Asking
from prefect.schemas.actions.blocks import BlockDocumentCreate, BlockDocumentUpdate
from prefect.schemas.block_fields import MASK
from prefect.schemas.blocks import BlockDocument, BlockSchema
from prefect.schemas.filters.blocks import (
    BlockSchemaFilter,
    BlockSchemaFilterBlockTypeId,
    BlockTypeFilter,
    BlockTypeFilterSlug,
)
from prefect.schemas.operations import blocks


class BlockMethods(Asking):
    """Methods on block schemas and documents."""

    def get_most_recent_block_schema_for_block_type(self, block_type_id: UUID) -> Life[BlockSchema | None]:
        """The block schema of a type that was registered last; None when there is none."""
        wanted = BlockSchemaFilter(block_type_id=BlockSchemaFilterBlockTypeId(any_=[block_type_id]))
        found = yield from self._ask(blocks.read_block_schemas(block_schema_filter=wanted, limit=1))
        return found[0] if found else None

    def create_block_document(
        self, block_document: BlockDocument | BlockDocumentCreate, include_secrets: bool = True
    ) -> Life[BlockDocument]:
        """Store the values of a block.

        Args:
            include_secrets: store secret values themselves, not masks.

        Raises:
            ObjectAlreadyExists: the type has a document of that name.
        """
        names = set(BlockDocumentCreate.model_fields) & block_document.model_fields_set
        told = {name: getattr(block_document, name) for name in names}
        told["data"] = _plain(block_document.data, include_secrets)
        asked = blocks.create_block_document(BlockDocumentCreate.model_validate(told))
        return (yield from self._ask(asked))

    def update_block_document(
        self, block_document_id: UUID, block_document: BlockDocumentUpdate
    ) -> Life[None]:
        """Change the values of a block; secret values are stored themselves.

        Raises:
            ObjectNotFound: there is no such document.
        """
        data = _plain(block_document.data, include_secrets=True)
        changed = block_document.model_copy(update={"data": data})
        yield from self._ask(blocks.update_block_document(block_document_id, changed))

    def read_block_document(
        self, block_document_id: UUID, include_secrets: bool = True
    ) -> Life[BlockDocument]:
        """The block document with that id, with the values of those it refers to.

        Raises:
            ObjectNotFound: there is none.
        """
        return (yield from self._ask(blocks.read_block_document(block_document_id, include_secrets)))

    def read_block_document_by_name(
        self, name: str, block_type_slug: str, include_secrets: bool = True
    ) -> Life[BlockDocument]:
        """The document of that name of the block type of that slug.

        Raises:
            ObjectNotFound: there is none.
        """
        asked = blocks.read_block_document_by_name(name, block_type_slug, include_secrets)
        return (yield from self._ask(asked))

    def read_block_documents(
        self,
        block_schema_type: str | None = None,
        offset: int | None = None,
        limit: int | None = None,
        include_secrets: bool = True,
    ) -> Life[list[BlockDocument]]:
        """The block documents that have a name, by it.

        Args:
            block_schema_type: only of the type of this slug.
        """
        of_type = None
        if block_schema_type is not None:
            of_type = BlockTypeFilter(slug=BlockTypeFilterSlug(any_=[block_schema_type]))
        asked = blocks.filter_block_documents(
            block_type_filter=of_type, include_secrets=include_secrets, limit=limit, offset=offset or 0
        )
        return (yield from self._ask(asked))

    def read_block_documents_by_type(
        self,
        block_type_slug: str,
        offset: int | None = None,
        limit: int | None = None,
        include_secrets: bool = True,
    ) -> Life[list[BlockDocument]]:
        """The block documents of a type that have a name, by it."""
        page = (block_type_slug, offset, limit, include_secrets)
        return (yield from BlockMethods.read_block_documents(self, *page))


def _plain(value: Any, include_secrets: bool) -> Any:
    """Values as JSON can say them: those of secrets, or a mask."""
    if isinstance(value, SecretStr | SecretBytes):
        if not include_secrets:
            return MASK
        secret = value.get_secret_value()
        return secret.decode() if isinstance(secret, bytes) else secret
    if isinstance(value, BaseModel):
        return _plain({name: getattr(value, name) for name in type(value).model_fields}, include_secrets)
    if isinstance(value, dict):
        return {name: _plain(one, include_secrets) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(one, include_secrets) for one in value]
    return value

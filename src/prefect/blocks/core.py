"""The base of all blocks: a pydantic model with a type name, a slug and capabilities.

Not here: any block (`filesystems`, …).
"""

from __future__ import annotations

import inspect
import re
from abc import ABC
from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, PrivateAttr, SerializerFunctionWrapHandler, model_serializer


class InvalidBlockRegistration(Exception):
    """A class that is no usable block type (`Block` itself, an abstract one) was to be registered."""


class UnknownBlockType(Exception):
    """A block document names a type that no class here has."""


class BlockNotSavedError(RuntimeError):
    """Something was asked of a block that only a saved one has."""


class Block(BaseModel, ABC):
    """A piece of configuration with behaviour. Subclass it with pydantic fields; extra fields are kept."""

    model_config = ConfigDict(extra="allow", defer_build=True)

    _block_type_name: ClassVar[str | None] = None
    _block_type_slug: ClassVar[str | None] = None
    _block_type_id: ClassVar[UUID | None] = None
    _block_schema_id: ClassVar[UUID | None] = None
    _block_schema_capabilities: ClassVar[list[str] | None] = None
    _block_schema_version: ClassVar[str | None] = None
    _logo_url: ClassVar[Any] = None
    _documentation_url: ClassVar[Any] = None
    _description: ClassVar[str | None] = None
    _code_example: ClassVar[str | None] = None

    _block_document_id: UUID | None = PrivateAttr(default=None)
    _block_document_name: str | None = PrivateAttr(default=None)
    _is_anonymous: bool | None = PrivateAttr(default=None)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.block_initialization()

    def block_initialization(self) -> None:
        """Called after initialisation; a block that has more to set up than its fields does it here."""

    def __str__(self) -> str:
        return repr(self)

    def __repr_args__(self) -> Any:
        return [(name, value) for name, value in super().__repr_args__() if name != "block_type_slug"]

    @model_serializer(mode="wrap")
    def _with_type_slug(self, handler: SerializerFunctionWrapHandler) -> Any:
        dumped = handler(self)
        return (
            {**dumped, "block_type_slug": self.get_block_type_slug()} if isinstance(dumped, dict) else dumped
        )

    @classmethod
    def get_block_type_name(cls) -> str:
        """The name of the type, as shown to people."""
        return cls._block_type_name or cls.__name__

    @classmethod
    def get_block_type_slug(cls) -> str:
        """The name of the type in references: lower-case letters, digits and dashes."""
        return cls._block_type_slug or re.sub(r"[^a-z0-9]+", "-", cls.get_block_type_name().lower()).strip(
            "-"
        )

    @classmethod
    def get_block_capabilities(cls) -> frozenset[str]:
        """What the block can do, collected over its class and all base classes."""
        declared = (vars(base).get("_block_schema_capabilities") or () for base in cls.__mro__)
        return frozenset(capability for capabilities in declared for capability in capabilities)

    @classmethod
    def get_block_schema_version(cls) -> str:
        """The version of the block's fields."""
        return cls._block_schema_version or "non-versioned"

    @classmethod
    def get_description(cls) -> str | None:
        """What the type is for: as declared, else the docstring up to its example."""
        text = cls._description or inspect.getdoc(cls)
        return re.split(r"\n\s*Examples?:", text)[0].strip() or None if text else None

    @classmethod
    def get_code_example(cls) -> str | None:
        """How the type is used: as declared, else the example in the docstring."""
        if cls._code_example:
            return inspect.cleandoc(cls._code_example)
        example = re.search(r"\n\s*Examples?:\s*\n(.*)", inspect.getdoc(cls) or "", re.DOTALL)
        return inspect.cleandoc(example.group(1)) if example else None

    @staticmethod
    def is_block_class(block: Any) -> bool:
        """Whether something is a block class."""
        return isinstance(block, type) and issubclass(block, Block)

    def get_block_placeholder(self) -> str:
        """The text that templates use to refer to this block.

        Raises:
            BlockNotSavedError: the block was not saved.
        """
        if not self._block_document_name:
            raise BlockNotSavedError("Only a saved block can be referred to: save it first.")
        return f"prefect.blocks.{self.get_block_type_slug()}.{self._block_document_name}"

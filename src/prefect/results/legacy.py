"""Results as Prefect 3.0 described them in states. Not here: how results are stored now (`records`)."""

from __future__ import annotations

import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from prefect._colours import either_colour, steps_of
from prefect._steps import Life
from prefect.results.access import read_result
from prefect.schemas.results import ResultRecordMetadata, resolved_serializer

R = TypeVar("R")


class BaseResult(BaseModel, Generic[R]):
    """A description of a result that a run of Prefect 3.0 left."""

    model_config = ConfigDict(extra="forbid")

    type: str


class PersistedResult(BaseResult[R]):
    """A reference to a stored result.

    Attributes:
        serializer_type: the type of the serializer that wrote it.
        storage_key: the key in the storage.
        storage_block_id: the saved block that is the storage; None: local storage.
        expiration: when caches stop using it; None: never.
        serialize_to_none: the reference was not to be sent anywhere.
    """

    type: str = "reference"
    serializer_type: str
    storage_key: str
    storage_block_id: UUID | None = None
    expiration: datetime.datetime | None = None
    serialize_to_none: bool = False

    @either_colour
    def get(self) -> Life[R]:
        """The value, read from its storage.

        Raises:
            MissingResult: it is not there (any more), or not readable.
        """
        metadata = ResultRecordMetadata(
            storage_key=self.storage_key,
            storage_block_id=self.storage_block_id,
            expiration=self.expiration,
            serializer=resolved_serializer({"type": self.serializer_type}),
        )
        value: R = (yield from steps_of(read_result, metadata)).result
        return value

    def __load_result__(self) -> Any:
        """The result, for states."""
        return self.get()

    def has_cached_object(self) -> bool:
        """Whether the value is at hand: never, it is read each time."""
        return False

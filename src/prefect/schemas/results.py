"""What is known about a stored result: the data of a completed run's state, as journalled and sent.

Not here: the result itself, reading and writing it (`prefect.results`).
"""

from __future__ import annotations

import datetime
import json
from typing import Any, Self
from uuid import UUID

from pydantic import Field, field_serializer, field_validator

import prefect
from prefect.schemas.bases import PrefectBaseModel


class ResultRecordMetadata(PrefectBaseModel):
    """Where a result is stored, how it is serialised, and how long it counts.

    Attributes:
        storage_key: the key in the storage; an absolute path for local storage that is not a saved block.
        expiration: when a cache stops using the result; None: never.
        serializer: the serializer that wrote it. One of an unknown type is kept as it came.
        prefect_version: the version that wrote it.
        storage_block_id: the saved block that is the storage; None: local storage.
    """

    storage_key: str | None = Field(default=None)
    expiration: datetime.datetime | None = Field(default=None)
    serializer: Any = Field(default_factory=lambda: resolved_serializer({"type": "pickle"}))
    prefect_version: str = Field(default_factory=lambda: prefect.__version__)
    storage_block_id: UUID | None = Field(default=None)

    @field_validator("serializer", mode="before")
    @classmethod
    def _resolve_serializer(cls, value: Any) -> Any:
        return resolved_serializer(value)

    @field_serializer("serializer")
    def _dump_serializer(self, value: Any) -> dict[str, Any]:
        dumped: dict[str, Any] = value.model_dump()
        return dumped

    def dump_bytes(self) -> bytes:
        """The metadata as UTF-8 JSON."""
        return json.dumps(self.as_json(), separators=(",", ":")).encode()

    @classmethod
    def load_bytes(cls, data: bytes) -> Self:
        """The metadata that `dump_bytes` wrote.

        Raises:
            pydantic.ValidationError: the data is something else.
        """
        return cls.model_validate_json(data)

    def __load_result__(self) -> Any:
        """The result, for states: read from its storage; in async code a coroutine where that takes time."""
        from prefect.results import load_result

        return load_result(self)

    def as_json(self) -> dict[str, Any]:
        """The metadata as a dictionary of JSON values; several times cheaper than `model_dump`."""
        return {
            "storage_key": self.storage_key,
            "expiration": None if self.expiration is None else self.expiration.isoformat(),
            "serializer": self.serializer.configuration(),
            "prefect_version": self.prefect_version,
            "storage_block_id": None if self.storage_block_id is None else str(self.storage_block_id),
        }


def resolved_serializer(value: Any) -> Any:
    """The serializer that a dictionary or a type name describes, or that it is already.

    Raises:
        ValueError: it is none of these.
    """
    if isinstance(value, str):
        value = {"type": value}
    if not isinstance(value, dict):
        if not hasattr(value, "loads"):
            raise ValueError(f"A {type(value).__name__} does not describe a serializer.")
        return value
    from prefect.serializers import serializer_from_configuration

    return serializer_from_configuration(value)

"""A result with what is known about it, as one stored object. Not here: where it is stored (`store`).

One record is UTF-8 JSON: `{"metadata": {…}, "result": "<text of the serializer>"}`. Records of a store with
metadata storage are two objects: the metadata alone, and the bare text. A record that is cut off, or that
something else wrote, is never taken for a value.
"""

from __future__ import annotations

import datetime
import json
from typing import Any, Generic, Self, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, model_validator

from prefect.exceptions import MissingResult, SerializationError
from prefect.results.culprits import describe_culprit
from prefect.schemas.bases import trusted
from prefect.schemas.results import ResultRecordMetadata, resolved_serializer
from prefect.serializers import Serializer

R = TypeVar("R")


class DamagedRecordError(MissingResult, ValueError):
    """What is stored under a key is no readable record: cut off, or written by something else."""

    def __init__(self, key: str | None, reason: object) -> None:
        super().__init__(
            f"What is stored under {key!r} is not a readable result record: {reason}. It counts as missing: "
            "delete it, or run again what made it."
        )
        self.key = key
        self.reason = str(reason)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.key, self.reason)


class ResultRecord(BaseModel, Generic[R]):
    """A result and its metadata.

    Attributes:
        metadata: where and how it is stored.
        result: the value itself.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, defer_build=True)

    metadata: ResultRecordMetadata
    result: R

    @model_validator(mode="before")
    @classmethod
    def coerce_old_format(cls, value: Any) -> Any:
        """Understand records of early 3.0, which had the metadata at the top and the result as `data`."""
        if isinstance(value, dict) and "metadata" not in value and "data" in value:
            known = {name: value[name] for name in _OLD_METADATA if value.get(name) is not None}
            return {"metadata": known, "result": value["data"]}
        return value

    @property
    def expiration(self) -> datetime.datetime | None:
        """When caches stop using the result; None: never."""
        return self.metadata.expiration

    @property
    def serializer(self) -> Serializer[Any]:
        """The serializer of the result."""
        serializer: Serializer[Any] = self.metadata.serializer
        return serializer

    def __load_result__(self) -> Any:
        """The result, for states: at hand."""
        return self.result

    def has_expired(self, moment: datetime.datetime) -> bool:
        """Whether caches do not use the result any more at that moment."""
        expiration = self.metadata.expiration
        return expiration is not None and expiration <= moment

    def serialize(self) -> bytes:
        """The whole record as one object.

        Raises:
            SerializationError: the serializer does not take the result; names type and path of what it is.
        """
        return _joined(self.metadata, self._result_text())

    def serialize_metadata(self) -> bytes:
        """The metadata alone."""
        return self.metadata.dump_bytes()

    def serialize_result(self) -> bytes:
        """The result alone, as its serializer writes it.

        Raises:
            SerializationError: the serializer does not take the result; names type and path of what it is.
        """
        try:
            return self.serializer.dumps(self.result)
        except SerializationError:
            raise
        except Exception as error:
            raise SerializationError(describe_culprit(self.result, self.serializer, error)) from error

    def _result_text(self) -> str:
        blob = self.serialize_result()
        try:
            return blob.decode()
        except UnicodeDecodeError as error:
            raise SerializationError(
                f"The serializer {self.serializer.type!r} does not write text: {error}. Let its `dumps` "
                "return UTF-8 text, for example base64."
            ) from error

    @classmethod
    def deserialize(cls, data: bytes, key: str | None = None) -> Self:
        """The record that `serialize` wrote.

        Args:
            key: what it is stored under, for messages.

        Raises:
            DamagedRecordError: the data is something else.
        """
        return cls.from_text(*parts_of(data, key), key=key)

    @classmethod
    def deserialize_from_result_and_metadata(
        cls, result: bytes, metadata: bytes, key: str | None = None
    ) -> Self:
        """The record that is stored as two objects.

        Raises:
            DamagedRecordError: one of them is something else.
        """
        return cls.from_text(metadata_of(metadata, key), result, key=key)

    @classmethod
    def from_text(cls, metadata: ResultRecordMetadata, text: bytes, key: str | None = None) -> Self:
        """The record of what a serializer has written.

        Raises:
            DamagedRecordError: the serializer cannot read it.
            SerializationError: the serializer is refused by a setting, or not known here.
        """
        return cls.of(metadata, _loaded(text, metadata, key))

    @classmethod
    def of(cls, metadata: ResultRecordMetadata, result: Any) -> Self:
        """A record from parts that need no validation."""
        return trusted(cls, {"metadata": metadata, "result": result})


_OLD_METADATA = ("storage_key", "expiration", "serializer", "prefect_version", "storage_block_id")


def metadata_of(data: bytes, key: str | None = None) -> ResultRecordMetadata:
    """The metadata at the top of a record of any form, or stored alone.

    Raises:
        DamagedRecordError: the data is something else.
    """
    found = _json_object(data, key)
    return _metadata_from(found.get("metadata", found), key)


def metadata_with(
    storage_key: str | None,
    serializer: Serializer[Any],
    expiration: datetime.datetime | None,
    storage_block_id: UUID | None,
) -> ResultRecordMetadata:
    """Metadata from values of the right type, unvalidated and cheap."""
    import prefect

    return trusted(
        ResultRecordMetadata,
        {
            "storage_key": storage_key,
            "expiration": expiration,
            "serializer": serializer,
            "prefect_version": prefect.__version__,
            "storage_block_id": storage_block_id,
        },
    )


def _joined(metadata: ResultRecordMetadata, text: str) -> bytes:
    return b'{"metadata":%b,"result":%b}' % (metadata.dump_bytes(), json.dumps(text).encode())


def parts_of(data: bytes, key: str | None = None) -> tuple[ResultRecordMetadata, bytes]:
    """The metadata of a record, and the result as its serializer wrote it.

    Raises:
        DamagedRecordError: the data is no record.
    """
    found = _json_object(data, key)
    if "metadata" in found:
        metadata, text = found["metadata"], found.get("result")
    else:
        metadata, text = found, found.get("data")
    if not isinstance(text, str):
        raise DamagedRecordError(key, "it has no result")
    return _metadata_from(metadata, key), text.encode()


def _json_object(data: bytes, key: str | None) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except ValueError as error:
        reason = "it is empty" if not data else f"it is not complete JSON ({error})"
        raise DamagedRecordError(key, reason) from error
    if not isinstance(found, dict):
        raise DamagedRecordError(key, "it is not a JSON object")
    return found


def _metadata_from(found: Any, key: str | None) -> ResultRecordMetadata:
    """Metadata of the usual form by hand, ten times cheaper than validation; any other by validation."""
    try:
        if found.keys() == ResultRecordMetadata.model_fields.keys() and "type" in found["serializer"]:
            expiration, block_id = found["expiration"], found["storage_block_id"]
            return trusted(
                ResultRecordMetadata,
                {
                    **found,
                    "expiration": expiration and datetime.datetime.fromisoformat(expiration),
                    "serializer": resolved_serializer(found["serializer"]),
                    "storage_block_id": block_id and UUID(block_id),
                },
            )
        if "serializer" not in found:
            raise DamagedRecordError(key, "it does not say how the result was serialised")
        return ResultRecordMetadata.model_validate(found)
    except (ValueError, TypeError, AttributeError) as error:
        if isinstance(error, DamagedRecordError):
            raise
        raise DamagedRecordError(key, f"its metadata is not that of a record ({error})") from error


def _loaded(blob: bytes, metadata: ResultRecordMetadata, key: str | None) -> Any:
    try:
        return metadata.serializer.loads(blob)
    except SerializationError:
        raise
    except Exception as error:
        raise DamagedRecordError(
            key,
            f"its serializer {metadata.serializer.type!r} cannot read it ({type(error).__name__}: {error})",
        ) from error

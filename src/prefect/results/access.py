"""Which store the caller should use, and reading a result from what a state knows about it.

Not here: the store itself (`store`).
"""

from __future__ import annotations

import os
from typing import Any

from prefect._colours import either_colour, steps_of, twin
from prefect._steps import Life
from prefect.context import FlowRunContext, TaskRunContext
from prefect.exceptions import MissingResult
from prefect.filesystems import LocalFileSystem, WritableFileSystem
from prefect.results.defaults import resolve_result_storage
from prefect.results.records import DamagedRecordError, ResultRecord, parts_of
from prefect.results.store import ResultStore, stored_bytes
from prefect.schemas.results import ResultRecordMetadata

_RECORD_START = b'{"metadata"'


def get_result_store() -> ResultStore:
    """The store of the run around the caller; outside of runs a new one from the settings."""
    run = TaskRunContext.get() or FlowRunContext.get()
    store: ResultStore | None = None if run is None else run.result_store
    return ResultStore() if store is None else store


@either_colour
def load_result(metadata: ResultRecordMetadata) -> Life[Any]:
    """The value that the data of a state describes; errors as for `read_result`."""
    return (yield from steps_of(read_result, metadata)).result


@either_colour
def read_result(metadata: ResultRecordMetadata) -> Life[ResultRecord[Any]]:
    """The record that the data of a state describes.

    Raises:
        MissingResult: it is not there (any more), or not readable (DamagedRecordError).
        ValueError: its storage is a block that does not exist.
    """
    known, text = yield from text_steps(metadata)
    return ResultRecord.from_text(known, text, metadata.storage_key)


aread_result = twin(read_result)


def text_steps(metadata: ResultRecordMetadata) -> Life[tuple[ResultRecordMetadata, bytes]]:
    """A stored result as its serializer wrote it, with the metadata it was stored with; errors as above."""
    key = metadata.storage_key
    if key is None:
        raise MissingResult("The result was not stored under any key.")
    storage = yield from _storage_of(metadata, key)
    try:
        data = yield from stored_bytes(storage, key)
    except FileNotFoundError as error:
        raise MissingResult(f"The result that was stored under {key!r} is not there any more.") from error
    if data.startswith(_RECORD_START):
        try:
            return parts_of(data, key)
        except DamagedRecordError:
            if metadata.serializer.type != "json":
                raise
            # a bare JSON result may begin like a record
    return metadata, data


def _storage_of(metadata: ResultRecordMetadata, key: str) -> Life[WritableFileSystem]:
    if metadata.storage_block_id is not None:
        return (yield from steps_of(resolve_result_storage, metadata.storage_block_id))
    if os.path.isabs(key):
        return LocalFileSystem(basepath=os.path.dirname(key))
    return (yield from get_result_store().storage_steps())

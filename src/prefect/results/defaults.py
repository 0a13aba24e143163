"""Which storage and serializer are used where nothing is said, and what names of them stand for.

Not here: reading and writing (`store`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

from prefect._colours import either_colour, steps_of, twin
from prefect._steps import Call, Life
from prefect.blocks.core import Block
from prefect.context import FlowRunContext, TaskRunContext
from prefect.filesystems import LocalFileSystem, WritableFileSystem
from prefect.serializers import Serializer
from prefect.settings import get_current_settings

ResultStorage = WritableFileSystem | str | Path
ResultSerializer = Serializer[Any] | str
LITERAL_TYPES: set[type] = {type(None), bool, UUID}


def get_default_persist_setting() -> bool:
    """Whether results of flows that do not say are kept."""
    return get_current_settings().results.persist_by_default


def get_default_persist_setting_for_tasks() -> bool:
    """Whether results of tasks that do not say are kept."""
    settings = get_current_settings()
    for_tasks = settings.tasks.default_persist_result
    return settings.results.persist_by_default if for_tasks is None else for_tasks


def should_persist_result() -> bool:
    """Whether the run around the caller keeps its result; outside of runs: whether the settings say so."""
    run = TaskRunContext.get() or FlowRunContext.get()
    return get_default_persist_setting() if run is None else run.persist_result


def get_default_result_serializer() -> Serializer[Any]:
    """The serializer of results that name none."""
    return resolve_serializer(get_current_settings().results.default_serializer)


def resolve_serializer(serializer: ResultSerializer) -> Serializer[Any]:
    """The serializer that is meant: itself, or a new one of the type named.

    Raises:
        TypeError: it is neither.
        pydantic.ValidationError: there is no such type.
    """
    if isinstance(serializer, Serializer):
        return serializer
    if isinstance(serializer, str):
        return Serializer.model_validate({"type": serializer})
    raise TypeError(
        f"A result serializer is a Serializer or the name of a type, such as 'json'. Got a "
        f"{type(serializer).__name__}."
    )


@either_colour
def get_default_result_storage() -> Life[WritableFileSystem]:
    """The storage of results that name none: the block that the settings name, else a local directory."""
    settings = get_current_settings().results
    if settings.default_storage_block:
        return (yield from steps_of(resolve_result_storage, settings.default_storage_block))
    return LocalFileSystem(basepath=str(settings.local_storage_path))


@either_colour
def resolve_result_storage(result_storage: ResultStorage | UUID) -> Life[WritableFileSystem]:
    """The storage that is meant.

    Args:
        result_storage: a file system block; a local directory; `slug/name` or the id of a saved block.

    Raises:
        TypeError: it is none of these, or a block that is no file system.
        ValueError: there is no such block.
    """
    storage: Any = result_storage
    if isinstance(storage, str):
        storage = yield Call(_load_block, (storage,))
    elif isinstance(storage, UUID):
        storage = yield Call(_load_block, ({"$ref": {"block_document_id": str(storage)}},))
    elif isinstance(storage, Path):
        storage = LocalFileSystem(basepath=str(storage))
    if not isinstance(storage, WritableFileSystem):
        raise TypeError(_no_storage(storage))
    return storage


def require_saved_storage(result_storage: Any) -> Any:
    """What a flow or task was given as its storage, once it is sure that other processes can find it again.

    Raises:
        TypeError: it is a block that was not saved, or nothing that can be a storage.
    """
    if result_storage is None or isinstance(result_storage, str | Path):
        return result_storage
    if not isinstance(result_storage, WritableFileSystem):
        raise TypeError(_no_storage(result_storage))
    if result_storage._block_document_id is None:
        raise TypeError(
            f"The result storage {result_storage!r} was not saved, so that other processes could not find "
            "the result. Save it first (`.save(name)`), or give a path or the `slug/name` of a saved block."
        )
    return result_storage


def _no_storage(found: Any) -> str:
    return (
        "A result storage is a file system block that can be read and written, the `slug/name` or id of a "
        f"saved one, or a path. Got a {type(found).__name__}."
    )


def _load_block(reference: Any) -> Any:
    """Load a saved block, in whatever colour loading answers in here."""
    load = getattr(Block, "load" if isinstance(reference, str) else "load_from_ref", None)
    if load is None:
        raise ValueError(f"There is no saved block {reference!r}. Give a path or a file system instead.")
    return load(reference)


aget_default_result_storage = twin(get_default_result_storage)
aresolve_result_storage = twin(resolve_result_storage)


async def get_or_create_default_task_scheduling_storage() -> WritableFileSystem:
    """The storage of the parameters of background tasks."""
    block = get_current_settings().tasks.scheduling.default_storage_block
    return await (aresolve_result_storage(block) if block else aget_default_result_storage())

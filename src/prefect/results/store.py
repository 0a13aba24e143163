"""The store of results: reads and writes records under keys, with or without locks, in both colours.

Each operation is written once as steps; local files are read and written at once, other storage through steps
that do not hold up an event loop. Not here: what a record looks like (`records`), defaults (`defaults`).
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self, cast
from uuid import UUID, uuid4

from pydantic import ConfigDict, Field, field_validator

from prefect._colours import Either, MethodOf, either_colour, steps_of, twin
from prefect._steps import Life, run_awaiting, run_blocking
from prefect.filesystems import LocalFileSystem, MissingPathError, NullFileSystem, WritableFileSystem
from prefect.logging import get_logger
from prefect.results.cache import LRUCache, default_cache
from prefect.results.defaults import (
    get_default_result_serializer,
    get_default_result_storage,
    resolve_result_storage,
    resolve_serializer,
)
from prefect.results.keys import format_storage_key, key_in_storage, path_unless_block
from prefect.results.locked import LockableStore
from prefect.results.records import ResultRecord, metadata_with
from prefect.schemas.bases import now
from prefect.schemas.results import ResultRecordMetadata
from prefect.serializers import Serializer

if TYPE_CHECKING:
    from prefect.flows import Flow
    from prefect.tasks import Task

logger = get_logger("results")


def DEFAULT_STORAGE_KEY_FN() -> str:
    """A new random key."""
    return uuid4().hex


def result_storage_discriminator(x: Any) -> str:
    """Which kind of metadata storage a value is: `WritableFileSystem`, `NullFileSystem` or `None`."""
    if isinstance(x, NullFileSystem):
        return "NullFileSystem"
    return "WritableFileSystem" if isinstance(x, WritableFileSystem) else "None"


class PackedRecord(NamedTuple):
    """A serialised record: what goes where. Metadata comes last: it is what makes a record exist."""

    record: ResultRecord[Any]
    key: str
    storage: WritableFileSystem
    writes: list[tuple[Any, str, bytes]]


class ResultStore(LockableStore):
    """Reads and writes results.

    Attributes:
        result_storage: where results are; None: the default storage.
        metadata_storage: where metadata is, apart from the results; None: in one object with each result;
            `NullFileSystem()`: not kept, what is stored is the bare result.
        lock_manager: who hands out locks on keys; None: no locks.
        cache_result_in_memory: keep records of remote storage at hand in this process.
        serializer: how results are written.
        storage_key_fn: makes the key of results that are given none.
        cache: the records at hand.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(arbitrary_types_allowed=True)

    result_storage: WritableFileSystem | None = None
    metadata_storage: WritableFileSystem | NullFileSystem | None = None
    cache_result_in_memory: bool = True
    serializer: Any = Field(default_factory=get_default_result_serializer)
    storage_key_fn: Callable[[], str] = DEFAULT_STORAGE_KEY_FN
    cache: LRUCache = Field(default_factory=default_cache, repr=False)

    @property
    def result_storage_block_id(self) -> UUID | None:
        """The id of the storage's block, if it was saved."""
        return None if self.result_storage is None else self.result_storage._block_document_id

    @field_validator("serializer", mode="before")
    @classmethod
    def _accept_type_names(cls, value: Any) -> Serializer[Any]:
        return resolve_serializer(value)

    # --- of a flow, of a task ------------------------------------------------------------------------------

    @either_colour
    def update_for_flow(self, flow: Flow[..., Any]) -> Life[Self]:
        """A store with what a flow says about its results; what it does not say stays."""
        update = yield from _options_of(flow)
        update["metadata_storage"] = NullFileSystem()
        return self.model_copy(update=update)

    @either_colour
    def update_for_task(self, task: Task[..., Any]) -> Life[Self]:
        """A store with what a task and its cache policy say about its results; what they do not say stays."""
        update = yield from _options_of(task)
        policy: Any = task.cache_policy
        key_storage = getattr(policy, "key_storage", None)
        update["metadata_storage"] = None
        if key_storage is not None:
            update["metadata_storage"] = yield from steps_of(
                resolve_result_storage, path_unless_block(key_storage)
            )
        if getattr(policy, "lock_manager", None) is not None:
            update["lock_manager"] = policy.lock_manager
        if task.result_storage_key is not None:
            update["storage_key_fn"] = partial(format_storage_key, task.result_storage_key)
        return self.model_copy(update=update)

    aupdate_for_flow = twin(update_for_flow)
    aupdate_for_task = twin(update_for_task)

    # --- reading -------------------------------------------------------------------------------------------

    def exists(self, key: str) -> bool:
        """Whether there is a readable, unexpired record under a key; a damaged one is logged."""
        return run_blocking(self.find_steps(key)) is not None

    async def aexists(self, key: str) -> bool:
        """`exists` for async code."""
        return await run_awaiting(self.find_steps(key)) is not None

    def read(self, key: str, holder: str | None = None) -> ResultRecord[Any]:
        """The record under a key, expired or not; waits while somebody else has the key locked.

        Args:
            holder: who reads; None: the calling thread.

        Raises:
            MissingPathError: there is none (a ValueError and a FileNotFoundError).
            DamagedRecordError: what is there is not a readable record.
        """
        return run_blocking(self.read_steps(key, holder or self._default_holder()))

    async def aread(self, key: str, holder: str | None = None) -> ResultRecord[Any]:
        """`read` for async code."""
        return await run_awaiting(self.read_steps(key, holder or self._default_holder()))

    def find_steps(self, key: str | None) -> Life[ResultRecord[Any] | None]:
        """The usable record under a key, if there is one: what a cache looks for, in one reading."""
        if key is None or isinstance(self.metadata_storage, NullFileSystem):
            return None
        try:
            record = yield from self._load(key)
        except FileNotFoundError:
            return None
        except Exception as error:  # whatever keeps a cache from being read, the work can be done again
            logger.warning("The result under key %r cannot be used: %s", key, error)
            return None
        return None if record.has_expired(now()) else record

    def read_steps(self, key: str, holder: str) -> Life[ResultRecord[Any]]:
        """The body of `read`."""
        locks = self.lock_manager
        if locks is not None and not locks.is_lock_holder(key, holder):
            yield Either(locks.wait_for_lock, locks.await_for_lock, key)
        return (yield from self._load(key))

    def _load(self, key: str) -> Life[ResultRecord[Any]]:
        storage = yield from self.storage_steps()
        if isinstance(storage, LocalFileSystem) and self.metadata_storage is None:
            return ResultRecord.deserialize(storage.read_now(key), key)
        at_hand = self.cache.get(key) if self.cache_result_in_memory else None
        if at_hand is not None:
            return cast("ResultRecord[Any]", at_hand)
        record = yield from self._fetch(storage, key)
        self._keep_at_hand(storage, key, record)
        return record

    def _fetch(self, storage: WritableFileSystem, key: str) -> Life[ResultRecord[Any]]:
        if self.metadata_storage is None:
            return ResultRecord.deserialize((yield from stored_bytes(storage, key)), key)
        if isinstance(self.metadata_storage, NullFileSystem):
            metadata = self._metadata(key, storage, None).dump_bytes()
        else:
            metadata = yield from stored_bytes(self.metadata_storage, key)
        result = yield from stored_bytes(storage, key)
        return ResultRecord.deserialize_from_result_and_metadata(result, metadata, key)

    # --- writing -------------------------------------------------------------------------------------------

    def write(
        self,
        obj: Any,
        key: str | None = None,
        expiration: datetime.datetime | None = None,
        holder: str | None = None,
    ) -> None:
        """Store a value.

        Args:
            obj: the value.
            key: where; None: a key of `storage_key_fn`.
            expiration: when caches stop using it; None: never.
            holder: who writes; None: the calling thread.

        Raises:
            SerializationError: the serializer does not take the value; names type and path of what it is.
            RuntimeError: somebody else has the key locked.
            OSError: the storage is full, read-only, out of reach, ….
        """
        self.persist_result_record(self.create_result_record(obj, key, expiration), holder)

    async def awrite(
        self,
        obj: Any,
        key: str | None = None,
        expiration: datetime.datetime | None = None,
        holder: str | None = None,
    ) -> None:
        """`write` for async code."""
        record = await run_awaiting(self.record_steps(obj, key, expiration))
        await self.apersist_result_record(record, holder)

    def create_result_record(
        self, obj: Any, key: str | None = None, expiration: datetime.datetime | None = None
    ) -> ResultRecord[Any]:
        """The record of a value, not yet stored. Arguments as for `write`."""
        return run_blocking(self.record_steps(obj, key, expiration))

    def persist_result_record(self, result_record: ResultRecord[Any], holder: str | None = None) -> None:
        """Store a record. Errors as for `write`."""
        run_blocking(self.persist_steps(result_record, holder or self._default_holder()))

    async def apersist_result_record(
        self, result_record: ResultRecord[Any], holder: str | None = None
    ) -> None:
        """`persist_result_record` for async code."""
        await run_awaiting(self.persist_steps(result_record, holder or self._default_holder()))

    def record_steps(
        self, obj: Any, key: str | None = None, expiration: datetime.datetime | None = None
    ) -> Life[ResultRecord[Any]]:
        """The body of `create_result_record`."""
        storage = yield from self.storage_steps()
        return ResultRecord.of(self._metadata(key or self.storage_key_fn(), storage, expiration), obj)

    def persist_steps(self, record: ResultRecord[Any], holder: str) -> Life[None]:
        """The body of `persist_result_record`."""
        yield from self.put_steps((yield from self.pack_steps(record)), holder)

    def pack_steps(self, record: ResultRecord[Any]) -> Life[PackedRecord]:
        """Serialise a record, so that nothing but the storage can fail when it is put there."""
        key = record.metadata.storage_key
        if key is None:
            raise ValueError("A record without a storage key cannot be stored.")
        storage = yield from self.storage_steps()
        name = key_in_storage(storage, key)
        if self.metadata_storage is None:
            return PackedRecord(record, name, storage, [(storage, key, record.serialize())])
        result = (storage, key, record.serialize_result())
        metadata = (self.metadata_storage, name, record.serialize_metadata())
        return PackedRecord(record, name, storage, [result, metadata])

    def put_steps(self, packed: PackedRecord, holder: str) -> Life[None]:
        """Write a packed record; errors as for `write`."""
        locks, name = self.lock_manager, packed.key
        if locks is not None and locks.is_locked(name) and not locks.is_lock_holder(name, holder):
            raise RuntimeError(
                f"The result under key {name!r} cannot be written: somebody else has it locked."
            )
        for place, path, content in packed.writes:
            yield from _put(place, path, content)
        self._keep_at_hand(packed.storage, name, packed.record)

    # --- parts ---------------------------------------------------------------------------------------------

    def storage_steps(self) -> Life[WritableFileSystem]:
        """The storage; the default one, once it is needed, where none was given."""
        if self.result_storage is None:
            self.result_storage = yield from steps_of(get_default_result_storage)
        return self.result_storage

    def _metadata(
        self, key: str, storage: WritableFileSystem, expiration: datetime.datetime | None
    ) -> ResultRecordMetadata:
        block_id = storage._block_document_id
        located = storage.locate(key) if isinstance(storage, LocalFileSystem) and block_id is None else key
        return metadata_with(located, self.serializer, expiration, block_id)

    def _keep_at_hand(self, storage: WritableFileSystem, key: str, record: ResultRecord[Any]) -> None:
        """Local files are read again each time: that is cheap, and nobody then shares one mutable value."""
        if self.cache_result_in_memory and not isinstance(storage, LocalFileSystem):
            self.cache[key] = record

    def _default_holder(self) -> str:
        return "" if self.lock_manager is None else self.generate_default_holder()


def _options_of(declared: Any) -> Life[dict[str, Any]]:
    """What a flow or task declares about its results."""
    options: dict[str, Any] = {"cache_result_in_memory": declared.cache_result_in_memory}
    if declared.result_storage is not None:
        options["result_storage"] = yield from steps_of(resolve_result_storage, declared.result_storage)
    if declared.result_serializer is not None:
        options["serializer"] = resolve_serializer(declared.result_serializer)
    return options


def stored_bytes(storage: Any, path: str) -> Life[bytes]:
    """The content under a path of any storage; FileNotFoundError if there is none."""
    if isinstance(storage, LocalFileSystem):
        return storage.read_now(path)
    try:
        content = yield MethodOf(storage, "read_path", path)
    except FileNotFoundError as error:
        raise MissingPathError(f"There is no result under {path!r}.") from error
    return cast(bytes, content)


def _put(storage: Any, path: str, content: bytes) -> Life[None]:
    if isinstance(storage, LocalFileSystem):
        storage.write_now(path, content)
    else:
        yield MethodOf(storage, "write_path", path, content)

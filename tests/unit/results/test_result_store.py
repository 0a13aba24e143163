"""The store of results: what is written, what is read, what counts as missing."""

import asyncio
import base64
import json
import logging
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pydantic import Field

from prefect.exceptions import ConfigurationError, MissingResult, SerializationError
from prefect.filesystems import LocalFileSystem, NullFileSystem, RemoteFileSystem, WritableFileSystem
from prefect.locking.memory import MemoryLockManager
from prefect.results import (
    DamagedRecordError,
    LRUCache,
    PersistedResult,
    ResultRecordMetadata,
    ResultStore,
    get_result_store,
    read_result,
    require_saved_storage,
    resolve_result_storage,
    resolve_serializer,
    should_persist_result,
)
from prefect.serializers import JSONSerializer, PickleSerializer
from prefect.settings import temporary_settings
from prefect.transactions import IsolationLevel


@pytest.fixture
def disk(tmp_path: Path) -> LocalFileSystem:
    return LocalFileSystem(basepath=str(tmp_path))


@pytest.fixture
def store(disk: LocalFileSystem) -> ResultStore:
    return ResultStore(result_storage=disk, serializer="json")


def remote() -> RemoteFileSystem:
    return RemoteFileSystem(basepath=f"memory://{uuid4().hex}")


def test_record_layout(store: ResultStore, tmp_path: Path) -> None:
    store.write({"a": 1}, key="k", expiration=datetime(2030, 1, 1, tzinfo=UTC))
    record = json.loads((tmp_path / "k").read_text())
    assert set(record) == {"metadata", "result"}
    assert record["result"] == '{"a": 1}'
    metadata = record["metadata"]
    assert metadata["storage_key"] == str(tmp_path / "k")
    assert metadata["serializer"] == JSONSerializer().configuration()
    assert datetime.fromisoformat(metadata["expiration"]) == datetime(2030, 1, 1, tzinfo=UTC)
    assert metadata["storage_block_id"] is None
    assert set(metadata) == {"storage_key", "expiration", "serializer", "prefect_version", "storage_block_id"}


@pytest.mark.parametrize("serializer", ["json", "pickle", "compressed/pickle"])
@pytest.mark.parametrize("kind", ["local", "remote"])
def test_round_trip_in_both_colours(kind: str, serializer: str, disk: LocalFileSystem) -> None:
    storage: WritableFileSystem = disk if kind == "local" else remote()
    writer = ResultStore(result_storage=storage, serializer=serializer)
    reader = ResultStore(result_storage=storage)

    async def main() -> None:
        await writer.awrite([2], key="async")
        assert (await reader.aread("async")).result == [2]
        assert await reader.aexists("async")
        assert not await reader.aexists("nothing")

    writer.write([1], key="blocking")
    assert reader.read("blocking").result == [1]
    assert reader.exists("blocking")
    assert not reader.exists("nothing")
    asyncio.run(main())


def test_a_key_is_made_where_none_is_given(store: ResultStore, tmp_path: Path) -> None:
    store.write(1)
    store.write(2)
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("kind", ["local", "remote"])
def test_missing(kind: str, disk: LocalFileSystem) -> None:
    store = ResultStore(result_storage=disk if kind == "local" else remote())
    with pytest.raises(FileNotFoundError, match="nope"):
        store.read("nope")
    with pytest.raises(ValueError, match="nope"):
        store.read("nope")


DAMAGE = {
    "empty": lambda data: b"",
    "cut off": lambda data: data[: len(data) // 2],
    "last byte lost": lambda data: data[:-1],
    "foreign text": lambda data: b"hello",
    "foreign JSON": lambda data: b'{"hello": "world"}',
    "a list": lambda data: b"[1, 2]",
    "no result": lambda data: json.dumps({"metadata": json.loads(data)["metadata"]}).encode(),
    "metadata of something else": lambda data: b'{"metadata": {"serializer": 3}, "result": "1"}',
    "binary": lambda data: bytes(range(256)),
    "payload damaged": lambda data: json.dumps({**json.loads(data), "result": "AAAA"}).encode(),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_record_is_reported_and_missing(
    disk: LocalFileSystem, tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = ResultStore(result_storage=disk, serializer="pickle")
    store.write({"a": 1}, key="k")
    (tmp_path / "k").write_bytes(DAMAGE[damage]((tmp_path / "k").read_bytes()))
    with pytest.raises(DamagedRecordError, match="'k'"):
        store.read("k")
    logging.getLogger("prefect").addHandler(caplog.handler)
    try:
        assert not store.exists("k")
    finally:
        logging.getLogger("prefect").removeHandler(caplog.handler)
    assert "'k'" in caplog.text


def test_every_prefix_of_a_record_is_missing(store: ResultStore, tmp_path: Path) -> None:
    store.write("value", key="k")
    whole = (tmp_path / "k").read_bytes()
    logging.getLogger("prefect.results").disabled = True
    try:
        for length in range(len(whole)):
            (tmp_path / "k").write_bytes(whole[:length])
            assert not store.exists("k"), length
    finally:
        logging.getLogger("prefect.results").disabled = False


def test_records_of_early_3_0_are_read(store: ResultStore, tmp_path: Path) -> None:
    old = {"data": "[1]", "serializer": {"type": "json"}, "prefect_version": "3.0.0", "expiration": None}
    (tmp_path / "k").write_text(json.dumps(old))
    assert store.read("k").result == [1]
    assert store.exists("k")


def test_expired_does_not_exist_but_can_be_read(store: ResultStore) -> None:
    store.write(1, key="old", expiration=datetime.now(UTC) - timedelta(seconds=1))
    store.write(2, key="new", expiration=datetime.now(UTC) + timedelta(hours=1))
    assert not store.exists("old")
    assert store.exists("new")
    assert store.read("old").result == 1


def test_a_value_that_cannot_be_serialised_names_type_and_path(store: ResultStore, tmp_path: Path) -> None:
    with pytest.raises(SerializationError, match=r"at \['rows'\]\[1\]\['lock'\] is of type '_thread.lock'"):
        store.write({"rows": [1, {"ok": 2, "lock": threading.Lock()}]}, key="k")
    assert list(tmp_path.iterdir()) == []


def test_pickle_names_type_and_path_too(disk: LocalFileSystem) -> None:
    store = ResultStore(result_storage=disk, serializer="pickle")
    with pytest.raises(SerializationError, match=r"at \[0\] is of type 'builtins.generator'"):
        store.write([(n for n in ())], key="k")


def test_metadata_storage_holds_the_metadata_alone(tmp_path: Path) -> None:
    store = ResultStore(
        result_storage=LocalFileSystem(basepath=str(tmp_path / "results")),
        metadata_storage=LocalFileSystem(basepath=str(tmp_path / "keys")),
        serializer="json",
    )
    store.write([1], key="k")
    assert (tmp_path / "results" / "k").read_text() == "[1]"
    assert json.loads((tmp_path / "keys" / "k").read_text())["storage_key"] == str(tmp_path / "results" / "k")
    assert store.exists("k")
    assert store.read("k").result == [1]
    (tmp_path / "keys" / "k").unlink()
    assert not store.exists("k")


def test_null_metadata_storage_stores_bare_results(disk: LocalFileSystem, tmp_path: Path) -> None:
    store = ResultStore(result_storage=disk, metadata_storage=NullFileSystem(), serializer="json")
    store.write({"a": 1}, key="k")
    assert (tmp_path / "k").read_text() == '{"a": 1}'
    assert not store.exists("k")
    assert store.read("k").result == {"a": 1}


@pytest.mark.parametrize("metadata_storage", [None, NullFileSystem()])
@pytest.mark.parametrize("value", [[1], {"metadata": {"a": 1}, "result": "x"}])
def test_a_state_finds_its_result_by_metadata(
    disk: LocalFileSystem, metadata_storage: Any, value: Any, tmp_path: Path
) -> None:
    store = ResultStore(result_storage=disk, metadata_storage=metadata_storage, serializer="json")
    record = store.create_result_record(value, key="k")
    store.persist_result_record(record)
    metadata = ResultRecordMetadata.model_validate_json(record.metadata.model_dump_json())
    assert metadata == record.metadata
    assert read_result(metadata).result == value
    assert metadata.__load_result__() == value
    (tmp_path / "k").unlink()
    with pytest.raises(MissingResult, match="not there any more"):
        read_result(metadata)


def test_references_of_3_0_are_followed(store: ResultStore, tmp_path: Path) -> None:
    store.write([1], key="k")
    fields = {"type": "reference", "serializer_type": "json", "storage_key": str(tmp_path / "k")}
    reference: PersistedResult[Any] = PersistedResult.model_validate(fields)
    assert reference.get() == [1]
    (tmp_path / "k").unlink()
    with pytest.raises(MissingResult):
        reference.get()


def test_metadata_of_an_unknown_serializer_survives() -> None:
    fields = {"storage_key": "k", "serializer": {"type": "theirs", "level": 9}}
    metadata = ResultRecordMetadata.model_validate(fields)
    assert metadata.model_dump(mode="json")["serializer"] == {"type": "theirs", "level": 9}


def test_local_files_are_read_anew_so_that_no_value_is_shared(store: ResultStore) -> None:
    store.write([1], key="k")
    store.read("k").result.append(2)
    assert store.read("k").result == [1]


def test_remote_records_are_kept_at_hand() -> None:
    storage = remote()
    store = ResultStore(result_storage=storage)
    store.write([1], key="k")
    storage.filesystem.rm(storage.locate("k"))
    assert store.read("k").result == [1]
    assert not ResultStore(result_storage=storage).exists("k")
    forgetful = ResultStore(result_storage=storage, cache_result_in_memory=False)
    forgetful.write([1], key="k")
    assert len(forgetful.cache) == 0


def test_lru_cache_forgets_what_was_not_used_for_longest() -> None:
    cache = LRUCache(maxsize=2)
    cache["a"], cache["b"] = 1, 2
    assert cache["a"] == 1
    cache["c"] = 3
    assert list(cache) == ["a", "c"]


class TheirStorage(WritableFileSystem):
    """A block as users write them: coroutine functions, errors of their own."""

    files: dict[str, bytes] = Field(default_factory=dict)

    async def read_path(self, path: str) -> bytes:
        try:
            return self.files[path]
        except KeyError:
            raise RuntimeError(f"NoSuchKey: {path}") from None

    async def write_path(self, path: str, content: bytes) -> None:
        self.files[path] = content


def test_users_own_async_storage_works_in_both_colours() -> None:
    store = ResultStore(result_storage=TheirStorage(), cache_result_in_memory=False)
    store.write([1], key="k")
    assert store.read("k").result == [1]
    assert not store.exists("nope")

    async def main() -> None:
        await store.awrite([2], key="k")
        assert (await store.aread("k")).result == [2]

    asyncio.run(main())


class TheirBlockingStorage(TheirStorage):
    def read_path(self, path: str) -> bytes:
        return self.files[path]

    def write_path(self, path: str, content: bytes) -> None:  # type: ignore[override]
        self.files[path] = content


def test_users_own_blocking_storage_works_in_async_code() -> None:
    store = ResultStore(result_storage=TheirBlockingStorage(), cache_result_in_memory=False)

    async def main() -> None:
        await store.awrite([2], key="k")
        assert (await store.aread("k")).result == [2]

    asyncio.run(main())


# --- locks ------------------------------------------------------------------------------------------------


def test_without_lock_manager_there_are_no_locks(store: ResultStore) -> None:
    with pytest.raises(ConfigurationError, match="no lock manager"):
        store.acquire_lock("k")
    assert not store.supports_isolation_level(IsolationLevel.SERIALIZABLE)
    assert store.supports_isolation_level(IsolationLevel.READ_COMMITTED)


def test_a_locked_key_is_written_by_its_holder_alone(disk: LocalFileSystem) -> None:
    store = ResultStore(result_storage=disk, lock_manager=MemoryLockManager())
    key = uuid4().hex
    assert store.acquire_lock(key, holder="me")
    with pytest.raises(RuntimeError, match="locked"):
        store.write(1, key=key, holder="you")
    store.write(1, key=key, holder="me")
    store.release_lock(key, holder="me")
    assert store.read(key, holder="you").result == 1


def test_reading_waits_for_the_lock(disk: LocalFileSystem) -> None:
    store = ResultStore(result_storage=disk, lock_manager=MemoryLockManager(), serializer="json")
    key = uuid4().hex
    store.write("old", key=key)
    store.acquire_lock(key, holder="writer")
    found: list[Any] = []
    reader = threading.Thread(target=lambda: found.append(store.read(key, holder="reader").result))
    reader.start()
    store.write("new", key=key, holder="writer")
    store.release_lock(key, holder="writer")
    reader.join(60)
    assert found == ["new"]


# --- defaults ---------------------------------------------------------------------------------------------


def test_outside_of_runs_the_settings_count(tmp_path: Path) -> None:
    settings = {
        "PREFECT_LOCAL_STORAGE_PATH": str(tmp_path / "here"),
        "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",
        "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "true",
    }
    assert not should_persist_result()
    with temporary_settings(settings):
        store = get_result_store()
        store.write(1, key="k")
        assert should_persist_result()
    assert json.loads((tmp_path / "here" / "k").read_text())["result"] == "1"


def test_what_a_storage_can_be(tmp_path: Path, disk: LocalFileSystem) -> None:
    assert resolve_result_storage(disk) is disk
    assert resolve_result_storage(tmp_path) == disk
    with pytest.raises(TypeError, match="int"):
        resolve_result_storage(3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="nowhere"):
        resolve_result_storage("local-file-system/nowhere")


def test_a_declared_storage_must_be_findable(tmp_path: Path, disk: LocalFileSystem) -> None:
    assert require_saved_storage("slug/name") == "slug/name"
    assert require_saved_storage(tmp_path) == tmp_path
    for wrong in (disk, NullFileSystem(), 3):
        with pytest.raises(TypeError):
            require_saved_storage(wrong)
    disk._block_document_id = uuid4()
    assert require_saved_storage(disk) is disk


def test_what_a_serializer_can_be() -> None:
    assert resolve_serializer("pickle") == PickleSerializer()
    assert resolve_serializer(serializer := JSONSerializer()) is serializer
    with pytest.raises(TypeError, match="int"):
        resolve_serializer(3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no serializer of type 'nope'"):
        resolve_serializer("nope")


def test_a_serializer_that_does_not_write_text_is_told_so(disk: LocalFileSystem) -> None:
    class Binary(PickleSerializer[Any]):
        type: str = "binary-for-test"

        def dumps(self, obj: Any) -> bytes:
            return base64.decodebytes(super().dumps(obj))

    with pytest.raises(SerializationError, match="does not write text"):
        ResultStore(result_storage=disk, serializer=Binary()).write([1], key="k")

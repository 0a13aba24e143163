"""Transactions, one suite in both colours."""

import asyncio
import inspect
import logging
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from prefect.exceptions import ConfigurationError
from prefect.filesystems import LocalFileSystem, NullFileSystem
from prefect.locking.filesystem import FileSystemLockManager
from prefect.locking.memory import MemoryLockManager
from prefect.results import ResultStore
from prefect.settings import temporary_settings
from prefect.transactions import (
    AsyncTransaction,
    CommitMode,
    IsolationLevel,
    LatentTransaction,
    Transaction,
    TransactionState,
    atransaction,
    get_transaction,
    transaction,
)

COMMITTED, ROLLED_BACK = TransactionState.COMMITTED, TransactionState.ROLLED_BACK
SERIALIZABLE = IsolationLevel.SERIALIZABLE


@pytest.fixture
def store(tmp_path: Path) -> ResultStore:
    return ResultStore(result_storage=LocalFileSystem(basepath=str(tmp_path / "results")), serializer="json")


class Colour:
    """Says the same in either colour."""

    def __init__(self, is_async: bool) -> None:
        self.is_async = is_async

    def live(self, body: Callable[[], Awaitable[None]]) -> None:
        asyncio.run(body())  # type: ignore[arg-type]

    @asynccontextmanager
    async def transaction(self, *args: Any, **options: Any) -> AsyncIterator[Any]:
        if self.is_async:
            async with atransaction(*args, **options) as txn:
                yield txn
        else:
            with transaction(*args, **options) as txn:
                yield txn

    async def do(self, method: Callable[[], Any]) -> Any:
        result = method()
        return await result if inspect.isawaitable(result) else result


@pytest.fixture(params=[False, True], ids=["blocking", "awaiting"])
def colour(request: pytest.FixtureRequest) -> Colour:
    return Colour(request.param)


class Diary:
    """Hooks that write down when they were called."""

    def __init__(self) -> None:
        self.entries: list[str] = []

    def hook(self, name: str) -> Callable[[Any], None]:
        def note(txn: Any) -> None:
            self.entries.append(name)

        return note

    def stage(self, txn: Any, name: str, value: Any = None) -> None:
        txn.stage(
            value,
            on_rollback_hooks=[self.hook(f"{name} undo 1"), self.hook(f"{name} undo 2")],
            on_commit_hooks=[self.hook(f"{name} done 1"), self.hook(f"{name} done 2")],
        )


@pytest.fixture
def diary() -> Diary:
    return Diary()


def broken(txn: Any) -> None:
    raise RuntimeError("broken hook")


# --- one transaction --------------------------------------------------------------------------------------


def test_the_value_staged_is_stored_at_the_commit(colour: Colour, store: ResultStore) -> None:
    async def body() -> None:
        async with colour.transaction(key="k", store=store) as txn:
            assert txn.is_active()
            txn.stage({"a": 1})
            assert txn.is_staged()
            assert not store.exists("k")
        assert txn.is_committed()
        assert (await colour.do(txn.read)).result == {"a": 1}

    colour.live(body)
    assert store.read("k").result == {"a": 1}


def test_a_record_that_is_there_commits_at_once(colour: Colour, store: ResultStore) -> None:
    store.write("earlier", key="k")

    async def body() -> None:
        async with colour.transaction(key="k", store=store) as txn:
            assert txn.is_committed()
            assert (await colour.do(txn.read)).result == "earlier"
            txn.stage("later")
        async with colour.transaction(key="k", store=store, overwrite=True) as txn:
            assert txn.is_active()
            txn.stage("over")

    colour.live(body)
    assert store.read("k").result == "over"


def test_an_error_rolls_back_and_goes_on(colour: Colour, store: ResultStore, diary: Diary) -> None:
    async def body() -> None:
        with pytest.raises(ZeroDivisionError):
            async with colour.transaction(key="k", store=store) as txn:
                diary.stage(txn, "t", 1)
                _ = 1 / 0
        assert txn.is_rolled_back()

    colour.live(body)
    assert diary.entries == ["t undo 2", "t undo 1"]
    assert not store.exists("k")


def test_an_interruption_rolls_back_too(diary: Diary) -> None:
    with pytest.raises(KeyboardInterrupt), transaction() as txn:
        diary.stage(txn, "t")
        raise KeyboardInterrupt
    assert txn.is_rolled_back()


def test_without_a_key_nothing_is_stored(colour: Colour, store: ResultStore, tmp_path: Path) -> None:
    async def body() -> None:
        async with colour.transaction(store=store) as txn:
            txn.stage(1)
        assert txn.is_committed()
        assert await colour.do(txn.read) is None

    colour.live(body)
    assert not (tmp_path / "results").exists()


def test_with_write_on_commit_off_nothing_is_stored(colour: Colour, store: ResultStore) -> None:
    async def body() -> None:
        async with colour.transaction(key="k", store=store, write_on_commit=False) as txn:
            txn.stage(1)
        assert txn.is_committed()

    colour.live(body)
    assert not store.exists("k")


def test_a_commit_without_staging_stores_nothing(store: ResultStore) -> None:
    with transaction(key="k", store=store) as txn:
        pass
    assert txn.is_committed()
    assert not store.exists("k")


def test_staging_again_replaces_the_value_and_adds_hooks(store: ResultStore, diary: Diary) -> None:
    with transaction(key="k", store=store) as txn:
        txn.stage(1, on_commit_hooks=[diary.hook("one")])
        txn.stage(2, on_commit_hooks=[diary.hook("two")])
    assert store.read("k").result == 2
    assert diary.entries == ["one", "two"]


def test_a_staged_record_is_stored_as_it_is(store: ResultStore) -> None:
    with transaction(key="k", store=store) as txn:
        txn.stage(store.create_result_record("value", key="elsewhere"))
    assert store.read("elsewhere").result == "value"


def test_ended_transactions_stay_as_they_are(colour: Colour, diary: Diary) -> None:
    async def body() -> None:
        async with colour.transaction() as txn:
            diary.stage(txn, "t")
            assert await colour.do(txn.commit)
            assert not await colour.do(txn.commit)
            assert not await colour.do(txn.rollback)
        assert txn.is_committed()
        async with colour.transaction() as other:
            assert await colour.do(other.rollback)
            assert not await colour.do(other.commit)
        assert other.is_rolled_back()

    colour.live(body)
    assert diary.entries == ["t done 1", "t done 2"]


def test_the_default_store_comes_from_the_settings(colour: Colour, tmp_path: Path) -> None:
    async def body() -> None:
        async with colour.transaction(key="k") as txn:
            txn.stage([1])
        async with colour.transaction(key="k") as again:
            assert again.is_committed()

    with temporary_settings({"PREFECT_LOCAL_STORAGE_PATH": str(tmp_path / "default")}):
        colour.live(body)
    assert (tmp_path / "default" / "k").exists()


def test_a_store_of_bare_results_finds_its_keys_again(store: ResultStore) -> None:
    bare = store.model_copy(update={"metadata_storage": NullFileSystem()})
    with transaction(key="k", store=bare) as txn:
        txn.stage(1)
    with transaction(key="k", store=bare) as txn:
        assert txn.is_committed()


# --- failures ---------------------------------------------------------------------------------------------


def test_a_commit_hook_that_raises_rolls_back(colour: Colour, store: ResultStore, diary: Diary) -> None:
    async def body() -> None:
        async with colour.transaction(key="k", store=store) as txn:
            hooks = [diary.hook("done 1"), broken, diary.hook("done 3")]
            txn.stage(1, on_rollback_hooks=[diary.hook("undo")], on_commit_hooks=hooks)
        assert txn.is_rolled_back()

    colour.live(body)
    assert diary.entries == ["done 1", "undo"]
    assert not store.exists("k")


def test_a_rollback_hook_that_raises_is_reported_and_the_others_run(
    colour: Colour, diary: Diary, caplog: pytest.LogCaptureFixture
) -> None:
    logger = logging.getLogger("test.transactions")

    async def body() -> None:
        async with colour.transaction(logger=logger) as txn:
            txn.stage(None, on_rollback_hooks=[diary.hook("undo 1"), broken, diary.hook("undo 3")])
            assert not await colour.do(txn.rollback)
        assert txn.is_rolled_back()

    colour.live(body)
    assert diary.entries == ["undo 3", "undo 1"]
    assert "The rollback hook 'broken' raised" in caplog.text


def test_a_value_that_cannot_be_serialised_rolls_back_with_a_warning(
    colour: Colour, store: ResultStore, diary: Diary, caplog: pytest.LogCaptureFixture
) -> None:
    logger = logging.getLogger("test.transactions")

    async def body() -> None:
        async with colour.transaction(key="k", store=store, logger=logger) as txn:
            diary.stage(txn, "t", {"lock": threading.Lock()})
        assert txn.is_rolled_back()

    colour.live(body)
    assert diary.entries[-2:] == ["t undo 2", "t undo 1"]
    (record,) = [record for record in caplog.records if record.levelname == "WARNING"]
    assert "['lock']" in record.getMessage()


def test_storage_that_fails_rolls_back(store: ResultStore, diary: Diary, tmp_path: Path) -> None:
    (tmp_path / "results").write_text("in the way of the directory")
    with transaction(key="k", store=store) as txn:
        diary.stage(txn, "t", 1)
    assert txn.is_rolled_back()
    assert diary.entries[-1] == "t undo 1"


# --- one inside another -----------------------------------------------------------------------------------


def test_the_outermost_commits(colour: Colour, store: ResultStore, diary: Diary) -> None:
    async def body() -> None:
        async with colour.transaction(key="outer", store=store) as outer:
            async with colour.transaction(key="one", store=store) as one:
                assert one.get_parent() is outer
                diary.stage(one, "one", 1)
            async with colour.transaction(key="two", store=store) as two:
                diary.stage(two, "two", 2)
            assert one.is_staged()
            assert two.is_staged()
            assert outer.children == [one, two]
            assert not store.exists("one")
            diary.stage(outer, "outer", 0)
        assert {one.state, two.state, outer.state} == {COMMITTED}

    colour.live(body)
    names = ("one", "two", "outer")
    assert diary.entries == [f"{name} done {number}" for name in names for number in (1, 2)]
    assert all(store.exists(name) for name in names)


def test_rollback_is_last_first(colour: Colour, diary: Diary) -> None:
    async def body() -> None:
        with pytest.raises(ZeroDivisionError):
            async with colour.transaction() as outer:
                async with colour.transaction() as one:
                    diary.stage(one, "one")
                async with colour.transaction() as two:
                    diary.stage(two, "two")
                diary.stage(outer, "outer")
                _ = 1 / 0
        assert {one.state, two.state, outer.state} == {ROLLED_BACK}

    colour.live(body)
    assert diary.entries == [f"{name} undo {number}" for name in ("outer", "two", "one") for number in (2, 1)]


def test_a_child_that_rolls_back_takes_its_parent_along(colour: Colour, diary: Diary) -> None:
    async def body() -> None:
        async with colour.transaction() as outer:
            diary.stage(outer, "outer")
            async with colour.transaction() as sibling:
                diary.stage(sibling, "sibling")
            with pytest.raises(ZeroDivisionError):
                async with colour.transaction():
                    _ = 1 / 0
            assert outer.is_rolled_back()
        assert sibling.is_rolled_back()

    colour.live(body)
    assert diary.entries == ["outer undo 2", "outer undo 1", "sibling undo 2", "sibling undo 1"]


@pytest.mark.parametrize("failure", ["hook", "value"])
def test_all_or_nothing_is_stored(colour: Colour, store: ResultStore, diary: Diary, failure: str) -> None:
    async def body() -> None:
        async with colour.transaction() as outer:
            async with colour.transaction(key="one", store=store) as one:
                diary.stage(one, "one", 1)
            async with colour.transaction(key="two", store=store) as two:
                if failure == "hook":
                    two.stage(2, on_commit_hooks=[broken])
                else:
                    two.stage(threading.Lock())
        assert {one.state, two.state, outer.state} == {ROLLED_BACK}

    colour.live(body)
    assert not store.exists("one")
    assert diary.entries[-2:] == ["one undo 2", "one undo 1"]


def test_an_eager_child_commits_by_itself(colour: Colour, store: ResultStore, diary: Diary) -> None:
    async def body() -> None:
        with pytest.raises(ZeroDivisionError):
            async with colour.transaction() as outer:
                async with colour.transaction(key="k", store=store, commit_mode=CommitMode.EAGER) as eager:
                    async with colour.transaction() as inner:
                        assert inner.commit_mode is CommitMode.EAGER
                        diary.stage(inner, "inner")
                    assert inner.is_committed()
                    eager.stage(1)
                assert eager.is_committed()
                _ = 1 / 0
        assert outer.is_rolled_back()
        assert eager.is_committed()

    colour.live(body)
    assert store.exists("k")
    assert diary.entries == ["inner done 1", "inner done 2"]


def test_off_rolls_back_unless_told_to_commit(colour: Colour, diary: Diary) -> None:
    async def body() -> None:
        async with colour.transaction(commit_mode=CommitMode.OFF) as off:
            diary.stage(off, "off")
            async with colour.transaction() as inner:
                diary.stage(inner, "inner")
        assert {off.state, inner.state} == {ROLLED_BACK}
        async with colour.transaction(commit_mode=CommitMode.OFF) as told:
            assert await colour.do(told.commit)
        assert told.is_committed()

    colour.live(body)
    assert diary.entries == ["off undo 2", "off undo 1", "inner undo 2", "inner undo 1"]


def test_the_active_transaction_is_the_innermost(colour: Colour) -> None:
    async def body() -> None:
        assert get_transaction() is None
        async with colour.transaction() as outer:
            async with colour.transaction() as inner:
                assert get_transaction() is inner
            assert get_transaction() is outer
        assert get_transaction() is None

    colour.live(body)


def test_blocking_children_of_async_transactions_wait_for_them(diary: Diary) -> None:
    async def body() -> None:
        async with atransaction() as outer:
            with transaction() as inner:
                diary.stage(inner, "inner")
            assert diary.entries == []
        assert {inner.state, outer.state} == {COMMITTED}

    asyncio.run(body())
    assert diary.entries == ["inner done 1", "inner done 2"]


def test_hooks_may_be_of_either_colour(colour: Colour, diary: Diary) -> None:
    async def later(txn: Any) -> None:
        await asyncio.sleep(0)
        diary.entries.append("later")

    async def body() -> None:
        async with colour.transaction() as txn:
            txn.stage(None, on_commit_hooks=[later, diary.hook("now")])
        assert txn.is_committed()

    colour.live(body)
    assert diary.entries == ["later", "now"]


def test_an_async_transaction_refuses_a_blocking_block() -> None:
    with pytest.raises(NotImplementedError, match="async with"), AsyncTransaction():
        pass


# --- values -----------------------------------------------------------------------------------------------


def test_values_are_looked_up_through_parents_and_copied(colour: Colour) -> None:
    async def body() -> None:
        async with colour.transaction() as outer:
            outer.set("list", [1])
            async with colour.transaction() as inner:
                inner.get("list").append(2)
                assert inner.get("list") == [1]
                inner.set("list", "mine")
                outer.set("late", 5)
                assert inner.get("late") == 5
                assert inner.get("nothing", None) is None
                with pytest.raises(ValueError, match="'nothing'"):
                    inner.get("nothing")
                inner.set("below", 1)
            assert outer.get("list") == [1]
            with pytest.raises(ValueError, match="'below'"):
                outer.get("below")

    colour.live(body)


# --- isolation --------------------------------------------------------------------------------------------


@pytest.fixture(params=["memory", "filesystem"])
def locking_store(request: pytest.FixtureRequest, store: ResultStore, tmp_path: Path) -> ResultStore:
    locks = MemoryLockManager() if request.param == "memory" else FileSystemLockManager(tmp_path / "locks")
    return store.model_copy(update={"lock_manager": locks})


def test_serializable_needs_locks(colour: Colour, store: ResultStore) -> None:
    async def body() -> None:
        with pytest.raises(ConfigurationError, match="lock manager"):
            async with colour.transaction(key="k", store=store, isolation_level=SERIALIZABLE):
                pass
        assert get_transaction() is None

    colour.live(body)


@pytest.mark.parametrize("end", ["commit", "error", "nothing staged", "found", "serialisation fails"])
def test_serializable_locks_the_key_until_the_end(
    colour: Colour, locking_store: ResultStore, end: str
) -> None:
    key = uuid4().hex
    if end == "found":
        locking_store.write(1, key=key)

    async def body() -> None:
        try:
            async with colour.transaction(key=key, store=locking_store, isolation_level=SERIALIZABLE) as txn:
                assert locking_store.is_locked(key) is (end != "found")
                async with colour.transaction() as inner:
                    assert inner.isolation_level is SERIALIZABLE
                if end == "error":
                    _ = 1 / 0
                if end != "nothing staged":
                    txn.stage(threading.Lock() if end == "serialisation fails" else 1)
        except ZeroDivisionError:
            assert end == "error"
        assert not locking_store.is_locked(key)

    colour.live(body)


def test_serializable_work_is_done_once(locking_store: ResultStore) -> None:
    key, done = uuid4().hex, []

    def work(name: int) -> None:
        with transaction(key=key, store=locking_store, isolation_level=SERIALIZABLE) as txn:
            if not txn.is_committed():
                done.append(name)
                txn.stage(name)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(done) == 1
    assert locking_store.read(key).result == done[0]


def test_serializable_coroutines_do_work_once(locking_store: ResultStore) -> None:
    key, done = uuid4().hex, []

    async def work(name: int) -> None:
        async with atransaction(key=key, store=locking_store, isolation_level=SERIALIZABLE) as txn:
            if not txn.is_committed():
                await asyncio.sleep(0)
                done.append(name)
                txn.stage(name)

    async def body() -> None:
        await asyncio.gather(*(work(n) for n in range(4)))

    asyncio.run(body())
    assert len(done) == 1


# --- latent -----------------------------------------------------------------------------------------------


def test_a_latent_transaction_stays_so_until_somebody_asks() -> None:
    latent = LatentTransaction.enter(is_async=False)
    latent.leave()
    assert latent.opened is None
    assert get_transaction() is None


def conclude(latent: LatentTransaction, error: BaseException | None, **options: Any) -> None:
    from prefect._steps import run_blocking

    run_blocking(latent.conclude_steps(error, **options))


@pytest.mark.parametrize("error", [None, ValueError("no")])
def test_a_latent_transaction_opens_for_blocks_inside(diary: Diary, error: Exception | None) -> None:
    latent = LatentTransaction.enter(is_async=False)
    with transaction() as inner:
        diary.stage(inner, "inner")
    assert inner.is_staged()
    latent.leave()
    conclude(latent, error)
    assert isinstance(latent.opened, Transaction)
    assert inner.state is latent.opened.state is (COMMITTED if error is None else ROLLED_BACK)
    assert len(diary.entries) == 2


def test_latent_transactions_open_from_the_outside_in(diary: Diary) -> None:
    with transaction() as outermost:
        outer = LatentTransaction.enter(is_async=False)
        inner = LatentTransaction.enter(is_async=True)
        found = get_transaction()
        assert found is inner.opened
        assert found is not None
        assert found.get_parent() is outer.opened
        assert outer.opened is not None
        assert outer.opened.get_parent() is outermost
        inner.leave()
        conclude(inner, None, on_rollback_hooks=[diary.hook("undo inner")])
        outer.leave()
        conclude(outer, None)
        assert outermost.children == [outer.opened]
        outermost.rollback()
    assert found.is_rolled_back()
    assert diary.entries == ["undo inner"]

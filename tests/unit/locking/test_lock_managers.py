"""One suite over all lock managers, in both colours."""

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from prefect.client.orchestration.local import close_store
from prefect.locking.database import DatabaseLockManager
from prefect.locking.filesystem import FileSystemLockManager
from prefect.locking.memory import MemoryLockManager
from prefect.locking.protocol import LockManager
from prefect.settings import context


@pytest.fixture(params=["memory", "filesystem", "database"])
def locks(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    if request.param == "filesystem":
        yield FileSystemLockManager(tmp_path / "locks")
    elif request.param == "database":
        # by variable: threads that the tests start do not inherit temporary settings
        url = f"sqlite:///{tmp_path / 'runs.db'}"
        monkeypatch.setenv("PREFECT_SERVER_DATABASE_CONNECTION_URL", url)
        monkeypatch.setattr(context, "_process_wide", None)
        yield DatabaseLockManager()
        close_store(url)
    else:
        manager = MemoryLockManager()
        manager._held.clear()
        yield manager


def test_is_a_lock_manager(locks: LockManager) -> None:
    assert isinstance(locks, LockManager)


def test_one_holder_at_a_time(locks: LockManager) -> None:
    assert locks.acquire_lock("k", "a")
    assert not locks.acquire_lock("k", "b", acquire_timeout=0)
    assert locks.is_locked("k")
    assert locks.is_lock_holder("k", "a")
    assert not locks.is_lock_holder("k", "b")
    assert locks.acquire_lock("other", "b", acquire_timeout=0)


def test_acquiring_again_succeeds(locks: LockManager) -> None:
    assert locks.acquire_lock("k", "a")
    assert locks.acquire_lock("k", "a", acquire_timeout=0)


def test_released_is_free(locks: LockManager) -> None:
    locks.acquire_lock("k", "a")
    locks.release_lock("k", "a")
    assert not locks.is_locked("k")
    assert locks.acquire_lock("k", "b", acquire_timeout=0)


@pytest.mark.parametrize("holder", ["b", "a"])
def test_only_the_holder_releases(locks: LockManager, holder: str) -> None:
    locks.acquire_lock("k", "a")
    if holder == "a":
        locks.release_lock("k", "a")
    with pytest.raises(ValueError, match="does not hold it"):
        locks.release_lock("k", holder)


def test_frees_itself_after_the_hold_timeout(locks: LockManager) -> None:
    locks.acquire_lock("k", "a", hold_timeout=0)
    assert not locks.is_locked("k")
    assert not locks.is_lock_holder("k", "a")
    assert locks.acquire_lock("k", "b", acquire_timeout=0)
    with pytest.raises(ValueError, match="does not hold it"):
        locks.release_lock("k", "a")


def test_a_waiter_gets_it_when_it_frees_itself(locks: LockManager) -> None:
    locks.acquire_lock("k", "a", hold_timeout=0.03)
    assert locks.acquire_lock("k", "b", acquire_timeout=60)


def test_a_waiting_thread_gets_it_on_release(locks: LockManager) -> None:
    locks.acquire_lock("k", "a")
    outcome: list[bool] = []
    waiter = threading.Thread(target=lambda: outcome.append(locks.acquire_lock("k", "b", acquire_timeout=60)))
    waiter.start()
    locks.release_lock("k", "a")
    waiter.join(60)
    assert outcome == [True]
    assert locks.is_lock_holder("k", "b")


def test_a_waiting_coroutine_gets_it_on_release(locks: LockManager) -> None:
    async def main() -> bool:
        await locks.aacquire_lock("k", "a")
        waiter = asyncio.create_task(locks.aacquire_lock("k", "b", acquire_timeout=60))
        await asyncio.sleep(0)
        locks.release_lock("k", "a")
        return await waiter

    assert asyncio.run(main())
    assert locks.is_lock_holder("k", "b")


def test_waiting_takes_nothing(locks: LockManager) -> None:
    assert locks.wait_for_lock("k", timeout=0)
    locks.acquire_lock("k", "a")
    assert not locks.wait_for_lock("k", timeout=0)
    assert not asyncio.run(locks.await_for_lock("k", timeout=0))
    locks.release_lock("k", "a")
    assert asyncio.run(locks.await_for_lock("k", timeout=0))
    assert not locks.is_locked("k")


def test_many_threads_exclude_each_other(locks: LockManager) -> None:
    inside, most = 0, 0
    counting = threading.Lock()

    def work(name: str) -> None:
        nonlocal inside, most
        for _ in range(5):
            assert locks.acquire_lock("k", name, acquire_timeout=60)
            with counting:
                inside += 1
                most = max(most, inside)
            with counting:
                inside -= 1
            locks.release_lock("k", name)

    threads = [threading.Thread(target=work, args=(str(n),)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert most == 1


def test_memory_manager_is_one() -> None:
    assert MemoryLockManager() is MemoryLockManager()


def test_keys_may_be_paths_and_long(tmp_path: Path) -> None:
    locks = FileSystemLockManager(tmp_path)
    for key in ("a/b", "../up", "x" * 1000):
        assert locks.acquire_lock(key, "a")
        assert locks.is_lock_holder(key, "a")
    assert {path.parent for path in tmp_path.rglob("*.lock")} == {tmp_path}


def test_two_managers_over_one_directory_see_each_other(tmp_path: Path) -> None:
    one, other = FileSystemLockManager(tmp_path), FileSystemLockManager(tmp_path)
    one.acquire_lock("k", "a")
    assert not other.acquire_lock("k", "b", acquire_timeout=0)
    assert one == other


def test_the_lock_of_a_dead_process_is_free(tmp_path: Path) -> None:
    code = (
        "import sys; from prefect.locking.filesystem import FileSystemLockManager;"
        "FileSystemLockManager(sys.argv[1]).acquire_lock('k', 'a')"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, env={**os.environ})
    assert json.loads((tmp_path / "k.lock").read_text())["holder"] == "a"
    assert not FileSystemLockManager(tmp_path).is_locked("k")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"holder": "a"}'])
def test_an_unreadable_lock_file_is_no_lock(tmp_path: Path, content: str) -> None:
    (tmp_path / "k.lock").write_text(content)
    locks = FileSystemLockManager(tmp_path)
    assert not locks.is_locked("k")
    assert locks.acquire_lock("k", "b", acquire_timeout=0)

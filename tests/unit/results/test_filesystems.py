"""File systems: paths, atomic replacement, directories, both colours."""

import asyncio
import os
from pathlib import Path
from typing import Any
from uuid import uuid4

import pydantic
import pytest

from prefect.blocks.core import Block, BlockNotSavedError
from prefect.filesystems import SMB, LocalFileSystem, MissingPathError, NullFileSystem, RemoteFileSystem
from prefect.settings import temporary_settings


@pytest.fixture(params=["local", "remote"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    if request.param == "local":
        return LocalFileSystem(basepath=str(tmp_path / "base"))
    return RemoteFileSystem(basepath=f"memory://{uuid4().hex}/base")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    (root / "sub").mkdir(parents=True)
    (root / "code.py").write_text("1")
    (root / "sub" / "data.txt").write_text("2")
    (root / "ignore").write_text("*.py\n")
    return root


def names(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def test_write_and_read_in_both_colours(storage: Any) -> None:
    located = storage.write_path("a/b", b"one")
    assert storage.read_path("a/b") == b"one"
    assert storage.read_path(located) == b"one"

    async def main() -> None:
        await storage.awrite_path("a/b", b"two")
        assert await storage.aread_path("a/b") == b"two"
        assert await storage.read_path("a/b") == b"two"
        assert storage.read_path("a/b", _sync=True) == b"two"

    asyncio.run(main())


@pytest.mark.parametrize("path", ["../up", "a/../../up"])
def test_paths_outside_are_refused(storage: Any, path: str) -> None:
    refuses(storage, path)


def test_absolute_paths_outside_are_refused(tmp_path: Path) -> None:
    refuses(LocalFileSystem(basepath=str(tmp_path)), "/etc/hosts")
    refuses(LocalFileSystem(basepath=str(tmp_path)), f"{tmp_path}-beside/x")
    refuses(RemoteFileSystem(basepath="memory://here"), "memory://elsewhere/x")
    refuses(RemoteFileSystem(basepath="memory://here"), "memory://here-beside/x")


def refuses(storage: Any, path: str) -> None:
    with pytest.raises(ValueError, match="outside of the base path"):
        storage.read_path(path)
    with pytest.raises(ValueError, match="outside of the base path"):
        storage.write_path(path, b"")


def test_missing_files(storage: Any) -> None:
    with pytest.raises(FileNotFoundError):
        storage.read_path("nope")


def test_put_and_get_directories(storage: Any, tree: Path, tmp_path: Path) -> None:
    storage.put_directory(str(tree), "all")
    storage.put_directory(str(tree), "some", ignore_file=str(tree / "ignore"))
    storage.get_directory("all", str(tmp_path / "all"))
    storage.get_directory("some", str(tmp_path / "some"))
    assert names(tmp_path / "all") == {"code.py", "sub/data.txt", "ignore"}
    assert names(tmp_path / "some") == {"sub/data.txt", "ignore"}


def test_an_ignore_file_must_exist(storage: Any, tree: Path) -> None:
    with pytest.raises(MissingPathError, match="nope"):
        storage.put_directory(str(tree), "all", ignore_file=str(tree / "nope"))


# --- local ------------------------------------------------------------------------------------------------


def test_prefectignore_is_honoured_when_getting(tree: Path, tmp_path: Path) -> None:
    (tree / ".prefectignore").write_text("*.txt\n")
    LocalFileSystem(basepath=str(tree)).get_directory(local_path=str(tmp_path / "copy"))
    assert names(tmp_path / "copy") == {".prefectignore", "code.py", "ignore"}


def test_a_directory_is_not_a_file(tree: Path) -> None:
    with pytest.raises(ValueError, match="is a directory"):
        LocalFileSystem(basepath=str(tree)).read_path("sub")


def test_a_reader_never_sees_half_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = LocalFileSystem(basepath=str(tmp_path))
    disk.write_path("f", b"old")
    seen: list[bytes] = []
    replace = os.replace

    def look_then_replace(draft: str, path: str) -> None:
        seen.append(disk.read_now("f"))
        replace(draft, path)

    monkeypatch.setattr(os, "replace", look_then_replace)
    disk.write_path("f", b"new")
    assert seen == [b"old"]
    assert disk.read_now("f") == b"new"


def test_a_full_disk_leaves_the_old_file_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = LocalFileSystem(basepath=str(tmp_path))
    disk.write_path("f", b"old")

    def full(draft: str, path: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        disk.write_path("f", b"new")
    assert disk.read_now("f") == b"old"
    assert names(tmp_path) == {"f"}


def test_sync_writes_reach_the_disk_before_the_move(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (order.append("sync"), fsync(fd))[1])
    monkeypatch.setattr(os, "replace", lambda a, b: (order.append("move"), replace(a, b))[1])
    LocalFileSystem(basepath=str(tmp_path)).write_path("f", b"")
    assert order == ["move"]
    with temporary_settings({"PREFECT_RESULTS_SYNC_WRITES": "true"}):
        LocalFileSystem(basepath=str(tmp_path)).write_path("f", b"")
    assert order == ["move", "sync", "move", "sync"]


def test_links_may_lead_into_the_base_path_but_not_out(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    disk = LocalFileSystem(basepath=str(tmp_path / "link"))
    disk.write_path("f", b"x")
    assert disk.read_path(str(tmp_path / "real" / "f")) == b"x"


def test_without_base_path_the_current_directory_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert LocalFileSystem().write_path("f", b"") == str(tmp_path / "f")
    assert LocalFileSystem(basepath="sub").write_path("f", b"") == str(tmp_path / "sub" / "f")
    with pytest.raises(ValueError, match="outside"):
        LocalFileSystem().read_path("/etc/hosts")


# --- remote -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("basepath", ["nothing", "s3://", "file:///tmp"])
def test_bad_base_paths(basepath: str) -> None:
    with pytest.raises(pydantic.ValidationError, match="base path must"):
        RemoteFileSystem(basepath=basepath)


def test_an_unknown_protocol_says_so() -> None:
    with pytest.raises(ValueError, match="zzz"):
        RemoteFileSystem(basepath="zzz://place").read_path("x")


def test_put_directory_can_leave_existing_files_alone(tree: Path) -> None:
    storage = RemoteFileSystem(basepath=f"memory://{uuid4().hex}")
    storage.write_path("code.py", b"theirs")
    assert storage.put_directory(str(tree), overwrite=False) == 2
    assert storage.read_path("code.py") == b"theirs"
    assert storage.put_directory(str(tree)) == 3
    assert storage.read_path("code.py") == b"1"


def test_smb_is_a_remote_file_system_with_credentials() -> None:
    share = SMB(share_path="/share/dir", smb_host="host", smb_username="u", smb_password="p", smb_port=44)
    assert share.basepath == "smb://host/share/dir"
    assert share.filesystem.settings == {"username": "u", "password": "p", "port": 44}
    assert "'p'" not in repr(share)


def test_null_keeps_nothing() -> None:
    async def main() -> None:
        await NullFileSystem().write_path("a", b"1")
        assert await NullFileSystem().read_path("a") is None

    asyncio.run(main())


# --- blocks -----------------------------------------------------------------------------------------------


def test_blocks_say_what_they_are() -> None:
    assert RemoteFileSystem.get_block_type_slug() == "remote-file-system"
    assert LocalFileSystem.get_block_type_name() == "Local File System"
    assert LocalFileSystem.get_block_capabilities() == {
        "read-path",
        "write-path",
        "get-directory",
        "put-directory",
    }
    assert "storage.write_path" in (LocalFileSystem.get_code_example() or "")
    assert LocalFileSystem(basepath="/x").model_dump() == {
        "basepath": "/x",
        "block_type_slug": "local-file-system",
    }


def test_a_block_of_ones_own() -> None:
    class Their2ndThing(Block):
        """A thing.

        Example:
            Their2ndThing()
        """

        def block_initialization(self) -> None:
            self.ready = True  # type: ignore[attr-defined]

    thing = Their2ndThing(extra=1)
    assert Their2ndThing.get_block_type_slug() == "their2ndthing"
    assert Their2ndThing.get_description() == "A thing."
    assert thing.extra == 1  # type: ignore[attr-defined]
    assert thing.ready  # type: ignore[attr-defined]
    with pytest.raises(BlockNotSavedError):
        thing.get_block_placeholder()
    thing._block_document_name = "mine"
    assert thing.get_block_placeholder() == "prefect.blocks.their2ndthing.mine"

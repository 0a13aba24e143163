"""Each trouble of a store is told from SQLite's own error, and anything else passes through."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

import pytest

from prefect.exceptions import (
    StoreError,
    StoreFullError,
    StoreLockedError,
    StoreReadOnlyError,
    StoreUnavailableError,
)
from prefect.server.database.errors import store_error, store_errors
from prefect.server.database.filesystems import network_filesystem

MOUNTS = """\
21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
35 21 0:44 / /home rw,relatime shared:2 - nfs4 server:/home rw
36 35 8:2 / /home/me/local\\040disk rw shared:3 - xfs /dev/sdb1 rw
37 21 0:45 / /mnt/cloud rw - fuse.sshfs me@there: rw
not a mount line
"""


def raised(*statements: str, uri: str = ":memory:") -> sqlite3.Error:
    """The error that SQLite itself raises in the last of the statements."""
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=0)
    with pytest.raises(sqlite3.Error) as caught:
        for statement in statements:
            connection.execute(statement)
    return caught.value


def test_the_remedy_is_that_of_the_kind_of_store() -> None:
    assert "its directory" in str(StoreReadOnlyError(Path("/here/runs.db")))
    at_a_server = StoreReadOnlyError("postgresql://me@there/db")
    assert "default_transaction_read_only" in str(at_a_server)
    assert "PREFECT_HOME" not in f"{at_a_server} {StoreUnavailableError('postgresql://there/db')}"
    assert "Try again" in str(StoreLockedError("postgresql://there/db"))


class TestTranslation:
    def test_read_only(self, tmp_path: Path) -> None:
        sqlite3.connect(tmp_path / "a.db").execute("CREATE TABLE t (x)")
        error = raised("INSERT INTO t VALUES (1)", uri=f"file:{tmp_path / 'a.db'}?mode=ro")
        assert isinstance(store_error(error, tmp_path / "a.db"), StoreReadOnlyError)

    def test_full(self, tmp_path: Path) -> None:
        error = raised("PRAGMA max_page_count = 1", "CREATE TABLE a (x)", "CREATE TABLE b (x)")
        assert isinstance(store_error(error, tmp_path / "a.db"), StoreFullError)

    def test_locked(self, tmp_path: Path) -> None:
        writer = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
        writer.execute("BEGIN IMMEDIATE")
        error = raised("BEGIN IMMEDIATE", uri=f"file:{tmp_path / 'a.db'}")
        assert isinstance(store_error(error, tmp_path / "a.db"), StoreLockedError)

    def test_a_defect_of_ours_is_no_trouble_of_the_store(self) -> None:
        assert store_error(raised("SELECT nothing FROM nowhere"), "x") is None
        assert store_error(KeyError("x"), "x") is None
        with pytest.raises(sqlite3.OperationalError), store_errors("x"):
            raise raised("SELECT nothing FROM nowhere")

    @pytest.mark.parametrize(
        ("number", "expected"),
        [
            (errno.EACCES, StoreReadOnlyError),
            (errno.EROFS, StoreReadOnlyError),
            (errno.ENOSPC, StoreFullError),
            (errno.ENOTDIR, StoreUnavailableError),
        ],
    )
    def test_errors_of_the_file_system(self, number: int, expected: type[StoreError]) -> None:
        assert type(store_error(OSError(number, "why"), "x")) is expected

    def test_the_message_names_the_place_and_the_cause(self, tmp_path: Path) -> None:
        with pytest.raises(StoreFullError) as caught, store_errors(tmp_path):
            raise OSError(errno.ENOSPC, "No space left on device")
        assert str(tmp_path) in str(caught.value)
        assert "No space left on device" in str(caught.value)
        assert isinstance(caught.value.__cause__, OSError)

    def test_a_network_file_system_is_named(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("prefect.server.database.errors.network_filesystem", lambda path: "nfs4")
        with pytest.raises(sqlite3.Error) as caught:
            sqlite3.connect(tmp_path)
        assert "network file system (nfs4)" in str(store_error(caught.value, tmp_path / "a.db"))


class TestNetworkFilesystem:
    @pytest.mark.parametrize(
        ("path", "kind"),
        [
            ("/home/me/prefect.db", "nfs4"),
            ("/home/me/local disk/prefect.db", None),
            ("/homes/prefect.db", None),
            ("/mnt/cloud/prefect.db", "fuse.sshfs"),
            ("/var/prefect.db", None),
        ],
    )
    def test_the_innermost_mount_decides(self, path: str, kind: str | None) -> None:
        assert network_filesystem(Path(path), MOUNTS) == kind

    def test_a_later_mount_hides_an_earlier_one(self) -> None:
        mounts = MOUNTS + "40 21 8:3 / /home rw - ext4 /dev/sdc1 rw\n"
        assert network_filesystem(Path("/home/me/prefect.db"), mounts) is None

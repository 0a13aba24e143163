"""Stores that are no stores, are damaged, too new, or on a disk that is full or read-only."""

import os
import resource
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from processes import PATIENCE_SECONDS, Programs

pytestmark = pytest.mark.slow

ANY_FLOW = """
from prefect import flow, task

@task
def work(number):
    return "x" * 100

@flow
def main():
    print("began")
    work.map(range(2_000)).wait()

main()
"""


def test_a_store_that_is_no_database(programs: Programs) -> None:
    programs.home.mkdir()
    programs.store.write_bytes(b"These are my notes, not a database. " * 100)
    said = programs.fail(ANY_FLOW)
    assert said.startswith("prefect.exceptions.StoreCorruptError: The store at")
    assert str(programs.store) in said
    assert programs.store.read_bytes() == b"These are my notes, not a database. " * 100


def test_a_store_with_damaged_pages(programs: Programs) -> None:
    programs.run(ANY_FLOW)
    intact = bytearray(programs.store.read_bytes())
    intact[4096:-4096] = b"\xa5" * (len(intact) - 8192)
    programs.store.write_bytes(intact)
    assert "StoreCorruptError" in programs.fail(ANY_FLOW)
    assert programs.store.read_bytes() == bytes(intact)


def test_a_database_of_another_program(programs: Programs) -> None:
    programs.home.mkdir()
    with sqlite3.connect(programs.store) as connection:
        connection.execute("CREATE TABLE recipe (name TEXT)")
    connection.close()
    assert "StoreCorruptError" in programs.fail(ANY_FLOW)
    assert programs.rows("SELECT name FROM sqlite_master") == [("recipe",)]


def test_a_store_of_a_newer_version(programs: Programs) -> None:
    programs.run("from prefect import flow\nflow(lambda: 1, name='first')()")
    with sqlite3.connect(programs.store) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9' || substr(version_num, 2)")
    connection.close()
    before = programs.rows("SELECT count(*) FROM flow_run")
    said = programs.fail(ANY_FLOW)
    assert said.startswith("prefect.exceptions.StoreTooNewError")
    assert "Upgrade Prefect" in said
    assert programs.rows("SELECT count(*) FROM flow_run") == before


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("file systems cannot be mounted here")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def check_of(store: Path) -> Any:
    connection = sqlite3.connect(store)
    try:
        return connection.execute("PRAGMA integrity_check").fetchone()[0]
    finally:
        connection.close()


def test_a_disk_that_fills_up(programs: Programs, tiny_disk: Path) -> None:
    programs.environment["PREFECT_HOME"] = str(tiny_disk)
    process = programs.start(ANY_FLOW.replace("2_000", "4_000"))
    out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert out == "began\n"
    assert process.returncode == 1
    assert "prefect.exceptions.StoreFullError" in err
    assert check_of(tiny_disk / "runs.db") == "ok"
    # With the disk as full as it is, the file can still be read: what was committed is there.
    rows = sqlite3.connect(tiny_disk / "runs.db").execute("SELECT state_name FROM flow_run").fetchall()
    assert rows == [("Running",)]


def test_a_long_flow_on_a_full_disk_ends_soon(programs: Programs, tiny_disk: Path) -> None:
    programs.environment["PREFECT_HOME"] = str(tiny_disk)
    process = programs.start(ANY_FLOW.replace("2_000", "20_000"))
    _, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert "prefect.exceptions.StoreFullError" in err


def test_a_disk_that_is_full_from_the_start(programs: Programs, tiny_disk: Path) -> None:
    with (tiny_disk / "filler").open("wb", buffering=0) as filler, pytest.raises(OSError, match="No space"):
        while True:
            filler.write(b"x" * 4096)
    programs.environment["PREFECT_HOME"] = str(tiny_disk / "home")
    said = programs.fail(ANY_FLOW)
    assert said.startswith("prefect.exceptions.StoreFullError")


def test_a_file_that_may_not_grow(programs: Programs) -> None:
    """As a quota does it: every write beyond fails."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    process = programs.start(ANY_FLOW.replace("2_000", "20_000"), preexec_fn=limit)
    _, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 1
    assert "prefect.exceptions.Store" in err
    assert check_of(programs.store) == "ok"


@pytest.fixture
def read_only_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system that nobody, not even root, may write to."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip("file systems cannot be mounted here")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_home_on_a_read_only_disk(programs: Programs, read_only_disk: Path) -> None:
    programs.environment["PREFECT_HOME"] = str(read_only_disk / "home")
    said = programs.fail(ANY_FLOW)
    assert said.startswith("prefect.exceptions.StoreReadOnlyError")
    assert "point PREFECT_HOME elsewhere" in said


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_home_that_this_user_may_not_write(programs: Programs) -> None:
    programs.home.mkdir(mode=0o500)
    assert "StoreReadOnlyError" in programs.fail(ANY_FLOW)
    assert list(programs.home.iterdir()) == []

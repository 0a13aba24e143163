"""Several processes on one store, forked children, and stores in trouble."""

import os
import resource
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

# --- many processes -------------------------------------------------------------------------------------

WRITER = """
import sys
from prefect import flow, task

@task
def work(number):
    return number

@flow
def submits(count):
    return sum(work.map(range(count)).result())

@flow
def calls(count):
    return sum(work(number) for number in range(count))

print("ready", flush=True)
sys.stdin.readline()
for _ in range(3):
    assert submits(100) == calls(100) == 4950
"""


def test_six_processes_on_a_new_store(programs: Any) -> None:
    writers = [programs.start(WRITER, stdin=subprocess.PIPE) for _ in range(6)]
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        _, err = writer.communicate(timeout=120)
        assert writer.returncode == 0, err
        assert "locked" not in err
    assert programs.rows("SELECT state_type, count(*) FROM flow_run GROUP BY 1") == [("COMPLETED", 36)]
    assert programs.rows("SELECT state_type, count(*) FROM task_run GROUP BY 1") == [("COMPLETED", 3_600)]
    assert programs.rows("SELECT count(*) FROM task_run_state") == [(10_800,)]
    assert programs.rows("SELECT count(*) FROM flow") == [(2,)]
    assert programs.rows("SELECT count(*) FROM lease") == [(0,)]


def test_a_run_is_read_by_others_while_it_goes_on(programs: Any) -> None:
    running = programs.start(
        """
import sys
from prefect import flow, task
quick = task(lambda: 1, name="quick")
@flow
def main():
    quick()
    print("ready", flush=True)
    sys.stdin.readline()
    quick()
main()
""",
        stdin=subprocess.PIPE,
    )
    assert running.stdout.readline() == "ready\n"
    assert programs.rows("SELECT state_name FROM flow_run") == [("Running",)]
    programs.run("from prefect import flow\nflow(lambda: 1, name='other')()")
    states = programs.rows(
        "SELECT flow.name, state_name FROM flow_run JOIN flow ON flow.id = flow_id ORDER BY 1"
    )
    assert states == [("main", "Running"), ("other", "Completed")]
    running.communicate("go\n", timeout=60)
    assert running.returncode == 0
    assert programs.rows("SELECT DISTINCT state_name FROM flow_run") == [("Completed",)]


# --- forks ----------------------------------------------------------------------------------------------

FORK = """
import os
from prefect import flow, task

@task
def work(number):
    return number

@flow
def main(count):
    return sum(work.map(range(count)).result())

main(10)
child = os.fork()
if child == 0:
    os._exit(0 if main(20) == 190 else 1)
main(30)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
main(40)
"""


def test_a_forked_child_runs_flows_of_its_own(programs: Any) -> None:
    programs.run(FORK)
    assert programs.rows("SELECT state_type, count(*) FROM flow_run GROUP BY 1") == [("COMPLETED", 4)]
    assert programs.rows("SELECT state_type, count(*) FROM task_run GROUP BY 1") == [("COMPLETED", 100)]


FORK_INSIDE = """
import os
from prefect import flow, task

@flow
def of_the_child():
    return 1

@task
def forks():
    child = os.fork()
    if child == 0:
        os._exit(of_the_child() - 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

@flow
def main():
    return forks(), forks.submit().result()

assert main() == (0, 0)
"""


def test_a_fork_in_the_middle_of_a_run(programs: Any) -> None:
    programs.run(FORK_INSIDE)
    states = programs.rows("SELECT name, state_type FROM flow_run ORDER BY name")
    assert [state for _, state in states] == ["COMPLETED"] * 3
    assert programs.rows("SELECT count(*) FROM lease") == [(0,)]


def test_a_fork_in_the_middle_of_a_run_has_a_connection_of_its_own(programs: Any) -> None:
    of_its_own = "int(FlowRunContext.get().client.journal.usable())"
    programs.run(
        FORK_INSIDE.replace("return 1", f"return {of_its_own}").replace(
            "import os", "import os\nfrom prefect.context import FlowRunContext"
        )
    )


MULTIPROCESSING = """
import multiprocessing
from prefect import flow, task

@task
def work(number):
    return number

@flow
def main(count):
    return sum(work.map(range(count)).result())

def call(count):
    return main(count)

if __name__ == "__main__":
    main(10)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(call, [10, 10]) == [45, 45]
        pool.close()
        pool.join()
"""


def test_a_pool_of_forked_processes(programs: Any) -> None:
    programs.run(MULTIPROCESSING)
    assert programs.rows("SELECT state_type, count(*) FROM flow_run GROUP BY 1") == [("COMPLETED", 3)]
    assert programs.rows("SELECT state_type, count(*) FROM task_run GROUP BY 1") == [("COMPLETED", 30)]


# --- what a kill leaves ---------------------------------------------------------------------------------


def test_of_two_processes_the_one_that_is_killed_is_closed_by_the_other(programs: Any) -> None:
    program = "import sys\nfrom prefect import flow\n@flow\ndef {0}():\n    print('waiting', flush=True)\n"
    survivor = programs.start(
        program.format("survivor") + "    sys.stdin.readline()\nsurvivor()", stdin=subprocess.PIPE
    )
    assert survivor.stdout.readline() == "waiting\n"
    victim = programs.start(
        program.format("victim") + "    sys.stdin.readline()\nvictim()", stdin=subprocess.PIPE
    )
    programs.interrupt(victim, signal.SIGKILL)
    programs.run("from prefect import flow\nflow(lambda: 1, name='third')()")
    query = "SELECT flow.name, state_name FROM flow_run JOIN flow ON flow.id = flow_id ORDER BY 1"
    assert programs.rows(query) == [("survivor", "Running"), ("third", "Completed"), ("victim", "Crashed")]
    survivor.communicate("go\n", timeout=60)
    assert survivor.returncode == 0
    assert programs.rows(query)[0] == ("survivor", "Completed")


# --- stores in trouble ----------------------------------------------------------------------------------

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


def test_a_store_that_is_no_database(programs: Any) -> None:
    programs.home.mkdir()
    programs.store.write_bytes(b"These are my notes, not a database. " * 100)
    said = programs.fail(ANY_FLOW)
    assert said.startswith("prefect.exceptions.StoreCorruptError: The store at")
    assert str(programs.store) in said
    assert programs.store.read_bytes() == b"These are my notes, not a database. " * 100


def test_a_store_with_damaged_pages(programs: Any) -> None:
    programs.run(ANY_FLOW)
    intact = bytearray(programs.store.read_bytes())
    intact[4096:-4096] = b"\xa5" * (len(intact) - 8192)
    programs.store.write_bytes(intact)
    assert "StoreCorruptError" in programs.fail(ANY_FLOW)
    assert programs.store.read_bytes() == bytes(intact)


def test_a_database_of_another_program(programs: Any) -> None:
    programs.home.mkdir()
    with sqlite3.connect(programs.store) as connection:
        connection.execute("CREATE TABLE recipe (name TEXT)")
    connection.close()
    assert "StoreCorruptError" in programs.fail(ANY_FLOW)
    assert programs.rows("SELECT name FROM sqlite_master") == [("recipe",)]


def test_a_store_of_a_newer_version(programs: Any) -> None:
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


def test_a_disk_that_fills_up(programs: Any, tiny_disk: Path) -> None:
    programs.environment["PREFECT_HOME"] = str(tiny_disk)
    process = programs.start(ANY_FLOW.replace("2_000", "4_000"))
    out, err = process.communicate(timeout=120)
    assert out == "began\n"
    assert process.returncode == 1
    assert "prefect.exceptions.StoreFullError" in err
    assert check_of(tiny_disk / "runs.db") == "ok"
    # With the disk as full as it is, the file can still be read: what was committed is there.
    rows = sqlite3.connect(tiny_disk / "runs.db").execute("SELECT state_name FROM flow_run").fetchall()
    assert rows == [("Running",)]


def test_a_long_flow_on_a_full_disk_ends_soon(programs: Any, tiny_disk: Path) -> None:
    programs.environment["PREFECT_HOME"] = str(tiny_disk)
    process = programs.start(ANY_FLOW.replace("2_000", "20_000"))
    _, err = process.communicate(timeout=120)
    assert "prefect.exceptions.StoreFullError" in err


def test_a_disk_that_is_full_from_the_start(programs: Any, tiny_disk: Path) -> None:
    with (tiny_disk / "filler").open("wb", buffering=0) as filler, pytest.raises(OSError, match="No space"):
        while True:
            filler.write(b"x" * 4096)
    programs.environment["PREFECT_HOME"] = str(tiny_disk / "home")
    said = programs.fail(ANY_FLOW)
    assert said.startswith("prefect.exceptions.StoreFullError")


def test_a_file_that_may_not_grow(programs: Any) -> None:
    """As a quota does it: every write beyond fails."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    process = programs.start(ANY_FLOW.replace("2_000", "20_000"), preexec_fn=limit)
    _, err = process.communicate(timeout=120)
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


def test_a_home_on_a_read_only_disk(programs: Any, read_only_disk: Path) -> None:
    programs.environment["PREFECT_HOME"] = str(read_only_disk / "home")
    said = programs.fail(ANY_FLOW)
    assert said.startswith("prefect.exceptions.StoreReadOnlyError")
    assert "point PREFECT_HOME elsewhere" in said


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_home_that_this_user_may_not_write(programs: Any) -> None:
    programs.home.mkdir(mode=0o500)
    assert "StoreReadOnlyError" in programs.fail(ANY_FLOW)
    assert list(programs.home.iterdir()) == []

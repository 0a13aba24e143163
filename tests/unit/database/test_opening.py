"""A store is made once, opened by many, upgraded when old, and refused with a reason when it must be."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from prefect.exceptions import (
    StoreCorruptError,
    StoreFullError,
    StoreReadOnlyError,
    StoreTooNewError,
    StoreUnavailableError,
)
from prefect.server.database import opening, schema
from prefect.server.database.opening import connect, memory_location, open_sqlite, revision_of

PROCESSES = 6


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "prefect.db"


def pragma(connection: sqlite3.Connection, name: str) -> object:
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


class TestMaking:
    def test_the_directory_and_the_schema_are_made(self, path: Path) -> None:
        connection = open_sqlite(path)
        assert revision_of(connection) == schema.HEAD_REVISION
        assert connection.execute("SELECT count(*) FROM flow_run").fetchone() == (0,)

    def test_what_was_stored_is_there_when_opened_again(self, path: Path) -> None:
        first = open_sqlite(path)
        first.execute("INSERT INTO flow (id, created, updated, name) VALUES (x'01', 1, 1, 'kept')")
        first.close()
        assert open_sqlite(path).execute("SELECT name FROM flow").fetchall() == [("kept",)]

    def test_it_writes_ahead_and_commits_by_itself(self, path: Path) -> None:
        connection = open_sqlite(path)
        assert pragma(connection, "journal_mode") == "wal"
        assert pragma(connection, "busy_timeout") == 60_000
        assert pragma(connection, "foreign_keys") == 0
        assert connection.isolation_level is None

    def test_other_threads_may_use_it(self, path: Path) -> None:
        connection = open_sqlite(path)
        found: list[object] = []
        thread = threading.Thread(target=lambda: found.append(revision_of(connection)))
        thread.start()
        thread.join()
        assert found == [schema.HEAD_REVISION]

    def test_an_empty_file_becomes_a_store(self, path: Path) -> None:
        path.parent.mkdir()
        path.touch()
        assert revision_of(open_sqlite(path)) == schema.HEAD_REVISION

    def test_it_needs_neither_sqlalchemy_nor_alembic(self, path: Path) -> None:
        code = (
            "import sys, pathlib; from prefect.server.database.opening import open_sqlite;"
            "open_sqlite(pathlib.Path(sys.argv[1])); print({'sqlalchemy', 'alembic'} & set(sys.modules))"
        )
        command = [sys.executable, "-c", code, str(path)]
        assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "set()"


class TestInMemory:
    def test_connections_of_one_location_share_a_store(self) -> None:
        location = memory_location()
        first, second = open_sqlite(location), open_sqlite(location)
        first.execute("INSERT INTO flow (id, created, updated, name) VALUES (x'01', 1, 1, 'seen')")
        assert second.execute("SELECT name FROM flow").fetchall() == [("seen",)]

    def test_two_locations_are_two_stores(self) -> None:
        first, second = open_sqlite(memory_location()), open_sqlite(memory_location())
        first.execute("INSERT INTO flow (id, created, updated, name) VALUES (x'01', 1, 1, 'seen')")
        assert second.execute("SELECT name FROM flow").fetchall() == []


RACER = """
import os, sys
from pathlib import Path
from prefect.server.database.opening import open_sqlite

print("ready", flush=True)
sys.stdin.readline()
open_sqlite(Path(sys.argv[1])).execute(
    "INSERT INTO flow (id, created, updated, name) VALUES (?, 1, 1, ?)", (os.urandom(16), str(os.getpid()))
)
print("opened")
"""


class TestRacing:
    def test_processes_that_make_it_at_once_all_get_the_same_store(self, path: Path) -> None:
        # programs, not forks: a fork of a process with threads may inherit a lock that nobody gives back
        racers = [
            subprocess.Popen(
                [sys.executable, "-c", RACER, str(path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(PROCESSES)
        ]
        for racer in racers:
            assert racer.stdout is not None
            assert racer.stdout.readline() == "ready\n"
        for racer in racers:
            assert racer.stdin is not None
            racer.stdin.write("go\n")
            racer.stdin.flush()
        assert [racer.communicate(timeout=120)[0] for racer in racers] == ["opened\n"] * PROCESSES
        assert open_sqlite(path).execute("SELECT count(*) FROM flow").fetchone() == (PROCESSES,)

    def test_making_that_was_interrupted_leaves_nothing(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        broken = [*schema.statements()[:10], "CREATE TABLE flow_run"]
        monkeypatch.setattr("prefect.server.database.opening.statements", lambda: broken)
        with pytest.raises(sqlite3.OperationalError):
            open_sqlite(path)
        monkeypatch.undo()
        assert revision_of(open_sqlite(path)) == schema.HEAD_REVISION

    def test_a_disk_that_fills_while_it_is_made_is_named(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        filling = ["PRAGMA max_page_count = 5", *schema.statements()]
        monkeypatch.setattr("prefect.server.database.opening.statements", lambda: filling)
        with pytest.raises(StoreFullError) as raised:
            open_sqlite(path)
        assert str(path) in str(raised.value)


class TestRevisions:
    def at(self, path: Path, revision: str) -> Path:
        """A store of another revision."""
        from sqlalchemy import create_engine

        from prefect.server.database.upgrading import upgrade

        path.parent.mkdir()
        engine = create_engine(f"sqlite:///{path}")
        with engine.begin() as connection:
            upgrade(connection, revision)
        engine.dispose()
        return path

    @pytest.mark.parametrize("revision", schema.REVISIONS[:-1])
    def test_an_older_store_is_brought_up_to_date(self, path: Path, revision: str) -> None:
        connection = open_sqlite(self.at(path, revision))
        assert revision_of(connection) == schema.HEAD_REVISION
        assert connection.execute("SELECT count(*) FROM configuration").fetchone() == (0,)
        assert not connection.in_transaction

    def test_a_disk_that_fills_while_it_is_upgraded_is_named(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.at(path, schema.REVISIONS[0])
        full = (*opening._PRAGMAS, "PRAGMA max_page_count = 5")
        with monkeypatch.context() as patch:
            patch.setattr(opening, "_PRAGMAS", full)
            with pytest.raises(StoreFullError) as raised:
                open_sqlite(path)
        assert str(path) in str(raised.value)
        assert revision_of(open_sqlite(path)) == schema.HEAD_REVISION

    def test_a_newer_store_is_refused_with_both_revisions(self, path: Path) -> None:
        connection = open_sqlite(path)
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.close()
        with pytest.raises(StoreTooNewError) as raised:
            open_sqlite(path)
        message = str(raised.value)
        assert "9999" in message
        assert schema.HEAD_REVISION in message
        assert str(path) in message

    def test_the_store_of_another_program_is_refused(self, path: Path) -> None:
        connection = open_sqlite(path)
        connection.execute("UPDATE alembic_version SET version_num = 'a1b2c3d4e5f6'")
        connection.close()
        with pytest.raises(StoreCorruptError, match="another program"):
            open_sqlite(path)

    def test_a_database_with_other_tables_is_refused_and_left_alone(self, path: Path) -> None:
        path.parent.mkdir()
        other = sqlite3.connect(path)
        other.execute("CREATE TABLE songs (title)")
        with pytest.raises(StoreCorruptError, match="not those of a Prefect store"):
            open_sqlite(path)
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("songs",)]


class TestTrouble:
    def test_a_file_that_is_no_database(self, path: Path) -> None:
        path.parent.mkdir()
        path.write_text("dear diary, " * 1000)
        with pytest.raises(StoreCorruptError) as raised:
            open_sqlite(path)
        assert str(path) in str(raised.value)
        assert path.read_text().startswith("dear diary")

    def test_a_damaged_file(self, path: Path) -> None:
        connection = open_sqlite(path)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        content = bytearray(path.read_bytes())
        content[100:8192] = os.urandom(8092)
        path.write_bytes(content)
        with pytest.raises(StoreCorruptError, match="malformed"):
            open_sqlite(path)

    def test_a_directory_where_the_file_should_be(self, tmp_path: Path) -> None:
        with pytest.raises(StoreUnavailableError, match="unable to open"):
            open_sqlite(tmp_path)

    def test_a_home_below_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "home").write_text("")
        with pytest.raises(StoreUnavailableError):
            open_sqlite(tmp_path / "home" / "deeper" / "prefect.db")

    @pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
    def test_a_home_that_may_not_be_written(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o500)
        with pytest.raises(StoreReadOnlyError):
            open_sqlite(tmp_path / "home" / "prefect.db")

    def test_no_connection_is_left_open_after_trouble(self, path: Path) -> None:
        connection = open_sqlite(path)
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        with pytest.raises(StoreTooNewError):
            open_sqlite(path)
        connection.execute("BEGIN EXCLUSIVE")

    def test_a_network_file_system_keeps_the_rollback_journal(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("prefect.server.database.opening.network_filesystem", lambda path: "nfs4")
        assert pragma(connect(path), "journal_mode") == "delete"

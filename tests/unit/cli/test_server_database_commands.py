"""`prefect server database`: the schema of the store goes up and down when the operator says so."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from prefect.server.database.schema import HEAD_REVISION, REVISIONS

Prefect = Callable[..., Any]


def revision(home: Path) -> str:
    with sqlite3.connect(home / "runs.db") as connection:
        return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def test_up_and_down(prefect: Prefect, home: Path) -> None:
    assert HEAD_REVISION in prefect("server", "database", "upgrade", "--yes").out
    before = prefect("server", "database", "downgrade", "--yes").out
    assert f"{int(HEAD_REVISION) - 1:04}" in before
    planned = prefect("server", "database", "upgrade", "--dry-run").out
    assert planned == f"{int(HEAD_REVISION) - 1:04} -> {HEAD_REVISION}\n"
    assert revision(home) != HEAD_REVISION
    assert prefect("server", "database", "upgrade", "-r", "+1").code == 0
    assert revision(home) == HEAD_REVISION
    assert prefect("server", "database", "upgrade", "--dry-run").out == "Nothing to do.\n"


def test_nothing_is_deleted_without_asking(prefect: Prefect, home: Path) -> None:
    prefect("server", "database", "upgrade", "--yes")
    for command in ("reset", "downgrade"):
        outcome = prefect("server", "database", command)
        assert (outcome.code, "--yes" in outcome.err) == (1, True)
    assert revision(home) == HEAD_REVISION


def test_reset_deletes_everything(prefect: Prefect, home: Path) -> None:
    prefect("server", "database", "upgrade", "--yes")
    with sqlite3.connect(home / "runs.db") as connection:
        connection.execute("INSERT INTO flow (id, created, updated, name) VALUES (x'01', 0, 0, 'f')")
    assert prefect("server", "database", "reset", "--yes").out == "The store is empty.\n"
    with sqlite3.connect(home / "runs.db") as connection:
        assert connection.execute("SELECT count(*) FROM flow").fetchone() == (0,)
    assert revision(home) == HEAD_REVISION


def test_a_stamp_changes_nothing_else_and_a_wrong_one_is_told(prefect: Prefect, home: Path) -> None:
    prefect("server", "database", "upgrade", "--yes")
    first = min(REVISIONS)
    assert prefect("server", "database", "stamp", first).code == 0
    assert revision(home) == first
    outcome = prefect("server", "database", "upgrade", "--yes")
    assert outcome.code == 1
    assert "already exists" in outcome.err
    assert prefect("server", "database", "stamp", "head").code == 0
    assert prefect("server", "database", "upgrade", "--yes").code == 0


def test_a_revision_that_is_none(prefect: Prefect) -> None:
    for asked in ("nope", "+99", "-99"):
        outcome = prefect("server", "database", "upgrade", "--yes", "--revision", asked)
        assert (outcome.code, "There is no revision" in outcome.err) == (1, True)


def test_each_goes_its_own_way_only(prefect: Prefect, home: Path) -> None:
    prefect("server", "database", "upgrade", "--yes")
    prefect("server", "database", "downgrade", "--yes", "-r", "0003")
    for command, asked, other in (("upgrade", "0001", "downgrade"), ("downgrade", HEAD_REVISION, "upgrade")):
        for option in ("--yes", "--dry-run"):
            outcome = prefect("server", "database", command, option, "-r", asked)
            assert (outcome.code, outcome.out) == (1, "")
            assert "at revision 0003" in outcome.err
            assert f"`prefect server database {other} -r {asked}`" in outcome.err
    for command in ("upgrade", "downgrade"):
        assert prefect("server", "database", command, "--yes", "-r", "0003").code == 0
    assert revision(home) == "0003"


def test_a_stamp_may_be_told_in_steps(prefect: Prefect, home: Path) -> None:
    prefect("server", "database", "upgrade", "--yes")
    assert prefect("server", "database", "stamp", "--", "-1").code == 0
    assert revision(home) == f"{int(HEAD_REVISION) - 1:04}"
    assert f"the store is at {revision(home)}" in prefect("server", "database", "stamp", "+9").err


def test_a_new_migration_is_written(prefect: Prefect, monkeypatch: Any, tmp_path: Path) -> None:
    from prefect.server.database import new_revision

    asked: list[tuple[str, bool]] = []

    def write(message: str, autogenerate: bool) -> Path:
        asked.append((message, autogenerate))
        if message == "no":
            raise PermissionError(13, "Permission denied", "/there/rev.py")
        return tmp_path / "rev_0042_tags.py"

    monkeypatch.setattr(new_revision, "new_revision", write)
    outcome = prefect("server", "database", "revision", "-m", "tags", "--autogenerate")
    assert (outcome.code, asked) == (0, [("tags", True)])
    assert str(tmp_path / "rev_0042_tags.py") in outcome.out
    outcome = prefect("server", "database", "revision", "-m", "no")
    assert (outcome.code, "Cannot write /there/rev.py: Permission denied" in outcome.err) == (1, True)
    assert prefect("server", "database", "revision").code == 2

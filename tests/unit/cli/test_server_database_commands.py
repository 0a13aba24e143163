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

"""The tables, the script a new store is made from, and the migrations say the same."""

from __future__ import annotations

import io
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from prefect.server.database import announcing, schema
from prefect.server.database.opening import open_sqlite
from prefect.server.database.tables import metadata
from prefect.server.database.upgrading import changing_sqlite, configuration, downgrade, upgrade

POSTGRESQL_NAME_LIMIT = 63


def definitions(rows: object) -> dict[str, str]:
    """Names and definitions of what is in a database, whitespace apart."""
    return {name: re.sub(r"\s+", " ", sql).strip() for name, sql in rows if sql}  # type: ignore[attr-defined]


@pytest.fixture
def by_script() -> dict[str, str]:
    connection = sqlite3.connect(":memory:")
    for statement in schema.statements():
        connection.execute(statement)
    return definitions(connection.execute("SELECT name, sql FROM sqlite_master").fetchall())


@pytest.fixture
def migrated() -> sa.Connection:
    connection = sa.create_engine("sqlite://").connect()
    upgrade(connection)
    connection.commit()
    return connection


def test_the_script_is_what_the_tables_generate() -> None:
    assert schema.SCRIPT.read_text("utf-8") == schema.generate(), (
        "run `python -m prefect.server.database.schema`"
    )


def test_the_script_makes_what_the_migrations_make(
    by_script: dict[str, str], migrated: sa.Connection
) -> None:
    rows = migrated.execute(sa.text("SELECT name, sql FROM sqlite_master")).all()
    assert by_script == definitions(rows)


def test_the_script_stamps_the_head_revision() -> None:
    connection = sqlite3.connect(":memory:")
    for statement in schema.statements():
        connection.execute(statement)
    assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [
        (schema.HEAD_REVISION,)
    ]


def test_the_constant_lists_the_revisions_that_exist() -> None:
    script = ScriptDirectory.from_config(configuration())
    revisions = tuple(revision.revision for revision in script.walk_revisions())
    assert tuple(reversed(revisions)) == schema.REVISIONS
    assert script.get_heads() == [schema.HEAD_REVISION]


# indexes over expressions cannot be read back on SQLite; the script and the migrations are compared as text above
@pytest.mark.filterwarnings("ignore:.*expression-based index")
def test_alembic_finds_nothing_left_to_migrate(migrated: sa.Connection) -> None:
    assert compare_metadata(MigrationContext.configure(migrated), metadata) == []


def test_every_revision_can_be_taken_back(migrated: sa.Connection) -> None:
    downgrade(migrated, "base")
    assert sa.inspect(migrated).get_table_names() == ["alembic_version"]


def test_the_migrations_make_the_same_tables_on_postgresql() -> None:
    written = io.StringIO()
    options = {"as_sql": True, "output_buffer": written}
    script = ScriptDirectory.from_config(configuration())
    with Operations.context(MigrationContext.configure(dialect_name="postgresql", opts=options)):
        for revision in schema.REVISIONS:
            script.get_revision(revision).module.upgrade()  # type: ignore[union-attr]

    expected = tables_on_postgresql()
    expected += [part for text in announcing.statements("postgresql") for part in text.split(";")]

    def tidy(statements: Iterable[str]) -> set[str]:
        return {" ".join(statement.split()) for statement in statements if statement.strip()}

    assert tidy(what_stays(written.getvalue().split(";"))) == tidy(expected)


def tables_on_postgresql() -> list[str]:
    """The statements that make the tables and those indexes that PostgreSQL gets."""
    statements: list[str] = []

    def note(statement: Any, *_: object, **__: object) -> None:
        statements.append(str(statement.compile(dialect=engine.dialect)))

    engine = sa.create_mock_engine("postgresql+psycopg://", note)
    metadata.create_all(engine, checkfirst=False)
    return statements


def what_stays(statements: list[str]) -> list[str]:
    """Statements without those that make an index, and those that drop it again."""
    kept: list[str] = []
    for statement in statements:
        dropped = re.match(r"\s*DROP INDEX (\w+)", statement)
        if dropped:
            kept = [one for one in kept if not re.match(rf"\s*CREATE INDEX {dropped[1]} ", one)]
        else:
            kept.append(statement)
    return kept


def test_postgresql_takes_every_name() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    for table in metadata.sorted_tables:
        text = str(CreateTable(table).compile(dialect=dialect))
        text += "".join(str(CreateIndex(index).compile(dialect=dialect)) for index in table.indexes)
        assert [name for name in re.findall(r"\w+", text) if len(name) > POSTGRESQL_NAME_LIMIT] == []
        # SQLAlchemy shortens names that are too long, with a hash at the end
        assert not re.search(r"_[0-9a-f]{4}\b", text), text


def test_the_constant_is_read_without_sqlalchemy_or_alembic() -> None:
    code = (
        "import sys; from prefect.server.database import schema; schema.HEAD_REVISION; schema.statements();"
        "print({'sqlalchemy', 'alembic'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"


def test_an_upgrade_of_sqlite_is_all_or_nothing(tmp_path: Path) -> None:
    connection = open_sqlite(tmp_path / "runs.db")
    with changing_sqlite(connection) as borrowed:
        downgrade(borrowed, "0001")
    # in the way of a later revision than the next
    connection.execute("CREATE TABLE event_follower (name TEXT)")
    before = connection.execute("SELECT name FROM sqlite_master ORDER BY name").fetchall()
    with (
        pytest.raises(sqlite3.OperationalError, match="already exists"),
        changing_sqlite(connection) as borrowed,
    ):
        upgrade(borrowed)
    if connection.in_transaction:
        connection.execute("ROLLBACK")
    assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("0001",)]
    assert connection.execute("SELECT name FROM sqlite_master ORDER BY name").fetchall() == before
    connection.close()

"""A schema that is changed by hand: what is refused, and what trouble is called."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

import databases
from prefect.exceptions import ConfigurationError, StoreCorruptError, StoreFullError, StoreTooNewError
from prefect.server.database import opening
from prefect.server.database.administration import Schema
from prefect.server.database.schema import HEAD_REVISION, REVISIONS


@pytest.fixture(params=["sqlite", "postgresql"])
def schema(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Schema]:
    """A store of the current revision, on each database in turn."""
    if request.param == "sqlite":
        made = Schema(f"sqlite:///{tmp_path}/runs.db")
        made.upgrade_to()
        yield made
    else:
        with databases.new_database("administration") as url:
            made = Schema(url)
            made.upgrade_to()
            yield made


CHANGES: list[Callable[[Schema], object]] = [
    lambda schema: schema.upgrade_to(),
    lambda schema: schema.downgrade_to("-1"),
    lambda schema: schema.reset(),
    lambda schema: schema.steps_to("head"),
]


def call_it(schema: Schema, revision: str) -> None:
    """Somebody else has written down another revision."""
    with schema._changing() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :told"), {"told": revision})


def test_a_newer_store_is_refused_and_left_alone(schema: Schema) -> None:
    call_it(schema, "9999")
    for change in CHANGES:
        with pytest.raises(StoreTooNewError, match=HEAD_REVISION):
            change(schema)
    assert schema.revision() == "9999"


def test_the_store_of_another_program_is_refused(schema: Schema) -> None:
    call_it(schema, "a1b2c3d4e5f6")
    for change in CHANGES:
        with pytest.raises(StoreCorruptError, match="another program"):
            change(schema)


def test_a_store_that_is_called_wrongly_is_called_by_its_name_again(schema: Schema) -> None:
    call_it(schema, "a1b2c3d4e5f6")
    schema.stamp("head")
    assert schema.steps_to("head") == []


def test_tables_that_are_not_those_of_the_revision_are_told(schema: Schema) -> None:
    schema.stamp(REVISIONS[0])
    with pytest.raises(StoreCorruptError, match="already exists"):
        schema.upgrade_to()
    assert schema.revision() == REVISIONS[0]


def test_a_revision_that_is_none_is_told_with_those_that_are(schema: Schema) -> None:
    with pytest.raises(ConfigurationError, match=f"{REVISIONS[0]}.*{HEAD_REVISION}"):
        schema.upgrade_to("nope")


def test_a_disk_that_fills_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    schema = Schema(f"sqlite:///{tmp_path}/runs.db")
    schema.upgrade_to(REVISIONS[0])
    with monkeypatch.context() as patch:
        patch.setattr(opening, "_PRAGMAS", (*opening._PRAGMAS, "PRAGMA max_page_count = 5"))
        with pytest.raises(StoreFullError, match="is full"):
            schema.upgrade_to()
    assert schema.revision() == REVISIONS[0]

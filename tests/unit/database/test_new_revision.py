"""A new migration is written from the tables, beside the ones that are there."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa

from prefect.server.database.new_revision import new_revision
from prefect.server.database.schema import HEAD_REVISION
from prefect.server.database.tables import metadata
from prefect.server.database.upgrading import MIGRATIONS

NEXT = f"{int(HEAD_REVISION) + 1:04}"


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    return Path(shutil.copytree(MIGRATIONS, tmp_path / "100% migrations"))


def test_it_follows_the_last_one_and_does_nothing_yet(migrations: Path) -> None:
    path = new_revision("Tags of Flows", autogenerate=False, migrations=migrations)
    assert path == migrations / "versions" / f"rev_{NEXT}_tags_of_flows.py"
    text = path.read_text()
    assert text.startswith('"""Tags of Flows.')
    assert f"revision = '{NEXT}'" in text
    assert f"down_revision = '{HEAD_REVISION}'" in text
    assert text.count("    pass\n") == 2


@pytest.mark.filterwarnings("ignore")
def test_what_the_tables_have_more_is_filled_in(migrations: Path) -> None:
    table = sa.Table("kettle", metadata, sa.Column("id", sa.Integer, primary_key=True))
    try:
        text = new_revision("kettles", autogenerate=True, migrations=migrations).read_text()
    finally:
        metadata.remove(table)
    assert "op.create_table('kettle'" in text
    assert "op.drop_table('kettle')" in text
    assert text.count("    op.") == 2

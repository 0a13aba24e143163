"""Writing a new migration into this checkout: for those who change the tables of the project.

No store is looked at: what is to be done is found by comparing the tables with what the migrations so far make. Not
here: running migrations (`upgrading`).
"""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import TYPE_CHECKING, cast

import sqlalchemy as sa

from prefect.server.database.schema import HEAD_REVISION
from prefect.server.database.upgrading import MIGRATIONS, configuration, upgrade

if TYPE_CHECKING:
    from alembic.script import Script

_FILE_NAME = "rev_%%(rev)s_%%(slug)s"


def new_revision(message: str, autogenerate: bool, migrations: Path = MIGRATIONS) -> Path:
    """Write the migration that follows the last one, and return its file.

    Args:
        message: what it does, in a few words; the file is named after it.
        autogenerate: fill in what the tables have and the migrations so far do not make, as far as Alembic
            sees it; otherwise it does nothing yet.
        migrations: the directory of Alembic.

    Raises:
        OSError: the directory cannot be written.
    """
    from alembic import command

    number = f"{int(HEAD_REVISION) + 1:0{len(HEAD_REVISION)}}"
    engine = sa.create_engine("sqlite://")
    # Alembic tells of its doings on standard output
    with contextlib.redirect_stdout(io.StringIO()), engine.connect() as connection:
        upgrade(connection)
        config = configuration(connection)
        config.set_main_option("script_location", str(migrations).replace("%", "%%"))
        config.set_main_option("file_template", _FILE_NAME)
        written = command.revision(config, message, autogenerate=autogenerate, rev_id=number)
    return Path(cast("Script", written).path)

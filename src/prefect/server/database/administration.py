"""Changing the schema of a store by hand: up, down, anew, or merely told where it is.

Opening a store brings it to the current revision by itself; this is for operators who want to say when. Each
change is one transaction, under the lock that every change of a schema takes. Not here: the migrations.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

import sqlalchemy as sa

from prefect.exceptions import ConfigurationError, StoreCorruptError
from prefect.server.database import opening, postgres_opening
from prefect.server.database.errors import store_errors
from prefect.server.database.options import DatabaseOptions
from prefect.server.database.upgrading import (
    changing_postgres,
    changing_sqlite,
    configuration,
    downgrade,
    upgrade,
)
from prefect.server.database.urls import Database, PostgresDatabase, SqliteDatabase, parse_database_url


class Schema:
    """The schema of one store.

    Args:
        url: of the database.
        options: how to connect to PostgreSQL.
    """

    def __init__(self, url: str, options: DatabaseOptions | None = None) -> None:
        self.database = parse_database_url(url)
        self._options = options or DatabaseOptions()

    def revision(self) -> str | None:
        """The revision it is at; None: there is none yet."""
        with self._changing() as connection:
            return _revision_of(connection)

    def steps_to(self, revision: str) -> list[str]:
        """What `upgrade_to` or `downgrade_to` would do, a line for each migration.

        Raises:
            ConfigurationError: there is no such revision.
        """
        with self._changing() as connection:
            before = _revision_of(connection)
            return _steps(before, _absolute(before, revision))

    def upgrade_to(self, revision: str = "head") -> None:
        """Run the migrations up to a revision (`head`, its number, or `+1`).

        Raises:
            ConfigurationError: there is no such revision.
            prefect.exceptions.StoreError: what its name says; nothing was changed.
        """
        with self._changing() as connection:
            upgrade(connection, _absolute(_revision_of(connection), revision))

    def downgrade_to(self, revision: str = "-1") -> None:
        """Run the migrations back to a revision (`base`, its number, or `-1`); what only later ones hold is lost.

        Raises:
            ConfigurationError: there is no such revision.
            prefect.exceptions.StoreError: what its name says; nothing was changed.
        """
        with self._changing() as connection:
            downgrade(connection, _absolute(_revision_of(connection), revision))

    def reset(self) -> None:
        """Delete everything in the store, and make its tables anew."""
        with self._changing() as connection:
            downgrade(connection, "base")
            upgrade(connection)

    def stamp(self, revision: str) -> None:
        """Write down that the schema is at a revision, without changing it.

        Raises:
            ConfigurationError: there is no such revision.
        """
        from alembic import command

        with self._changing() as connection:
            command.stamp(configuration(connection), _absolute(None, revision), purge=True)

    @contextmanager
    def _changing(self) -> Iterator[sa.Connection]:
        database = self.database
        try:
            with self._connected(database) as connection:
                yield connection
        except sa.exc.SQLAlchemyError as error:
            place = database.location if isinstance(database, SqliteDatabase) else database
            told = f"its tables are not those of the revision it is said to be at ({getattr(error, 'orig', error)})"
            raise StoreCorruptError(place, told) from error

    @contextmanager
    def _connected(self, database: Database) -> Iterator[sa.Connection]:
        if isinstance(database, SqliteDatabase):
            with (
                store_errors(database.location),
                closing(opening.connect(database.location)) as plain,
                changing_sqlite(plain) as connection,
            ):
                yield connection
        else:
            with self._changing_postgres(database) as connection:
                yield connection

    @contextmanager
    def _changing_postgres(self, database: PostgresDatabase) -> Iterator[sa.Connection]:
        psycopg = postgres_opening.driver()
        with closing(postgres_opening.connect(database, self._options)) as plain:
            try:
                with changing_postgres(plain) as connection:
                    yield connection
            except psycopg.Error as error:
                raise postgres_opening.store_error(error, database) or error from error


# --- revisions ------------------------------------------------------------------------------------------


def _revision_of(connection: sa.Connection) -> str | None:
    from alembic.runtime.migration import MigrationContext

    return MigrationContext.configure(connection).get_current_revision()


def _known() -> list[str]:
    """All revisions, the first first."""
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(configuration())
    return [script.revision for script in scripts.walk_revisions()][::-1]


def _absolute(before: str | None, revision: str) -> str:
    """A revision by its number, or "base".

    Raises:
        ConfigurationError: there is none of that name, or so far from the current one.
    """
    known = _known()
    if revision in ("head", "heads"):
        return known[-1]
    if revision == "base" or revision in known:
        return revision
    if revision[:1] in "+-" and revision[1:].isdigit() and (before is None or before in known):
        place = (known.index(before) + 1 if before else 0) + int(revision)
        if 0 <= place <= len(known):
            return known[place - 1] if place else "base"
    raise ConfigurationError(
        f"There is no revision {revision!r} (the store is at {before or 'none'}). Known are: {', '.join(known)}, "
        "head, base, and steps such as +1 and -1."
    )


def _steps(before: str | None, after: str) -> list[str]:
    known = ["base", *_known()]
    here, there = known.index(before or "base"), known.index(after)
    direction = 1 if there > here else -1
    return [f"{known[place]} -> {known[place + direction]}" for place in range(here, there, direction)]

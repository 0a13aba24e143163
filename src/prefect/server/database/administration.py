"""Changing the schema of a store by hand: up, down, anew, or merely told where it is.

Opening a store brings it to the current revision by itself; this is for operators who want to say when. Each
change is one transaction, under the lock that every change of a schema takes. Not here: the migrations.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager

import sqlalchemy as sa

from prefect.exceptions import ConfigurationError, StoreCorruptError
from prefect.server.database import opening, postgres_opening
from prefect.server.database.errors import store_errors
from prefect.server.database.options import DatabaseOptions
from prefect.server.database.schema import known_revision
from prefect.server.database.upgrading import (
    changing_postgres,
    changing_sqlite,
    configuration,
    downgrade,
    upgrade,
)
from prefect.server.database.urls import PostgresDatabase, SqliteDatabase, parse_database_url


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

    def steps_to(self, revision: str, down: bool = False) -> list[str]:
        """What `upgrade_to`, or with `down` `downgrade_to`, would do, a line for each migration.

        Raises:
            ConfigurationError: there is no such revision, or it lies the other way.
        """
        with self._changing() as connection:
            before, after = self._way(connection, revision, down)
            return _steps(before, after)

    def upgrade_to(self, revision: str = "head") -> None:
        """Run the migrations up to a revision (`head`, its number, or `+1`).

        Raises:
            ConfigurationError: there is no such revision, or the store is beyond it.
            prefect.exceptions.StoreError: what its name says; nothing was changed.
        """
        with self._changing() as connection:
            _, after = self._way(connection, revision, down=False)
            upgrade(connection, after)

    def downgrade_to(self, revision: str = "-1") -> None:
        """Run the migrations back to a revision (`base`, its number, or `-1`); what only later ones hold is lost.

        Raises:
            ConfigurationError: there is no such revision, or the store has not come to it yet.
            prefect.exceptions.StoreError: what its name says; nothing was changed.
        """
        with self._changing() as connection:
            _, after = self._way(connection, revision, down=True)
            downgrade(connection, after)

    def reset(self) -> None:
        """Delete everything in the store, and make its tables anew."""
        with self._changing() as connection:
            self._known_revision(connection)
            downgrade(connection, "base")
            upgrade(connection)

    def stamp(self, revision: str) -> None:
        """Write down that the schema is at a revision, without changing it.

        Raises:
            ConfigurationError: there is no such revision.
        """
        from alembic import command

        with self._changing() as connection:
            command.stamp(
                configuration(connection), _absolute(_revision_of(connection), revision), purge=True
            )

    def _way(self, connection: sa.Connection, revision: str, down: bool) -> tuple[str, str]:
        """From which revision to which, the empty store being "base"; a way in the other direction is refused."""
        before = self._known_revision(connection) or "base"
        after = _absolute(before, revision)
        known = ["base", *_known()]
        ahead = known.index(after) - known.index(before)
        if ahead > 0 if down else ahead < 0:
            other, beyond = ("upgrade", "before") if down else ("downgrade", "beyond")
            raise ConfigurationError(
                f"The store is at revision {before}, {beyond} {after}. To get there: `prefect server database "
                f"{other} -r {after}`."
            )
        return before, after

    def _changing(self) -> AbstractContextManager[sa.Connection]:
        database = self.database
        if isinstance(database, SqliteDatabase):
            return _connected_to_sqlite(database)
        return _connected_to_postgres(database, self._options)

    def _known_revision(self, connection: sa.Connection) -> str | None:
        """The revision it is at, if that can be changed."""
        database = self.database
        place = database.location if isinstance(database, SqliteDatabase) else database
        return known_revision(_revision_of(connection), place)


@contextmanager
def _connected_to_sqlite(database: SqliteDatabase) -> Iterator[sa.Connection]:
    location = database.location
    with (
        _errors_of_migrations(location, sqlite3.Error),
        store_errors(location),
        closing(opening.connect(location)) as plain,
        changing_sqlite(plain) as connection,
    ):
        yield connection


@contextmanager
def _connected_to_postgres(database: PostgresDatabase, options: DatabaseOptions) -> Iterator[sa.Connection]:
    with (
        _errors_of_migrations(database, postgres_opening.driver().Error),
        postgres_opening.store_errors(database),
        closing(postgres_opening.connect(database, options)) as plain,
        changing_postgres(plain) as connection,
    ):
        yield connection


@contextmanager
def _errors_of_migrations(place: object, driver_error: type[Exception]) -> Iterator[None]:
    """An error that is no trouble of the store: a migration has found other tables than it knows."""
    try:
        yield
    except (sa.exc.SQLAlchemyError, driver_error) as error:
        told = f"its tables are not those of the revision it is said to be at ({error})"
        raise StoreCorruptError(place, told) from error


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
    places = ["base", *known]
    if revision[:1] in "+-" and revision[1:].isdigit() and (before or "base") in places:
        place = places.index(before or "base") + int(revision)
        if 0 <= place < len(places):
            return places[place]
    raise ConfigurationError(
        f"There is no revision {revision!r} (the store is at {before or 'base'}). Known are: {', '.join(known)}, "
        "head, base, and steps such as +1 and -1."
    )


def _steps(before: str, after: str) -> list[str]:
    known = ["base", *_known()]
    here, there = known.index(before), known.index(after)
    direction = 1 if there > here else -1
    return [f"{known[place]} -> {known[place + direction]}" for place in range(here, there, direction)]

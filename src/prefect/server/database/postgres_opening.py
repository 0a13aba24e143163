"""Opening a PostgreSQL store: connecting, the schema made or brought up to date, errors told clearly.

Several programs may open an empty database at once: one makes the schema, under an advisory lock, the others wait
and find it made. Not here: the journal's use of a connection (`postgres`), what a URL means (`urls`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from prefect.exceptions import (
    ConfigurationError,
    StoreCorruptError,
    StoreError,
    StoreFullError,
    StoreLockedError,
    StoreReadOnlyError,
    StoreUnavailableError,
)
from prefect.server.database.options import DatabaseOptions
from prefect.server.database.schema import HEAD_REVISION, known_revision
from prefect.server.database.urls import PostgresDatabase

if TYPE_CHECKING:
    import psycopg

_LONGEST_WAIT_FOR_A_MIGRATION = 600.0
"""Seconds; a migration of a large store takes minutes."""

_CLASS_OF_STATE: dict[str, type[StoreError]] = {
    "40001": StoreLockedError,  # serialization failure
    "40P01": StoreLockedError,  # deadlock
    "55P03": StoreLockedError,  # lock not available
    "57014": StoreLockedError,  # statement timeout
    "53100": StoreFullError,  # disk full
    "25006": StoreReadOnlyError,  # read-only transaction
    "42501": StoreReadOnlyError,  # insufficient privilege
    "XX001": StoreCorruptError,  # data corrupted
    "XX002": StoreCorruptError,  # index corrupted
}
_UNAVAILABLE = ("08", "28", "3D", "53", "57P", "58")
"""Beginnings of codes: connection, authorisation, no such database, resources, shutdown, system."""

_ROLLED_BACK = frozenset({"40001", "40P01"})


def driver() -> Any:
    """psycopg.

    Raises:
        ConfigurationError: it is not installed.
    """
    try:
        import psycopg
    except ImportError as error:
        raise ConfigurationError(
            "A PostgreSQL store needs the driver psycopg, which is not installed: "
            "pip install 'prefect[postgres]'."
        ) from error
    return psycopg


def connect(
    database: PostgresDatabase, options: DatabaseOptions | None = None
) -> psycopg.Connection[tuple[Any, ...]]:
    """A new connection, in autocommit mode, with the settings of this project.

    Raises:
        prefect.exceptions.StoreUnavailableError: the server cannot be reached, or refuses.
        ConfigurationError: psycopg is not installed.
    """
    options = options or DatabaseOptions()
    psycopg_ = driver()
    timeout = options.connection_timeout_seconds
    arguments: dict[str, Any] = {"application_name": "prefect", **options.parameters}
    if timeout is not None:
        # libpq takes whole seconds, and none for fewer than two
        arguments["connect_timeout"] = max(2, round(timeout))
    try:
        connection: psycopg.Connection[tuple[Any, ...]] = psycopg_.connect(
            database.conninfo, autocommit=True, prepare_threshold=5, **_not_in(database, arguments)
        )
        connection.execute(
            "SELECT set_config('TimeZone', 'UTC', false), set_config('statement_timeout', %s, false)",
            (milliseconds(options.statement_timeout_seconds),),
        )
    except psycopg_.Error as error:
        raise store_error(error, database) or StoreUnavailableError(database, _words_of(error)) from error
    return connection


def _not_in(database: PostgresDatabase, arguments: dict[str, Any]) -> dict[str, Any]:
    """What the URL says itself goes first."""
    from psycopg import conninfo

    told = conninfo.conninfo_to_dict(database.conninfo)
    return {name: value for name, value in arguments.items() if name not in told}


def milliseconds(seconds: float | None) -> str:
    """A bound as PostgreSQL's settings have it; None: there is none."""
    return "0" if seconds is None else str(max(1, round(seconds * 1000)))


# --- errors ---------------------------------------------------------------------------------------------


def store_error(error: BaseException | None, location: object) -> StoreError | None:
    """The store error that an error of psycopg stands for; None for any other, those in our statements among them."""
    if isinstance(error, StoreError):
        return error
    psycopg = driver()
    if not isinstance(error, psycopg.Error) or isinstance(error, psycopg.errors.PipelineAborted):
        return None
    state = error.sqlstate or ""
    kind = _CLASS_OF_STATE.get(state)
    if kind is None and (state.startswith(_UNAVAILABLE) or (not state and _is_about_the_connection(error))):
        kind = StoreUnavailableError
    return None if kind is None else kind(location, _words_of(error))


@contextmanager
def store_errors(database: PostgresDatabase) -> Iterator[None]:
    """Raise the trouble a store has as a `StoreError` that names it and the remedy.

    Raises:
        prefect.exceptions.StoreError: in place of what psycopg raised.
        ConfigurationError: psycopg is not installed.
    """
    try:
        yield
    except driver().Error as error:
        translated = store_error(error, database)
        if translated is None:
            raise
        raise translated from error


def is_rolled_back(error: BaseException | None) -> bool:
    """Whether the database gave a transaction up for the sake of another: it may be tried again at once."""
    return getattr(error, "sqlstate", None) in _ROLLED_BACK


def _is_about_the_connection(error: BaseException) -> bool:
    psycopg = driver()
    return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)


def _words_of(error: BaseException) -> str:
    """What the server said, in one line; of several addresses that were tried, the last."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = [line for line in lines if "failed:" in line] or lines[:1] or [type(error).__name__]
    return told[-1].removeprefix("- ").rpartition("failed: ")[2]


# --- revisions ------------------------------------------------------------------------------------------


def revision_of(connection: psycopg.Connection[Any]) -> str | None:
    """The revision of the schema, or None when there is none."""
    row = connection.execute("SELECT to_regclass('alembic_version') IS NOT NULL").fetchone()
    if row is None or not row[0]:
        return None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(row[0]) if row else None


def bring_to_head(database: PostgresDatabase, options: DatabaseOptions | None = None) -> None:
    """Make the schema, or bring it to the current revision, where needed.

    Raises:
        prefect.exceptions.StoreTooNewError: a later version has upgraded the database.
        prefect.exceptions.StoreCorruptError: the tables are another program's.
        prefect.exceptions.StoreError: what its name says; nothing was changed.
    """
    options = options or DatabaseOptions()
    with store_errors(database), closing(connect(database, options)) as connection:
        if known_revision(revision_of(connection), database) == HEAD_REVISION:
            return
        if not options.migrate:
            raise ConfigurationError(
                f"The store at {str(database)!r} is not at the schema revision {HEAD_REVISION}, and "
                "PREFECT_SERVER_DATABASE_MIGRATE_ON_START is off. Run `prefect server database upgrade`."
            )
        _upgrade(connection, database, options)


def _upgrade(
    connection: psycopg.Connection[Any], database: PostgresDatabase, options: DatabaseOptions
) -> None:
    from prefect.server.database.upgrading import changing_postgres, upgrade

    limit = options.migration_timeout_seconds
    with changing_postgres(connection, limit or _LONGEST_WAIT_FOR_A_MIGRATION, limit) as borrowed:
        # somebody else may have upgraded it while this process waited
        if known_revision(revision_of(connection), database) != HEAD_REVISION:
            upgrade(borrowed)

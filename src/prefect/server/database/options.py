"""How connections to a PostgreSQL server are made and bounded: options of a store beside its URL.

SQLite needs none of them. Not here: the settings they come from (`prefect.settings`), connecting (`postgres_opening`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prefect.settings import Settings


@dataclass(frozen=True)
class DatabaseOptions:
    """What connections are made with, and their bounds.

    Attributes:
        pool_size: connections that are kept open for queries.
        max_overflow: how many more may be open at a busy time.
        pool_timeout_seconds: how long to wait for a free one; None: without end.
        pool_recycle_seconds: after how long a connection is replaced.
        journal_connections: how many transactions of the journal may be under way at once.
        connection_timeout_seconds: how long connecting may take; None: as long as the system lets it.
        statement_timeout_seconds: how long one statement may take, waiting for locks included; None: without end.
        migration_timeout_seconds: the same for a migration.
        migrate: make or upgrade the schema where needed; else a store at another revision is refused.
        parameters: further parameters of libpq, such as `application_name` and those of TLS.
    """

    pool_size: int = 5
    max_overflow: int = 10
    pool_timeout_seconds: float | None = 30.0
    pool_recycle_seconds: float = 3600.0
    journal_connections: int = 8
    connection_timeout_seconds: float | None = 5.0
    statement_timeout_seconds: float | None = 10.0
    migration_timeout_seconds: float | None = None
    migrate: bool = True
    parameters: dict[str, str] = field(default_factory=dict)


def options_of(settings: Settings) -> DatabaseOptions:
    """The options that settings ask for."""
    database = settings.server.database
    pool, arguments = database.sqlalchemy, database.sqlalchemy.connect_args
    tls = arguments.tls
    parameters = {
        "application_name": arguments.application_name,
        "options": f"-csearch_path={arguments.search_path}" if arguments.search_path else None,
    }
    if tls.enabled:
        trusted = "verify-full" if tls.check_hostname else "verify-ca"
        parameters |= {
            "sslmode": trusted if tls.ca_file else "require",
            "sslrootcert": tls.ca_file,
            "sslcert": tls.cert_file,
            "sslkey": tls.key_file,
        }
    return DatabaseOptions(
        pool_size=pool.pool_size,
        max_overflow=pool.max_overflow,
        pool_timeout_seconds=pool.pool_timeout,
        pool_recycle_seconds=pool.pool_recycle,
        connection_timeout_seconds=database.connection_timeout,
        statement_timeout_seconds=database.timeout,
        migration_timeout_seconds=database.migration_timeout,
        migrate=database.migrate_on_start,
        parameters={name: value for name, value in parameters.items() if value},
    )

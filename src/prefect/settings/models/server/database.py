"""`settings.server.database`: the store."""

from typing import Literal

from pydantic import SecretStr

from prefect.settings.base import PrefectBaseSettings
from prefect.settings.fields import setting
from prefect.settings.models import _defaults


class SQLAlchemyTLSSettings(PrefectBaseSettings, path="server.database.sqlalchemy.connect_args.tls"):
    """Encryption of connections to PostgreSQL."""

    enabled: bool = setting(False, "Encrypt connections.")
    ca_file: str | None = setting(None, "File with the certificate authority to trust.")
    cert_file: str | None = setting(None, "File with the client's certificate.")
    key_file: str | None = setting(None, "File with the client's key.")
    check_hostname: bool = setting(True, "Check that the certificate is the host's.")


class SQLAlchemyConnectArgsSettings(PrefectBaseSettings, path="server.database.sqlalchemy.connect_args"):
    """What connections to PostgreSQL are opened with."""

    application_name: str | None = setting(None, "Name the connections carry in the server's lists.")
    search_path: str | None = setting(None, "Schema the tables live in.")
    statement_cache_size: int | None = setting(None, "Statements the driver remembers per connection.")
    prepared_statement_cache_size: int | None = setting(None, "Prepared statements SQLAlchemy remembers.")
    tls: SQLAlchemyTLSSettings


class SQLAlchemySettings(PrefectBaseSettings, path="server.database.sqlalchemy"):
    """The pool of connections."""

    connect_args: SQLAlchemyConnectArgsSettings
    pool_size: int = setting(5, "Connections kept open.", aliases=("PREFECT_SQLALCHEMY_POOL_SIZE",))
    pool_recycle: int = setting(3600, "Seconds after which a connection is replaced.")
    pool_timeout: float | None = setting(30.0, "Seconds to wait for a free connection.")
    max_overflow: int = setting(
        10, "Connections beyond pool_size in busy times.", aliases=("PREFECT_SQLALCHEMY_MAX_OVERFLOW",)
    )


class ServerDatabaseSettings(PrefectBaseSettings, path="server.database"):
    """The store."""

    sqlalchemy: SQLAlchemySettings
    connection_url: SecretStr | None = setting(
        None,
        "URL of the store. Default: made of driver, host, port, user, password and name if a driver is set, "
        "else the SQLite file runs.db in PREFECT_HOME.",
        aliases=("PREFECT_API_DATABASE_CONNECTION_URL",),
        derive=_defaults.database_connection_url,
        adjust=_defaults.fill_database_password,
    )
    driver: Literal["postgresql+asyncpg", "sqlite+aiosqlite"] | None = setting(
        None, "Kind of store, when no URL is given.", aliases=("PREFECT_API_DATABASE_DRIVER",)
    )
    host: str | None = setting(None, "Host of the store.", aliases=("PREFECT_API_DATABASE_HOST",))
    port: int | None = setting(None, "Port of the store.", aliases=("PREFECT_API_DATABASE_PORT",))
    user: str | None = setting(None, "User of the store.", aliases=("PREFECT_API_DATABASE_USER",))
    name: str | None = setting(
        None, "Database in PostgreSQL, or file for SQLite.", aliases=("PREFECT_API_DATABASE_NAME",)
    )
    password: SecretStr | None = setting(
        None,
        "Password of the store; a connection URL may say ${PREFECT_SERVER_DATABASE_PASSWORD}.",
        aliases=("PREFECT_API_DATABASE_PASSWORD",),
    )
    echo: bool = setting(False, "Log every statement.", aliases=("PREFECT_API_DATABASE_ECHO",))
    migrate_on_start: bool = setting(
        True,
        "Bring the store to the current revision when it is opened.",
        aliases=("PREFECT_API_DATABASE_MIGRATE_ON_START",),
    )
    timeout: float | None = setting(
        10.0, "Seconds a statement may take, or wait for a lock.", aliases=("PREFECT_API_DATABASE_TIMEOUT",)
    )
    connection_timeout: float | None = setting(
        5.0, "Seconds opening a connection may take.", aliases=("PREFECT_API_DATABASE_CONNECTION_TIMEOUT",)
    )
    migration_timeout: float | None = setting(None, "Seconds a migration may take; None is no limit.", gt=0)

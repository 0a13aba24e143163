"""What a database connection URL means: which database, and where.

Every documented spelling is understood, drivers of the original included (`sqlite+aiosqlite`,
`postgresql+asyncpg`): the driver is ours to choose, so only the kind of database counts. Not here: opening.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, quote, unquote, urlencode, urlsplit

from prefect.server.database.opening import Location, memory_location

_SQLITE = frozenset({"sqlite", "sqlite+aiosqlite", "sqlite+pysqlite"})
_POSTGRESQL = frozenset(
    {"postgres", "postgresql", "postgresql+asyncpg", "postgresql+psycopg", "postgresql+psycopg2"}
)


@dataclass(frozen=True)
class SqliteDatabase:
    """A SQLite store in a file or in memory."""

    location: Location


@dataclass(frozen=True)
class PostgresDatabase:
    """A PostgreSQL database; `url` is for SQLAlchemy and holds the password. As text it is what may be shown."""

    url: str

    @property
    def conninfo(self) -> str:
        """The URL as libpq takes it, the password included."""
        return "postgresql://" + self.url.partition("://")[2]

    def __str__(self) -> str:
        # the options may hold secrets, too
        return re.sub(r"(://[^:/@]*):.*@", r"\1@", self.conninfo.partition("?")[0])

    def __repr__(self) -> str:
        return f"PostgresDatabase(url={hide_password(self.url)!r})"


Database = SqliteDatabase | PostgresDatabase


def parse_database_url(url: str) -> Database:
    """The database a connection URL names. A location in memory is a new one at each call.

    Raises:
        ValueError: the URL is malformed or names a database other than SQLite and PostgreSQL.
    """
    scheme, separator, rest = url.strip().partition("://")
    if separator and scheme.lower() in _SQLITE:
        return SqliteDatabase(_sqlite_location(rest, url))
    if separator and scheme.lower() in _POSTGRESQL:
        return _postgres(rest, url)
    raise ValueError(
        f"{hide_password(url)!r} is not a database URL that Prefect understands. Set "
        "PREFECT_API_DATABASE_CONNECTION_URL to 'sqlite+aiosqlite:////absolute/path/prefect.db' or "
        "'postgresql+asyncpg://user:password@host/database'."
    )


def hide_password(url: str) -> str:
    """The URL as it may be shown."""
    shown = re.sub(r"(://[^:/@]*):.*@", r"\1:***@", url)
    return re.sub(r"(password=)[^&]*", r"\1***", shown)


def _sqlite_location(rest: str, url: str) -> Location:
    """`///relative`, `////absolute`, `///C:/windows`, and the spellings of a database in memory."""
    path, _, query = rest.partition("?")
    if path and not path.startswith("/"):
        raise ValueError(
            f"{hide_password(url)!r} has a host, which a SQLite URL cannot have. Write three slashes before a "
            "relative path and four before an absolute one: 'sqlite+aiosqlite:////absolute/path/prefect.db'."
        )
    name = unquote(path[1:])
    in_memory = name in ("", ":memory:") or "memory" in parse_qs(query).get("mode", [])
    if in_memory or name.startswith("file::memory:"):
        return memory_location()
    return Path(name.removeprefix("file:")).expanduser()


def _postgres(rest: str, url: str) -> PostgresDatabase:
    try:
        parts = urlsplit(f"postgresql://{rest}")
        port, database = parts.port, parts.path.lstrip("/")
    except ValueError:
        # the error itself may quote a piece of the password
        raise ValueError(
            f"{hide_password(url)!r} is not a PostgreSQL URL. Is its port a number? In a password, write "
            "characters such as '/', '[' and '#' as '%2F', '%5B' and '%23'."
        ) from None
    place, _, query = rest.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    if not database and port is None and not parts.hostname and "host" not in options:
        raise ValueError(f"{hide_password(url)!r} names neither a host nor a database.")
    written = urlencode(_options_of_libpq(options), safe="/", quote_via=quote)
    return PostgresDatabase(f"postgresql+psycopg://{place}{'?' if written else ''}{written}")


_OF_ASYNCPG = frozenset(
    {
        "command_timeout", "max_cacheable_statement_size", "max_cached_statement_lifetime",
        "prepared_statement_cache_size", "prepared_statement_name_func", "statement_cache_size",
    }
)  # fmt: skip
"""Options of the original's driver that mean nothing to ours."""


def _options_of_libpq(options: dict[str, str]) -> dict[str, str]:
    """Options as psycopg knows them, from those that a URL for asyncpg may have."""
    known = {name: value for name, value in options.items() if name not in _OF_ASYNCPG}
    if "ssl" in known:
        asked = known.pop("ssl")
        modes = {"true": "require", "1": "require", "false": "disable", "0": "disable"}
        known.setdefault("sslmode", modes.get(asked.lower(), asked))
    if "timeout" in known:
        known.setdefault("connect_timeout", known.pop("timeout"))
    return known

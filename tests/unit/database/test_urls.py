"""Every documented spelling of a connection URL is understood, and passwords are never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from prefect.server.database.urls import PostgresDatabase, SqliteDatabase, parse_database_url


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite+aiosqlite:////home/me/.prefect/prefect.db", "/home/me/.prefect/prefect.db"),
        ("sqlite:////a/b.db", "/a/b.db"),
        ("sqlite:///b.db", "b.db"),
        ("  sqlite:///b.db\n", "b.db"),
        ("SQLite+aiosqlite:///b.db?timeout=10", "b.db"),
        ("sqlite:////with%20space/b.db", "/with space/b.db"),
        ("sqlite:///C:/Users/me/prefect.db", "C:/Users/me/prefect.db"),
        ("sqlite:///file:/a/b.db?uri=true", "/a/b.db"),
    ],
)
def test_a_sqlite_file(url: str, path: str) -> None:
    assert parse_database_url(url) == SqliteDatabase(Path(path))


def test_a_home_directory_is_expanded() -> None:
    assert parse_database_url("sqlite:///~/prefect.db") == SqliteDatabase(Path.home() / "prefect.db")


@pytest.mark.parametrize(
    "url",
    [
        "sqlite+aiosqlite:///:memory:",
        "sqlite://",
        "sqlite:///file::memory:?cache=shared",
        "sqlite+aiosqlite:///file::memory:?cache=shared&uri=true&check_same_thread=false",
        "sqlite:///file:name?mode=memory&cache=shared&uri=true",
    ],
)
def test_in_memory(url: str) -> None:
    database = parse_database_url(url)
    assert isinstance(database, SqliteDatabase)
    assert isinstance(database.location, str)
    assert "vfs=memdb" in database.location
    assert parse_database_url(url) != database, "each is a store of its own"


@pytest.mark.parametrize(
    "scheme", ["postgresql+asyncpg", "postgresql", "postgres", "postgresql+psycopg", "postgresql+psycopg2"]
)
def test_postgresql(scheme: str) -> None:
    database = parse_database_url(f"{scheme}://me:secret@host:5432/prefect?sslmode=require")
    assert database == PostgresDatabase("postgresql+psycopg://me:secret@host:5432/prefect?sslmode=require")
    assert "secret" not in repr(database)


def test_postgresql_by_socket() -> None:
    database = parse_database_url("postgresql:///prefect?host=/var/run/postgresql")
    assert database == PostgresDatabase("postgresql+psycopg:///prefect?host=/var/run/postgresql")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "prefect.db",
        "/a/b.db",
        "mysql://me:secret@host/db",
        "sqlite+aiosqlite://me:secret@host/db",
        "sqlite://relative/b.db",
        "postgresql://",
        "postgresql+asyncpg://me:secret@host:port/db",
        "postgresql://me:secret/and-more@host/db",
        "postgresql://me:[secret@host/db",
    ],
)
def test_anything_else_is_refused_without_showing_a_password(url: str) -> None:
    with pytest.raises(ValueError) as raised:
        parse_database_url(url)
    assert "secret" not in str(raised.value)
    assert url.split(":")[0] in str(raised.value)


@pytest.mark.parametrize(
    ("query", "meant"),
    [
        ("?ssl=require", "?sslmode=require"),
        ("?ssl=true", "?sslmode=require"),
        ("?ssl=false", "?sslmode=disable"),
        ("?ssl=verify-full&sslrootcert=/ca.pem", "?sslrootcert=/ca.pem&sslmode=verify-full"),
        ("?prepared_statement_cache_size=0&statement_cache_size=0", ""),
        ("?timeout=7", "?connect_timeout=7"),
        ("?application_name=mine", "?application_name=mine"),
    ],
)
def test_options_for_another_driver_are_translated(query: str, meant: str) -> None:
    database = parse_database_url(f"postgresql+asyncpg://me@host/prefect{query}")
    assert isinstance(database, PostgresDatabase)
    assert database.conninfo == f"postgresql://me@host/prefect{meant}"


@pytest.mark.parametrize(
    "url",
    ["postgresql://me:sec:ret@host/db", "postgresql://me:s@cret@host/db", "postgresql:///db?password=secret"],
)
def test_what_is_shown_of_a_database_holds_no_password(url: str) -> None:
    database = parse_database_url(url)
    for shown in (str(database), repr(database)):
        assert "ret" not in shown

"""Stores for tests on either database: SQLite in a file of its own, PostgreSQL in a database of this process.

The server is the one that `TESTS_POSTGRESQL_URL` names, by default one on this machine that trusts it.
Without a server the tests of PostgreSQL are skipped, saying so; where `CI` is set they fail. A database is made
once for each process of the tests and emptied before each test. Not here: the fixtures (`conftest`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

SERVER = os.environ.get("TESTS_POSTGRESQL_URL", "postgresql://postgres@127.0.0.1:5432/postgres")

_EMPTY = """
DO $$
DECLARE one regclass;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR one IN SELECT c.oid::regclass FROM pg_class AS c WHERE c.relkind = 'r'
        AND c.relnamespace = current_schema()::regnamespace AND c.relname <> 'alembic_version'
    LOOP
        EXECUTE 'DELETE FROM ' || one;
    END LOOP;
END $$
"""
"""For a few rows a tenth of what TRUNCATE takes. Whoever is in the way waits: tests do not write after their end."""


def administrator() -> Any:
    """A connection to the server; the calling test is skipped, or fails under CI, when there is none."""
    try:
        import psycopg
    except ImportError:
        return _without("psycopg is not installed")
    try:
        return psycopg.connect(SERVER, autocommit=True, connect_timeout=10)
    except psycopg.OperationalError as error:
        return _without(f"no PostgreSQL server at TESTS_POSTGRESQL_URL: {str(error).splitlines()[0]}")


def _without(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def url_of(database: str) -> str:
    """The URL of a database on the server."""
    return f"{SERVER.rpartition('/')[0]}/{database}"


@contextmanager
def new_database(name: str) -> Iterator[str]:
    """The URL of a new and empty database, which is dropped after the block."""
    name = f"prefect_tests_{os.getpid()}_{name}"
    with administrator() as server:
        server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {name}")
        # what a crash of the machine would take, tests need not keep
        server.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
    try:
        yield url_of(name)
    finally:
        with suppress(Exception), administrator() as server:
            server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def connections(url: str) -> Any:
    """What a journal needs to write the store at a URL."""
    from prefect.server.database.options import DatabaseOptions
    from prefect.server.database.store import connections_to
    from prefect.server.database.urls import parse_database_url

    return connections_to(parse_database_url(url), DatabaseOptions())


def empty(url: str) -> None:
    """Delete everything in a store on PostgreSQL."""
    import psycopg

    with psycopg.connect(url, connect_timeout=10) as connection:
        connection.execute(_EMPTY)


def why_absent() -> str | None:
    """Why there is no server for the tests of PostgreSQL; None when there is one."""
    try:
        administrator().close()
    except (pytest.skip.Exception, pytest.fail.Exception) as error:
        return str(error)
    return None


def is_needed_by(item: pytest.Item) -> bool:
    """Whether a test asks for PostgreSQL."""
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    asked = {"postgres_store", "postgres_url"} & set(getattr(item, "fixturenames", ()))
    return bool(asked) or any("postgresql" in str(one).lower() for one in parameters.values())

"""Opening a PostgreSQL store: made once however many open it, refused in one clear sentence."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

import databases
from prefect.exceptions import (
    ConfigurationError,
    StoreCorruptError,
    StoreLockedError,
    StoreTooNewError,
    StoreUnavailableError,
)
from prefect.server.database import schema
from prefect.server.database.options import DatabaseOptions, options_of
from prefect.server.database.postgres_opening import bring_to_head, connect, revision_of
from prefect.server.database.store import open_store
from prefect.server.database.urls import parse_database_url
from prefect.settings import get_current_settings, temporary_settings


@pytest.fixture
def empty_database() -> Iterator[str]:
    with databases.new_database("opening") as url:
        yield url


def database(url: str):  # type: ignore[no-untyped-def]
    return parse_database_url(url)


def execute(url: str, sql: str) -> None:
    with connect(database(url)) as connection:
        connection.execute(sql)


def test_an_empty_database_gets_the_schema_once(empty_database: str) -> None:
    bring_to_head(database(empty_database))
    with connect(database(empty_database)) as connection:
        assert revision_of(connection) == schema.HEAD_REVISION
    execute(
        empty_database,
        "INSERT INTO flow (id, created, updated, name) SELECT gen_random_uuid(), now(), now(), 'f'",
    )
    open_store(empty_database).close()
    with connect(database(empty_database)) as connection:
        assert connection.execute("SELECT count(*) FROM flow").fetchone() == (1,)


def test_threads_that_open_an_empty_database_at_once_make_one_schema(empty_database: str) -> None:
    errors: list[BaseException] = []

    def open_it() -> None:
        try:
            open_store(empty_database).close()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with connect(database(empty_database)) as connection:
        assert connection.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)


RACER = """
import sys
from prefect.server.database.postgres_opening import bring_to_head
from prefect.server.database.store import open_store
from prefect.server.database.urls import parse_database_url

how, url = sys.argv[1:]
print("ready", flush=True)
sys.stdin.readline()
if how == "migrate":
    bring_to_head(parse_database_url(url))
else:
    open_store(url).close()
print("done")
"""


@pytest.mark.slow
def test_two_servers_and_two_migrations_race_on_an_empty_database(empty_database: str) -> None:
    command = [sys.executable, "-c", RACER]
    racers = [
        subprocess.Popen(
            [*command, how, empty_database], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for how in ("migrate", "open") * 2
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    assert [racer.communicate(timeout=120)[0] for racer in racers] == ["done\n"] * 4
    assert [racer.returncode for racer in racers] == [0] * 4
    with connect(database(empty_database)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [
            (schema.HEAD_REVISION,)
        ]


def test_an_older_store_is_upgraded(empty_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from prefect.server.database.administration import Schema

    Schema(empty_database).upgrade_to("0003")
    bring_to_head(database(empty_database))
    with connect(database(empty_database)) as connection:
        assert revision_of(connection) == schema.HEAD_REVISION


def test_it_is_not_upgraded_where_that_is_switched_off(empty_database: str) -> None:
    with pytest.raises(ConfigurationError, match="prefect server database upgrade"):
        bring_to_head(database(empty_database), DatabaseOptions(migrate=False))
    with connect(database(empty_database)) as connection:
        assert revision_of(connection) is None


def test_a_newer_store_is_refused(empty_database: str) -> None:
    execute(empty_database, "CREATE TABLE alembic_version (version_num VARCHAR(32))")
    execute(empty_database, "INSERT INTO alembic_version VALUES ('9999')")
    with pytest.raises(StoreTooNewError, match=r"9999.*knows up to"):
        open_store(empty_database)


def test_the_tables_of_another_program_are_left_alone(empty_database: str) -> None:
    execute(empty_database, "CREATE TABLE alembic_version (version_num VARCHAR(32))")
    execute(empty_database, "INSERT INTO alembic_version VALUES ('a1b2c3d4e5f6')")
    with pytest.raises(StoreCorruptError, match="a database of its own"):
        open_store(empty_database)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://me:secret@127.0.0.1:1/db", r"me@127\.0\.0\.1:1/db.*refused"),
        ("postgresql://me:secret@nowhere.invalid/db", r"nowhere\.invalid/db.*resolve"),
        ("postgresql:///db?host=/nowhere&password=secret", r"postgresql:///db.*No such file"),
    ],
)
def test_a_server_out_of_reach_is_named_in_a_sentence(url: str, said: str) -> None:
    with pytest.raises(StoreUnavailableError, match=said) as caught:
        open_store(url)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_so_is_a_database_that_is_not_there_and_one_that_refuses(postgres_store: str) -> None:
    url = databases.url_of("prefect_tests_not_there")
    with pytest.raises(StoreUnavailableError, match=r"prefect_tests_not_there.*does not exist"):
        open_store(url)


def test_an_unknown_option_is_named(postgres_store: str) -> None:
    with pytest.raises(StoreUnavailableError, match="nonsense"):
        open_store(f"{postgres_store}?nonsense=1")


def test_options_of_other_drivers_are_understood(postgres_store: str) -> None:
    store = open_store(f"{postgres_store}?ssl=prefer&prepared_statement_cache_size=0&timeout=9")
    assert store.usable()
    store.close()


def test_statements_have_a_limit_of_time(postgres_store: str) -> None:
    store = open_store(postgres_store, options=DatabaseOptions(statement_timeout_seconds=0.05))
    with pytest.raises(StoreLockedError, match="statement timeout"), store.journal.reading() as connection:
        connection.execute("SELECT pg_sleep(60)").fetchall()
    with pytest.raises(StoreLockedError, match="statement timeout"), store.reading() as connection:
        connection.exec_driver_sql("SELECT pg_sleep(60)")
    store.close()


def test_the_journal_has_no_more_connections_than_it_may(postgres_store: str) -> None:
    options = DatabaseOptions(journal_connections=1, pool_timeout_seconds=0.01)
    store = open_store(postgres_store, options=options)
    with (
        store.journal.transaction(),
        pytest.raises(StoreLockedError, match="no connection became free"),
        store.journal.reading(),
    ):
        pass
    with store.journal.reading() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    store.close()


def test_settings_become_options() -> None:
    asked = {
        "server.database.sqlalchemy.pool_size": 3,
        "server.database.timeout": 7.0,
        "server.database.migrate_on_start": False,
        "server.database.sqlalchemy.connect_args.application_name": "mine",
        "server.database.sqlalchemy.connect_args.search_path": "theirs",
        "server.database.sqlalchemy.connect_args.tls.enabled": True,
        "server.database.sqlalchemy.connect_args.tls.ca_file": "/ca.pem",
    }
    with temporary_settings(asked):
        options = options_of(get_current_settings())
    assert (options.pool_size, options.statement_timeout_seconds, options.migrate) == (3, 7.0, False)
    assert options.parameters == {
        "application_name": "mine",
        "options": "-csearch_path=theirs",
        "sslmode": "verify-full",
        "sslrootcert": "/ca.pem",
    }

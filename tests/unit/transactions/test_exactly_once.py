"""Steps in a user's database: one suite over every kind of connection, in both colours."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

import databases
from prefect import flow, task
from prefect.exceptions import MissingContextError, SerializationError
from prefect.transactions.exactly_once import (
    DatabaseStepError,
    database_step,
    exactly_once,
    forget_steps,
    table_definition,
)

try:
    import psycopg
except ImportError:
    psycopg = None  # type: ignore[assignment]


class Place:
    """A database with a table `account`, and how to connect to it."""

    def __init__(self, connect: Callable[[], Any], others: Callable[[], Any] | None = None) -> None:
        self.connect = connect
        self.connect_plainly = others or connect
        self.dialect: Any = "postgresql"

    def run(self, connection: Any, statement: str) -> Any:
        """Execute a statement on any kind of connection; its rows."""
        made = connection.execute(sa.text(statement) if isinstance(connection, SQLALCHEMY) else statement)
        rows = (
            made.returns_rows if isinstance(connection, SQLALCHEMY) else made.description
        ) and made.fetchall()
        return [tuple(row) for row in rows or []]

    def commit(self, connection: Any) -> None:
        connection.commit()

    def rows(self, statement: str) -> Any:
        """What another connection sees."""
        with closing(self.connect_plainly()) as connection:
            return self.run(connection, statement)

    @property
    def balance(self) -> int:
        return int(self.rows("SELECT balance FROM account")[0][0])


SQLALCHEMY = (sa.Connection, Session)


@contextmanager
def closing(connection: Any) -> Iterator[Any]:
    try:
        yield connection
    finally:
        connection.close()


def _sqlite(path: Path, **options: Any) -> Callable[[], Any]:
    return lambda: sqlite3.connect(path, timeout=30, **options)


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """The URL of a database of its own in PostgreSQL."""
    with databases.new_database("steps") as url:
        yield url


KINDS = [
    "sqlite3",
    "sqlite3 autocommit",
    "psycopg",
    "psycopg autocommit",
    "sqlalchemy sqlite",
    "sqlalchemy psycopg",
    "session sqlite",
    "session psycopg",
]


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    kind: str = request.param
    path = tmp_path / "users.db"
    engine = None
    if "psycopg" in kind:
        conninfo = request.getfixturevalue("database")
        made = Place(lambda: psycopg.connect(conninfo, autocommit="autocommit" in kind))
        engine = sa.create_engine(conninfo.replace("postgresql://", "postgresql+psycopg://"))
    else:
        made = Place(_sqlite(path, **({"isolation_level": None} if "autocommit" in kind else {})))
        engine = sa.create_engine(f"sqlite:///{path}")
    if kind.startswith("sqlalchemy"):
        made = Place(engine.connect, made.connect)
    elif kind.startswith("session"):
        made = Place(lambda: Session(engine), made.connect)
    with closing(made.connect_plainly()) as connection:
        made.run(connection, "DROP TABLE IF EXISTS account")
        made.run(connection, "DROP TABLE IF EXISTS prefect_step")
        made.run(connection, "CREATE TABLE account (balance INTEGER)")
        made.run(connection, "INSERT INTO account VALUES (100)")
        made.commit(connection)
    made.dialect = "postgresql" if "psycopg" in kind else "sqlite"
    yield made
    engine.dispose()


@pytest.fixture
def connection(place: Place) -> Iterator[Any]:
    with closing(place.connect()) as made:
        yield made


ADD_ONE = "UPDATE account SET balance = balance + 1"


def add_one(place: Place, connection: Any, key: str = "k", result: Any = "added", **options: Any) -> Any:
    with exactly_once(connection, key, **options) as step:
        place.run(connection, ADD_ONE)
        step.result = result
    return step


# --- once -----------------------------------------------------------------------------------------------


def test_writes_and_record_are_committed_together(place: Place, connection: Any) -> None:
    step = add_one(place, connection, result={"new": [1, 2]})
    assert (step.done, step.result) == (False, {"new": [1, 2]})
    assert place.balance == 101
    [(key, result, serializer, created)] = place.rows(
        "SELECT key, result, serializer, created FROM prefect_step"
    )
    assert (key, result, serializer) == ("k", '{"new": [1, 2]}', "json")
    assert created is not None


def test_a_step_done_before_gives_its_result_and_changes_nothing(place: Place, connection: Any) -> None:
    add_one(place, connection, result=1)
    again = add_one(place, connection, result=2)
    assert (again.done, again.result) == (True, 1)
    assert place.balance == 101
    assert add_one(place, connection, key="other").done is False
    assert place.balance == 102


def test_another_connection_finds_the_step_done(place: Place, connection: Any) -> None:
    add_one(place, connection, result=1)
    with closing(place.connect()) as other:
        assert add_one(place, other).done
    assert place.balance == 101


def test_a_body_that_raises_leaves_nothing(place: Place, connection: Any) -> None:
    def fail() -> None:
        with exactly_once(connection, "k") as step:
            place.run(connection, ADD_ONE)
            step.result = 1
            raise LookupError("as asked")

    with pytest.raises(LookupError, match="as asked"):
        fail()
    assert place.balance == 100
    assert place.rows("SELECT * FROM prefect_step") == []
    assert add_one(place, connection).done is False
    assert place.balance == 101


def test_a_result_that_cannot_be_stored_leaves_nothing(place: Place, connection: Any) -> None:
    with pytest.raises(SerializationError, match="lock"):
        add_one(place, connection, result={"a": [threading.Lock()]})
    assert place.balance == 100
    assert add_one(place, connection).done is False


def test_no_result_is_a_result(place: Place, connection: Any) -> None:
    assert add_one(place, connection, result=None).result is None
    again = add_one(place, connection, result=None)
    assert (again.done, again.result) == (True, None)


def test_the_first_call_gives_what_later_ones_will(place: Place, connection: Any) -> None:
    first, second = (add_one(place, connection, result=(1, 2)).result for _ in range(2))
    assert first == second == [1, 2]
    first, second = (
        add_one(place, connection, "p", (1, {2}), serializer="compressed/pickle").result for _ in range(2)
    )
    assert first == second == (1, {2})


def test_the_table_may_be_made_beforehand_and_have_another_name(place: Place, connection: Any) -> None:
    place.run(connection, "DROP TABLE IF EXISTS done_steps")
    place.run(connection, table_definition(place.dialect, "done_steps"))
    place.commit(connection)
    add_one(place, connection, table="done_steps")
    assert place.rows("SELECT key FROM done_steps") == [("k",)]
    assert add_one(place, connection, table="done_steps").done


# --- transactions of others -----------------------------------------------------------------------------


def test_an_open_transaction_is_refused(place: Place, connection: Any) -> None:
    begin_one(place, connection)
    with pytest.raises(DatabaseStepError, match="join=True"):
        add_one(place, connection)
    connection.rollback()
    assert add_one(place, connection).done is False


def test_joining_means_that_the_outer_commit_counts(place: Place, connection: Any) -> None:
    add_one(place, connection, "makes the table")
    begin_one(place, connection)
    assert add_one(place, connection, join=True).done is False
    connection.rollback()
    assert place.balance == 101
    begin_one(place, connection)
    assert add_one(place, connection, join=True).done is False
    assert add_one(place, connection, "another", join=True).done is False
    connection.commit()
    assert place.balance == 203
    assert add_one(place, connection, join=True).done
    assert place.balance == 203


def test_a_joined_step_that_raises_undoes_itself_alone(place: Place, connection: Any) -> None:
    begin_one(place, connection)
    with pytest.raises(LookupError), exactly_once(connection, "k", join=True):
        place.run(connection, ADD_ONE)
        raise LookupError
    connection.commit()
    assert place.balance == 200
    assert add_one(place, connection, join=True).done is False


def begin_one(place: Place, connection: Any) -> None:
    if not isinstance(connection, SQLALCHEMY):
        place.run(connection, "BEGIN")
    place.run(connection, "UPDATE account SET balance = balance + 100")


def test_a_body_that_commits_by_itself_is_found_out(place: Place, connection: Any) -> None:
    add_one(place, connection, "makes the table")
    with pytest.raises(Exception) as caught, exactly_once(connection, "k") as step:
        place.run(connection, ADD_ONE)
        connection.commit()
        step.result = 1
    if isinstance(caught.value, DatabaseStepError):
        assert "by itself" in str(caught.value)
        with pytest.raises(DatabaseStepError, match="begun and not finished"):
            add_one(place, connection)
    else:  # psycopg does not let it happen
        assert "forbidden" in str(caught.value)
        assert place.balance == 101


def test_a_body_that_rolls_back_by_itself_is_found_out(place: Place, connection: Any) -> None:
    add_one(place, connection, "makes the table")
    with pytest.raises(Exception) as caught, exactly_once(connection, "k") as step:
        place.run(connection, ADD_ONE)
        connection.rollback()
        step.result = 1
    assert "by itself" in str(caught.value) or "forbidden" in str(caught.value)
    assert place.balance == 101
    assert add_one(place, connection).done is False


# --- at the same time -----------------------------------------------------------------------------------


def test_many_at_once_do_it_once(place: Place) -> None:
    @database_step(key="k")
    def step(connection: Any, name: int) -> int:
        place.run(connection, ADD_ONE)
        return name

    results: list[Any] = []

    def work(name: int) -> None:
        with closing(place.connect()) as connection:
            results.append(step(connection, name))

    threads = [threading.Thread(target=work, args=(name,)) for name in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert place.balance == 101
    assert len(results) == 6
    assert len(set(results)) == 1


# --- functions ------------------------------------------------------------------------------------------


def test_a_function_is_carried_out_once_per_key(place: Place, connection: Any) -> None:
    calls: list[int] = []

    @database_step(key=lambda number: f"invoice-{number}")
    def pay(connection: Any, number: int) -> int:
        calls.append(number)
        place.run(connection, ADD_ONE)
        return number * 2

    assert [pay(connection, 1), pay(connection, 1), pay(connection, number=2)] == [2, 2, 4]
    assert calls == [1, 2]
    assert place.balance == 102
    assert pay.__name__ == "pay"


def test_within_a_task_retries_do_not_repeat_it(place: Place) -> None:
    @database_step
    def add(connection: Any) -> int:
        place.run(connection, ADD_ONE)
        return place.run(connection, "SELECT balance FROM account")[0][0]  # type: ignore[no-any-return]

    failures = iter([True, True, False])

    @task(retries=2)
    def deposit() -> list[int]:
        with closing(place.connect()) as connection:
            balances = [add(connection), add(connection)]
        if next(failures):
            raise ConnectionError("lost after the commit")
        return balances

    @flow
    def bank() -> list[list[int]]:
        return [deposit(), deposit()]

    failures = iter([True, True, False, True, False])
    assert bank() == [[101, 102], [103, 104]]
    assert place.balance == 104
    failures = iter([False] * 2)
    assert bank() == [[105, 106], [107, 108]]


def test_steps_of_a_flow_s_own_body_and_of_tasks_in_tasks_are_told_apart(place: Place) -> None:
    @database_step
    def add(connection: Any) -> int:
        place.run(connection, ADD_ONE)
        return place.run(connection, "SELECT balance FROM account")[0][0]  # type: ignore[no-any-return]

    def added() -> int:
        with closing(place.connect()) as connection:
            return add(connection)  # type: ignore[no-any-return]

    @task
    def inner() -> int:
        return added()

    @task
    def outer() -> list[int]:
        return [added(), inner(), added(), inner()]

    runs = iter([ConnectionError("once"), None])

    @flow(retries=1)
    def bank() -> list[int]:
        balances = [added(), *outer(), added()]
        if error := next(runs):
            raise error
        return balances

    assert bank() == [101, 102, 103, 104, 105, 106]


def test_outside_of_runs_a_key_is_needed(place: Place, connection: Any) -> None:
    @database_step
    def add(connection: Any) -> None:
        place.run(connection, ADD_ONE)

    with pytest.raises(MissingContextError, match="Give it a `key`"):
        add(connection)
    with pytest.raises(MissingContextError), exactly_once(connection):
        pass
    assert place.balance == 100


def test_forgetting(place: Place, connection: Any) -> None:
    add_one(place, connection, "a")
    add_one(place, connection, "b")
    assert forget_steps(connection, timedelta(days=1)) == 0
    assert forget_steps(connection, timedelta(seconds=-5)) == 2
    assert add_one(place, connection, "a").done is False


# --- conflicts ------------------------------------------------------------------------------------------


class Conflict(Exception):
    sqlstate = "40001"


def test_after_a_conflict_the_body_is_carried_out_again(
    place: Place, connection: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("prefect.transactions.exactly_once._FIRST_DELAY_SECONDS", 0)
    troubles = iter([Conflict(), Conflict(), None])

    @database_step(key="k")
    def step(connection: Any) -> int:
        place.run(connection, ADD_ONE)
        if trouble := next(troubles):
            raise trouble
        return 7

    assert step(connection) == 7
    assert place.balance == 101


def test_after_too_many_conflicts_it_gives_up(place: Place, connection: Any) -> None:
    calls: list[int] = []

    @database_step(key="k", conflict_retries=0)
    def step(connection: Any) -> int:
        calls.append(1)
        raise Conflict

    with pytest.raises(Conflict):
        step(connection)
    assert calls == [1]


# --- what is refused ------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [None, "postgresql://…", object()])
def test_what_is_no_connection_is_refused(given: Any) -> None:
    with pytest.raises(TypeError, match="needs an open connection"):
        exactly_once(given, "k")


@pytest.mark.parametrize("name", ["", "a b", "a;drop", "a.b.c", '"a"', "1a"])
def test_what_is_no_table_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not the name of a table"):
        exactly_once(sqlite3.connect(":memory:"), "k", table=name)


def test_other_databases_are_refused() -> None:
    engine = sa.create_mock_engine("mysql://", lambda *_: None)
    connection = Session(engine)  # type: ignore[arg-type]
    with pytest.raises(DatabaseStepError, match="mysql"):
        exactly_once(connection, "k")


# --- async ----------------------------------------------------------------------------------------------


def test_async_connections_of_psycopg(database: str) -> None:
    async def main() -> list[Any]:
        async with await psycopg.AsyncConnection.connect(database) as connection:
            await connection.execute("DROP TABLE IF EXISTS account")
            await connection.execute("DROP TABLE IF EXISTS prefect_step")
            await connection.execute("CREATE TABLE account AS SELECT 100 AS balance")
            await connection.commit()

            @database_step(key="f")
            async def add(connection: Any, by: int) -> int:
                cursor = await connection.execute(
                    "UPDATE account SET balance = balance + %s RETURNING balance", (by,)
                )
                return (await cursor.fetchone())[0]  # type: ignore[no-any-return]

            results: list[Any] = [await add(connection, 1), await add(connection, 1)]
            for _ in range(2):
                async with exactly_once(connection, "b") as step:
                    await connection.execute(ADD_ONE)
                    step.result = "done"
                results.append((step.done, step.result))
            with pytest.raises(TypeError, match="async with"), exactly_once(connection, "c"):
                pass
            cursor = await connection.execute("SELECT balance FROM account")
            return [*results, (await cursor.fetchone())[0]]

    assert asyncio.run(main()) == [101, 101, (False, "done"), (True, "done"), 102]


@pytest.mark.parametrize("made", ["connection", "session"])
def test_async_forms_of_sqlalchemy(database: str, made: str) -> None:
    pytest.importorskip("greenlet")
    from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

    @database_step(key="f")
    async def add(connection: Any) -> int:
        rows = await connection.execute(sa.text(ADD_ONE + " RETURNING balance"))
        return rows.scalar_one()  # type: ignore[no-any-return]

    async def main() -> list[Any]:
        engine = create_async_engine(database.replace("postgresql://", "postgresql+psycopg://"))
        async with engine.begin() as connection:
            await connection.execute(sa.text("DROP TABLE IF EXISTS account, prefect_step"))
            await connection.execute(sa.text("CREATE TABLE account AS SELECT 100 AS balance"))
        async with engine.connect() if made == "connection" else AsyncSession(engine) as connection:
            results = [await add(connection), await add(connection)]
            with pytest.raises(LookupError):
                async with exactly_once(connection, "b"):
                    await connection.execute(sa.text(ADD_ONE))
                    raise LookupError
            with pytest.raises(TypeError, match="async with"), exactly_once(connection, "c"):
                pass
            results.append((await connection.execute(sa.text("SELECT balance FROM account"))).scalar_one())
        await engine.dispose()
        return results

    assert asyncio.run(main()) == [101, 101, 101]


# --- lost connections -----------------------------------------------------------------------------------


def test_a_connection_lost_in_the_body_leaves_nothing(database: str) -> None:
    place = Place(lambda: psycopg.connect(database))
    with closing(place.connect()) as connection:
        place.run(connection, "DROP TABLE IF EXISTS account, prefect_step")
        place.run(connection, "CREATE TABLE account AS SELECT 100 AS balance")
        connection.commit()
        lost = connection.info.backend_pid
        with pytest.raises(psycopg.OperationalError), exactly_once(connection, "k") as step:
            place.run(connection, ADD_ONE)
            place.rows(f"SELECT pg_terminate_backend({lost})")
            step.result = 1
    assert place.balance == 100
    with closing(place.connect()) as connection:
        assert add_one(place, connection).done is False
    assert place.balance == 101


def test_whether_a_lost_commit_counted_is_found_out_by_trying_again(database: str) -> None:
    """The connection goes after the commit has reached the database and before the answer has come back."""
    place = Place(lambda: psycopg.connect(database))
    with closing(place.connect()) as connection:
        place.run(connection, "DROP TABLE IF EXISTS account, prefect_step")
        place.run(connection, "CREATE TABLE account AS SELECT 100 AS balance")
        connection.commit()
        step = exactly_once(connection, "k")
        step.__enter__()
        place.run(connection, ADD_ONE)
        step.result = 1
        commit = step._database.commit

        def lose_the_answer() -> Any:
            yield from commit()
            raise psycopg.OperationalError("the connection is lost")

        step._database.commit = lose_the_answer  # type: ignore[method-assign]
        with pytest.raises(psycopg.OperationalError, match="is lost"):
            step.__exit__(None, None, None)
    with closing(place.connect()) as connection:
        assert add_one(place, connection).done
    assert place.balance == 101


def test_steps_of_several_threads_of_a_task_are_counted_apart(tmp_path: Path) -> None:
    from contextvars import copy_context

    from prefect.transactions._places import place_of

    @task
    def threaded() -> list[str]:
        keys: list[str] = []

        def take() -> None:
            keys.extend(place_of("step") for _ in range(200))

        threads = [threading.Thread(target=copy_context().run, args=(take,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return keys

    @flow
    def several() -> list[str]:
        return threaded()

    keys = several()
    assert len(set(keys)) == len(keys) == 800


def test_an_async_task_with_a_blocking_connection(tmp_path: Path) -> None:
    path = tmp_path / "users.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE seen (n INTEGER)")

    @database_step
    async def see(connection: Any, n: int) -> int:
        connection.execute("INSERT INTO seen VALUES (?)", (n,))
        return n

    failures = iter([True, False])

    @task(retries=1)
    async def watch() -> int:
        with closing(sqlite3.connect(path)) as connection:
            n: int = await see(connection, 5)
        if next(failures):
            raise ConnectionError
        return n

    @flow
    async def watching() -> int:
        return await watch()

    assert asyncio.run(watching()) == 5
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT n FROM seen").fetchall() == [(5,)]

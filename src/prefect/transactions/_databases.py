"""How users' databases are spoken to: begin, execute, commit, roll back, for each kind of connection.

Each operation is a life, so that one body serves blocking and async connections. No driver is imported:
connections are known by where their classes come from. Not here: what is executed (`exactly_once`).
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import Any, ClassVar, Literal, TypeVar

from prefect._steps import Call, Life
from prefect.exceptions import PrefectException

R = TypeVar("R")
Dialect = Literal["postgresql", "sqlite"]

_SERIALIZATION_FAILURE, _DEADLOCK, _UNDEFINED_TABLE = "40001", "40P01", "42P01"
_SQLITE_BUSY = 5
_PRIMARY_CODE = 0xFF
_SAVEPOINT = "prefect_step"


class DatabaseStepError(PrefectException):
    """A step in a user's database cannot be carried out exactly once the way it is written."""


class EndedByBody(Exception):
    """The transaction is not there any more: the body of the step has ended it."""


class Database(ABC):
    """One connection of a user's.

    Args:
        connection: as the user has it.
        joins: be a part (a savepoint) of the transaction that is open; otherwise have one of one's own.
    """

    dialect: Dialect

    def __init__(self, connection: Any, joins: bool) -> None:
        self.connection = connection
        self.joins = joins

    @property
    @abstractmethod
    def is_async(self) -> bool:
        """Whether the connection can only be used by async code."""

    @property
    @abstractmethod
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""

    @abstractmethod
    def begin(self) -> Life[None]:
        """Begin a transaction, or a savepoint."""

    @abstractmethod
    def first_row(self, statement: str, *values: Any) -> Life[tuple[Any, ...] | None]:
        """Execute a statement with `{0}`, `{1}`, … where values go; its first row, if it has any."""

    @abstractmethod
    def is_intact(self) -> bool:
        """Whether what `begin` began is still open: nobody else has ended it meanwhile."""

    @abstractmethod
    def commit(self) -> Life[None]:
        """Commit what `begin` began.

        Raises:
            EndedByBody: it is not open any more.
        """

    @abstractmethod
    def rollback(self, error: BaseException) -> Life[None]:
        """Undo what `begin` began. `error`: why."""

    def require_own_transaction(self) -> None:
        """Make sure that the end of the step can be the end of a transaction.

        Raises:
            DatabaseStepError: a transaction is open that the step was not told to be a part of.
        """
        if self.in_transaction and not self.joins:
            raise DatabaseStepError(
                "The connection is in a transaction already, so that the step could not commit by itself. "
                "Commit or roll back first (also after reading), or make the step a part of that "
                "transaction with `join=True`; then it counts once you commit."
            )


class SqliteConnection(Database):
    """A connection of the module sqlite3, in whichever of its transaction modes."""

    dialect: Dialect = "sqlite"
    is_async = False

    @property
    def in_transaction(self) -> bool:
        return bool(self.connection.in_transaction)

    def begin(self) -> Life[None]:
        self.require_own_transaction()
        if not self.joins:
            yield Call(self.connection.execute, ("BEGIN IMMEDIATE",))
        yield Call(self.connection.execute, (f"SAVEPOINT {_SAVEPOINT}",))

    def first_row(self, statement: str, *values: Any) -> Life[tuple[Any, ...] | None]:
        cursor = self.connection.cursor()
        cursor.row_factory = None
        yield Call(cursor.execute, (statement.format(*"?" * len(values)), values))
        return cursor.fetchone()  # type: ignore[no-any-return]

    def is_intact(self) -> bool:
        return self.in_transaction

    def commit(self) -> Life[None]:
        try:
            yield Call(self.connection.execute, (f"RELEASE {_SAVEPOINT}",))
        except Exception as error:
            # gone with the transaction that the body has ended, even if another has begun since
            if "no such savepoint" in str(error):
                raise EndedByBody from error
            raise
        if not self.joins:
            yield Call(self.connection.execute, ("COMMIT",))

    def rollback(self, error: BaseException) -> Life[None]:
        if not self.in_transaction:
            return
        if not self.joins:
            yield Call(self.connection.execute, ("ROLLBACK",))
            return
        yield Call(self.connection.execute, (f"ROLLBACK TO {_SAVEPOINT}",))
        yield Call(self.connection.execute, (f"RELEASE {_SAVEPOINT}",))


class PsycopgConnection(Database):
    """A connection of psycopg 3, blocking or async, in autocommit mode or not."""

    dialect: Dialect = "postgresql"
    _IDLE: ClassVar[int] = 0

    @property
    def is_async(self) -> bool:
        return inspect.iscoroutinefunction(self.connection.execute)

    @property
    def in_transaction(self) -> bool:
        return int(self.connection.info.transaction_status) != self._IDLE

    def begin(self) -> Life[None]:
        if not self.connection.closed:  # of a closed one, the driver itself tells best
            self.require_own_transaction()
        # within this block psycopg refuses `commit()` and `rollback()`
        self._block = self.connection.transaction()
        yield Call(self._block.__aenter__ if self.is_async else self._block.__enter__)

    def first_row(self, statement: str, *values: Any) -> Life[tuple[Any, ...] | None]:
        cursor = self.connection.cursor(row_factory=_plain_tuples)
        yield Call(cursor.execute, (statement.format(*["%s"] * len(values)), values))
        row: tuple[Any, ...] | None = (yield Call(cursor.fetchone)) if cursor.description else None
        return row

    def is_intact(self) -> bool:
        return self.in_transaction

    def commit(self) -> Life[None]:
        yield self._leave(None, None, None)

    def rollback(self, error: BaseException) -> Life[None]:
        yield self._leave(type(error), error, error.__traceback__)

    def _leave(self, *exc_info: Any) -> Call:
        return Call(self._block.__aexit__ if self.is_async else self._block.__exit__, exc_info)


def _plain_tuples(cursor: Any) -> Any:
    return tuple


class SqlAlchemyConnection(Database):
    """A `Connection` or `Session` of SQLAlchemy, or its async form, over PostgreSQL or SQLite."""

    def __init__(self, connection: Any, joins: bool) -> None:
        super().__init__(connection, joins)
        dialect = connection.dialect if hasattr(connection, "dialect") else connection.get_bind().dialect
        if dialect.name not in ("postgresql", "sqlite"):
            raise DatabaseStepError(
                f"Steps in a database work on PostgreSQL and SQLite; this connection is to {dialect.name!r}."
            )
        self.dialect = dialect.name
        self._transaction: Any = None

    @property
    def is_async(self) -> bool:
        return inspect.iscoroutinefunction(self.connection.execute)

    @property
    def in_transaction(self) -> bool:
        return bool(self.connection.in_transaction())

    def begin(self) -> Life[None]:
        self.require_own_transaction()
        nested = self.joins and self.in_transaction
        self._transaction = yield Call(self.connection.begin_nested if nested else self.connection.begin)

    def first_row(self, statement: str, *values: Any) -> Life[tuple[Any, ...] | None]:
        from sqlalchemy import text

        named = {f"value_{number}": value for number, value in enumerate(values)}
        sql = text(statement.format(*(f":{name}" for name in named)))
        result = yield Call(self.connection.execute, (sql, named))
        row = result.fetchone() if result.returns_rows else None
        return None if row is None else tuple(row)

    def is_intact(self) -> bool:
        return bool(self._transaction.is_active)

    def commit(self) -> Life[None]:
        yield Call(self._transaction.commit)

    def rollback(self, error: BaseException) -> Life[None]:
        # once the body has ended it, whatever began since is to be undone
        open_one = self._transaction if self._transaction.is_active else self.connection
        yield Call(open_one.rollback)


def undo(database: Database, error: BaseException) -> Life[None]:
    """Roll back because of an error, which stays the one that is told."""
    # a lost connection cannot be told to roll back, and need not: the database does so by itself
    with suppress(Exception):
        yield from database.rollback(error)


def in_one_transaction(database: Database, steps: Life[R]) -> Life[R]:
    """Carry steps out in a transaction: all of them or none."""
    yield from database.begin()
    try:
        outcome = yield from steps
    except BaseException as error:
        yield from undo(database, error)
        raise
    yield from database.commit()
    return outcome


_KINDS: dict[str, type[Database]] = {
    "sqlite3": SqliteConnection,
    "psycopg": PsycopgConnection,
    "sqlalchemy": SqlAlchemyConnection,
}


def database_of(connection: Any, joins: bool) -> Database:
    """How to speak to a connection.

    Raises:
        TypeError: it is of no kind that is known.
        DatabaseStepError: it is SQLAlchemy's, to another database than PostgreSQL or SQLite.
    """
    for base in type(connection).__mro__:
        kind = _KINDS.get(base.__module__.partition(".")[0])
        if kind is not None and hasattr(connection, "execute"):
            return kind(connection, joins)
    raise TypeError(
        "A step in a database needs an open connection: of psycopg 3, of sqlite3, or a Connection or Session "
        f"of SQLAlchemy. Got a {type(connection).__module__}.{type(connection).__qualname__}."
    )


def is_conflict(error: BaseException) -> bool:
    """Whether the database gave up a transaction in favour of another one: it can be tried again."""
    code, sqlite_code = _codes(error)
    return code in (_SERIALIZATION_FAILURE, _DEADLOCK) or sqlite_code == _SQLITE_BUSY


def is_missing_table(error: BaseException, table: str) -> bool:
    """Whether a statement failed because there is no such table."""
    code, sqlite_code = _codes(error)
    if sqlite_code is not None:
        return f"no such table: {table}" in str(error)
    return code == _UNDEFINED_TABLE and table.rpartition(".")[2] in str(error)


def _codes(error: BaseException) -> tuple[str | None, int | None]:
    origin = getattr(error, "orig", None) or error
    state = getattr(origin, "sqlstate", None) or getattr(origin, "pgcode", None)
    sqlite_code = getattr(origin, "sqlite_errorcode", None)
    return state, None if sqlite_code is None else sqlite_code & _PRIMARY_CODE

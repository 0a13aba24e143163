"""Steps in a user's own database that happen exactly once, whatever crashes and however often they are tried.

What a step writes and the record that it is done are committed in one transaction of that database, so that
there is never one without the other. A step that finds its record gives back the stored result and leaves
the database as it is. The records are rows of a small table, `prefect_step`, beside the user's data.

    @database_step
    def transfer(connection, source, target, amount): ...     # writes with `connection`

    with exactly_once(connection) as step: ...                # the same for a block

docs/exactly-once.md says what that guarantees and what it does not. Not here: kinds of connections
(`_databases`), the table (`_step_table`), which step it is (`_places`), transactions of results
(`prefect.transactions`).
"""

from __future__ import annotations

import inspect
import json
import random
from collections.abc import Callable
from datetime import timedelta
from functools import partial, wraps
from typing import Any, ParamSpec, Self, TypeVar, overload

from prefect._steps import Call, Life, Sleep, run_awaiting, run_blocking
from prefect.exceptions import SerializationError
from prefect.schemas.bases import now
from prefect.transactions import _step_table
from prefect.transactions._databases import (
    Database,
    DatabaseStepError,
    EndedByBody,
    database_of,
    in_one_transaction,
    is_conflict,
    is_missing_table,
    undo,
)
from prefect.transactions._places import place_of
from prefect.transactions._step_table import TABLE, Record, checked_name, make_table, table_definition

__all__ = ["DatabaseStepError", "database_step", "exactly_once", "forget_steps", "table_definition"]

P = ParamSpec("P")
R = TypeVar("R")

_FIRST_DELAY_SECONDS = 0.02
_LONGEST_DELAY_SECONDS = 1.0


class exactly_once:
    """A block whose writes to a database happen exactly once. An `async with` for async connections.

        with exactly_once(connection) as step:
            if not step.done:
                connection.execute("UPDATE account SET …")
                step.result = connection.execute("SELECT …").fetchone()[0]
        return step.result

    The block is one transaction with the record of the step: all of it is committed at its end, or, if it
    raises, nothing. If the step was done before, nothing that the block does to the database is kept; asking
    `step.done` only saves the work.

    Args:
        connection: an open connection of psycopg 3 or sqlite3, or a Connection or Session of SQLAlchemy
            (over PostgreSQL or SQLite), with no transaction open.
        key: which step it is, in all programs over this database, for good. None: the place of the step in
            the run around it, the same in every attempt and resumption of that run.
        name: tells several steps of one task apart where there is no key; those of one name are counted.
        serializer: how the result is stored.
        table: the table of steps; it is made when it is not there.
        join: be a part of the transaction that is open, if one is; the step then counts when that one is
            committed, which must happen before the task ends.

    Attributes:
        done: whether an earlier attempt has carried the step out.
        result: what the step gives, to be set in the block; after it, the value as it is stored. Setting it
            changes nothing if the step was done before.

    Raises:
        DatabaseStepError: the connection is in a transaction; the block has ended the transaction by itself.
        MissingContextError: no key was given and there is no run around the block.
        SerializationError: the result cannot be stored; nothing was written.
        TypeError: the connection is of no known kind, or async in a blocking block.
    """

    def __init__(
        self,
        connection: Any,
        key: str | None = None,
        *,
        name: str = "step",
        serializer: Any = "json",
        table: str = TABLE,
        join: bool = False,
    ) -> None:
        self.key = key
        self.done = False
        self.result: Any = None
        self._stored: Any = None
        self._name = name
        self._serializer = _serializer(serializer)
        self._table = checked_name(table)
        self._database = database_of(connection, join)

    def __enter__(self) -> Self:
        _require_blocking(self._database)
        run_blocking(self.begin_steps())
        return self

    def __exit__(self, *exc_info: Any) -> None:
        run_blocking(self.end_steps(exc_info[1]))

    async def __aenter__(self) -> Self:
        await run_awaiting(self.begin_steps())
        return self

    async def __aexit__(self, *exc_info: Any) -> None:
        await run_awaiting(self.end_steps(exc_info[1]))

    # --- the bodies ------------------------------------------------------------------------------------

    def begin_steps(self) -> Life[None]:
        """Begin the transaction; find the record of the step, or claim the step."""
        if self.key is None:
            self.key = place_of(self._name)
        try:
            yield from self._claim(self.key)
        except Exception as error:
            if not is_missing_table(error, self._table):
                raise
            yield from in_one_transaction(self._database, make_table(self._database, self._table))
            yield from self._claim(self.key)

    def end_steps(self, error: BaseException | None) -> Life[None]:
        """Record the step as done and commit; or undo everything, after an error or if it was done before."""
        if error is not None or self.done:
            yield from undo(self._database, error or _DoneBefore())
            if self.done:
                self.result = self._stored
            return
        assert self.key is not None
        try:
            yield from self._finish(self.key)
        except EndedByBody as ended:
            yield from undo(self._database, ended)
            raise DatabaseStepError(
                f"The body of the step {self.key!r} has committed or rolled back by itself. The step commits "
                "when its body has ended; leave that to it, so that writes and record go together."
            ) from ended
        except BaseException as failure:
            yield from undo(self._database, failure)
            raise

    def _claim(self, key: str) -> Life[None]:
        yield from self._database.begin()
        try:
            record = yield from _step_table.claim(self._database, self._table, key)
            if record is not None:
                self.result = self._stored = _loaded(record, key, self._table)
                self.done = True
        except BaseException as error:
            yield from undo(self._database, error)
            raise

    def _finish(self, key: str) -> Life[None]:
        text = _dumped(self.result, self._serializer)
        record = Record(text, _told(self._serializer))
        if not self._database.is_intact():
            raise EndedByBody
        if not (yield from _step_table.finish(self._database, self._table, key, record)):
            raise EndedByBody
        yield from self._database.commit()
        self.result = self._serializer.loads(text.encode())


class _DoneBefore(Exception):
    """Why a transaction is rolled back whose step was done before."""


def _require_blocking(database: Database) -> None:
    if database.is_async:
        raise TypeError(
            f"A {type(database.connection).__name__} can only be used by async code: write "
            "`async with exactly_once(…)`, or make the step an `async def`."
        )


# --- results --------------------------------------------------------------------------------------------


def _serializer(given: Any) -> Any:
    from prefect.results import resolve_serializer

    return resolve_serializer(given)


def _dumped(result: Any, serializer: Any) -> str:
    from prefect.results.culprits import describe_culprit

    try:
        return str(serializer.dumps(result).decode())
    except SerializationError:
        raise
    except Exception as error:
        raise SerializationError(describe_culprit(result, serializer, error)) from error


def _told(serializer: Any) -> str:
    """The type of a serializer, or all of its configuration where that says more."""
    plain = serializer == _serializer(serializer.type)
    return str(serializer.type) if plain else json.dumps(serializer.configuration())


def _loaded(record: Record, key: str, table: str) -> Any:
    if record.result is None or record.serializer is None:
        raise DatabaseStepError(
            f"The step {key!r} was begun and not finished, in a transaction that its body ended by itself: "
            "whether its writes are complete cannot be known. Look at the data; if the step is to be done "
            f"again, delete its row from {table!r}; and leave committing to the step."
        )
    told = record.serializer
    serializer = _serializer(told) if not told.startswith("{") else _configured(json.loads(told))
    return serializer.loads(record.result.encode())


def _configured(configuration: dict[str, Any]) -> Any:
    from prefect.serializers import Serializer

    return Serializer.model_validate(configuration)


# --- functions as steps ---------------------------------------------------------------------------------


@overload
def database_step(fn: Callable[P, R], /) -> Callable[P, R]: ...


@overload
def database_step(
    *,
    key: str | Callable[..., str] | None = None,
    serializer: Any = "json",
    table: str = TABLE,
    join: bool = False,
    conflict_retries: int = 8,
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...


def database_step(
    fn: Callable[..., Any] | None = None,
    /,
    *,
    key: str | Callable[..., str] | None = None,
    serializer: Any = "json",
    table: str = TABLE,
    join: bool = False,
    conflict_retries: int = 8,
) -> Any:
    """Make a function a step in a database: it is carried out exactly once per run, or per `key`.

        @database_step
        def book(connection, account: str, amount: int) -> int: ...

        @task
        def deposit(account: str, amount: int) -> int:
            with psycopg.connect(DSN) as connection:
                return book(connection, account, amount)

    Its first parameter is the connection with which it writes. It must neither commit nor roll back; both
    are done around it. Called again by a later attempt of the run, it gives the stored result back without
    being carried out. If it raises, nothing is written and nothing recorded.

    Args:
        key: as for `exactly_once`; or a function of the same arguments, without the connection, that gives
            it. None: the place of the call in the run around it.
        serializer, table, join: as for `exactly_once`.
        conflict_retries: how often it is carried out again, from its beginning, after the database has undone
            it in favour of another transaction (a serialisation failure, a deadlock, a busy SQLite file).
            A step that joins a transaction is not.

    Raises:
        as `exactly_once`, and what the function raises.
    """
    open_step = partial(exactly_once, serializer=serializer, table=checked_name(table), join=join)
    make = partial(_as_step, key=key, open_step=open_step, retries=0 if join else conflict_retries)
    return make if fn is None else make(fn)


def _as_step(
    fn: Callable[..., Any],
    key: str | Callable[..., str] | None,
    open_step: Callable[..., exactly_once],
    retries: int,
) -> Callable[..., Any]:
    def live(connection: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Life[Any]:
        told = key(*args, **kwargs) if callable(key) else key
        # the place is taken once: what is tried again after a conflict is the same step
        told = place_of(fn.__qualname__) if told is None else told
        call = Call(fn, (connection, *args), kwargs)
        left, delay = retries, _FIRST_DELAY_SECONDS
        while True:
            try:
                return (yield from _carry_out(open_step(connection, told), call))
            except Exception as error:
                if not left or not is_conflict(error):
                    raise
            yield Sleep(delay * random.uniform(0.5, 1.5))
            left, delay = left - 1, min(2 * delay, _LONGEST_DELAY_SECONDS)

    @wraps(fn)
    def step(connection: Any, /, *args: Any, **kwargs: Any) -> Any:
        _require_blocking(database_of(connection, joins=False))
        return run_blocking(live(connection, args, kwargs))

    @wraps(fn)
    async def astep(connection: Any, /, *args: Any, **kwargs: Any) -> Any:
        return await run_awaiting(live(connection, args, kwargs))

    return astep if inspect.iscoroutinefunction(fn) else step


def _carry_out(step: exactly_once, call: Call) -> Life[Any]:
    yield from step.begin_steps()
    try:
        if not step.done:
            step.result = yield call
    except BaseException as error:
        yield from step.end_steps(error)
        raise
    yield from step.end_steps(None)
    return step.result


# --- forgetting -----------------------------------------------------------------------------------------


def forget_steps(connection: Any, older_than: timedelta, table: str = TABLE) -> int:
    """Delete the records of steps that were done long ago; how many there were.

    A step that is forgotten would be carried out again: choose a time after which no run is resumed any more.
    Steps that were begun and never finished stay until somebody has looked at them.

    Args:
        connection: blocking, as for `exactly_once`.
        older_than: how long ago they were done, at least.
    """
    database = database_of(connection, joins=False)
    _require_blocking(database)
    forgetting = _step_table.forget(database, checked_name(table), now() - older_than)
    return run_blocking(in_one_transaction(database, forgetting))

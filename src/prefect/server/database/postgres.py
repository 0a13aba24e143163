"""A connection of the journal to PostgreSQL, which is spoken to in the words that SQLite understands.

The statements of the write path are written once (`statements` and `server/models`), with `?` for a value. What
only PostgreSQL needs stands in them as a comment: `/*postgresql FOR UPDATE */`. Within a transaction statements
travel together (libpq's pipeline): nothing is waited for until a result is looked at. Not here: opening and
migrating (`postgres_opening`), how values look (`postgres_values`), SQLAlchemy's connections (`engine`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, nullcontext, suppress
from functools import lru_cache
from typing import Any

import psycopg
from psycopg import RawCursor
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

from prefect.server.database.options import DatabaseOptions
from prefect.server.database.postgres_opening import connect
from prefect.server.database.postgres_values import (
    Forms,
    formed,
    forms_of,
    speak_forms_of_rows,
    storable_text,
)
from prefect.server.database.urls import PostgresDatabase

_STATEMENTS_KNOWN = 1_024

_OF_SAVEPOINTS = ("SAVEPOINT", "RELEASE", "ROLLBACK TO")
_ONLY_HERE = re.compile(r"/\*postgresql (.*?)\*/")
_JSON_FLAG = re.compile(r"json_extract\(([\w.]+), '\$\.(\w+)'\)")

_forms: dict[str, Forms] = {}
"""By statement, what its parameters need; the same for every connection to whatever store."""


@lru_cache(maxsize=_STATEMENTS_KNOWN)
def _in_postgresql(sql: str) -> str:
    """A statement of the write path in PostgreSQL's words."""
    if sql == "BEGIN IMMEDIATE":
        return "BEGIN"
    text = _JSON_FLAG.sub(r"(\1->>'\2')::boolean", _ONLY_HERE.sub(r"\1", sql))
    head, *rest = text.split("?")
    return head + "".join(f"${number}{part}" for number, part in enumerate(rest, 1))


class _Cursor(RawCursor[Any]):
    """A cursor that waits for its result when asked how many rows were changed, too."""

    @property
    def rowcount(self) -> int:
        if self.pgresult is None and self._conn.pgconn.pipeline_status:
            self._fetch_pipeline()
        return super().rowcount


class PostgresConnection:
    """What the journal and the models ask of a connection; SQLite's own has the same methods."""

    def __init__(self, database: PostgresDatabase, options: DatabaseOptions) -> None:
        self._raw: psycopg.Connection[Any] = connect(database, options)
        self._raw.cursor_factory = _Cursor
        self._raw.prepare_threshold = 0
        speak_forms_of_rows(self._raw)
        self._pipeline: psycopg.Pipeline | None = None
        self._pipe = ExitStack()

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction was begun and has not ended."""
        return self._pipeline is not None or bool(self._raw.info.transaction_status)

    @property
    def broken(self) -> bool:
        """Whether nothing can be asked of it any more."""
        return bool(self._raw.closed)

    def execute(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """Carry out a statement. In a transaction its errors may show at a later one, at the last at its end."""
        if sql == "BEGIN IMMEDIATE":
            self._enter_pipeline()
        if sql in ("COMMIT", "ROLLBACK"):
            return self._end(sql)
        if sql.startswith(_OF_SAVEPOINTS):
            return self._execute_by_itself(sql)
        text = _in_postgresql(sql)
        if values:
            values = formed(values, self._forms_of(text))
        cursor = self._raw.cursor(binary=True)
        try:
            return cursor.execute(text, values)
        except (UnicodeEncodeError, psycopg.DataError) as error:
            if getattr(error, "sqlstate", None) is not None:
                raise
            # it has not been sent: psycopg found a text that PostgreSQL cannot store
            storable = [storable_text(value) if isinstance(value, str) else value for value in values]
            return cursor.execute(text, storable)

    def _execute_by_itself(self, sql: str) -> Any:
        """Carry out a statement after which psycopg forgets what it has prepared: in a pipeline it does so too late."""
        # errors of what is taken back are known by now
        with suppress(psycopg.Error) if sql.startswith("ROLLBACK TO") else nullcontext():
            self._leave_pipeline()
        cursor = self._raw.execute(sql, prepare=False)
        self._enter_pipeline()
        return cursor

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Carry out a statement once for each row of values."""
        for row in rows:
            self.execute(sql, row)

    def lock(self, sql: str, values: Sequence[Any] = ()) -> None:
        """Carry out a statement that locks something; what follows sees what others did before."""
        self.execute(sql, values)

    def settle(self) -> None:
        """Wait until everything so far is carried out, and raise the errors it met."""
        if self._pipeline is not None:
            try:
                self._pipeline.sync()
            except psycopg.Error:
                # what followed the error has not been carried out, and says so, too
                with suppress(psycopg.Error):
                    self._leave_pipeline()
                self._enter_pipeline()
                raise

    def _end(self, sql: str) -> Any:
        """End the transaction: what became of it is known when this returns."""
        if sql == "ROLLBACK":
            with suppress(psycopg.Error):
                self._leave_pipeline()
            # a connection that is lost has rolled back by itself
            with suppress(psycopg.OperationalError):
                self._raw.rollback()
            return None
        cursor = self._raw.execute("COMMIT")
        self._leave_pipeline()
        if cursor.statusmessage != "COMMIT":
            raise psycopg.errors.InFailedSqlTransaction("The transaction had failed and was rolled back.")
        return cursor

    def _enter_pipeline(self) -> None:
        with ExitStack() as entered:
            self._pipeline = entered.enter_context(self._raw.pipeline())
            self._pipe = entered.pop_all()

    def _leave_pipeline(self) -> None:
        self._pipeline = None
        self._pipe.close()

    def _forms_of(self, text: str) -> Forms:
        forms = _forms.get(text)
        if forms is None:
            if len(_forms) >= _STATEMENTS_KNOWN:
                _forms.clear()
            forms = _forms[text] = forms_of(self._types_of(text))
        return forms

    def _types_of(self, text: str) -> list[int]:
        """The types that PostgreSQL gives the parameters of a statement."""
        piped = self._pipeline is not None
        self._leave_pipeline()
        pgconn = self._raw.pgconn
        _check(pgconn.prepare(b"", text.encode()))
        described = _check(pgconn.describe_prepared(b""))
        if piped:
            self._enter_pipeline()
        return [described.param_type(number) for number in range(described.nparams)]

    def close(self) -> None:
        """Give the connection up."""
        with suppress(psycopg.Error):
            self._raw.close()


def _check(result: PGresult) -> PGresult:
    if result.status != ExecStatus.COMMAND_OK:
        raise error_from_result(result)
    return result

"""The table of steps in a user's database: its form, and the few statements on it, as lives.

Not here: connections (`_databases`), when a statement is executed (`exactly_once`).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import NamedTuple

from prefect._steps import Life
from prefect.transactions._databases import Database, Dialect

TABLE = "prefect_step"

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?")
_MOMENT: dict[Dialect, str] = {
    "postgresql": "TIMESTAMPTZ NOT NULL DEFAULT now()",
    "sqlite": "TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))",
}


class Record(NamedTuple):
    """What is recorded of a step: its result as text, None until it is done, and what wrote the text."""

    result: str | None
    serializer: str | None


def table_definition(dialect: Dialect, table: str = TABLE) -> str:
    """The SQL that makes the table of steps, for databases in which the program may not make tables itself.

    Args:
        dialect: "postgresql" or "sqlite".
        table: its name, with its schema if need be.
    """
    return (
        f"CREATE TABLE IF NOT EXISTS {checked_name(table)} "
        f"(key TEXT PRIMARY KEY, result TEXT, serializer TEXT, created {_MOMENT[dialect]})"
    )


def checked_name(table: str) -> str:
    """The name of a table, once it is sure that it is one.

    Raises:
        ValueError: it is not.
    """
    if not _NAME.fullmatch(table):
        raise ValueError(f"{table!r} is not the name of a table, nor of one in a schema (`schema.table`).")
    return table


def claim(database: Database, table: str, key: str) -> Life[Record | None]:
    """Claim a step, or give what is recorded of it: None means that it is the caller's to do.

    Whoever else is about to do the same step waits here for the end of its transaction, not in the body.
    """
    statement = f"INSERT INTO {table} (key) VALUES ({{0}}) ON CONFLICT (key) DO NOTHING RETURNING key"
    if (yield from database.first_row(statement, key)) is not None:
        return None
    row = yield from database.first_row(f"SELECT result, serializer FROM {table} WHERE key = {{0}}", key)
    return Record(None, None) if row is None else Record(*row)


def finish(database: Database, table: str, key: str, record: Record) -> Life[bool]:
    """Record a claimed step as done; False: the claim is not there any more."""
    statement = (
        f"UPDATE {table} SET result = {{0}}, serializer = {{1}} "
        "WHERE key = {2} AND result IS NULL RETURNING key"
    )
    row = yield from database.first_row(statement, record.result, record.serializer, key)
    return row is not None


def forget(database: Database, table: str, before: datetime) -> Life[int]:
    """Delete the records of steps that were done before a moment; how many there were."""
    moment = before if database.dialect == "postgresql" else _as_sqlite_text(before)
    which = f"FROM {table} WHERE result IS NOT NULL AND created < {{0}}"
    row = yield from database.first_row(f"SELECT count(*) {which}", moment)
    yield from database.first_row(f"DELETE {which}", moment)
    return 0 if row is None else int(row[0])


def make_table(database: Database, table: str) -> Life[None]:
    """Make the table of steps."""
    if database.dialect == "postgresql":
        # IF NOT EXISTS alone lets two that come at the same moment collide
        yield from database.first_row("SELECT pg_advisory_xact_lock(hashtext({0}))", table)
    yield from database.first_row(table_definition(database.dialect, table))


def _as_sqlite_text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"

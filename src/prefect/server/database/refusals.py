"""What a database refuses because of what it was given, told from its errors: a conflict, or a value it cannot hold.

Not here: troubles of the store itself (`errors`, `postgres_opening`).
"""

from __future__ import annotations

import sqlite3

_CONFLICT = "23"
_UNFIT = ("22", "54")
"""Beginnings of PostgreSQL's codes: integrity constraint violation; data exception, program limit exceeded."""


def is_conflict(error: BaseException) -> bool:
    """Whether a unique or foreign key was violated."""
    cause = _cause_of(error)
    return isinstance(cause, sqlite3.IntegrityError) or _code_of(cause).startswith(_CONFLICT)


def is_unfit(error: BaseException) -> bool:
    """Whether a value was one that the database cannot hold: a number too large, a text too long for an index or
    with a null character."""
    cause = _cause_of(error)
    too_large = isinstance(cause, OverflowError | sqlite3.DataError)
    return too_large or _code_of(cause).startswith(_UNFIT)


def _cause_of(error: BaseException) -> BaseException:
    """The driver's error inside of SQLAlchemy's."""
    cause = getattr(error, "orig", None)
    return cause if isinstance(cause, BaseException) else error


def _code_of(error: BaseException) -> str:
    return str(getattr(error, "sqlstate", None) or "")

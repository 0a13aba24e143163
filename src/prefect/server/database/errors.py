"""What went wrong with a store, told from SQLite's error codes: one class per thing a user can do about it.

Not here: the classes (`prefect.exceptions`). Errors in a statement of ours (a misspelt column, a broken
constraint) are defects, not troubles of the store, and pass through unchanged.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prefect.exceptions import (
    StoreCorruptError,
    StoreError,
    StoreFullError,
    StoreLockedError,
    StoreReadOnlyError,
    StoreUnavailableError,
)
from prefect.server.database.filesystems import network_filesystem

_CLASS_OF_CODE: dict[int, type[StoreError]] = {
    sqlite3.SQLITE_BUSY: StoreLockedError,
    sqlite3.SQLITE_LOCKED: StoreLockedError,
    sqlite3.SQLITE_CORRUPT: StoreCorruptError,
    sqlite3.SQLITE_NOTADB: StoreCorruptError,
    sqlite3.SQLITE_READONLY: StoreReadOnlyError,
    sqlite3.SQLITE_PERM: StoreReadOnlyError,
    sqlite3.SQLITE_FULL: StoreFullError,
    sqlite3.SQLITE_CANTOPEN: StoreUnavailableError,
    sqlite3.SQLITE_IOERR: StoreUnavailableError,
    sqlite3.SQLITE_PROTOCOL: StoreUnavailableError,
    sqlite3.SQLITE_NOLFS: StoreUnavailableError,
}

_CLASS_OF_ERRNO: dict[int, type[StoreError]] = {
    errno.EACCES: StoreReadOnlyError,
    errno.EPERM: StoreReadOnlyError,
    errno.EROFS: StoreReadOnlyError,
    errno.ENOSPC: StoreFullError,
    errno.EDQUOT: StoreFullError,
}


def store_error(error: BaseException, location: object) -> StoreError | None:
    """The store error that an error of the database or the file system stands for; None for any other."""
    if isinstance(error, StoreError):
        return error
    if isinstance(error, OSError):
        return _CLASS_OF_ERRNO.get(error.errno or 0, StoreUnavailableError)(location, error.strerror or error)
    code = getattr(error, "sqlite_errorcode", None)
    if not isinstance(error, sqlite3.Error) or code is None:
        return None
    # the low byte is the kind of error, the rest says where it happened
    kind = _CLASS_OF_CODE.get(code & 0xFF)
    if kind is StoreUnavailableError:
        kind = _cannot_open_because(location)
    return None if kind is None else kind(location, _detail(error, location))


@contextmanager
def store_errors(location: object) -> Iterator[None]:
    """Raise the trouble a store has as a `StoreError` that names it and the remedy.

    Raises:
        prefect.exceptions.StoreError: in place of what the database or the file system raised.
    """
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        translated = store_error(error, location)
        if translated is None:
            raise
        raise translated from error


def _cannot_open_because(location: object) -> type[StoreError]:
    """SQLite says "cannot open" or "I/O error" for causes that have names of their own."""
    if isinstance(location, Path) and location.parent.is_dir():
        if not os.access(location.parent, os.W_OK):
            return StoreReadOnlyError
        if hasattr(os, "statvfs") and os.statvfs(location.parent).f_bavail == 0:
            return StoreFullError
    return StoreUnavailableError


def _detail(error: sqlite3.Error, location: object) -> str:
    kind = network_filesystem(location) if isinstance(location, Path) else None
    if kind is None:
        return str(error)
    return f"{error}; it is on a network file system ({kind}), and SQLite is reliable on a local disk only"

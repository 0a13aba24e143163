"""Locks between processes that share a directory: one small file a lock.

A lock of a process of this host that has ended is free: a crash never leaves a key locked. Not here: locks
within one process (`memory`).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from prefect.locking._waiting import WaitingLockManager

_POLL_SECONDS = 0.02
"""How often a waiting process looks at a lock file; file systems that are shared give no signal."""

_LONGEST_NAME = 200
"""Characters of a key a file name can carry; file systems allow 255 bytes in all."""


class _Held(NamedTuple):
    holder: str
    expiration: datetime | None
    host: str | None
    pid: int | None

    def is_over(self) -> bool:
        if self.expiration is not None and self.expiration <= datetime.now(UTC):
            return True
        return self.pid is not None and self.host == socket.gethostname() and not _is_alive(self.pid)


class FileSystemLockManager(WaitingLockManager):
    """Keeps each lock as a file in a directory that all processes concerned can reach.

    Args:
        lock_files_directory: where the files are; made when first needed.
    """

    def __init__(self, lock_files_directory: Path) -> None:
        self.lock_files_directory = Path(lock_files_directory).expanduser()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.lock_files_directory,)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FileSystemLockManager):
            return NotImplemented
        return self.lock_files_directory == other.lock_files_directory

    def __hash__(self) -> int:
        return hash(self.lock_files_directory)

    def release_lock(self, key: str, holder: str) -> None:
        """Give the lock on `key` back.

        Raises:
            ValueError: `holder` does not hold it.
        """
        with self._guard():
            if not self.is_lock_holder(key, holder):
                raise ValueError(f"{holder!r} cannot release the lock on {key!r}: it does not hold it.")
            self._path(key).unlink()

    def is_locked(self, key: str, use_cache: bool = False) -> bool:
        """Whether anybody holds the lock on `key`.

        Args:
            use_cache: accepted for compatibility; the file is always read.
        """
        return self._read(key) is not None

    def is_lock_holder(self, key: str, holder: str) -> bool:
        """Whether `holder` holds the lock on `key`."""
        held = self._read(key)
        return held is not None and held.holder == holder

    def _path(self, key: str) -> Path:
        name = quote(key, safe="")
        if len(name) > _LONGEST_NAME:
            name = hashlib.sha256(name.encode()).hexdigest()
        return self.lock_files_directory / f"{name}.lock"

    def _read(self, key: str) -> _Held | None:
        """The lock in force; None when the key is free, also when its file is unreadable or out of date."""
        try:
            found = json.loads(self._path(key).read_bytes())
            expiration = found["expiration"] and datetime.fromisoformat(found["expiration"])
            held = _Held(found["holder"], expiration, found.get("host"), found.get("pid"))
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None
        return None if held.is_over() else held

    def _try_acquire(self, key: str, holder: str, hold_timeout: float | None) -> bool:
        with self._guard():
            held = self._read(key)
            if held is None:
                self._write(key, holder, hold_timeout)
                return True
            return held.holder == holder

    def _write(self, key: str, holder: str, hold_timeout: float | None) -> None:
        expiration = None
        if hold_timeout is not None:
            expiration = (datetime.now(UTC) + timedelta(seconds=hold_timeout)).isoformat()
        content = {
            "holder": holder,
            "expiration": expiration,
            "host": socket.gethostname(),
            "pid": os.getpid(),
        }
        path = self._path(key)
        draft = path.with_name(f"{path.name}.{os.getpid()}.new")
        draft.write_text(json.dumps(content))
        draft.replace(path)

    def _seconds_to_expiry(self, key: str) -> float | None:
        return _POLL_SECONDS

    def _wait(self, key: str, seconds: float | None) -> None:
        time.sleep(_POLL_SECONDS if seconds is None else seconds)

    async def _await(self, key: str, seconds: float | None) -> None:
        await asyncio.sleep(_POLL_SECONDS if seconds is None else seconds)

    @contextmanager
    def _guard(self) -> Iterator[None]:
        """Let one process at a time look at a lock and change it, which are two operations."""
        self.lock_files_directory.mkdir(parents=True, exist_ok=True)
        guard = os.open(self.lock_files_directory / ".guard", os.O_RDWR | os.O_CREAT)
        try:
            _lock_file(guard)
            yield
        finally:
            os.close(guard)


def _lock_file(descriptor: int) -> None:
    """Lock an open file against other processes and threads, until it is closed."""
    try:
        import fcntl
    except ImportError:
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)  # type: ignore[attr-defined, unused-ignore]
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX)


def _is_alive(pid: int) -> bool:
    if os.name == "nt":  # there, signal 0 is not a question but Ctrl-C
        return True
    with suppress(PermissionError):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
    return True

"""The isolated store of `prefect_test_harness`: settings that point nowhere else, for every thread.

Not here: what opens the store (`client.orchestration.local`, at the first run).
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from prefect.settings import context, temporary_settings

if TYPE_CHECKING:
    from prefect.settings.loading import Loaded

_IN_MEMORY = "/dev/shm"
_ENOUGH_BYTES = 512 * 1024 * 1024
"""Containers often get a few megabytes there: too little for the tests of a large project."""

_OF_THE_OUTSIDE = (
    "server.database.connection_url",
    "server.database.name",
    "results.local_storage_path",
    "results.default_storage_block",
    "api.url",
    "api.key",
    "api.auth_string",
)
"""Settings that may lead to places outside: they get their defaults, which are inside the new home."""


@contextmanager
def isolated_store() -> Iterator[str]:
    """Run flows in a store and a home of their own, which are gone afterwards; yields the home's path."""
    directory = tempfile.TemporaryDirectory(
        prefix="prefect-test-", dir=_fast_directory(), ignore_cleanup_errors=True
    )
    with (
        directory as home,
        temporary_settings({"home": home}, restore_defaults=_OF_THE_OUTSIDE) as settings,
        _everywhere.in_force(context.current_frame()),
    ):
        try:
            yield home
        finally:
            url = settings.server.database.connection_url
            _close("" if url is None else url.get_secret_value())


def _fast_directory() -> str | None:
    """Where files cost no disk, if there is such a place; None: the usual one."""
    if not os.access(_IN_MEMORY, os.W_OK):
        return None
    free = os.statvfs(_IN_MEMORY)
    return _IN_MEMORY if free.f_bavail * free.f_frsize >= _ENOUGH_BYTES else None


def _close(url: str) -> None:
    from prefect.client.orchestration.local import close_store

    close_store(url)


class _EveryThread:
    """Puts the settings of open harnesses in force where no settings were entered: in threads of the program.

    A context variable does not reach those, and a run there must not be written to the user's own store.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: list[Loaded] = []
        self._outside: Loaded | None = None

    @contextmanager
    def in_force(self, frame: Loaded) -> Iterator[None]:
        self._add(frame)
        try:
            yield
        finally:
            self._remove(frame)

    def _add(self, frame: Loaded) -> None:
        with self._lock:
            if not self._open:
                self._outside = context._process_wide
            self._open.append(frame)
            context._process_wide = frame

    def _remove(self, frame: Loaded) -> None:
        with self._lock:
            self._open = [other for other in self._open if other is not frame]
            context._process_wide = self._open[-1] if self._open else self._outside


_everywhere = _EveryThread()

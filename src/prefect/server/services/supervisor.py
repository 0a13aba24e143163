"""Running services: a thread each, kept alive over errors, one server at a time where one must suffice.

Which server does a single service is said by a lock in the store, so that the next server takes over when it is
gone: on PostgreSQL an advisory lock, which ends with its connection, on SQLite a lease of its process. Not here:
any service.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from uuid import uuid4

from prefect.exceptions import StoreError
from prefect.logging import get_logger
from prefect.server.database.journal import Journal
from prefect.server.models.locks import release_lock, try_lock
from prefect.server.services.service import Service

STANDBY_SECONDS = 5.0
"""How often a server looks whether it may take a single service over."""

LONGEST_WAIT_SECONDS = 60.0
LONGEST_STOP_SECONDS = 10.0


class Supervisor:
    """Runs services from `start` to `stop`."""

    def __init__(self, services: Iterable[Service], journal: Journal) -> None:
        self.services = tuple(services)
        holder = f"server-{uuid4()}"
        self._runs = [ServiceRun(service, journal, holder) for service in self.services]

    def start(self) -> None:
        """Begin with every service; returns at once."""
        for run in self._runs:
            run.start()

    def stop(self) -> None:
        """Have every service end after its current slice, and wait for that, within bounds."""
        for run in self._runs:
            run.tell_to_stop()
        deadline = time.monotonic() + LONGEST_STOP_SECONDS
        for run in self._runs:
            run.join(max(0.0, deadline - time.monotonic()))


class ServiceRun:
    """One service in its thread."""

    def __init__(self, service: Service, journal: Journal, holder: str) -> None:
        self._service = service
        self._journal = journal
        self._holder = holder
        self._stopping = threading.Event()
        self._failures = 0
        self._is_ours = False
        self._thread = threading.Thread(target=self.live, name=f"prefect-{service.name}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def tell_to_stop(self) -> None:
        """Let the current slice be the last one."""
        self._stopping.set()
        self._service.woken.set()

    def join(self, most_seconds: float) -> None:
        """Wait for the end, but not longer than that."""
        if self._thread.ident is not None:
            self._thread.join(most_seconds)
        if self._thread.is_alive():
            get_logger("server.services").warning("The service %r did not stop in time.", self._service.name)

    def live(self) -> None:
        """Slice after slice until told to stop."""
        while not self._stopping.is_set():
            seconds, signal = self.turn()
            self.wait(seconds, signal)
        self._end()

    def wait(self, seconds: float, signal: threading.Event) -> None:
        """Rest as long as the service does, and then as long as it may until it is told to go on."""
        rest = min(seconds, self._service.rest_seconds)
        if rest > 0:
            self._stopping.wait(rest)
        if seconds > rest:
            signal.wait(seconds - rest)

    def turn(self) -> tuple[float, threading.Event]:
        """One slice; returns how long to wait afterwards, and what ends that wait early."""
        service = self._service
        service.woken.clear()
        try:
            if service.single and not self._may():
                return STANDBY_SECONDS, self._stopping
            seconds = service.step()
        except Exception as error:
            self._failures += 1
            self._tell(error)
            return wait_after_failures(self._failures), self._stopping
        if self._failures:
            # a warning, so that whoever read of the failures reads of their end
            get_logger("server.services").warning("The service %r works again.", service.name)
            self._failures = 0
        # told to stop while the slice was done: the event that says so may have been cleared above
        return (0.0 if self._stopping.is_set() else seconds), service.woken

    def _may(self) -> bool:
        """Whether this server is the one that does a single service."""
        exclusion = self._journal.connections.exclusion
        if exclusion is not None:
            self._is_ours = exclusion.take(self._lock_key)
        else:
            self._is_ours = try_lock(self._journal, self._lock_key, self._holder, hold_seconds=None)
        return self._is_ours

    @property
    def _lock_key(self) -> str:
        return f"prefect.service.{self._service.name}"

    def _tell(self, error: Exception) -> None:
        """The first failure of a row whole, later ones in a line, as what is the store's trouble and not ours."""
        logger = get_logger("server.services")
        if self._failures == 1 and not isinstance(error, StoreError):
            logger.error("The service %r failed; it is tried again.", self._service.name, exc_info=error)
        else:
            logger.warning(
                "The service %r failed (%d in a row): %s", self._service.name, self._failures, error
            )

    def _end(self) -> None:
        try:
            self._service.close()
            if self._is_ours:
                self._leave_to_others()
        except Exception:
            get_logger("server.services").exception("The service %r did not end well.", self._service.name)

    def _leave_to_others(self) -> None:
        exclusion = self._journal.connections.exclusion
        if exclusion is not None:
            exclusion.give_back(self._lock_key)
        else:
            release_lock(self._journal, self._lock_key, self._holder)


def wait_after_failures(failures: int) -> float:
    """How many seconds to wait after so many failures in a row."""
    return min(0.5 * 2.0 ** min(failures, 10), LONGEST_WAIT_SECONDS)

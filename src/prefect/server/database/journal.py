"""The journal: the one writer of a store. Every transition of every run passes through here.

Task-run transitions and log records are queued in order and written in batches, each batch one transaction
(write-behind with a bound, decision D1). Everything else is written through: `transaction()` first writes what
is queued, then lets the caller add to the same transaction, so that what is stored is always a prefix of what
happened. Whoever needs the store written holds the lock and writes; the background thread only does it when
nobody else has for a while, and renews the leases of this process.

Bounds: at most `flush_seconds` pass, and at most `max_queued` entries wait, before what happened is stored.
A store that cannot be written keeps its queue and says so to whoever writes through next; nothing is dropped.

Not here: SQL text (`statements`), rows (`rows`), what may follow what (`server/orchestration`).
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from prefect.exceptions import StoreError
from prefect.logging import get_logger
from prefect.schemas.bases import now
from prefect.schemas.runs import TaskRun
from prefect.schemas.states import TERMINAL_STATES, State
from prefect.server.database import rows
from prefect.server.database import statements as sql
from prefect.server.database.batches import Entry, log_entry, transition_entry, write_batch
from prefect.server.database.connections import Connection, Connections, SqliteConnections
from prefect.server.database.fairness import FairLock
from prefect.server.database.holdings import Changes, Holdings
from prefect.server.database.opening import Location

FLOW_RUN = "flow_run"
TASK_RUN = "task_run"
LOCK = "lock"

_LAST_BOUND = 20
"""So many times as long as it should be the queue may grow while the store cannot be written."""

_REST_OF_ATTEMPTS, _LONGEST_REST_SECONDS = 10, 5.0
"""While the store cannot be written nobody tries for so many times as long as the last attempt took, up to a bound."""


class _Here(threading.local):
    """The transaction that a thread is in, if any, and what it changes of what the process holds."""

    connection: Connection | None = None
    changes: Changes


class Speaker(Protocol):
    """Another process, on whose behalf entries are written."""

    def lease_lone_task_run(self, run: bytes, state: State[Any]) -> None:
        """Take or drop the lease of a task run outside flows, which has entered a state."""
        ...


class Journal:
    """The writer of one store, shared by all threads of the process.

    Args:
        store: its connections, or where the SQLite store is; it is made when absent.
        holder: who this process is, in its leases.
        flush_seconds: how long an entry may wait to be written.
        max_queued: how many entries may wait; whoever adds one more writes them first.
        lease_seconds: how long a lease lasts without renewal; it is renewed three times as often.
    """

    def __init__(
        self,
        store: Location | Connections,
        holder: str,
        flush_seconds: float = 0.1,
        max_queued: int = 8_000,
        lease_seconds: float = 30.0,
    ) -> None:
        self.holder = holder
        self.flush_seconds = flush_seconds
        self.max_queued = max_queued
        self.lease_seconds = lease_seconds
        self.connections = SqliteConnections(store) if isinstance(store, Path | str) else store
        self.writers = FairLock()
        self._queue: deque[Entry] = deque()
        self._writing = False
        self._here = _Here()
        self._holdings = Holdings()
        self._held_until = now()
        self._renewed = time.monotonic()
        self._work = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._hopeless_until = 0.0
        self._relief = threading.Lock()
        self._closed = False
        self._pid = os.getpid()

    @property
    def location(self) -> Any:
        """Where the store is."""
        return self.connections.location

    # --- writing behind --------------------------------------------------------------------------------

    def record_task_run(self, run: TaskRun, state: State[Any]) -> None:
        """Queue that a task run has entered a state. Order is kept; the counters are taken as they are now."""
        queue = self._queue
        queue.append(
            transition_entry(run, state, run.run_count, run.start_time, run.end_time, run.total_run_time)
        )
        if len(queue) > self.max_queued:
            self._relieve()
        elif not self._work.is_set():
            self._wake()

    def record_log(
        self,
        name: str,
        level: int,
        message: str,
        timestamp: datetime,
        flow_run_id: UUID | None,
        task_run_id: UUID | None,
    ) -> None:
        """Queue a log record of a run."""
        self._queue.append(log_entry(name, level, message, timestamp, flow_run_id, task_run_id))
        if len(self._queue) > self.max_queued:
            self._relieve()
        elif not self._work.is_set():
            self._wake()

    def _relieve(self) -> None:
        """Write a queue that has grown too long: whoever adds to it pays.

        While the store cannot be written this is tried once in a while only, by one thread for all, and the queue may
        grow on to a second bound: what happens is not lost as long as there is hope to write it.

        Raises:
            StoreError: the store cannot be written and the second bound is reached.
        """
        if self.writers.mine:
            return
        with self._relief:
            too_many = len(self._queue) >= _LAST_BOUND * self.max_queued
            if len(self._queue) <= self.max_queued or (self._hopeless_seconds > 0 and not too_many):
                return
            began = time.monotonic()
            try:
                self.flush()
            except StoreError:
                self._lose_hope(began)
                if too_many:
                    raise

    def _lose_hope(self, began: float) -> None:
        """An attempt to write has failed: most of the time is not to go into attempts, the longer each takes."""
        took = time.monotonic() - began
        rest = min(_LONGEST_REST_SECONDS, max(self.flush_seconds, _REST_OF_ATTEMPTS * took))
        self._hopeless_until = time.monotonic() + rest

    @property
    def _hopeless_seconds(self) -> float:
        """How long it makes no sense to try to write again."""
        return max(0.0, self._hopeless_until - time.monotonic())

    def flush(self) -> None:
        """Write everything queued so far.

        Raises:
            StoreError: the store cannot be written; what was queued still is.
        """
        # within a transaction of this thread: what was queued before it is part of it; what another thread is
        # writing was queued before, too
        if (self._queue or self._writing) and self._here.connection is None:
            with self.writers.held(), self._transaction(writes_queue=True):
                pass

    # --- writing through -------------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Write what is queued and then what the block adds, all or nothing.

        Where the database has many writers, what is queued is written by itself first, and the blocks of several
        threads go on at once: whoever decides by what he reads must lock it.

        Raises:
            StoreError: the store cannot be written; nothing of the block was, unless the error says it is unsure.
            RuntimeError: this thread is in a transaction already.
        """
        if self._here.connection is not None:
            raise RuntimeError("A write transaction cannot be begun inside another one of the same thread.")
        if self.connections.serial:
            with self.writers.held(), self._transaction(writes_queue=True) as connection:
                yield connection
        else:
            self.flush()
            with self._transaction(writes_queue=False) as connection:
                yield connection

    @contextmanager
    def _transaction(self, writes_queue: bool) -> Iterator[Connection]:
        taken: list[Entry] = []
        left_out: list[Exception] = []
        changes = Changes()
        is_committing = False
        with self.connections.taken() as connection:
            try:
                self._here.connection, self._here.changes = connection, changes
                connection.execute("BEGIN IMMEDIATE")
                if writes_queue:
                    self._writing = True
                    left_out = self._write_queued(taken)
                yield connection
                is_committing = True
                connection.execute("COMMIT")
                changes.commit()
            except BaseException as error:
                changes.undo()
                self._queue.extendleft(reversed(taken))
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                translated = self.connections.trouble(error, is_committing)
                if translated is not None and translated is not error:
                    raise translated from error
                raise
            finally:
                self._here.connection = None
                if writes_queue:
                    self._writing = False
        if changes.takes:
            # they must be renewed from now on
            self._wake()
        for reason in left_out:
            get_logger("store").error("A record of a run cannot be stored and was left out: %r", reason)

    @property
    def _connection(self) -> Connection:
        """The connection of the transaction that this thread is in."""
        connection = self._here.connection
        assert connection is not None, "only within a transaction"
        return connection

    def _write_queued(self, taken: list[Entry]) -> list[Exception]:
        """Write the queue, moving its entries to `taken`; why some were left out."""
        queue = self._queue
        taken.extend(queue.popleft() for _ in range(len(queue)))
        if not taken:
            return []
        self._notice_lost_leases()
        start = self._here.changes.mark()
        try:
            self._write(taken)
        except self.connections.faults:
            self._connection.execute("ROLLBACK")
            self._here.changes.go_back_to(start)
            self._connection.execute("BEGIN IMMEDIATE")
            self._notice_lost_leases()
            return self._write_one_by_one(taken)
        return []

    def _write_one_by_one(self, entries: list[Entry]) -> list[Exception]:
        """Leave out what can never be written: it would keep everything after it from being written, too."""
        left_out: list[Exception] = []
        for entry in entries:
            start = self._here.changes.mark()
            self._connection.execute("SAVEPOINT entry")
            try:
                self._write([entry])
            except self.connections.faults as error:
                self._connection.execute("ROLLBACK TO entry")
                self._here.changes.go_back_to(start)
                left_out.append(error)
            self._connection.execute("RELEASE entry")
        return left_out

    def _write(self, entries: list[Entry]) -> None:
        write_batch(self._connection, entries, self._holdings.fenced, self._lease_lone_task_run)

    def write_for(self, speaker: Speaker, entries: list[Entry]) -> None:
        """Within a transaction: write entries of another process, which has been found to hold its leases."""
        write_batch(self._connection, entries, frozenset(), speaker.lease_lone_task_run)

    # --- leases ----------------------------------------------------------------------------------------

    def take_lease(self, kind: str, resource: bytes, attempt: int) -> None:
        """Within a transaction: this process now runs that attempt of the resource."""
        acquired = now()
        expires = acquired + timedelta(seconds=self.lease_seconds)
        row = (kind, resource, self.holder, attempt, rows.moment(acquired), rows.moment(expires))
        self._connection.execute(sql.TAKE_LEASE.sql(1), row)
        if not self._holdings.leases:
            self._held_until = expires
        self._here.changes.take(self._holdings.leases, (kind, resource))
        self._holdings.fenced.discard(resource)

    def fence(self, resource: bytes) -> None:
        """What this process still says of the task runs of a flow run does not count any more."""
        self._holdings.fenced.add(resource)

    def drop_lease(self, kind: str, resource: bytes) -> None:
        """Within a transaction: the resource is not run by this process any more."""
        lease = (kind, resource)
        if self._here.changes.has(self._holdings.leases, lease):
            self._connection.execute(sql.DROP_LEASE, lease)
            self._here.changes.drop(self._holdings.leases, lease)

    def take_lock(self, resource: bytes, holder: str, until: datetime | None) -> None:
        """Within a transaction: this process now has the lock on the resource, on behalf of `holder`.

        Args:
            until: when the lock ends by itself; None: it is renewed while this process lives.
        """
        acquired = now()
        expires = until or acquired + timedelta(seconds=self.lease_seconds)
        owner = f"{self.holder}|{holder}"
        row = (LOCK, resource, owner, int(until is None), rows.moment(acquired), rows.moment(expires))
        self._connection.execute(sql.TAKE_LEASE.sql(1), row)
        if until is None:
            self._here.changes.take(self._holdings.locks, resource)

    def drop_lock(self, resource: bytes) -> None:
        """Within a transaction: nobody has the lock on the resource any more."""
        self._connection.execute(sql.DROP_LEASE, (LOCK, resource))
        self._here.changes.drop(self._holdings.locks, resource)

    def _lease_lone_task_run(self, run: bytes, state: State[Any]) -> None:
        """Take or drop the lease of a task run outside flows; a deferred one is nobody's until a worker takes it."""
        if state.type in TERMINAL_STATES or state.state_details.deferred:
            self.drop_lease(TASK_RUN, run)
        elif not self._here.changes.has(self._holdings.leases, (TASK_RUN, run)):
            self.take_lease(TASK_RUN, run, 1)

    def _renew_leases(self) -> None:
        if not self._holdings.renewed or time.monotonic() - self._renewed < self.lease_seconds / 3:
            return
        with self.transaction() as connection:
            until = now() + timedelta(seconds=self.lease_seconds)
            expires = rows.moment(until)
            connection.execute(sql.RENEW_LEASES, (expires, self.holder))
            if self._holdings.locks:
                owner = f"{self.holder}|"
                connection.execute(sql.RENEW_LOCKS, (expires, len(owner), owner))
            self._notice_lost_leases()
        self._renewed, self._held_until = time.monotonic(), until

    def superseded(self, flow_run: UUID | None) -> bool:
        """Whether somebody has taken a flow run from this process, which must not go on with it then.

        The store is only asked when the leases have not been renewed in time: before, nobody may take them.
        """
        if now() >= self._held_until and self._holdings.leases:
            with self.transaction():
                self._notice_lost_leases()
        fenced = self._holdings.fenced
        return flow_run is not None and bool(fenced) and flow_run.bytes in fenced

    def is_lost(self, flow_run: bytes) -> bool:
        """Within a transaction: whether somebody has taken a flow run from this process."""
        self._notice_lost_leases()
        return flow_run in self._holdings.fenced

    def _notice_lost_leases(self) -> None:
        """Fence off the runs that somebody has taken from this process: what it still says of them is void."""
        leases = self._holdings.leases
        if leases:
            # in this order: what another thread takes meanwhile is not missed, what it drops is not lost
            mine = leases.copy()
            held = set(self._connection.execute(sql.LEASES_HELD, (self.holder,)).fetchall())
            lost = (mine - held) & leases
            self._holdings.fenced.update(resource for _, resource in lost)
            leases -= lost

    # --- reading, closing ------------------------------------------------------------------------------

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection, for a read that sees everything recorded so far.

        Raises:
            StoreError: the store cannot be read.
        """
        self.flush()
        turn = self.writers.held() if self.connections.serial else nullcontext()
        with turn, self.connections.taken() as connection:
            try:
                yield connection
            except self.connections.errors as error:
                translated = self.connections.trouble(error, committing=False)
                if translated is None:
                    raise
                raise translated from error

    @property
    def queued(self) -> int:
        """How many entries wait to be written."""
        return len(self._queue)

    def usable(self) -> bool:
        """Whether the journal is open and belongs to this process (a forked child needs one of its own)."""
        return not self._closed and self._pid == os.getpid()

    def close(self) -> None:
        """Write what is queued and close the store. Closing twice is allowed."""
        if self._closed or self._pid != os.getpid():
            return
        try:
            self.flush()
        finally:
            with self.writers.held():
                self._closed = True
                self._work.set()
                self.connections.close()

    # --- the thread ------------------------------------------------------------------------------------

    def _wake(self) -> None:
        if self._thread is None:
            with self._starting:
                if self._thread is None:
                    self._thread = threading.Thread(
                        target=self._write_behind, name="prefect-journal", daemon=True
                    )
                    self._thread.start()
        self._work.set()

    def _write_behind(self) -> None:
        troubles: tuple[type[Exception], ...] = (StoreError, *self.connections.errors)
        while not self._closed:
            self._work.wait(self.lease_seconds / 3 if self._holdings.renewed else None)
            time.sleep(self.flush_seconds)
            self._work.clear()
            if self._closed:
                return
            began = time.monotonic()
            try:
                self.flush()
                self._renew_leases()
            except troubles:
                # Whoever writes through next is told; until then the entries wait and this thread tries again.
                self._lose_hope(began)
                time.sleep(self._hopeless_seconds)
                self._work.set()

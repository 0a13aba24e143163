"""The journal: the one writer of a store. Every transition of every run passes through here.

Task-run transitions and log records are queued in order and written in batches, each batch one transaction
(write-behind with a bound, decision D1). Everything else is written through: `transaction()` first writes what
is queued, then lets the caller add to the same transaction, so that what is stored is always a prefix of what
happened. Whoever needs the store written holds the lock and writes; the background thread only does it when
nobody else has for a while, and renews the leases of this process.

Bounds: at most `flush_seconds` pass, and at most `max_queued` entries wait, before what happened is stored.
A store that cannot be written keeps its queue and says so to whoever writes through next; nothing is dropped.

Not here, but its parts: the queue (`write_queue`), the thread (`write_behind`), a transaction (`transactions`),
leases (`own_leases`), writing a batch (`batches`). Nor SQL text (`statements`), rows (`rows`), what may follow what
(`server/orchestration`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect.exceptions import StoreError
from prefect.logging import get_logger
from prefect.schemas.runs import TaskRun
from prefect.schemas.states import State
from prefect.server.database.backoff import Backoff
from prefect.server.database.batches import Entry, log_entry, transition_entry, write_batch
from prefect.server.database.connections import Connection, Connections, SqliteConnections
from prefect.server.database.fairness import FairLock
from prefect.server.database.opening import Location
from prefect.server.database.own_leases import OwnLeases
from prefect.server.database.transactions import Transactions
from prefect.server.database.write_behind import WriteBehind
from prefect.server.database.write_queue import WriteQueue


class Journal:
    """The writer of one store, shared by all threads of the process.

    Args:
        store: its connections, or where the SQLite store is; it is made when absent.
        holder: who this process is, in its leases.
        flush_seconds: how long an entry may wait to be written.
        max_queued: how many entries may wait; whoever adds one more writes them first.
        lease_seconds: how long a lease lasts without renewal; it is renewed three times as often.

    Attributes:
        leases: what this process holds.
        superseded: whether somebody has taken a flow run from this process; see `OwnLeases.superseded`.
        writers: whoever writes a store with one writer only holds this lock.
    """

    def __init__(
        self,
        store: Location | Connections,
        holder: str,
        flush_seconds: float = 0.1,
        max_queued: int = 8_000,
        lease_seconds: float = 30.0,
    ) -> None:
        self.connections = SqliteConnections(store) if isinstance(store, Path | str) else store
        self.writers = FairLock()
        # what is taken must be renewed from now on
        self._transactions = Transactions(self.connections, when_taken=self._wake)
        self.leases = OwnLeases(holder, lease_seconds, self._transactions, self.transaction)
        self.superseded = self.leases.superseded
        backoff = Backoff(flush_seconds)
        self._queue = WriteQueue(max_queued, self._is_writing, self.flush, self._wake, backoff)
        self._behind = WriteBehind(
            self._queue.due,
            flush_seconds,
            lambda: self.leases.look_seconds,
            self._write_behind,
            (StoreError, *self.connections.errors),
            backoff,
        )
        self._closed = False
        self._pid = os.getpid()

    @property
    def location(self) -> Any:
        """Where the store is."""
        return self.connections.location

    # --- writing behind --------------------------------------------------------------------------------

    def record_task_run(self, run: TaskRun, state: State[Any]) -> None:
        """Queue that a task run has entered a state. Order is kept; the counters are taken as they are now.

        Raises:
            StoreError: the store cannot be written, and too much waits already.
        """
        self._queue.put(
            transition_entry(run, state, run.run_count, run.start_time, run.end_time, run.total_run_time)
        )

    def record_log(
        self,
        name: str,
        level: int,
        message: str,
        timestamp: datetime,
        flow_run_id: UUID | None,
        task_run_id: UUID | None,
    ) -> None:
        """Queue a log record of a run.

        Raises:
            StoreError: the store cannot be written, and too much waits already.
        """
        self._queue.put(log_entry(name, level, message, timestamp, flow_run_id, task_run_id))

    @property
    def queued(self) -> int:
        """How many entries wait to be written."""
        return len(self._queue)

    def flush(self) -> None:
        """Write everything queued so far.

        Raises:
            StoreError: the store cannot be written; what was queued still is.
        """
        # within a transaction of this thread what was queued before it is part of it
        if self._queue.waits and not self._transactions.is_open:
            with self.writers.held(), self._writing_queue():
                pass

    def _is_writing(self) -> bool:
        return self.writers.mine or self._transactions.is_open

    def _wake(self) -> None:
        self._behind.wake()

    def _write_behind(self) -> None:
        self.flush()
        self.leases.renew_in_time()

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
        if self._transactions.is_open:
            raise RuntimeError("A write transaction cannot be begun inside another one of the same thread.")
        if self.connections.serial:
            with self.writers.held(), self._writing_queue() as connection:
                yield connection
        else:
            self.flush()
            with self._transactions.begun() as connection:
                yield connection

    @contextmanager
    def _writing_queue(self) -> Iterator[Connection]:
        """A transaction that begins with what is queued; for one thread at a time."""
        with self._queue.emptied() as take, self._transactions.begun() as connection:
            left_out = self._write_all(take())
            yield connection
        for reason in left_out:
            get_logger("store").error("A record of a run cannot be stored and was left out: %r", reason)

    def _write_all(self, entries: list[Entry]) -> list[Exception]:
        """Write entries, at the beginning of a transaction; why some were left out."""
        if not entries:
            return []
        self.leases.notice_lost()
        try:
            self._write(entries)
        except self.connections.faults:
            self._transactions.begin_anew()
            self.leases.notice_lost()
            return self._write_one_by_one(entries)
        return []

    def _write_one_by_one(self, entries: list[Entry]) -> list[Exception]:
        """Leave out what can never be written: it would keep everything after it from being written, too."""
        left_out: list[Exception] = []
        for entry in entries:
            try:
                with self._transactions.part():
                    self._write([entry])
            except self.connections.faults as error:
                left_out.append(error)
        return left_out

    def _write(self, entries: list[Entry]) -> None:
        leases = self.leases
        write_batch(self._transactions.connection, entries, leases.fenced, leases.follow_lone_task_run)

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

    def usable(self) -> bool:
        """Whether the journal is open and belongs to this process (a forked child needs one of its own)."""
        return not self._closed and self._pid == os.getpid()

    def close(self) -> None:
        """Write what is queued and close the store. Closing twice is allowed."""
        if not self.usable():
            return
        try:
            self.flush()
        finally:
            with self.writers.held():
                self._closed = True
                self._behind.end()
                self.connections.close()

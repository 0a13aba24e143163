"""Worker processes: starting, feeding, hearing, ending and replacing them, all in one thread.

A worker is a fresh interpreter with one connection; it imports what its tasks need and nothing of the
program's main module. One that dies takes nobody with it: its run is told, and another worker is started when
there is work. Not here: what a run is told means (`remote_run`), what is run next (`runner`).
"""

from __future__ import annotations

import os
import pickle
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from multiprocessing.spawn import get_executable
from typing import Any
from weakref import WeakSet

from prefect._process_pool.remote_run import RemoteRun
from prefect._process_pool.transport import Done, Greeting, Limit, Ready, Refused, Unusable, load
from prefect.logging import get_logger

_GRACE_SECONDS = 1.0
"""How long a worker may go on after its task's time limit, for the task to end by itself."""
_END_SECONDS = 2.0
"""How long a worker whose connection is closed may take to leave."""
_MOST_FAILED_STARTS = 3

_MAIN = """
import sys
from multiprocessing.connection import Connection
connection = Connection(int(sys.argv[1]))
sys.path[:], sys.argv[:] = connection.recv()
from prefect._process_pool.worker import work
work(connection)
"""


class WorkerProcess:
    """One worker, as the pool sees it.

    Attributes:
        known: numbers of the parcels it has been sent.
        run: what it works on.
        deadline: when it is to be ended, by the clock of `time.monotonic`.
        is_overdue: it was ended for that.
    """

    def __init__(self, greeting: Greeting) -> None:
        self.connection, theirs = Pipe()
        with theirs:
            fd = theirs.fileno()
            flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
            self.process = subprocess.Popen(
                [os.fsdecode(get_executable()), *flags, "-P", "-c", _MAIN, str(fd)],
                pass_fds=(fd,),
                stdin=subprocess.DEVNULL,
            )
        self.known: set[int] = set()
        self.is_ready = False
        self.run: RemoteRun | None = None
        self.deadline: float | None = None
        self.is_overdue = False
        self.connection.send((sys.path, sys.argv))
        self.connection.send_bytes(pickle.dumps(greeting))

    def how_it_ended(self) -> str:
        """Wait for the process, whose connection is closed, and say what became of it."""
        self.connection.close()
        try:
            code = self.process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return "closed its connection to the flow"
        if code >= 0:
            return f"exited with code {code}"
        return f"was ended by signal {-code} ({_name_of_signal(-code)})"


class WorkerPool:
    """Keeps up to `max_workers` processes busy.

    Args:
        greeting: what every worker is told first.
        take: the next run to be worked on; None: there is none now.
        waiting: how many runs there may be to take.
    """

    def __init__(
        self,
        max_workers: int,
        greeting: Greeting,
        take: Callable[[], RemoteRun | None],
        waiting: Callable[[], int],
    ) -> None:
        self._max_workers = max_workers
        self._greeting = greeting
        self._take = take
        self._waiting = waiting
        self._workers: dict[Connection, WorkerProcess] = {}
        self._again: list[RemoteRun] = []
        self._failed_starts = 0
        self._unusable: str | None = None
        self._closed = False
        _pools.add(self)
        self._selector = selectors.DefaultSelector()
        self._listener, self._bell = os.pipe()
        os.set_blocking(self._bell, False)
        self._ringing = threading.Lock()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._manage, name="prefect-process-pool", daemon=True)
        self._thread.start()

    # --- for other threads -----------------------------------------------------------------------------

    def wake(self) -> None:
        """There may be something to do."""
        with self._ringing:
            if not self._closed:
                self._ring()

    def _ring(self) -> None:
        # When the pipe is full, the pool is being woken already.
        with suppress(BlockingIOError):
            os.write(self._bell, b"!")

    def terminate(self) -> None:
        """Ask the workers that are busy to give up their runs."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the workers that are busy."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        for worker in list(self._workers.values()):
            if worker.run is not None:
                worker.process.send_signal(number)

    def close(self) -> None:
        """End all workers, which must have nothing to do any more, and wait until they have left."""
        with self._ringing:
            self._closed = True
            self._ring()
        self._thread.join()
        os.close(self._bell)

    # --- the managing thread ---------------------------------------------------------------------------

    def _manage(self) -> None:
        # Workers inherit this. Between their start and their own handlers Ctrl-C must not end them.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        while not self._closed:
            try:
                self._take_turn()
            except Exception as error:
                # A defect here must not leave the flow waiting for ever.
                get_logger("task_runners").exception("The pool of worker processes failed.")
                self._unusable = f"The pool of worker processes failed: {error!r}"
                for worker in self._workers.values():
                    worker.process.kill()
        self._end_workers()
        self._selector.close()
        os.close(self._listener)

    def _take_turn(self) -> None:
        self._hand_out()
        for key, _ in self._selector.select(self._seconds_to_deadline()):
            if key.fd == self._listener:
                os.read(self._listener, 65536)
            else:
                self._hear(self._workers[key.fileobj])  # type: ignore[index]
        self._end_overdue()

    def _end_workers(self) -> None:
        for worker in self._workers.values():
            worker.connection.close()
        for worker in self._workers.values():
            worker.how_it_ended()

    def _hand_out(self) -> None:
        """Give work to idle workers; start workers while there is more."""
        if self._unusable is not None:
            while (run := self._next_run()) is not None:
                run.within(run.lost, self._unusable)
            return
        idle = [worker for worker in self._workers.values() if worker.is_ready and worker.run is None]
        while idle and (run := self._next_run()) is not None:
            job = run.within(run.job, idle[-1].known)
            if job is not None:
                self._give(idle.pop(), run, job)
        starting = sum(not worker.is_ready for worker in self._workers.values())
        wanted = self._waiting() + len(self._again) - len(idle) - starting
        for _ in range(min(wanted, self._max_workers - len(self._workers))):
            self._start()

    def _next_run(self) -> RemoteRun | None:
        return self._again.pop() if self._again else self._take()

    def _give(self, worker: WorkerProcess, run: RemoteRun, job: bytes) -> None:
        worker.run = run
        try:
            worker.connection.send_bytes(job)
        except OSError:
            self._lose(worker)

    def _start(self) -> None:
        try:
            worker = WorkerProcess(self._greeting)
        except OSError as error:
            self._unusable = f"No worker process could be started: {error}."
            self.wake()
            return
        self._workers[worker.connection] = worker
        self._selector.register(worker.connection, selectors.EVENT_READ)

    # --- hearing ---------------------------------------------------------------------------------------

    def _hear(self, worker: WorkerProcess) -> None:
        try:
            message = load(worker.connection.recv_bytes())
        except Exception:
            self._lose(worker)
            return
        if isinstance(message, Ready):
            worker.is_ready, self._failed_starts = True, 0
        elif isinstance(message, Unusable):
            self._unusable = f"The initializer of the worker processes raised: {message.reason}"
        elif isinstance(message, Limit):
            limit = message.seconds
            worker.deadline = None if limit is None else time.monotonic() + limit + _GRACE_SECONDS
        elif worker.run is not None:
            self._tell(worker, worker.run, message)

    def _tell(self, worker: WorkerProcess, run: RemoteRun, message: Any) -> None:
        if isinstance(message, Done | Refused):
            worker.run = worker.deadline = None
            run.within(run.end if isinstance(message, Done) else run.refused, message.reason)
            return
        answer = run.within(run.hear, message)
        if run.is_over:
            # Nobody takes in any more what the worker says of it.
            worker.process.kill()
        elif answer is not None:
            # A worker that cannot be answered is gone, which is heard next.
            with suppress(OSError):
                worker.connection.send_bytes(answer)

    def _lose(self, worker: WorkerProcess) -> None:
        """A worker has ended."""
        self._selector.unregister(worker.connection)
        del self._workers[worker.connection]
        ended = worker.how_it_ended()
        run = worker.run
        if run is None:
            self._count_failed_start(worker, ended)
            return
        reason = f"The worker process {worker.process.pid}, in which the task ran, {ended}."
        if not worker.is_overdue:
            run.within(run.lost, reason)
        elif run.within(run.cut_short, reason):
            self._again.append(run)

    def _count_failed_start(self, worker: WorkerProcess, ended: str) -> None:
        if worker.is_ready or self._unusable is not None:
            return
        self._failed_starts += 1
        if self._failed_starts == _MOST_FAILED_STARTS:
            self._unusable = f"Worker processes do not start: the last one {ended}; stderr may say more."

    # --- time limits -----------------------------------------------------------------------------------

    def _seconds_to_deadline(self) -> float | None:
        deadlines = [worker.deadline for worker in self._workers.values() if worker.deadline is not None]
        return max(0.0, min(deadlines) - time.monotonic()) if deadlines else None

    def _end_overdue(self) -> None:
        now = time.monotonic()
        for worker in self._workers.values():
            if worker.deadline is not None and worker.deadline <= now:
                worker.deadline, worker.is_overdue = None, True
                worker.process.kill()


_pools: WeakSet[WorkerPool] = WeakSet()


def _let_go() -> None:
    """A process forked from the flow's has no say in its workers, and must not hide its end from them."""
    for pool in _pools:
        for connection in pool._workers:
            connection.close()


os.register_at_fork(after_in_child=_let_go)


def _name_of_signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"

"""What happens in a worker process: it takes jobs from the flow's process until the connection closes.

The task runs in the main thread, where time limits and signals reach it also while it waits in a system call.
Not here: what the flow's process makes of what it is told (`remote_run`).
"""

from __future__ import annotations

import contextvars
import os
import pickle
import signal
import sys
import threading
import traceback
from contextlib import ExitStack
from multiprocessing.connection import Connection
from queue import SimpleQueue
from types import FrameType
from typing import Any
from uuid import UUID

from prefect._process_pool.transport import (
    Answer,
    Asked,
    Begun,
    Done,
    Entered,
    Greeting,
    Job,
    Limit,
    Logged,
    Ready,
    Refused,
    Unusable,
    dump_outcome,
    load,
    run_in_state,
    run_parts,
    stand_in_for,
    state_of,
    state_parts,
    without_values,
)
from prefect._steps import Life, run_awaiting, run_blocking
from prefect._thread_runs import worker_loop
from prefect.context import FlowRunContext, hydrated_context
from prefect.engine.links import ResultLinks
from prefect.engine.task_run import TaskRunLife, TaskRunTimeoutError
from prefect.engine.task_run.retrying import will_retry
from prefect.exceptions import SerializationError, TerminationSignal
from prefect.logging.capture import run_logging
from prefect.logging.handlers import set_api_log_sink
from prefect.schemas.runs import TaskRun
from prefect.schemas.states import State
from prefect.states import failed_state
from prefect.task_runners import ThreadPoolTaskRunner

_ORPHANED = 1


def work(connection: Connection) -> None:
    """The whole life of a worker process."""
    signal.signal(signal.SIGINT, _leave_to_the_flow)
    signal.signal(signal.SIGTERM, _terminate)
    flow = FlowProcess(connection)
    os.register_at_fork(after_in_child=flow.let_go)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
    Worker(flow).live()


def _leave_to_the_flow(signum: int, frame: FrameType | None) -> None:
    """Ctrl-C reaches the whole group of processes: the flow's process decides what becomes of its workers."""


def _terminate(signum: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise TerminationSignal(signal=signum)


class FlowProcess:
    """The flow's process as a worker sees it; for the engine, the client that carries out every operation.

    Messages are written by a thread of its own, which no time limit or signal can interrupt half-way.
    """

    is_slow = False
    look_seconds = 0.5

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._outbox: SimpleQueue[tuple[bytes, threading.Lock | None]] = SimpleQueue()
        self._answers: SimpleQueue[Answer] = SimpleQueue()
        self._asking = threading.Lock()
        self.inbox: SimpleQueue[Any] = SimpleQueue()
        self.is_waited_for = True
        self._is_let_go = False
        self.outcomes: dict[UUID, bytes] = {}
        for loop in (self._write, self._read):
            threading.Thread(target=loop, name="prefect-flow-process", daemon=True).start()

    def tell(self, message: Any, at_once: bool = False) -> None:
        """Send a message. `at_once`: it is on its way when this returns, whatever becomes of this process."""
        written = threading.Lock() if at_once else None
        if written is not None:
            written.acquire()
        self._outbox.put((pickle.dumps(message, pickle.HIGHEST_PROTOCOL), written))
        if written is not None:
            written.acquire()

    def record_task_run(self, run: TaskRun, state: State[Any]) -> None:
        """A task run of this process has entered a state. That it runs is told before its code is called."""
        if self._is_let_go:
            self._own_store().record_task_run(run, state)
            return
        message = Entered(run_parts(run), state_parts(state), self.outcomes.pop(run.id, None))
        self.tell(message, at_once=state.is_running())

    def usable(self) -> bool:
        """Whether runs can be recorded through it: as long as the process lives."""
        return True

    def __getattr__(self, operation: str) -> Any:
        """Any other operation of a client: asked of the flow's process."""
        if operation.startswith("_"):
            raise AttributeError(operation)
        if self._is_let_go:
            return getattr(self._own_store(), operation)

        def ask(*args: Any, **kwargs: Any) -> Any:
            with self._asking:
                self.tell(Asked(operation, without_values(args), kwargs))
                answer = self._answers.get()
            outcome = load(answer.outcome)
            if answer.worked:
                return outcome
            raise outcome

        return ask

    def let_go(self) -> None:
        """In a process forked by a task: it must not speak for its worker, and records its runs itself."""
        self._is_let_go = True
        set_api_log_sink(None)
        self._connection.close()

    def _own_store(self) -> Any:
        from prefect.client.engine import engine_client

        return engine_client()

    def _write(self) -> None:
        try:
            while True:
                message, written = self._outbox.get()
                self._connection.send_bytes(message)
                if written is not None:
                    written.release()
        except OSError:
            os._exit(_ORPHANED)

    def _read(self) -> None:
        try:
            while True:
                message = load(self._connection.recv_bytes())
                (self._answers if isinstance(message, Answer) else self.inbox).put(message)
        except (EOFError, OSError):
            # Nobody is left to tell what comes of the task; what it still did would belong to no run.
            if not self.is_waited_for:
                os._exit(_ORPHANED)
            self.inbox.put(None)


class Worker:
    """Takes jobs, one after the other."""

    def __init__(self, flow: FlowProcess) -> None:
        self._flow = flow
        self._parcels: dict[int, Any] = {}
        self._pickles: dict[int, bytes] = {}
        self._around = ExitStack()
        self._surroundings: int | None = None
        self._terminated = False

    def live(self) -> None:
        """Say that this worker is ready, and work until the flow's process closes the connection."""
        try:
            if not self._initialized():
                return
            set_api_log_sink(lambda record: self._flow.tell(Logged(record), at_once=True))
            self._flow.tell(Ready())
            while not self._terminated and (job := self._flow.inbox.get()) is not None:
                self._flow.is_waited_for = False
                self._do(job)
                self._flow.is_waited_for = True
        except TerminationSignal:
            return

    def _initialized(self) -> bool:
        greeting: Greeting | None = self._flow.inbox.get()
        if greeting is None:
            return False
        if greeting.initializer is not None:
            try:
                initializer, initargs = load(greeting.initializer)
                initializer(*initargs)
            except Exception as error:
                traceback.print_exc()
                self._flow.tell(Unusable(_in_words(error)), at_once=True)
                return False
        return True

    def _do(self, job: Job) -> None:
        try:
            life = self._life(job)
        except Exception as error:
            traceback.print_exc()
            self._flow.tell(Refused(_in_words(error)))
            return
        reason: str | None = None
        try:
            contextvars.copy_context().run(_live, life)
        except TerminationSignal:
            self._terminated = True
        except BaseException as error:
            reason = _in_words(error)
        finally:
            _flush()
        self._flow.tell(Done(reason), at_once=True)

    def _life(self, job: Job) -> LifeInWorker:
        if job.forget:
            self._parcels.clear()
            self._pickles.clear()
        self._pickles.update(job.parcels)
        self._enter(job.surroundings)
        task = self._parcel(job.task)
        return LifeInWorker(task, job.begun, self._flow)

    def _parcel(self, number: int) -> Any:
        """What is in a parcel, unpacked once: state that a task keeps in its module stays from run to run."""
        if number not in self._parcels:
            self._parcels[number] = load(self._pickles.pop(number))
        return self._parcels[number]

    def _enter(self, surroundings: int) -> None:
        """Be within the flow run, tags and settings that the job was submitted in."""
        if self._surroundings == surroundings:
            return
        self._around.close()
        self._surroundings = None
        self._around.enter_context(hydrated_context(self._parcel(surroundings), client=self._flow))
        context = FlowRunContext.get()
        if context is not None:
            context.run_results = ResultLinks()
            self._around.enter_context(run_logging(context.flow_run.id))
        self._surroundings = surroundings


class LifeInWorker(TaskRunLife):
    """The life of a task run that was begun in the flow's process."""

    __slots__ = ("_was_cut_short",)

    def __init__(self, task: Any, begun: Begun, flow: FlowProcess) -> None:
        state = state_of(begun.state)
        super().__init__(task, {}, flow, run=run_in_state(begun.run, state), step=begun.step or "")
        self.parameters = load(begun.parameters)
        self.step = begun.step
        self.entered = state.timestamp
        self._was_cut_short = begun.was_cut_short

    def attempts(self) -> Life[None]:
        """An attempt that the flow's process had to end together with its worker counts as one."""
        if self._was_cut_short:
            limit = float(self.limit_seconds or 0)
            self.raised = TaskRunTimeoutError(f"exceeded the time limit of {limit} second(s)")
            state = failed_state(self.raised, name="TimedOut")
            state.message = f"Task run exceeded timeout of {limit} second(s); its worker process was ended"
            state = self.owned(state)
            if not (yield from will_retry(self, state)):
                self.enter(state)
                return
            self.raised = None
        yield from super().attempts()

    def body(self) -> Life[Any]:
        """The body, watched by the flow's process: it ends a worker that a time limit cannot interrupt."""
        # The limit of a generator is one on each item; there is no telling how many there are.
        if not self.limit_seconds or self.task.isgenerator:
            return (yield from super().body())
        self.client.tell(Limit(self.limit_seconds), at_once=True)
        try:
            return (yield from super().body())
        finally:
            self.client.tell(Limit(None))

    def enter(self, state: State[Any]) -> None:
        """Enter a state. What cannot be sent to the flow's process must not count as a result."""
        if state.is_final() and state.data is not None:
            try:
                outcome = dump_outcome(state.data)
            except SerializationError as error:
                state = self._without_outcome(state, error)
                outcome = dump_outcome(state.data)
            self.client.outcomes[self.run.id] = outcome
        super().enter(state)

    def _without_outcome(self, state: State[Any], error: SerializationError) -> State[Any]:
        if isinstance(state.data, BaseException):
            return state.model_copy(update={"data": stand_in_for(error, state.message or "")})
        self.raised = error
        remedy = "Return something that can be pickled, or run the task on threads (ThreadPoolTaskRunner)."
        return self.owned(failed_state(error).model_copy(update={"message": f"{error} {remedy}"}))


def _live(life: LifeInWorker) -> None:
    """Run the task; what it submits itself runs on threads of this worker."""
    with ThreadPoolTaskRunner[Any]() as runner:
        if life.flow_context is not None:
            life.flow_context.task_runner = runner
        if not life.task.isasync:
            run_blocking(life.live())
            return
        try:
            worker_loop().run(run_awaiting(life.live()))
        except BaseException:
            # Closing the loop cancels what still waits in it: the life, which then records its end.
            worker_loop().close()
            raise


def _in_words(error: BaseException) -> str:
    return "".join(traceback.format_exception_only(error)).strip()


def _flush() -> None:
    """Let everything out that a task left in buffers of this process."""
    clients = sys.modules.get("prefect.client.engine")
    if clients is not None:
        clients.flush_clients()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()

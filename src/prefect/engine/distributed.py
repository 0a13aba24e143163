"""Futures of task runs that happen elsewhere: all that is known of such a run is what the store says.

Waiting is looking at the store again and again, more and more rarely; callbacks of any number of futures
share one thread that looks for all of them at once. Not here: making such runs (`deferral`), running them
(`task_worker`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

from prefect._clock import clock
from prefect._colours import Either, InThread
from prefect._steps import Life, Sleep, run_awaiting, run_blocking
from prefect.futures import PrefectFuture, PrefectTaskRunFuture, guarded
from prefect.schemas.states import State
from prefect.states import Pending

R = TypeVar("R")

_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 1.0


class PrefectDistributedFuture(PrefectTaskRunFuture[R]):
    """The future of a task run that another process runs. May be sent to other processes itself.

    Its result can be read when the run's result is stored, which task workers see to.
    """

    __slots__ = ()

    @property
    def state(self) -> State[Any]:
        """The state of the run as the store knows it; Pending when it knows none."""
        return self._look()

    def done(self) -> bool:
        """Whether the run has ended."""
        return self._look().is_final()

    def _look(self) -> State[Any]:
        if self._final_state is not None:
            return self._final_state
        state = _read_states(_client(), [self.task_run_id]).get(self.task_run_id)
        if state is None:
            return Pending(message="Nothing is recorded of this run yet.")
        if state.is_final():
            self._final_state = state
        return state

    def wait(self, timeout: float | None = None) -> None:
        """Wait until the run has ended, or `timeout` seconds have passed."""
        if self.done():
            return
        from prefect.engine.pool import worker_is_blocked

        with worker_is_blocked():
            run_blocking(self._wait_steps(timeout))

    async def wait_async(self, timeout: float | None = None) -> None:
        """`wait` for async code."""
        await run_awaiting(self._wait_steps(timeout))

    def result(self, timeout: float | None = None, raise_on_failure: bool = True) -> R:
        """Wait for the run and give its value.

        Raises:
            TimeoutError: the run has not ended within `timeout` seconds.
            MissingResult: the run completed, but its result was not stored.
            Exception: what the run raised, unless `raise_on_failure` is False: then it is returned.
        """
        self.wait(timeout)
        value: R = run_blocking(self._result_steps(timeout, raise_on_failure))
        return value

    async def result_async(self, timeout: float | None = None, raise_on_failure: bool = True) -> R:
        """`result` for async code."""
        await self.wait_async(timeout)
        value: R = await run_awaiting(self._result_steps(timeout, raise_on_failure))
        return value

    def _wait_steps(self, timeout: float | None) -> Life[None]:
        ends = None if timeout is None else clock().now() + timedelta(seconds=timeout)
        pause = _FIRST_PAUSE_SECONDS
        while not (yield InThread(self.done)):
            left = pause if ends is None else (ends - clock().now()).total_seconds()
            if left <= 0:
                return
            yield Sleep(min(pause, left))
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    def _result_steps(self, timeout: float | None, raise_on_failure: bool) -> Life[Any]:
        state = self._final_state
        if state is None:
            raise TimeoutError(f"Task run {self.task_run_id} did not end within {timeout} second(s).")
        return (yield Either(state.result, state.aresult, raise_on_failure))

    def add_done_callback(self, fn: Callable[[PrefectFuture[R]], None]) -> None:
        """Call `fn(future)` in another thread when the run ends; at once when it has. Errors are logged."""
        if self.done():
            guarded(fn)(self)
        else:
            _watch.add(self, guarded(fn))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PrefectDistributedFuture) and self.task_run_id == other.task_run_id

    def __hash__(self) -> int:
        return hash(self.task_run_id)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.task_run_id,)


def _client() -> Any:
    from prefect.client.engine import engine_client

    return engine_client()


def _read_states(client: Any, run_ids: list[UUID]) -> dict[UUID, State[Any]]:
    runs = client.read_task_runs(run_ids)
    return {run.id: run.state for run in runs if run.state is not None}


_Waiting = tuple[PrefectDistributedFuture[Any], Callable[[Any], None]]


class _Watch:
    """Looks for the ends of runs, for callbacks; its thread lives while there are any."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[Any, list[_Waiting]] = {}
        self._thread: threading.Thread | None = None
        self._pause = _FIRST_PAUSE_SECONDS

    def add(self, future: PrefectDistributedFuture[Any], fn: Callable[[Any], None]) -> None:
        # The store is that of the caller, whose settings the thread does not see.
        client = _client()
        with self._lock:
            self._waiting.setdefault(client, []).append((future, fn))
            self._pause = _FIRST_PAUSE_SECONDS
            if self._thread is None:
                self._thread = threading.Thread(target=self._look_out, name="prefect-task-runs", daemon=True)
                self._thread.start()

    def _look_out(self) -> None:
        while True:
            with self._lock:
                stores = {client: list(waiting) for client, waiting in self._waiting.items()}
                if not stores:
                    self._thread = None
                    return
            for client, waiting in stores.items():
                self._look(client, waiting)
            clock().sleep(self._pause)
            self._pause = min(2 * self._pause, _LONGEST_PAUSE_SECONDS)

    def _look(self, client: Any, waiting: list[_Waiting]) -> None:
        """Call the callbacks of runs that have ended; those of a store that has been closed are given up."""
        try:
            states = _read_states(client, list({future.task_run_id for future, _ in waiting}))
        except Exception:
            if client.usable():
                return
            states = None
        ended: list[_Waiting] = []
        for entry in waiting:
            state = None if states is None else states.get(entry[0].task_run_id)
            if state is not None and state.is_final():
                entry[0]._final_state = state
                ended.append(entry)
        with self._lock:
            gone = set(map(id, ended))
            left = [] if states is None else [one for one in self._waiting[client] if id(one) not in gone]
            if left:
                self._waiting[client] = left
            else:
                del self._waiting[client]
        for future, fn in ended:
            fn(future)


_watch = _Watch()

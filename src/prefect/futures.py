"""Futures: results that are still being computed.

A future of this process is completed by the worker that ran it; waiting for it costs a lock, not a thread. Not
here: who runs what (`task_runners`), how a final state gives its value (`states`).
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import threading
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from prefect._waits import acquire_alertly
from prefect.engine.inputs import Upstream
from prefect.schemas.bases import uuid7
from prefect.schemas.states import State, StateType, trusted_details, trusted_state
from prefect.states import Pending

if TYPE_CHECKING:
    from prefect.engine.distributed import PrefectDistributedFuture

R = TypeVar("R")
F = TypeVar("F")

__all__ = [
    "DoneAndNotDoneFutures",
    "PrefectConcurrentFuture",
    "PrefectDistributedFuture",
    "PrefectFuture",
    "PrefectFutureList",
    "PrefectTaskRunFuture",
    "PrefectWrappedFuture",
    "as_completed",
    "resolve_futures_to_results",
    "resolve_futures_to_states",
    "wait",
]


class PrefectFuture(Upstream, ABC, Generic[R]):
    """The result of a run that may not have ended yet."""

    __slots__ = ("__weakref__", "_final_state", "_task_run_id")

    def __init__(self, task_run_id: uuid.UUID) -> None:
        self._task_run_id: uuid.UUID | None = task_run_id
        self._final_state: State[Any] | None = None

    @property
    def task_run_id(self) -> uuid.UUID:
        """The id of the task run."""
        assert self._task_run_id is not None
        return self._task_run_id

    @property
    def state(self) -> State[Any]:
        """The final state once the run has ended; before, Pending."""
        if self._final_state is not None:
            return self._final_state
        return Pending(message="The run has not ended yet.")

    @abstractmethod
    def wait(self, timeout: float | None = None) -> None:
        """Wait until the run has ended.

        Args:
            timeout: the most seconds to wait (None: without end). When it passes, nothing is raised.
        """

    @abstractmethod
    def result(self, timeout: float | None = None, raise_on_failure: bool = True) -> R:
        """Wait for the run and give its value.

        Args:
            timeout: the most seconds to wait (None: without end).
            raise_on_failure: raise the exception of a run that did not complete; False returns it.

        Raises:
            TimeoutError: the run has not ended in time.
        """

    @abstractmethod
    def add_done_callback(self, fn: Callable[[PrefectFuture[R]], None]) -> None:
        """Call `fn(future)` when the run ends; at once when it has."""

    def done(self) -> bool:
        """Whether the run has ended."""
        return self.state.is_final()

    def waiting_for(self, futures: list[PrefectFuture[Any]]) -> WaitForAll:
        """The step in which a run waits for futures it depends on."""
        return WaitForAll(futures)


class WaitForAll:
    """The step of waiting for futures: blocks a thread, or suspends a coroutine."""

    __slots__ = ("futures",)

    def __init__(self, futures: list[PrefectFuture[Any]]) -> None:
        self.futures = futures

    def block(self) -> None:
        for future in self.futures:
            future.wait()

    async def wait(self) -> None:
        loop = asyncio.get_running_loop()
        for future in self.futures:
            arrived = loop.create_future()

            def arrive(_: Any, arrived: asyncio.Future[None] = arrived) -> None:
                with suppress(RuntimeError):  # nobody waits any more: the loop is closed
                    loop.call_soon_threadsafe(lambda: None if arrived.done() else arrived.set_result(None))

            future.add_done_callback(arrive)
            await arrived


class PrefectTaskRunFuture(PrefectFuture[R]):
    """The future of a task run whose state is known to whoever runs it."""

    __slots__ = ()


def _renew_registry() -> None:
    """A thread of the parent may have held the lock at the moment of a fork; in the child nobody would free it."""
    global _registry
    _registry = threading.Lock()


os.register_at_fork(after_in_child=_renew_registry)

_registry = threading.Lock()
"""Guards callbacks of all futures of this process: held for nanoseconds, cheaper than a lock for each future."""


class PrefectConcurrentFuture(PrefectTaskRunFuture[R]):
    """The future of a task run of this process.

    Args:
        task_run_id: the id of the run; None makes one when it is first asked for.
        wrapped_future: for task runners built on executors: ends with the run's final state.
    """

    __slots__ = ("_callbacks", "_compact", "_wrapped")

    def __init__(
        self,
        task_run_id: uuid.UUID | None,
        wrapped_future: concurrent.futures.Future[Any] | None = None,
    ) -> None:
        self._task_run_id = task_run_id
        self._final_state = None
        self._compact: tuple[Any, ...] | None = None
        self._callbacks: list[Callable[[Any], Any]] | None = None
        self._wrapped = wrapped_future
        if wrapped_future is not None:
            wrapped_future.add_done_callback(self._complete_from)

    # --- completing ------------------------------------------------------------------------------------

    def complete(self, state: State[Any]) -> None:
        """The run has ended in `state`: whoever waits goes on.

        A plain completed state is kept in a compact form: a map of a million items holds a million of them.
        """
        details = state.state_details
        plain = state.type is StateType.COMPLETED and state.name == "Completed" and state.message is None
        with _registry:
            if plain and details.cache_key is None and details.task_run_id == self._task_run_id:
                self._compact = (state.id, state.timestamp, details.flow_run_id, state.data)
            else:
                self._final_state = state
            callbacks, self._callbacks = self._callbacks, None
        for callback in callbacks or ():
            callback(self)

    def _complete_from(self, wrapped: concurrent.futures.Future[Any]) -> None:
        from prefect.states import Cancelled, crashed_state

        if wrapped.cancelled():
            self.complete(Cancelled(message="The task run was cancelled before it started."))
        elif (error := wrapped.exception()) is not None:
            self.complete(crashed_state(error))
        else:
            outcome = wrapped.result()
            self.complete(outcome if isinstance(outcome, State) else _completed_with(outcome))

    @property
    def wrapped_future(self) -> concurrent.futures.Future[Any] | None:
        """The executor's future, for runners built on one."""
        return self._wrapped

    # --- asking ----------------------------------------------------------------------------------------

    @property
    def task_run_id(self) -> uuid.UUID:
        """The id of the task run."""
        if self._task_run_id is None:
            with _registry:
                if self._task_run_id is None:
                    self._task_run_id = uuid7()
        return self._task_run_id

    @property
    def state(self) -> State[Any]:
        """The final state once the run has ended; Pending before."""
        if self._compact is not None:
            id, timestamp, flow_run_id, data = self._compact
            details = trusted_details(flow_run_id=flow_run_id, task_run_id=self._task_run_id)
            return trusted_state(StateType.COMPLETED, "Completed", details, None, data, timestamp, id)
        return super().state

    def done(self) -> bool:
        """Whether the run has ended (a run whose upstream failed never starts; that is an end, too)."""
        return self._compact is not None or self._final_state is not None

    def wait(self, timeout: float | None = None) -> None:
        """Wait until the run has ended, or `timeout` seconds have passed."""
        if self.done():
            return
        arrived = threading.Lock()
        arrived.acquire()
        if not self._call_when_done(lambda _: arrived.release()):
            return
        from prefect.engine.pool import worker_is_blocked

        with worker_is_blocked():
            acquire_alertly(arrived, timeout)

    def result(self, timeout: float | None = None, raise_on_failure: bool = True) -> R:
        """Wait for the run and give its value.

        Raises:
            TimeoutError: the run has not ended within `timeout` seconds.
            Exception: what the run raised, unless `raise_on_failure` is False: then it is returned.
        """
        self.wait(timeout)
        if self._compact is not None and not hasattr(type(self._compact[3]), "__load_result__"):
            return self._compact[3]  # type: ignore[no-any-return]
        if not self.done():
            raise TimeoutError(f"Task run {self.task_run_id} did not end within {timeout} second(s).")
        return self.state.result(raise_on_failure=raise_on_failure)  # type: ignore[return-value]

    def add_done_callback(self, fn: Callable[[PrefectFuture[R]], None]) -> None:
        """Call `fn(future)` when the run ends; at once when it has. An error in it is logged."""
        if not self._call_when_done(guarded(fn)):
            guarded(fn)(self)

    def _call_when_done(self, fn: Callable[[Any], Any]) -> bool:
        """Register a callback; False when the run has ended and it will not be called."""
        with _registry:
            if self.done():
                return False
            if self._callbacks is None:
                self._callbacks = []
            self._callbacks.append(fn)
            return True


def guarded(fn: Callable[[Any], None]) -> Callable[[Any], None]:
    """The callback, with its errors logged instead of raised."""

    def call(future: Any) -> None:
        try:
            fn(future)
        except Exception:
            from prefect.logging import get_logger

            get_logger("futures").exception("A callback of a future raised.")

    return call


def _completed_with(value: Any) -> State[Any]:
    from prefect.states import Completed

    return Completed(data=value)


class PrefectWrappedFuture(PrefectTaskRunFuture[R], ABC, Generic[R, F]):
    """Base for futures of task runners that wrap a future of another system."""

    __slots__ = ("_wrapped_future",)

    def __init__(self, task_run_id: uuid.UUID, wrapped_future: F) -> None:
        super().__init__(task_run_id)
        self._wrapped_future = wrapped_future

    @property
    def wrapped_future(self) -> F:
        """The other system's future."""
        return self._wrapped_future

    def add_done_callback(self, fn: Callable[[PrefectFuture[R]], None]) -> None:
        """Call `fn(future)` when the wrapped future ends; at once when it has."""
        if self._final_state is not None:
            fn(self)
            return
        self._wrapped_future.add_done_callback(lambda _: fn(self))  # type: ignore[attr-defined]


class PrefectFutureList(list[PrefectFuture[R]], Iterator[PrefectFuture[R]]):
    """A list of futures, with `wait` and `result` for all of them."""

    def wait(self, timeout: float | None = None) -> None:
        """Wait for all, at most `timeout` seconds in total."""
        wait(self, timeout=timeout)

    def result(self, timeout: float | None = None, raise_on_failure: bool = True) -> list[R]:
        """The values of all, in order.

        Raises:
            TimeoutError: not all have ended within `timeout` seconds.
        """
        if timeout is None:
            return [future.result(raise_on_failure=raise_on_failure) for future in self]
        ends = time.monotonic() + timeout
        values = []
        for future in self:
            try:
                values.append(future.result(max(0.0, ends - time.monotonic()), raise_on_failure))
            except TimeoutError as error:
                if future.done():
                    raise
                raise TimeoutError(
                    f"Not all of {len(self)} futures ended within {timeout} second(s)."
                ) from error
        return values

    def __next__(self) -> PrefectFuture[R]:
        raise TypeError("A list of futures is iterated with `for` or `iter()`.")

    def __iter__(self) -> Iterator[PrefectFuture[R]]:
        return list.__iter__(self)


class DoneAndNotDoneFutures(NamedTuple, Generic[R]):
    """Futures that have ended and those that have not."""

    done: set[PrefectFuture[R]]
    not_done: set[PrefectFuture[R]]


def wait(futures: Iterable[PrefectFuture[R]], timeout: float | None = None) -> DoneAndNotDoneFutures[R]:
    """Wait for futures.

    Args:
        futures: what to wait for.
        timeout: the most seconds to wait in total (None: until all have ended).

    Returns:
        `(done, not_done)`: two sets.
    """
    waited_for = list(futures)
    ends = None if timeout is None else time.monotonic() + timeout
    for future in waited_for:
        future.wait(None if ends is None else max(0.0, ends - time.monotonic()))
    done = {future for future in waited_for if future.done()}
    return DoneAndNotDoneFutures(done, set(waited_for) - done)


def as_completed(
    futures: Iterable[PrefectFuture[R]], timeout: float | None = None
) -> Generator[PrefectFuture[R], None]:
    """Give futures as they end.

    Args:
        futures: the futures; one that is given twice is yielded once.
        timeout: the most seconds to wait for all of them; the time spent in the caller's loop counts.

    Raises:
        TimeoutError: not all have ended in time; says how many of how many have not.
    """
    expected = set(futures)
    total, ends = len(expected), None if timeout is None else time.monotonic() + timeout
    arrived: list[PrefectFuture[R]] = []
    news = threading.Condition()

    def arrive(future: PrefectFuture[R]) -> None:
        with news:
            arrived.append(future)
            news.notify()

    for future in expected:
        future.add_done_callback(arrive)
    for given in range(total):
        with news:
            while not arrived:
                left = None if ends is None else ends - time.monotonic()
                if left is not None and left <= 0:
                    raise TimeoutError(f"{total - given} (of {total}) futures unfinished")
                _wait_as_worker(news, left)
            future = arrived.pop(0)
        yield future


def _wait_as_worker(news: threading.Condition, seconds: float | None) -> None:
    from prefect.engine.pool import worker_is_blocked

    with worker_is_blocked():
        news.wait(seconds)


def resolve_futures_to_states(expr: Any) -> Any:
    """`expr` with every future in it replaced by its final state, which is waited for."""

    def final_state(future: PrefectFuture[Any]) -> State[Any]:
        future.wait()
        return future.state

    return _replace_futures(expr, final_state)


def resolve_futures_to_results(expr: Any) -> Any:
    """`expr` with every future in it replaced by its value, which is waited for.

    Raises:
        Exception: a run did not complete.
    """

    def value(future: PrefectFuture[Any]) -> Any:
        future.wait()
        return future.result()

    return _replace_futures(expr, value)


def _replace_futures(expr: Any, replace: Callable[[Any], Any]) -> Any:
    from prefect.utilities.annotations import quote
    from prefect.utilities.collections import StopVisiting, visit_collection

    def visit(item: Any, context: dict[str, Any]) -> Any:
        if isinstance(item, State) or isinstance(context.get("annotation"), quote):
            raise StopVisiting
        if isinstance(item, PrefectFuture):
            raise StopVisiting(replace(item))
        return item

    return visit_collection(expr, visit_fn=visit, return_data=True, context={})


def __getattr__(name: str) -> Any:
    if name == "PrefectDistributedFuture":
        from prefect.engine.distributed import PrefectDistributedFuture

        return PrefectDistributedFuture
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""Futures by themselves: ending, waiting, callbacks, lists, and many threads at once."""

from __future__ import annotations

import asyncio
import concurrent.futures
import itertools
import logging
import sys
import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from prefect.exceptions import CancelledRun, CrashedRun, FailedRun
from prefect.futures import (
    DoneAndNotDoneFutures,
    PrefectConcurrentFuture,
    PrefectFuture,
    PrefectFutureList,
    PrefectTaskRunFuture,
    PrefectWrappedFuture,
    as_completed,
    resolve_futures_to_results,
    resolve_futures_to_states,
    wait,
)
from prefect.schemas.bases import uuid7
from prefect.schemas.states import State, StateType
from prefect.states import Cancelled, Completed, Crashed, Failed, Pending
from prefect.utilities.annotations import quote

PATIENCE_SECONDS = 60.0

Future = PrefectConcurrentFuture[Any]


def waiting() -> Future:
    return PrefectConcurrentFuture(uuid7())


def end(future: Future, state: State[Any] | None = None, value: Any = None) -> Future:
    state = state or Completed(data=value)
    state.state_details.task_run_id = future.task_run_id
    future.complete(state)
    return future


def finished(value: Any = None) -> Future:
    return end(waiting(), value=value)


def later(*calls: Callable[[], Any]) -> threading.Thread:
    """Make the calls in another thread, a moment from now."""

    def run() -> None:
        time.sleep(0.005)
        for call in calls:
            call()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


# --- a future -------------------------------------------------------------------------------------------


def test_before_its_end_a_future_is_pending() -> None:
    future = waiting()
    assert (future.state.type, future.done(), future.wrapped_future) == (StateType.PENDING, False, None)


@pytest.mark.parametrize(
    "state",
    [
        Completed(data=[1]),
        Completed(name="Cached", data=1),
        Completed(message="said", data=1),
        Failed(data=ValueError("x")),
        Crashed(),
        Cancelled(),
        Pending(name="NotReady", message="upstream"),
    ],
    ids=str,
)
def test_a_future_ends_in_the_state_it_is_given(state: State[Any]) -> None:
    future = end(waiting(), state)
    assert future.done()
    for field in ("id", "type", "name", "message", "timestamp", "data", "state_details"):
        assert getattr(future.state, field) == getattr(state, field)
    assert future.state.data is state.data


def test_a_plain_result_is_kept_in_little_space() -> None:
    """A map of a million items holds a million of them."""

    def kept(future: Future) -> int:
        seen = [getattr(future, slot) for slot in ("_compact", "_final_state", "_callbacks")]
        return sum(map(sys.getsizeof, (future, *(one for one in seen if one is not None))))

    assert kept(finished()) < 250
    assert finished()._final_state is None


def test_an_id_is_made_when_it_is_asked_for() -> None:
    future: Future = PrefectConcurrentFuture(None)
    ids: set[Any] = set()
    threads = [threading.Thread(target=lambda: ids.add(future.task_run_id)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 1


@pytest.mark.parametrize(
    ("state", "error"),
    [
        (Failed(data=ValueError("x")), ValueError),
        (Failed(message="said"), FailedRun),
        (Crashed(), CrashedRun),
        (Cancelled(), CancelledRun),
    ],
    ids=str,
)
def test_a_failure_is_raised_or_returned(state: State[Any], error: type[Exception]) -> None:
    future = end(waiting(), state)
    with pytest.raises(error):
        future.result()
    assert isinstance(future.result(raise_on_failure=False), error)


def test_waiting_ends_when_the_run_does() -> None:
    future = waiting()
    later(lambda: end(future, value=3))
    future.wait()
    assert future.result() == 3


@pytest.mark.parametrize("timeout", [0, 0.001, -1])
def test_waiting_is_given_up_in_time(timeout: float) -> None:
    future = waiting()
    future.wait(timeout=timeout)
    assert not future.done()
    with pytest.raises(TimeoutError, match=f"{future.task_run_id} did not end within {timeout}"):
        future.result(timeout=timeout)
    end(future, value=1)
    assert future.result(timeout=timeout) == 1


def test_a_timeout_error_of_the_run_is_its_result() -> None:
    with pytest.raises(TimeoutError, match="own"):
        end(waiting(), Failed(data=TimeoutError("own"))).result(timeout=0)


# --- callbacks ------------------------------------------------------------------------------------------


def test_callbacks_are_called_in_order_when_the_run_ends() -> None:
    future, called = waiting(), []
    for number in range(3):
        future.add_done_callback(lambda given, number=number: called.append((number, given, given.done())))
    assert called == []
    end(future)
    assert called == [(number, future, True) for number in range(3)]
    future.add_done_callback(lambda given: called.append("late"))
    assert called[-1] == "late"


def test_a_callback_that_raises_is_logged_and_the_others_called(caplog: pytest.LogCaptureFixture) -> None:
    future, called = waiting(), []

    def bad(_: Any) -> None:
        raise ValueError("in a callback")

    future.add_done_callback(bad)
    future.add_done_callback(called.append)
    end(future)
    future.add_done_callback(bad)
    assert called == [future]
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 2


def test_a_callback_may_ask_the_future_and_add_another() -> None:
    future, called = waiting(), []

    def ask(given: PrefectFuture[Any]) -> None:
        called.append(given.result())
        given.add_done_callback(lambda _: called.append("inner"))

    future.add_done_callback(ask)
    end(future, value=1)
    assert called == [1, "inner"]


def test_every_callback_is_called_once_whoever_is_first() -> None:
    for _ in range(50):
        future, called, barrier = waiting(), [], threading.Barrier(5)

        def add(
            future: Future = future, called: list[Any] = called, barrier: threading.Barrier = barrier
        ) -> None:
            barrier.wait()
            for _ in range(5):
                future.add_done_callback(called.append)

        threads = [threading.Thread(target=add) for _ in range(4)]
        for thread in threads:
            thread.start()
        barrier.wait()
        end(future)
        for thread in threads:
            thread.join()
        assert len(called) == 20


def test_everyone_who_waits_goes_on() -> None:
    future, results = waiting(), []
    threads = [threading.Thread(target=lambda: results.append(future.result())) for _ in range(10)]
    for thread in threads:
        thread.start()
    end(future, value="v")
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    assert results == ["v"] * 10


# --- the step of waiting --------------------------------------------------------------------------------


def test_the_step_of_waiting_blocks_until_all_have_ended() -> None:
    futures = [waiting(), finished(), waiting()]
    later(lambda: end(futures[2]), lambda: end(futures[0]))
    futures[0].waiting_for(futures).block()  # type: ignore[arg-type]
    assert all(future.done() for future in futures)


def test_the_step_of_waiting_lets_the_loop_go_on() -> None:
    futures, turns = [waiting(), waiting()], []

    async def main() -> None:
        step = asyncio.ensure_future(futures[0].waiting_for(futures).wait())  # type: ignore[arg-type]
        await asyncio.sleep(0)
        turns.append("the loop goes on")
        later(lambda: end(futures[1]), lambda: end(futures[0]))
        await step

    asyncio.run(main())
    assert turns == ["the loop goes on"]
    assert all(future.done() for future in futures)


def test_a_run_that_ends_after_who_waited_was_cancelled_bothers_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    future = waiting()

    async def main() -> None:
        step = asyncio.ensure_future(future.waiting_for([future]).wait())
        await asyncio.sleep(0)
        step.cancel()

    asyncio.run(main())
    end(future)
    assert caplog.records == []


# --- futures of executors -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settle", "name", "data"),
    [
        (lambda wrapped: wrapped.set_result(5), "Completed", 5),
        (lambda wrapped: wrapped.set_result(Failed(message="own")), "Failed", None),
        (lambda wrapped: wrapped.set_exception(ValueError("x")), "Crashed", None),
        (lambda wrapped: wrapped.cancel(), "Cancelled", None),
    ],
    ids=["value", "state", "exception", "cancelled"],
)
def test_a_future_ends_with_the_executors_future(settle: Any, name: str, data: Any) -> None:
    wrapped: concurrent.futures.Future[Any] = concurrent.futures.Future()
    future: Future = PrefectConcurrentFuture(uuid7(), wrapped)
    assert (future.wrapped_future, future.done()) == (wrapped, False)
    settle(wrapped)
    assert future.done()
    assert future.state.name == name
    if data is not None:
        assert future.result() == data


class Wrapping(PrefectWrappedFuture[Any, "concurrent.futures.Future[Any]"]):
    """What a task runner of the user's own may define."""

    def wait(self, timeout: float | None = None) -> None:
        self._final_state = Completed(data=self.wrapped_future.result(timeout))

    def result(self, timeout: float | None = None, raise_on_failure: bool = True) -> Any:
        self.wait(timeout)
        return self.state.result(raise_on_failure=raise_on_failure)


def test_futures_of_other_systems_can_be_wrapped() -> None:
    wrapped: concurrent.futures.Future[Any] = concurrent.futures.Future()
    future, called = Wrapping(uuid7(), wrapped), []
    future.add_done_callback(called.append)
    assert (future.done(), future.state.type, isinstance(future, PrefectTaskRunFuture)) == (
        False,
        StateType.PENDING,
        True,
    )
    wrapped.set_result(4)
    assert called == [future]
    assert (future.result(), future.done()) == (4, True)
    future.add_done_callback(called.append)
    assert len(called) == 2


# --- several at once ------------------------------------------------------------------------------------


def test_wait_sorts_futures() -> None:
    ended, other = finished(), waiting()
    result = wait([ended, other], timeout=0)
    assert isinstance(result, DoneAndNotDoneFutures)
    assert result == ({ended}, {other})
    later(lambda: end(other))
    assert wait(iter([ended, other])) == ({ended, other}, set())
    assert wait([]) == (set(), set())


def test_the_time_to_wait_is_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[float | None] = []

    class Unready(PrefectConcurrentFuture[Any]):
        def wait(self, timeout: float | None = None) -> None:
            given.append(timeout)

    seconds = itertools.count()  # one passes between two looks
    monkeypatch.setattr("prefect.futures.time", SimpleNamespace(monotonic=lambda: next(seconds)))
    assert len(wait([Unready(uuid7()) for _ in range(4)], timeout=3).not_done) == 4
    assert given == [2, 1, 0, 0]


def test_as_completed_gives_futures_as_they_end() -> None:
    first, second, third = futures = [waiting(), waiting(), waiting()]
    end(second)
    given = as_completed([*futures, second])
    assert next(given) is second
    end(third)
    assert next(given) is third
    later(lambda: end(first))
    assert next(given) is first
    assert list(given) == []
    assert list(as_completed([])) == []


def test_as_completed_says_how_many_are_missing() -> None:
    futures = [finished(), waiting(), waiting()]
    given = as_completed(futures, timeout=0.01)
    assert next(given) is futures[0]
    with pytest.raises(TimeoutError, match=r"^2 \(of 3\) futures unfinished$"):
        next(given)


def test_as_completed_gives_what_has_ended_even_when_time_is_up() -> None:
    given = as_completed([finished(), finished()], timeout=0)
    assert len(list(given)) == 2


def test_as_completed_with_many_threads() -> None:
    futures = [waiting() for _ in range(200)]
    quarters = [futures[start::4] for start in range(4)]
    for quarter in quarters:
        threading.Thread(target=lambda quarter=quarter: [end(future) for future in quarter]).start()
    assert set(as_completed(futures, timeout=PATIENCE_SECONDS)) == set(futures)


# --- lists ----------------------------------------------------------------------------------------------


def test_a_list_gives_the_results_in_order() -> None:
    futures = PrefectFutureList([waiting(), finished(2)])
    later(lambda: end(futures[0], value=1))  # type: ignore[arg-type]
    futures.wait()
    assert futures.result() == futures.result(timeout=0) == [1, 2]
    assert list(futures) == futures
    assert PrefectFutureList().result() == []


def test_a_list_raises_the_first_failure_or_returns_all() -> None:
    error = ValueError("x")
    futures = PrefectFutureList([finished(1), end(waiting(), Failed(data=error)), finished(3)])
    for timeout in (None, 5):
        with pytest.raises(ValueError, match="x"):
            futures.result(timeout=timeout)
        assert futures.result(timeout=timeout, raise_on_failure=False) == [1, error, 3]


def test_a_list_is_given_up_in_time() -> None:
    futures = PrefectFutureList([finished(), waiting()])
    futures.wait(timeout=0)
    with pytest.raises(TimeoutError, match="Not all of 2 futures ended within 0"):
        futures.result(timeout=0)
    own = PrefectFutureList([end(waiting(), Failed(data=TimeoutError("own")))])
    with pytest.raises(TimeoutError, match="own"):
        own.result(timeout=0)


def test_a_list_is_no_iterator() -> None:
    with pytest.raises(TypeError, match="iter"):
        next(PrefectFutureList([finished()]))


# --- structures -----------------------------------------------------------------------------------------


def test_futures_in_structures_are_waited_for_and_replaced() -> None:
    future = waiting()
    later(lambda: end(future, value=[1]))
    assert resolve_futures_to_results({"a": (future, 2), "b": quote([future])}) == {
        "a": ([1], 2),
        "b": quote([future]),
    }
    states = resolve_futures_to_states([future, 2])
    assert (states[0].id, states[1]) == (future.state.id, 2)


def test_a_failure_in_a_structure_is_raised_or_shown_as_a_state() -> None:
    failed = end(waiting(), Failed(data=ValueError("x")))
    with pytest.raises(ValueError, match="x"):
        resolve_futures_to_results([failed])
    assert resolve_futures_to_states([failed])[0].is_failed()


def test_results_are_not_looked_into() -> None:
    inner = finished("inner")
    assert resolve_futures_to_results([finished([inner])]) == [[inner]]
    state = Completed(data=[inner])
    assert resolve_futures_to_states([state])[0] is state

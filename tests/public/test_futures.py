"""Futures: results, states, waiting, callbacks, lists of them."""

import asyncio
import threading
from typing import Any

import pytest

from prefect import flow, task
from prefect.futures import (
    PrefectFuture,
    PrefectFutureList,
    as_completed,
    resolve_futures_to_states,
    wait,
)
from prefect.states import State


class Gate:
    """Holds tasks until it is opened."""

    def __init__(self) -> None:
        self.opened = threading.Event()

    def open(self) -> None:
        self.opened.set()

    def pass_through(self) -> None:
        assert self.opened.wait(60)


@pytest.fixture
def gate() -> Any:
    gate = Gate()
    yield gate
    gate.open()


@task
def double(x: int) -> int:
    return 2 * x


@task
def broken() -> None:
    raise ValueError("broken")


@task
def held(gate: Gate, value: int = 1) -> int:
    gate.pass_through()
    return value


def in_flow(body: Any) -> Any:
    """Run a body in a flow; what it asserts is asserted there."""
    return flow(lambda: body() and None, name="around")()


def test_a_future_has_a_run_and_in_the_end_a_state() -> None:
    def body() -> None:
        future = double.submit(2)
        future.wait()
        assert future.task_run_id == future.state.state_details.task_run_id
        assert future.state.is_completed()

    in_flow(body)


def test_result_waits() -> None:
    def body() -> None:
        assert double.submit(2).result() == 4

    in_flow(body)


def test_result_raises_or_returns_the_exception() -> None:
    def body() -> None:
        future = broken.submit()
        with pytest.raises(ValueError, match="broken"):
            future.result()
        assert isinstance(future.result(raise_on_failure=False), ValueError)
        assert future.state.is_failed()

    in_flow(body)


def test_result_can_be_asked_again() -> None:
    def body() -> None:
        future = double.submit(2)
        assert [future.result(), future.result()] == [4, 4]

    in_flow(body)


def test_an_impatient_result_is_a_timeout(gate: Gate) -> None:
    def body() -> None:
        future = held.submit(gate)
        with pytest.raises(TimeoutError):
            future.result(timeout=0.01)
        gate.open()
        assert future.result() == 1

    in_flow(body)


def test_an_impatient_wait_just_returns(gate: Gate) -> None:
    def body() -> None:
        future = held.submit(gate)
        future.wait(timeout=0.01)
        assert not future.state.is_final()
        gate.open()
        future.wait()
        assert future.state.is_completed()

    in_flow(body)


def test_callbacks_are_told_when_it_is_done(gate: Gate) -> None:
    done: list[PrefectFuture[Any]] = []

    def body() -> None:
        future = held.submit(gate)
        future.add_done_callback(done.append)
        assert done == []
        gate.open()
        future.wait()

    in_flow(body)
    assert len(done) == 1


def test_callbacks_of_a_done_future_are_told_at_once() -> None:
    def body() -> None:
        done: list[PrefectFuture[Any]] = []
        future = double.submit(1)
        future.wait()
        future.add_done_callback(done.append)
        assert len(done) == 1

    in_flow(body)


# --- several --------------------------------------------------------------------------------------------


def test_wait_sorts_into_done_and_not_done(gate: Gate) -> None:
    def body() -> None:
        quick, slow = double.submit(1), held.submit(gate)
        quick.wait()
        done, not_done = wait([quick, slow], timeout=0.05)
        assert (done, not_done) == ({quick}, {slow})
        gate.open()
        result = wait([quick, slow])
        assert result.done == {quick, slow}
        assert result.not_done == set()

    in_flow(body)


def test_as_completed_yields_in_order_of_completion(gate: Gate) -> None:
    def body() -> None:
        slow, quick = held.submit(gate, value=7), double.submit(1)
        iterator = as_completed([slow, quick])
        assert next(iterator) is quick
        gate.open()
        assert [future.result() for future in iterator] == [7]

    in_flow(body)


def test_as_completed_runs_out_of_time(gate: Gate) -> None:
    def body() -> None:
        slow, quick = held.submit(gate), double.submit(1)
        quick.wait()
        with pytest.raises(TimeoutError, match="1"):
            list(as_completed([slow, quick], timeout=0.05))
        gate.open()

    in_flow(body)


def test_as_completed_of_nothing() -> None:
    assert list(as_completed([])) == []


def test_as_completed_includes_failures() -> None:
    def body() -> None:
        futures = [double.submit(1), broken.submit()]
        for future in as_completed(futures):
            future.wait()
        assert [future.state.type.value for future in futures] == ["COMPLETED", "FAILED"]

    in_flow(body)


def test_a_list_of_futures_waits_and_gives_results() -> None:
    def body() -> None:
        futures = PrefectFutureList([double.submit(number) for number in range(3)])
        futures.wait()
        assert all(future.state.is_completed() for future in futures)
        assert futures.result() == [0, 2, 4]

    in_flow(body)


def test_a_list_of_futures_raises_the_first_failure() -> None:
    def body() -> None:
        futures = PrefectFutureList([double.submit(1), broken.submit()])
        with pytest.raises(ValueError, match="broken"):
            futures.result()
        good, bad = futures.result(raise_on_failure=False)
        assert good == 2
        assert isinstance(bad, ValueError)

    in_flow(body)


def test_an_impatient_list_is_a_timeout(gate: Gate) -> None:
    def body() -> None:
        futures = PrefectFutureList([held.submit(gate)])
        futures.wait(timeout=0.01)
        with pytest.raises(TimeoutError):
            futures.result(timeout=0.01)
        gate.open()

    in_flow(body)


def test_futures_in_a_structure_become_states() -> None:
    def body() -> None:
        future = double.submit(1)
        resolved = resolve_futures_to_states({"a": [future], "b": 1})
        assert isinstance(resolved["a"][0], State)
        assert resolved["b"] == 1

    in_flow(body)


def test_futures_in_async_flows() -> None:
    @flow
    async def parent() -> list[int]:
        futures = [double.submit(number) for number in range(3)]
        return [future.result() for future in futures]

    assert asyncio.run(parent()) == [0, 2, 4]


def test_everything_submitted_ends_before_the_flow_returns() -> None:
    ended = []

    @task
    def note(number: int) -> None:
        ended.append(number)

    @flow
    def parent() -> None:
        for number in range(5):
            note.submit(number)

    parent()
    assert sorted(ended) == [0, 1, 2, 3, 4]

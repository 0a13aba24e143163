"""Odd but honest programs: unusual exceptions, threads, contexts, cancellation, generators let go."""

import asyncio
import contextvars
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from prefect import flow, runtime, task


class Box:
    def __init__(self, value: Any) -> None:
        self.value = value


def in_flow(body: Any) -> Any:
    return flow(lambda: Box(body()), name="around")().value


@task
def add(x: int, y: int = 1) -> int:
    return x + y


# --- exceptions -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error", [StopIteration("end"), KeyError("k"), RecursionError("deep"), OSError(2, "no")]
)
@pytest.mark.parametrize("make", [flow, task])
def test_any_exception_reaches_the_caller_as_it_is(error: Exception, make: Any) -> None:
    def body() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        make(body, name="raises")()
    assert caught.value is error


@pytest.mark.parametrize("make", [flow, task])
def test_stop_async_iteration_is_an_ordinary_failure(make: Any) -> None:
    def body() -> None:
        raise StopAsyncIteration

    assert make(body, name="raises")(return_state=True).is_failed()


def test_groups_of_exceptions() -> None:
    def body() -> None:
        raise ExceptionGroup("several", [ValueError("a"), TypeError("b")])

    with pytest.raises(ExceptionGroup) as caught:
        flow(body)()
    assert len(caught.value.exceptions) == 2


def test_the_cause_of_an_exception_is_kept() -> None:
    @task
    def raises() -> None:
        try:
            raise KeyError("cause")
        except KeyError as cause:
            raise ValueError("effect") from cause

    with pytest.raises(ValueError, match="effect") as caught:
        in_flow(raises)
    assert isinstance(caught.value.__cause__, KeyError)


def test_an_error_leads_to_the_line_that_raised_it() -> None:
    import traceback

    @task
    def raises() -> None:
        raise ValueError("here")

    with pytest.raises(ValueError) as caught:
        in_flow(raises)
    frames = traceback.extract_tb(caught.value.__traceback__)
    assert frames[-1].name == "raises"


def test_an_exception_in_a_loop_of_tasks_can_be_handled_each_time() -> None:
    @task
    def odd_only(x: int) -> int:
        if x % 2 == 0:
            raise ValueError(x)
        return x

    def body() -> list[Any]:
        results: list[Any] = []
        for number in range(4):
            try:
                results.append(odd_only(number))
            except ValueError as error:
                results.append(error.args[0])
        return results

    assert in_flow(body) == [0, 1, 2, 3]


# --- values ---------------------------------------------------------------------------------------------


def test_values_are_not_copied() -> None:
    value = object()
    assert in_flow(lambda: task(lambda: value)()) is value
    assert in_flow(lambda: task(lambda: value).submit().result()) is value


@pytest.mark.parametrize(
    "value", [lambda: 1, threading.Lock(), iter([1])], ids=["function", "lock", "iterator"]
)
def test_values_that_cannot_be_stored_are_passed_on(value: Any) -> None:
    assert in_flow(lambda: task(lambda: value)()) is value


def test_an_object_with_a_hostile_equality() -> None:
    class Hostile:
        def __eq__(self, other: object) -> bool:
            raise RuntimeError("do not compare me")

        def __hash__(self) -> int:
            raise RuntimeError("do not hash me")

    value = Hostile()
    identity = task(lambda x: x)
    assert in_flow(lambda: identity(identity(value))) is value


def test_cyclic_structures() -> None:
    value: list[Any] = [1]
    value.append({"self": value})
    from prefect.utilities.annotations import quote

    identity = task(lambda x: x)
    assert in_flow(lambda: identity(quote(value))) is value


# --- contexts and threads -------------------------------------------------------------------------------

word: contextvars.ContextVar[str] = contextvars.ContextVar("word", default="none")


def test_context_variables_of_the_user_reach_tasks() -> None:
    @task
    def reads() -> str:
        return word.get()

    def body() -> Any:
        word.set("said")
        return reads(), reads.submit().result()

    assert in_flow(body) == ("said", "said")


def test_what_a_submitted_task_sets_stays_there() -> None:
    @task
    def sets() -> None:
        word.set("leaked")

    def body() -> str:
        word.set("own")
        sets.submit().wait()
        return word.get()

    assert in_flow(body) == "own"


def test_flows_in_several_threads_at_once() -> None:
    barrier = threading.Barrier(3, timeout=60)

    @flow
    def one(x: int) -> Any:
        barrier.wait()
        return add(x), runtime.flow_run.parameters["x"]

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(one, range(3))) == [(1, 0), (2, 1), (3, 2)]


def test_a_thread_of_the_users_own_is_outside_the_run() -> None:
    seen = []

    @flow
    def parent() -> None:
        thread = threading.Thread(target=lambda: seen.append(runtime.flow_run.id))
        thread.start()
        thread.join()

    parent()
    assert seen == [None]


def test_flows_in_submitted_tasks() -> None:
    @flow
    def child(x: int) -> int:
        return add(x)

    @task
    def outer(x: int) -> int:
        return child(x)

    assert in_flow(lambda: outer.map([1, 2]).result()) == [2, 3]


def test_a_sync_flow_called_while_a_loop_runs_in_this_thread() -> None:
    @task
    async def later() -> int:
        await asyncio.sleep(0)
        return 1

    @flow
    def sync_parent() -> int:
        return later.submit().result()

    async def main() -> int:
        return sync_parent()

    assert asyncio.run(main()) == 1


# --- async ----------------------------------------------------------------------------------------------


@task
async def sleeps() -> None:
    await asyncio.sleep(20)


def test_a_task_whose_await_is_given_up_crashes_and_the_flow_goes_on(store: Any) -> None:
    @flow
    async def parent() -> str:
        try:
            async with asyncio.timeout(0.05):
                await sleeps()
        except TimeoutError:
            return "went on"
        return "not reached"

    state = asyncio.run(parent(return_state=True))
    assert state.result() == "went on"
    (run,) = store.task_runs(state.state_details.flow_run_id, 1)
    assert run.state_type == "CRASHED"


def test_one_failure_in_a_gather() -> None:
    @task
    async def maybe(x: int) -> int:
        if x == 1:
            raise ValueError("one")
        return x

    @flow
    async def parent() -> Any:
        results = await asyncio.gather(*(maybe(number) for number in range(3)), return_exceptions=True)
        return Box(results)

    zero, error, two = asyncio.run(parent()).value
    assert (zero, two) == (0, 2)
    assert isinstance(error, ValueError)


def test_task_groups() -> None:
    @task
    async def later(x: int) -> int:
        await asyncio.sleep(0)
        return x + 1

    @flow
    async def parent() -> list[int]:
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(later(number)) for number in range(3)]
        return [one.result() for one in running]

    assert asyncio.run(parent()) == [1, 2, 3]


def test_names_stay_apart_when_tasks_interleave() -> None:
    @task(task_run_name="run {x}")
    async def named(x: int) -> str:
        before = runtime.task_run.name
        await asyncio.sleep(0.001)
        assert runtime.task_run.name == before
        return before

    @flow
    async def parent() -> list[str]:
        return await asyncio.gather(*(named(number) for number in range(5)))

    assert asyncio.run(parent()) == [f"run {number}" for number in range(5)]


# --- generators -----------------------------------------------------------------------------------------


def test_a_generator_task_that_is_never_started_makes_no_trouble() -> None:
    @task
    def counts() -> Iterator[int]:
        yield 1

    def body() -> str:
        counts()
        return "done"

    assert in_flow(body) == "done"


def test_a_generator_sees_its_run_between_items() -> None:
    @task(task_run_name="generator")
    def counts() -> Iterator[str]:
        for _ in range(2):
            yield runtime.task_run.name

    def body() -> Any:
        return list(counts())

    assert in_flow(body) == ["generator", "generator"]


def test_a_generator_task_retries_from_the_start() -> None:
    tries = []

    @task(retries=1)
    def flaky() -> Iterator[int]:
        tries.append(1)
        yield 1
        if len(tries) == 1:
            raise ValueError("again")
        yield 2

    assert in_flow(lambda: list(flaky())) == [1, 1, 2]


@pytest.mark.beyond_original("a generator among the arguments is exhausted before the task runs")
def test_generators_feed_each_other() -> None:
    @task
    def counts(to: int) -> Iterator[int]:
        yield from range(to)

    @task
    def doubles(numbers: Iterator[int]) -> Iterator[int]:
        for number in numbers:
            yield 2 * number

    assert in_flow(lambda: list(doubles(counts(3)))) == [0, 2, 4]


def test_an_async_generator_let_go_early() -> None:
    @task
    async def counts() -> AsyncIterator[int]:
        for number in range(10):
            yield number

    @flow
    async def parent() -> int:
        async for number in counts():
            if number == 2:
                return number
        return -1

    assert asyncio.run(parent()) == 2


def test_a_generator_flow_with_tasks_in_it() -> None:
    @flow
    def counts(to: int) -> Iterator[int]:
        for number in range(to):
            yield add(number)

    assert list(counts(3)) == [1, 2, 3]


def test_a_generator_flow_in_a_flow() -> None:
    @flow
    def counts(to: int) -> Iterator[int]:
        yield from range(to)

    assert in_flow(lambda: sum(counts(4))) == 6


def test_a_task_may_be_the_body_of_a_flow() -> None:
    body = task(lambda: runtime.task_run.task_name, name="body")
    assert flow(body, name="around")() == "body"

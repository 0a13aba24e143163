"""Calling tasks: in flows, in tasks, outside; values, states, names, sync and async, generators."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from prefect import flow, runtime, tags, task
from prefect.client.schemas.objects import State, StateType
from prefect.exceptions import ParameterBindError
from prefect.futures import PrefectFuture


@task
def add(x: int, y: int = 1) -> int:
    return x + y


@task
async def add_later(x: int, y: int = 1) -> int:
    await asyncio.sleep(0)
    return x + y


@task
def failing() -> None:
    raise ValueError("no good")


class Box:
    """Hides a value from those who interpret what a flow returns."""

    def __init__(self, value: Any) -> None:
        self.value = value


def in_flow(body: Any) -> Any:
    """Run a body in a flow and give its value as it is, a future or a state too."""
    return flow(lambda: Box(body()), name="around")().value


# --- values ---------------------------------------------------------------------------------------------


def test_a_call_gives_the_value() -> None:
    assert in_flow(lambda: add(2, y=3)) == 5


def test_a_call_works_without_a_flow() -> None:
    assert add(2) == 3
    assert asyncio.run(add_later(2)) == 3


def test_a_call_with_return_state_gives_the_state() -> None:
    state = in_flow(lambda: add(2, return_state=True))
    assert isinstance(state, State)
    assert (state.type, state.name, state.result()) == (StateType.COMPLETED, "Completed", 3)
    assert state.state_details.task_run_id is not None
    assert state.state_details.flow_run_id is not None


def test_outside_a_flow_the_run_belongs_to_none() -> None:
    state = add(2, return_state=True)
    assert state.state_details.task_run_id is not None
    assert state.state_details.flow_run_id is None


def test_arguments_are_not_coerced() -> None:
    assert in_flow(lambda: add("a", "b")) == "ab"  # type: ignore[arg-type]


@pytest.mark.parametrize("arguments", [((), {}), ((1, 2, 3), {}), ((1,), {"z": 1})])
def test_arguments_have_to_bind(arguments: Any) -> None:
    args, kwargs = arguments
    with pytest.raises(ParameterBindError):
        in_flow(lambda: add(*args, **kwargs))
    with pytest.raises(ParameterBindError):
        in_flow(lambda: add.submit(*args, **kwargs))


def test_defaults_and_variadic_parameters() -> None:
    @task
    def takes(first: int, *rest: int, key: str = "k", **more: int) -> Any:
        return first, rest, key, more

    assert in_flow(lambda: takes(1, 2, 3, a=4)) == (1, (2, 3), "k", {"a": 4})
    assert in_flow(lambda: takes.submit(1, 2, a=4).result()) == (1, (2,), "k", {"a": 4})


def test_a_mutable_argument_is_the_callers_own() -> None:
    items: list[int] = []

    @task
    def appends(target: list[int]) -> None:
        target.append(1)

    in_flow(lambda: appends(items))
    assert items == [1]


def test_none_is_a_value() -> None:
    assert in_flow(lambda: task(lambda: None)(return_state=True).result()) is None


# --- failures -------------------------------------------------------------------------------------------


def test_an_exception_reaches_the_caller() -> None:
    with pytest.raises(ValueError, match="no good"):
        in_flow(failing)
    with pytest.raises(ValueError, match="no good"):
        failing()


def test_the_state_of_a_failure_says_what_happened() -> None:
    state = in_flow(lambda: failing(return_state=True))
    assert (state.type, state.name) == (StateType.FAILED, "Failed")
    assert "ValueError" in state.message
    assert "no good" in state.message
    assert isinstance(state.result(raise_on_failure=False), ValueError)


def test_an_error_that_cannot_be_pickled_still_fails_the_run() -> None:
    class Odd(Exception):
        def __init__(self) -> None:
            super().__init__(lambda: 1)
            self.lock = __import__("threading").Lock()

    @task
    def odd() -> None:
        raise Odd()

    with pytest.raises(Odd):
        in_flow(odd)


# --- submit ---------------------------------------------------------------------------------------------


def test_submit_gives_a_future() -> None:
    future = in_flow(lambda: add.submit(2))
    assert isinstance(future, PrefectFuture)
    assert future.result() == 3


def test_submit_with_return_state_waits() -> None:
    state = in_flow(lambda: add.submit(2, return_state=True))
    assert isinstance(state, State)
    assert state.result() == 3


def test_submit_and_map_need_a_run() -> None:
    with pytest.raises(RuntimeError):
        add.submit(1)
    with pytest.raises(RuntimeError):
        add.map([1])


def test_submit_works_in_a_task_of_a_flow() -> None:
    @task
    def outer() -> int:
        return add.submit(1).result()

    assert in_flow(outer) == 2
    assert in_flow(lambda: outer.submit().result()) == 2


def test_tasks_in_tasks() -> None:
    @task
    def outer(x: int) -> int:
        return add(x) + add(x)

    assert in_flow(lambda: outer(1)) == 4
    assert outer(1) == 4


# --- sync and async -------------------------------------------------------------------------------------


def test_async_tasks_in_an_async_flow() -> None:
    @flow
    async def parent() -> list[int]:
        first = await add_later(1)
        gathered = await asyncio.gather(*(add_later(number) for number in range(3)))
        return [first, *gathered]

    assert asyncio.run(parent()) == [2, 1, 2, 3]


def test_sync_tasks_in_an_async_flow_run_in_place() -> None:
    @flow
    async def parent() -> int:
        return add(1)

    assert asyncio.run(parent()) == 2


def test_submitted_async_tasks_are_waited_for_without_await() -> None:
    assert in_flow(lambda: add_later.submit(1).result()) == 2

    @flow
    async def parent() -> int:
        return add_later.submit(1).result()

    assert asyncio.run(parent()) == 2


def test_an_async_task_gives_a_coroutine() -> None:
    @flow
    async def parent() -> bool:
        coroutine = add_later(1)
        is_coroutine = asyncio.iscoroutine(coroutine)
        await coroutine
        return is_coroutine

    assert asyncio.run(parent())


def test_an_async_state() -> None:
    @flow
    async def parent() -> Any:
        state = await add_later(1, return_state=True)
        return {"name": state.name, "value": await state.aresult()}

    assert asyncio.run(parent()) == {"name": "Completed", "value": 2}


# --- names ----------------------------------------------------------------------------------------------


@task
def named(x: int = 1) -> str:
    return runtime.task_run.name


def test_a_run_is_named_after_its_task() -> None:
    name = in_flow(named)
    assert name.startswith("named-")
    assert len(name) == len("named-") + 3
    assert named() == "named"


def test_a_run_name_is_made_of_the_parameters() -> None:
    assert in_flow(lambda: named.with_options(task_run_name="x is {x}")(3)) == "x is 3"


def test_a_run_name_may_be_computed() -> None:
    assert in_flow(named.with_options(task_run_name=lambda: "computed")) == "computed"
    by_parameters = named.with_options(task_run_name=lambda parameters: f"x={parameters['x']}")
    assert in_flow(lambda: by_parameters(4)) == "x=4"


def test_a_computed_run_name_is_text() -> None:
    with pytest.raises(TypeError):
        in_flow(named.with_options(task_run_name=lambda: 3))


def test_a_bad_placeholder_is_the_callers_error() -> None:
    with pytest.raises(KeyError):
        in_flow(named.with_options(task_run_name="{nothing}"))


# --- generators -----------------------------------------------------------------------------------------


@task
def counts(to: int) -> Iterator[int]:
    yield from range(to)


@task
async def counts_later(to: int) -> AsyncIterator[int]:
    for number in range(to):
        yield number


def test_a_generator_task_yields_lazily() -> None:
    made = []

    @task
    def slow() -> Iterator[int]:
        for number in range(3):
            made.append(number)
            yield number

    def body() -> list[int]:
        generator = slow()
        assert made == []
        first = next(generator)
        assert made == [0]
        return [first, *generator]

    assert in_flow(body) == [0, 1, 2]


def test_a_submitted_generator_is_a_list() -> None:
    assert in_flow(lambda: counts.submit(3).result()) == [0, 1, 2]


@pytest.mark.beyond_original("an async generator cannot be submitted: TypeError")
def test_a_submitted_async_generator_is_a_list() -> None:
    assert in_flow(lambda: counts_later.submit(2).result()) == [0, 1]


def test_an_async_generator_task_yields() -> None:
    @flow
    async def parent() -> list[int]:
        return [number async for number in counts_later(3)]

    assert asyncio.run(parent()) == [0, 1, 2]


def test_a_generator_has_no_state_to_return() -> None:
    with pytest.raises(ValueError):
        in_flow(lambda: list(counts(1, return_state=True)))


def test_an_early_close_completes_the_run(store: Any) -> None:
    @flow
    def parent() -> None:
        generator = counts(3)
        next(generator)
        generator.close()

    flow_run_id = parent(return_state=True).state_details.flow_run_id
    (run,) = store.task_runs(flow_run_id, 1)
    assert run.state_type == "COMPLETED"


def test_an_error_in_a_generator_reaches_the_consumer() -> None:
    @task
    def breaks() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        in_flow(lambda: list(breaks()))


# --- tags -----------------------------------------------------------------------------------------------


@task(tags={"own"})
def tagged() -> list[str]:
    return sorted(runtime.task_run.tags)


def test_tags_of_a_run_are_those_of_the_task_and_of_the_context() -> None:
    def body() -> list[str]:
        with tags("a"), tags("b", "a"):
            return tagged()

    assert in_flow(body) == ["a", "b", "own"]
    assert in_flow(tagged) == ["own"]


def test_tags_reach_submitted_and_mapped_runs() -> None:
    @task
    def seen(_: int = 0) -> list[str]:
        return sorted(runtime.task_run.tags)

    def body() -> list[Any]:
        with tags("a"):
            return [seen.submit().result(), *seen.map([1, 2]).result()]

    assert in_flow(body) == [["a"], ["a"], ["a"]]


def test_a_flow_does_not_give_its_own_tags_to_its_tasks() -> None:
    @flow
    def parent() -> Any:
        return sorted(runtime.flow_run.tags), tagged()

    with tags("outer"):
        of_flow, of_task = parent()
    assert of_flow == ["outer"]
    assert "own" in of_task


def test_the_tags_context_knows_its_tags() -> None:
    with tags("a") as current:
        assert current == {"a"}
        with tags("b") as nested:
            assert nested == {"a", "b"}

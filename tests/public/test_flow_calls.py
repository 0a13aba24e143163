"""Calling flows: arguments, what comes back, names, failures, sync and async, generators."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from typing import Any

import pytest
from pydantic import BaseModel

from prefect import flow, runtime, task
from prefect.client.schemas.objects import StateType
from prefect.exceptions import FailedRun, ParameterBindError, ParameterTypeError


@flow
def add(x: int, y: int = 1) -> int:
    return x + y


@flow
async def add_later(x: int, y: int = 1) -> int:
    await asyncio.sleep(0)
    return x + y


@flow
def failing() -> None:
    raise ValueError("no good")


# --- values ---------------------------------------------------------------------------------------------


def test_a_call_gives_the_value() -> None:
    assert add(2, y=3) == 5
    assert asyncio.run(add_later(2)) == 3


def test_a_call_with_return_state_gives_the_state() -> None:
    state = add(2, return_state=True)
    assert (state.type, state.name, state.result()) == (StateType.COMPLETED, "Completed", 3)
    assert state.state_details.flow_run_id is not None


def test_an_async_call_with_return_state_gives_the_state() -> None:
    async def main() -> Any:
        state = await add_later(2, return_state=True)
        return await state.aresult()

    assert asyncio.run(main()) == 3


def test_an_async_flow_gives_a_coroutine() -> None:
    coroutine = add_later(1)
    assert asyncio.iscoroutine(coroutine)
    coroutine.close()


def test_a_sync_flow_runs_in_async_code() -> None:
    async def main() -> int:
        return add(1)

    assert asyncio.run(main()) == 2


def test_each_call_is_a_run_of_its_own() -> None:
    ids = {add(1, return_state=True).state_details.flow_run_id for _ in range(2)}
    assert len(ids) == 2


# --- failures -------------------------------------------------------------------------------------------


def test_an_exception_reaches_the_caller() -> None:
    with pytest.raises(ValueError, match="no good"):
        failing()


def test_return_state_holds_the_exception() -> None:
    state = failing(return_state=True)
    assert (state.type, state.name) == (StateType.FAILED, "Failed")
    assert "ValueError" in state.message
    assert "no good" in state.message
    with pytest.raises(ValueError, match="no good"):
        state.result()
    assert isinstance(state.result(raise_on_failure=False), ValueError)


def test_async_failures_do_the_same() -> None:
    @flow
    async def failing_later() -> None:
        raise ValueError("later")

    with pytest.raises(ValueError, match="later"):
        asyncio.run(failing_later())


# --- arguments ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [((), {}), ((1, 2, 3), {}), ((1,), {"z": 1})])
def test_arguments_that_do_not_bind_make_no_run(arguments: Any) -> None:
    args, kwargs = arguments
    with pytest.raises(ParameterBindError):
        add(*args, **kwargs)


def test_arguments_are_coerced_to_their_types() -> None:
    class Point(BaseModel):
        x: int

    @flow
    def takes(number: int, point: Point, when: datetime, items: list[float]) -> list[Any]:
        return [number, point, when, items]

    number, point, when, items = takes("3", {"x": "1"}, "2026-11-22T12:00:00", ["1.5", 2])
    assert (number, point, when.hour, items) == (3, Point(x=1), 12, [1.5, 2.0])


def test_whole_floats_are_whole_numbers() -> None:
    result = add(3.0)
    assert (result, type(result)) == (4, int)


def test_what_does_not_fit_fails_the_run() -> None:
    with pytest.raises(ParameterTypeError):
        add("three")
    state = add("three", return_state=True)
    assert state.is_failed()
    with pytest.raises(ParameterTypeError):
        state.result()


def test_validation_can_be_switched_off() -> None:
    @flow(validate_parameters=False)
    def takes(x: int) -> Any:
        return x

    assert takes("three") == "three"


def test_variadic_parameters() -> None:
    @flow
    def takes(first: int, *rest: int, key: str = "k", **more: int) -> Any:
        return first, rest, key, more

    assert takes(1, 2, 3, a=4) == (1, (2, 3), "k", {"a": 4})


def test_recorded_parameters_are_what_the_caller_gave(store: Any) -> None:
    state = add("3", return_state=True)
    assert store.flow_run(state.state_details.flow_run_id).parameters == {"x": "3", "y": 1}


def test_defaults_are_not_shared_or_changed() -> None:
    @flow
    def grows(items: list[int] = [1]) -> int:  # noqa: B006
        return len(items)

    assert grows() == grows() == 1


# --- names ----------------------------------------------------------------------------------------------


@flow
def named(x: int = 1) -> str:
    return runtime.flow_run.name


def test_a_run_has_two_words_for_a_name_unless_told() -> None:
    assert len(named().split("-")) == 2


def test_a_run_name_is_made_of_the_parameters() -> None:
    assert named.with_options(flow_run_name="x is {x}")(3) == "x is 3"


def test_a_run_name_may_be_computed() -> None:
    assert named.with_options(flow_run_name=lambda: "computed")() == "computed"
    computed = named.with_options(flow_run_name=lambda: f"x={runtime.flow_run.parameters['x']}")
    assert computed(5) == "x=5"


def test_a_computed_run_name_is_text() -> None:
    with pytest.raises(TypeError):
        named.with_options(flow_run_name=lambda: 3)()


def test_a_bad_placeholder_is_the_callers_error() -> None:
    with pytest.raises(KeyError):
        named.with_options(flow_run_name="{nothing}")()


@pytest.mark.beyond_original("the run is left Running")
def test_a_bad_placeholder_fails_the_run(store: Any) -> None:
    seen = []
    broken = named.with_options(flow_run_name="{nothing}")
    broken.on_failure(lambda flow, flow_run, state: seen.append(flow_run.id))
    with pytest.raises(KeyError):
        broken()
    assert store.history(seen[0])[-1] == "Failed"


# --- generators -----------------------------------------------------------------------------------------


def test_a_generator_flow_yields() -> None:
    @flow
    def counts(to: int) -> Iterator[int]:
        yield from range(to)

    assert list(counts(3)) == [0, 1, 2]


def test_an_async_generator_flow_yields() -> None:
    @flow
    async def counts(to: int) -> AsyncIterator[int]:
        for number in range(to):
            yield number

    async def main() -> list[int]:
        return [number async for number in counts(3)]

    assert asyncio.run(main()) == [0, 1, 2]


def test_a_generator_has_no_state_to_return() -> None:
    @flow
    def counts() -> Iterator[int]:
        yield 1

    with pytest.raises(ValueError):
        list(counts(return_state=True))


def test_an_error_in_a_generator_reaches_the_consumer() -> None:
    @flow
    def breaks() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    seen = []
    with pytest.raises(ValueError, match="broken"):
        for number in breaks():
            seen.append(number)  # noqa: PERF402 - what came before the error counts
    assert seen == [1]


# --- mixtures -------------------------------------------------------------------------------------------


def test_an_async_flow_in_a_sync_flow_is_a_coroutine() -> None:
    @flow
    def parent() -> int:
        return asyncio.run(add_later(1))

    assert parent() == 2


def test_a_sync_flow_in_an_async_flow_runs_in_place() -> None:
    @flow
    async def parent() -> int:
        return add(1)

    assert asyncio.run(parent()) == 2


def test_many_async_runs_at_once() -> None:
    async def main() -> list[int]:
        return await asyncio.gather(*(add_later(number) for number in range(3)))

    assert asyncio.run(main()) == [1, 2, 3]


def test_a_failed_task_fails_its_flow_unless_caught() -> None:
    @task
    def breaks() -> None:
        raise ValueError("task")

    @flow
    def careless() -> None:
        breaks()

    @flow
    def careful() -> str:
        try:
            breaks()
        except ValueError:
            return "caught"
        return "not raised"

    assert careless(return_state=True).is_failed()
    assert careful() == "caught"


def test_a_failed_run_without_exception_raises_failed_run() -> None:
    from prefect.states import Failed

    @flow
    def says_so() -> Any:
        return Failed(message="just so")

    with pytest.raises(FailedRun, match="just so"):
        says_so()

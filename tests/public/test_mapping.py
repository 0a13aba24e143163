"""`task.map`: what is iterated, what is not, what comes back."""

import asyncio
from typing import Any

import pytest

from prefect import allow_failure, flow, task, unmapped
from prefect.exceptions import MappingLengthMismatch, MappingMissingIterable
from prefect.futures import PrefectFutureList
from prefect.states import State


@task
def add(x: Any, y: Any = 1) -> Any:
    return x + y


@task
def pair(x: Any, y: Any = None) -> tuple[Any, Any]:
    return x, y


@task
def numbers(to: int = 3) -> list[int]:
    return list(range(to))


@task
def broken() -> None:
    raise ValueError("broken")


def mapped(body: Any) -> Any:
    """The results of what a body maps."""
    return flow(lambda: {"results": body().result()}, name="around")()["results"]


def test_each_item_is_a_run() -> None:
    assert mapped(lambda: add.map([1, 2, 3])) == [2, 3, 4]


def test_several_iterables_go_in_step() -> None:
    assert mapped(lambda: add.map([1, 2], [10, 20])) == [11, 22]
    assert mapped(lambda: add.map(x=[1, 2], y=(10, 20))) == [11, 22]


def test_what_is_not_iterable_stays() -> None:
    assert mapped(lambda: add.map([1, 2], 5)) == [6, 7]


@pytest.mark.parametrize("text", ["ab", b"ab"])
def test_text_is_not_iterated(text: Any) -> None:
    assert mapped(lambda: pair.map([1, 2], text)) == [(1, text), (2, text)]


def test_unmapped_stays_whole() -> None:
    assert mapped(lambda: pair.map([1, 2], unmapped([3, 4]))) == [(1, [3, 4]), (2, [3, 4])]


def test_defaults_stay_whole() -> None:
    @task
    def with_list(x: int, items: list[int] = [1, 2, 3]) -> int:  # noqa: B006
        return x + len(items)

    assert mapped(lambda: with_list.map([1, 2])) == [4, 5]


@pytest.mark.parametrize("iterable", [range(3), (0, 1, 2), {0: "a", 1: "b", 2: "c"}, iter([0, 1, 2])])
def test_any_iterable_is_iterated(iterable: Any) -> None:
    assert mapped(lambda: add.map(iterable)) == [1, 2, 3]


def test_a_generator_is_iterated() -> None:
    assert mapped(lambda: add.map(number for number in range(3))) == [1, 2, 3]


def test_nothing_gives_nothing() -> None:
    assert mapped(lambda: add.map([])) == []


def test_something_has_to_be_iterable() -> None:
    with pytest.raises(MappingMissingIterable):
        mapped(lambda: add.map(1, 2))
    with pytest.raises(MappingMissingIterable):
        mapped(lambda: add.map(unmapped([1, 2])))


def test_lengths_have_to_agree() -> None:
    with pytest.raises(MappingLengthMismatch):
        mapped(lambda: add.map([1, 2], [1, 2, 3]))


def test_nothing_is_submitted_when_lengths_disagree() -> None:
    calls = []

    @task
    def note(x: int, y: int) -> None:
        calls.append(x)

    with pytest.raises(MappingLengthMismatch):
        mapped(lambda: note.map([1, 2], [1]))
    assert calls == []


def test_a_future_is_resolved_and_iterated() -> None:
    assert mapped(lambda: add.map(numbers.submit())) == [1, 2, 3]


def test_futures_in_a_list_are_items() -> None:
    assert mapped(lambda: add.map([add.submit(1), add.submit(2)])) == [3, 4]


def test_maps_can_be_chained() -> None:
    assert mapped(lambda: add.map(add.map([1, 2, 3]))) == [3, 4, 5]


def test_an_unmapped_future_is_resolved() -> None:
    assert mapped(lambda: pair.map([1, 2], unmapped(numbers.submit(2)))) == [(1, [0, 1]), (2, [0, 1])]


def test_keyword_variadics_are_iterated_too() -> None:
    @task
    def takes(**kwargs: int) -> dict[str, int]:
        return kwargs

    assert mapped(lambda: takes.map(a=[1, 2], b=3)) == [{"a": 1, "b": 3}, {"a": 2, "b": 3}]


def test_the_result_is_a_list_of_futures() -> None:
    @flow
    def parent() -> bool:
        futures = add.map([1, 2])
        futures.wait()
        return isinstance(futures, PrefectFutureList) and isinstance(futures, list) and len(futures) == 2

    assert parent() is True


def test_states_can_be_asked_for() -> None:
    @flow
    def parent() -> Any:
        states = add.map([1, 2], return_state=True)
        return {
            "kinds": [isinstance(state, State) for state in states],
            "values": [s.result() for s in states],
        }

    assert parent() == {"kinds": [True, True], "values": [2, 3]}


def test_a_failure_is_one_of_many() -> None:
    @task
    def odd_only(x: int) -> int:
        if x % 2 == 0:
            raise ValueError(x)
        return x

    @flow
    def parent() -> Any:
        futures = odd_only.map([1, 2, 3])
        futures.wait()
        return {"states": [future.state.name for future in futures]}

    assert parent()["states"] == ["Completed", "Failed", "Completed"]


def test_mapped_runs_wait_for_others() -> None:
    order = []

    @task
    def note(x: Any) -> None:
        order.append(x)

    @flow
    def parent() -> None:
        first = note.submit("first")
        note.map(["a", "b"], wait_for=[first]).wait()

    parent()
    assert order[0] == "first"
    assert sorted(order[1:]) == ["a", "b"]


def test_allowed_failures_in_a_map() -> None:
    @task
    def kind(x: Any) -> str:
        return type(x).__name__

    assert mapped(lambda: kind.map(allow_failure([broken.submit(), 1]))) == ["ValueError", "int"]


def test_async_tasks_are_mapped() -> None:
    @task
    async def later(x: int) -> int:
        await asyncio.sleep(0)
        return x + 1

    assert mapped(lambda: later.map([1, 2])) == [2, 3]

    @flow
    async def parent() -> list[int]:
        return later.map([1, 2]).result()

    assert asyncio.run(parent()) == [2, 3]


def test_many_items() -> None:
    assert mapped(lambda: add.map(range(200))) == list(range(1, 201))

"""What a resumed run computes again: only what was not complete, whatever kind of step it is."""

import asyncio
import datetime
from collections.abc import Callable
from typing import Any

import pytest

from prefect import flow, task
from prefect.cache_policies import INPUTS, NO_CACHE
from prefect.flow_runs import retry_flow_run

LastRun = Callable[[Any], Any]


def failed(flow: Any, *args: Any) -> None:
    with pytest.raises(ConnectionError):
        flow(*args)


def test_completed_steps_give_back_what_they_gave(notebook: Any, last_run: LastRun) -> None:
    @task(persist_result=True)
    def double(number: int) -> int:
        notebook.compute(number)
        return 2 * number

    @flow
    def main() -> list[int]:
        doubled = [double(1), double(2)]
        notebook.may_break()
        return [*doubled, double(3)]

    failed(main)
    run = last_run(main)
    assert run.state.is_failed()
    notebook.broken = False
    assert retry_flow_run(run.id, main) == [2, 4, 6]
    assert notebook.times(1, 2, 3) == [1, 1, 1]
    again = last_run(main)
    assert (again.id, again.state.name, again.run_count) == (run.id, "Completed", 2)


def test_a_step_whose_result_is_not_kept_runs_again(notebook: Any, last_run: LastRun) -> None:
    @task
    def fetch() -> str:
        return notebook.compute("fetch")  # type: ignore[no-any-return]

    @flow
    def main() -> None:
        fetch()
        notebook.may_break()

    failed(main)
    notebook.broken = False
    retry_flow_run(last_run(main).id, main)
    assert notebook.times("fetch") == [2]


@pytest.mark.parametrize("policy", [NO_CACHE, INPUTS])
def test_steps_without_a_key_are_known_by_their_place(notebook: Any, last_run: LastRun, policy: Any) -> None:
    @task(persist_result=True, cache_policy=policy)
    def number() -> int:
        notebook.done["number"] += 1
        return int(notebook.done["number"])

    @flow
    def main() -> list[int]:
        numbers = [number(), number()]
        notebook.may_break()
        return [*numbers, number()]

    failed(main)
    notebook.broken = False
    assert retry_flow_run(last_run(main).id, main) == [1, 2, 3]


def test_mapped_children_are_resumed_one_by_one(notebook: Any, last_run: LastRun) -> None:
    @task(persist_result=True)
    def work(number: int) -> int:
        notebook.compute(number)
        if number % 2:
            notebook.may_break()
        return number

    @flow
    def main() -> list[int]:
        return work.map(range(6)).result()

    failed(main)
    notebook.broken = False
    assert retry_flow_run(last_run(main).id, main) == [0, 1, 2, 3, 4, 5]
    assert notebook.times(*range(6)) == [1, 2, 1, 2, 1, 2]


def test_mapped_children_without_a_key_are_known_by_their_index(notebook: Any, last_run: LastRun) -> None:
    @task(persist_result=True, cache_policy=NO_CACHE)
    def work(number: int) -> int:
        notebook.compute(number)
        if number == 4:
            notebook.may_break()
        return number

    @flow
    def main() -> list[int]:
        return work.map(range(6)).result()

    failed(main)
    notebook.broken = False
    assert retry_flow_run(last_run(main).id, main) == [0, 1, 2, 3, 4, 5]
    assert notebook.times(*range(6)) == [1, 1, 1, 1, 2, 1]


def test_submitted_steps_are_known_by_the_order_in_which_they_were_submitted(
    notebook: Any, last_run: LastRun
) -> None:
    @task(persist_result=True, cache_policy=NO_CACHE)
    def work(number: int) -> int:
        notebook.compute(number)
        if number == 3:
            notebook.may_break()
        return number

    @flow
    def main() -> list[int]:
        futures = [work.submit(number) for number in range(8)]
        return [future.result() for future in futures]

    failed(main)
    notebook.broken = False
    assert retry_flow_run(last_run(main).id, main) == list(range(8))
    assert notebook.times(*range(8)) == [1, 1, 1, 2, 1, 1, 1, 1]


def test_async_steps(notebook: Any, last_run: LastRun) -> None:
    @task(persist_result=True)
    async def work(number: int) -> int:
        await asyncio.sleep(0)
        return notebook.compute(number)  # type: ignore[no-any-return]

    @task(persist_result=True, cache_policy=NO_CACHE)
    async def last(number: int) -> int:
        if number == 1:
            notebook.may_break()
        return notebook.compute(f"last {number}") and number

    @flow
    async def main() -> list[int]:
        firsts = await asyncio.gather(*(work(number) for number in range(3)))
        return [*firsts, *(await asyncio.gather(*(last(number) for number in range(3))))]

    with pytest.raises(ConnectionError):
        asyncio.run(main())
    done = notebook.times("last 0", "last 2")
    notebook.broken = False
    assert asyncio.run(retry_flow_run(last_run(main).id, main)) == [0, 1, 2, 0, 1, 2]
    assert notebook.times(0, 1, 2, "last 1") == [1, 1, 1, 1]
    assert done == [1, 1] == notebook.times("last 0", "last 2")


def test_steps_within_steps(notebook: Any, last_run: LastRun) -> None:
    @task(persist_result=True, cache_policy=NO_CACHE)
    def inner(name: str) -> str:
        return notebook.compute(name)  # type: ignore[no-any-return]

    @task(persist_result=True, cache_policy=NO_CACHE)
    def outer(name: str) -> list[str]:
        found = [inner(f"{name} 1")]
        if name == "b":
            notebook.may_break()
        return [*found, inner(f"{name} 2")]

    @flow
    def main() -> list[list[str]]:
        return [outer("a"), outer("b")]

    failed(main)
    notebook.broken = False
    assert retry_flow_run(last_run(main).id, main) == [["a 1", "a 2"], ["b 1", "b 2"]]
    assert notebook.times("a 1", "a 2", "b 1", "b 2") == [1, 1, 1, 1]


def test_retries_of_the_flow_in_its_process_take_over_completed_steps(
    notebook: Any, last_run: LastRun
) -> None:
    @task(persist_result=True, cache_policy=NO_CACHE)
    def work(name: str) -> str:
        return notebook.compute(name)  # type: ignore[no-any-return]

    @flow(retries=2)
    def main() -> list[str]:
        first = work("first")
        if notebook.compute("flow") and notebook.done["flow"] < 3:
            raise ConnectionError("nobody answers")
        return [first, work("second")]

    assert main() == ["first", "second"]
    assert notebook.times("first", "second", "flow") == [1, 1, 3]


def test_a_result_that_is_gone_is_computed_again(notebook: Any, last_run: LastRun) -> None:
    from prefect.settings import get_current_settings

    @task(persist_result=True)
    def work(name: str) -> str:
        return notebook.compute(name)  # type: ignore[no-any-return]

    @flow
    def main() -> list[str]:
        found = [work("a"), work("b")]
        notebook.may_break()
        return found

    failed(main)
    notebook.broken = False
    for file in get_current_settings().results.local_storage_path.iterdir():
        file.unlink()
    assert retry_flow_run(last_run(main).id, main) == ["a", "b"]
    assert notebook.times("a", "b") == [2, 2]


def test_a_step_whose_code_or_input_has_changed_runs_again(notebook: Any, last_run: LastRun) -> None:
    @task(persist_result=True)
    def work(name: str) -> str:
        return notebook.compute(name)  # type: ignore[no-any-return]

    @flow
    def main() -> None:
        work("same")
        work("broken" if notebook.broken else "mended")
        notebook.may_break()

    failed(main)
    notebook.broken = False
    retry_flow_run(last_run(main).id, main)
    assert notebook.times("same", "broken", "mended") == [1, 1, 1]


def test_a_step_without_a_key_is_not_given_the_result_of_a_call_with_other_arguments(
    notebook: Any, last_run: LastRun
) -> None:
    @task(persist_result=True, cache_policy=NO_CACHE)
    def download(name: str, session: object) -> str:
        return notebook.compute(name)  # type: ignore[no-any-return]

    @flow
    def main() -> list[str]:
        names = ["b", "c"] if notebook.broken else ["a", "b", "c"]
        found = [download(name, object()) for name in names]
        notebook.may_break()
        return found

    failed(main)
    notebook.broken = False
    assert retry_flow_run(last_run(main).id, main) == ["a", "b", "c"]


def test_arguments_that_are_no_plain_values_do_not_count_for_steps_without_a_key(
    notebook: Any, last_run: LastRun
) -> None:
    @task(persist_result=True, cache_policy=NO_CACHE)
    def send(at: datetime.datetime, session: object) -> str:
        return notebook.compute("send")  # type: ignore[no-any-return]

    @flow
    def main() -> str:
        found = send(datetime.datetime.now(datetime.UTC), object())
        notebook.may_break()
        return found

    failed(main)
    notebook.broken = False
    assert retry_flow_run(last_run(main).id, main) == "send"
    assert notebook.times("send") == [1]


def test_a_result_that_has_expired_is_computed_again(notebook: Any, last_run: LastRun) -> None:
    @task(persist_result=True, cache_expiration=datetime.timedelta(microseconds=1))
    def work(name: str) -> str:
        return notebook.compute(name)  # type: ignore[no-any-return]

    @flow
    def main() -> str:
        found = work("a")
        notebook.may_break()
        return found

    failed(main)
    notebook.broken = False
    assert retry_flow_run(last_run(main).id, main) == "a"
    assert notebook.times("a") == [2]


def test_with_the_same_inputs_the_second_call_is_given_the_result_of_the_first(
    notebook: Any, last_run: LastRun
) -> None:
    @task(persist_result=True)
    def number() -> int:
        notebook.done["number"] += 1
        return int(notebook.done["number"])

    @flow
    def main() -> list[int]:
        numbers = [number(), number()]
        notebook.may_break()
        return [*numbers, number()]

    failed(main)
    notebook.broken = False
    assert retry_flow_run(last_run(main).id, main) == [1, 1, 1]

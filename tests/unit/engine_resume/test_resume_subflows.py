"""Subflows of a resumed run: completed ones are not run again, others go on under their own id."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from prefect import flow, task
from prefect.flow_runs import retry_flow_run
from prefect.settings import get_current_settings

LastRun = Callable[[Any], Any]
Count = Callable[[str], int]


@pytest.mark.parametrize("persists", [True, False])
def test_completed_subflows_run_again_only_if_their_result_was_not_kept(
    notebook: Any, last_run: LastRun, count: Count, persists: bool
) -> None:
    @flow(persist_result=persists)
    def child(name: str) -> str:
        return notebook.compute(name)  # type: ignore[no-any-return]

    @flow
    def main() -> list[str]:
        found = [child("a"), child("b")]
        notebook.may_break()
        return found

    with pytest.raises(ConnectionError):
        main()
    notebook.broken = False
    assert retry_flow_run(last_run(main).id, main) == ["a", "b"]
    assert notebook.times("a", "b") == ([1, 1] if persists else [2, 2])
    assert count("SELECT count(*) FROM flow_run") == 3


def test_a_failed_subflow_goes_on_under_its_id_and_keeps_its_steps(
    notebook: Any, last_run: LastRun, count: Count
) -> None:
    @task(persist_result=True)
    def step(name: str) -> str:
        return notebook.compute(name)  # type: ignore[no-any-return]

    @flow(persist_result=True)
    def grandchild() -> str:
        found = step("grandchild")
        notebook.may_break()
        return found

    @flow
    def child() -> list[str]:
        return [step("child"), grandchild()]

    @flow
    def main() -> list[Any]:
        return [step("main"), child()]

    with pytest.raises(ConnectionError):
        main()
    ids = [last_run(one).id for one in (main, child, grandchild)]
    notebook.broken = False
    assert retry_flow_run(ids[0], main) == ["main", ["child", "grandchild"]]
    assert notebook.times("main", "child", "grandchild") == [1, 1, 1]
    runs = [last_run(one) for one in (main, child, grandchild)]
    assert [run.id for run in runs] == ids
    assert [run.run_count for run in runs] == [2, 2, 2]
    assert all(run.state.is_completed() for run in runs)
    assert count("SELECT count(*) FROM flow_run") == 3


def test_async_subflows_of_one_gather(notebook: Any, last_run: LastRun, count: Count) -> None:
    @flow(persist_result=True)
    async def child(number: int) -> int:
        await asyncio.sleep(0)
        if number == 1:
            notebook.may_break()
        return notebook.compute(number)  # type: ignore[no-any-return]

    @flow
    async def main() -> list[int]:
        tried = await asyncio.gather(*(child(number) for number in range(3)), return_exceptions=True)
        for one in tried:
            if isinstance(one, Exception):
                raise one
        return list(tried)

    with pytest.raises(ConnectionError):
        asyncio.run(main())
    notebook.broken = False
    assert asyncio.run(retry_flow_run(last_run(main).id, main)) == [0, 1, 2]
    assert notebook.times(0, 1, 2) == [1, 1, 1]
    assert count("SELECT count(*) FROM flow_run") == 4


def test_a_completed_subflow_that_is_called_with_something_else_is_another_run(
    notebook: Any, last_run: LastRun
) -> None:
    @flow(persist_result=True)
    def child(name: str) -> str:
        return notebook.compute(name)  # type: ignore[no-any-return]

    @flow
    def main() -> list[str]:
        names = ["b", "c"] if notebook.broken else ["a", "b", "c"]
        found = [child(name) for name in names]
        notebook.may_break()
        return found

    with pytest.raises(ConnectionError):
        main()
    notebook.broken = False
    assert retry_flow_run(last_run(main).id, main) == ["a", "b", "c"]


def test_more_subflows_than_are_shown_are_all_taken_over(notebook: Any, last_run: LastRun) -> None:
    @flow(persist_result=True)
    def child(number: int) -> int:
        return notebook.compute(number)  # type: ignore[no-any-return]

    @flow
    def main() -> int:
        total = sum(child(number) for number in range(1_020))
        notebook.may_break()
        return total

    with pytest.raises(ConnectionError):
        main()
    notebook.broken = False
    assert retry_flow_run(last_run(main).id, main) == sum(range(1_020))
    assert set(notebook.done.values()) == {1}


def test_subflows_of_tasks_that_run_side_by_side(notebook: Any, last_run: LastRun, count: Count) -> None:
    """Which task calls its subflow first is chance; each subflow is known by the task that calls it."""

    @flow(persist_result=True)
    def child(number: int) -> int:
        if number == 2:
            notebook.may_break()
        return notebook.compute(number)  # type: ignore[no-any-return]

    @task
    def call(number: int) -> int:
        if notebook.broken:
            time.sleep((4 - number) / 50)
        return child(number)

    @flow
    def main() -> list[int]:
        return call.map(range(5)).result()

    with pytest.raises(ConnectionError):
        main()
    notebook.broken = False
    assert retry_flow_run(last_run(main).id, main) == [0, 1, 2, 3, 4]
    assert notebook.times(*range(5)) == [1, 1, 1, 1, 1]
    assert count("SELECT count(*) FROM flow_run") == 6


def test_a_broken_subflow_that_is_called_with_something_else_goes_on_with_that(
    notebook: Any, last_run: LastRun, count: Count
) -> None:
    @task(persist_result=True)
    def fetch(source: str) -> str:
        return notebook.compute(source)  # type: ignore[no-any-return]

    @flow
    def child(source: str, attempt: int) -> str:
        found = fetch(source)
        notebook.may_break()
        return f"{found} {attempt}"

    @flow
    def main() -> str:
        notebook.done["attempt"] += 1
        return child("a", notebook.done["attempt"])

    with pytest.raises(ConnectionError):
        main()
    notebook.broken = False
    assert retry_flow_run(last_run(main).id, main) == "a 2"
    assert notebook.times("a") == [1]
    assert last_run(child).parameters == {"source": "a", "attempt": 2}
    assert count("SELECT count(*) FROM flow_run") == 2


def test_a_damaged_result_of_a_subflow_is_computed_again(notebook: Any, last_run: LastRun) -> None:
    @flow(persist_result=True)
    def child() -> str:
        return notebook.compute("child")  # type: ignore[no-any-return]

    @flow
    def main() -> str:
        found = child()
        notebook.may_break()
        return found

    with pytest.raises(ConnectionError):
        main()
    notebook.broken = False
    for file in get_current_settings().results.local_storage_path.iterdir():
        file.write_bytes(file.read_bytes()[:5])
    assert retry_flow_run(last_run(main).id, main) == "child"
    assert notebook.times("child") == [2]

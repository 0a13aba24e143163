"""`from_task`: what was stored of a task's first call and of all that follow is left aside."""

from collections.abc import Callable
from typing import Any

import pytest

from prefect import flow, task
from prefect.cache_policies import INPUTS, NO_CACHE
from prefect.flow_runs import retry_flow_run

LastRun = Callable[[Any], Any]


def pipeline(notebook: Any, persist_second: bool = True, **options: Any) -> Any:
    def counted(name: str) -> str:
        notebook.done[name] += 1
        return f"{name} {notebook.done[name]}"

    @task(persist_result=True, **options)
    def first() -> str:
        return counted("first")

    @task(persist_result=persist_second, **options)
    def second() -> str:
        return counted("second")

    @task(persist_result=True, **options)
    def third() -> str:
        return counted("third")

    @flow
    def main() -> list[str]:
        found = [first(), second(), third()]
        notebook.may_break()
        return found

    return main


@pytest.mark.parametrize("options", [{}, {"cache_policy": NO_CACHE}])
def test_from_the_task_on_everything_is_computed_anew(notebook: Any, last_run: LastRun, options: Any) -> None:
    main = pipeline(notebook, **options)
    with pytest.raises(ConnectionError):
        main()
    notebook.broken = False
    assert retry_flow_run(last_run(main).id, main, from_task="second") == ["first 1", "second 2", "third 2"]


def test_the_task_need_not_keep_its_results(notebook: Any, last_run: LastRun) -> None:
    main = pipeline(notebook, persist_second=False)
    with pytest.raises(ConnectionError):
        main()
    notebook.broken = False
    assert retry_flow_run(last_run(main).id, main, from_task="second") == ["first 1", "second 2", "third 2"]


def test_a_run_that_breaks_again_goes_on_from_what_was_computed_anew(
    notebook: Any, last_run: LastRun
) -> None:
    """What was stored before the task was chosen does not come back."""
    counts = notebook.done

    @task(persist_result=True, cache_policy=NO_CACHE)
    def first() -> int:
        counts["first"] += 1
        return int(counts["first"])

    @task(persist_result=True, cache_policy=NO_CACHE)
    def second() -> int:
        counts["second"] += 1
        if counts["second"] == 2:
            raise ConnectionError("nobody answers")
        return int(counts["second"])

    @flow
    def main() -> list[int]:
        found = [first(), second()]
        notebook.may_break()
        return found

    with pytest.raises(ConnectionError):
        main()
    run = last_run(main)
    with pytest.raises(ConnectionError):
        retry_flow_run(run.id, main, from_task="first")
    notebook.broken = False
    assert retry_flow_run(run.id, main) == [2, 3]


def test_a_completed_subflow_is_entered_again_if_the_task_is_in_it(notebook: Any, last_run: LastRun) -> None:
    inside = pipeline(notebook).with_options(name="inside", persist_result=True)

    @task(persist_result=True)
    def last() -> str:
        notebook.done["last"] += 1
        return f"last {notebook.done['last']}"

    @flow
    def around() -> Any:
        notebook.broken = False
        found = [inside(), last()]
        if notebook.done["around"] == 0:
            notebook.done["around"] += 1
            raise ConnectionError("nobody answers")
        return found

    with pytest.raises(ConnectionError):
        around()
    found = retry_flow_run(last_run(around).id, around, from_task="third")
    assert found == [["first 1", "second 1", "third 2"], "last 2"]


def test_a_subflow_can_be_chosen(notebook: Any, last_run: LastRun) -> None:
    main = pipeline(notebook)

    @task(persist_result=True)
    def before() -> str:
        return notebook.compute("before")  # type: ignore[no-any-return]

    @flow
    def around() -> Any:
        before()
        notebook.broken = False
        found = main()
        if notebook.compute("around") and notebook.done["around"] == 1:
            raise ConnectionError("nobody answers")
        return found

    with pytest.raises(ConnectionError):
        around()
    run = last_run(around)
    assert retry_flow_run(run.id, around, from_task="main") == ["first 2", "second 2", "third 2"]
    assert notebook.times("before") == [1]


def test_a_task_that_the_run_never_had_is_refused(notebook: Any, last_run: LastRun) -> None:
    main = pipeline(notebook)
    with pytest.raises(ConnectionError):
        main()
    with pytest.raises(ValueError, match=r"'fourth'.*first, second, third"):
        retry_flow_run(last_run(main).id, main, from_task="fourth")
    assert last_run(main).run_count == 1


def test_results_cached_across_runs_are_replaced(notebook: Any, last_run: LastRun) -> None:
    @task(cache_policy=INPUTS)
    def dice(number: int) -> int:
        notebook.done["dice"] += 1
        return int(notebook.done["dice"])

    @flow
    def main() -> int:
        found = dice(1)
        notebook.may_break()
        return found

    with pytest.raises(ConnectionError):
        main()
    run = last_run(main)
    with pytest.raises(ConnectionError):
        retry_flow_run(run.id, main, from_task="dice")
    notebook.broken = False
    assert retry_flow_run(run.id, main) == 2
    assert main() == 2

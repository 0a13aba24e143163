"""Forks: a new run over another one's completed steps, which stays as it was."""

from collections.abc import Callable
from typing import Any

import pytest

from prefect import flow, task
from prefect.cache_policies import INPUTS, NO_CACHE
from prefect.client.orchestration.local import local_client
from prefect.flow_runs import fork_flow_run, plan_fork, retry_flow_run

LastRun = Callable[[Any], Any]


def results_of(run: Any) -> list[Any]:
    """What the completed steps of a run gave, as it is stored now."""
    return [one.state.result() for one in local_client().completed_task_runs(run.id)]


def test_a_fork_takes_over_what_its_parameters_do_not_change(notebook: Any, last_run: LastRun) -> None:
    @task(persist_result=True)
    def load(source: str) -> str:
        return notebook.compute(source)  # type: ignore[no-any-return]

    @task(persist_result=True)
    def scale(data: str, factor: int) -> str:
        return notebook.compute(data * factor)  # type: ignore[no-any-return]

    @flow
    def main(source: str, factor: int) -> str:
        return scale(load(source), factor)

    assert main("x", 2) == "xx"
    origin = last_run(main)
    assert fork_flow_run(origin.id, main, parameters={"factor": 3}) == "xxx"
    assert notebook.times("x", "xx", "xxx") == [1, 1, 1]
    fork = last_run(main)
    assert fork.id != origin.id
    assert fork.parameters == {"source": "x", "factor": 3}
    assert fork.labels["prefect.forked-from"] == str(origin.id)
    assert results_of(origin) == ["x", "xx"]


@pytest.mark.parametrize("options", [{}, {"cache_policy": NO_CACHE}, {"cache_policy": INPUTS}])
def test_the_run_that_is_forked_keeps_its_results(notebook: Any, last_run: LastRun, options: Any) -> None:
    @task(persist_result=True, **options)
    def throw_dice(times: int) -> int:
        notebook.done["dice"] += 1
        return int(notebook.done["dice"])

    @flow
    def main() -> int:
        return throw_dice(1)

    assert main() == 1
    origin = last_run(main)
    assert fork_flow_run(origin.id, main, from_task="throw_dice") == 2
    if options.get("cache_policy") is not INPUTS:  # there the result belongs to everybody
        assert results_of(origin) == [1]
    assert results_of(last_run(main)) == [2]


def test_a_fork_that_failed_is_resumed_from_its_own_steps(notebook: Any, last_run: LastRun) -> None:
    @task(persist_result=True, cache_policy=NO_CACHE)
    def shout(name: str) -> str:
        notebook.compute(name)
        return name.upper()

    @flow
    def main(names: list[str]) -> list[str]:
        shouted = [shout(name) for name in names[:1]]
        if names[0] == "x":
            notebook.may_break()
        return [*shouted, *(shout(name) for name in names[1:])]

    assert main(["a", "b"]) == ["A", "B"]
    origin = last_run(main)
    with pytest.raises(ConnectionError):
        fork_flow_run(origin.id, main, parameters={"names": ["x", "y"]})
    notebook.broken = False
    assert retry_flow_run(last_run(main).id, main) == ["X", "Y"]
    assert notebook.times("x", "y") == [1, 1]


def test_a_subflow_of_a_fork_that_failed_is_resumed_from_its_own_steps(
    notebook: Any, last_run: LastRun
) -> None:
    @task(persist_result=True)
    def shout(name: str) -> str:
        notebook.compute(name)
        return name.upper()

    @flow
    def child(names: list[str], fails: bool) -> list[str]:
        shouted = [shout(name) for name in names]
        if fails:
            notebook.may_break()
        return shouted

    @flow
    def main(names: list[str], fails: bool) -> list[str]:
        return child(names, fails)

    assert main(["a", "b"], False) == ["A", "B"]
    origin = last_run(main)
    with pytest.raises(ConnectionError):
        fork_flow_run(origin.id, main, parameters={"names": ["a", "x"], "fails": True})
    assert notebook.times("a", "x") == [1, 1]
    notebook.broken = False
    assert retry_flow_run(last_run(main).id, main) == ["A", "X"]
    assert notebook.times("a", "x") == [1, 1]


def test_a_fork_from_a_task_that_failed_does_not_fall_back_to_the_other_run(
    notebook: Any, last_run: LastRun
) -> None:
    @task(persist_result=True)
    def dice(number: int) -> int:
        notebook.done["dice"] += 1
        return int(notebook.done["dice"])

    @flow
    def main() -> list[int]:
        if notebook.done["main"]:
            found = [dice(1)]
            notebook.may_break()
            return [*found, dice(2)]
        notebook.done["main"] += 1
        return [dice(1), dice(2)]

    assert main() == [1, 2]
    with pytest.raises(ConnectionError):
        fork_flow_run(last_run(main).id, main, from_task="dice")
    notebook.broken = False
    assert retry_flow_run(last_run(main).id, main) == [3, 4]


def test_the_plan_says_what_will_be_reused_and_why(notebook: Any, last_run: LastRun) -> None:
    @task(persist_result=True)
    def load(source: str) -> str:
        return source

    @task(persist_result=True)
    def scale(data: str, factor: int) -> str:
        return data * factor

    @task
    def report(text: str) -> None:
        return None

    @flow
    def main(source: str, factor: int) -> None:
        report(scale(load(source), factor))

    main("x", 2)
    plan = plan_fork(last_run(main).id, main)
    assert [one.step.task_name for one in plan] == ["load", "scale", "report"]
    assert "does not cache" in plan[2].reason


def test_steps_of_every_attempt_are_planned_with(notebook: Any, last_run: LastRun) -> None:
    """An attempt that broke early does not hide what one before it has completed."""

    @task(persist_result=True)
    def work(number: int) -> int:
        return notebook.compute(number)  # type: ignore[no-any-return]

    @flow
    def main() -> list[int]:
        if notebook.done["attempt"] == 1:
            notebook.done["attempt"] += 1
            work(1)
            raise ConnectionError("nobody answers")
        notebook.done["attempt"] += 1
        found = [work(1), work(2)]
        notebook.may_break()
        return found

    with pytest.raises(ConnectionError):
        main()
    run = last_run(main)
    with pytest.raises(ConnectionError):
        retry_flow_run(run.id, main)
    assert len(plan_fork(run.id, main)) == 2

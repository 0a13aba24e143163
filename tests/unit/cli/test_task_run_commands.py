"""`prefect task-run` and `prefect flow` on runs that the engine has recorded in this process."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from prefect import flow, task
from prefect.cache_policies import INPUTS
from prefect.cli import _output
from prefect.client.orchestration.local import close_stores
from prefect.logging import get_run_logger


@pytest.fixture(autouse=True)
def store(home: Path) -> Iterator[None]:
    yield
    close_stores()


@task(task_run_name="source-{number}")
def source(number: int) -> list[int]:
    get_run_logger().info("making %d", number)
    return list(range(1000, 1000 + number))


@task(task_run_name="{name}")
def sink(name: str, first: Any = None, second: Any = None) -> None:
    if name == "broken":
        raise ValueError("cannot sink")


@task(task_run_name="{name}", cache_policy=INPUTS - "name", persist_result=True)
def cached(name: str, x: int, y: int = 0) -> int:
    return x + y


@flow(flow_run_name="{name}")
def edges(name: str) -> None:
    two, three = source(2), source(3)
    sink("takes-one", two)
    sink("takes-both", [two, three], second=three[0])
    sink("waits", wait_for=[source.submit(4)])
    many = source.map(list(range(10)))
    sink("takes-many", many)
    sink("broken", return_state=True)


def shown(prefect: Any, name: str) -> str:
    outcome = prefect("task-run", "inspect", name)
    assert outcome.code == 0, outcome.err
    return str(outcome.out)


def line(text: str, title: str) -> str | None:
    """What a run is told to be under a title."""
    match = re.search(rf"^{title} +(.*)$", text, re.MULTILINE)
    return None if match is None else match[1]


# --- ls -------------------------------------------------------------------------------------------------


def test_ls_of_an_empty_store(prefect: Any) -> None:
    assert prefect("task-run", "ls").out == "No task runs found.\n"
    assert prefect("task-run", "ls", "-o", "json").out == "[]\n"


def test_ls_lists_and_filters(prefect: Any) -> None:
    def listed(*args: str) -> list[str]:
        return [run["name"] for run in json.loads(prefect("task-run", "ls", *args, "-o", "json").out)]

    edges("first")
    edges("second")
    assert listed("--limit", "1") == ["broken"]
    assert listed("--state", "FAILED") == ["broken", "broken"]
    assert listed("--state-type", "failed", "--flow-run", "first") == ["broken"]
    assert listed("--task-run-name", "waits", "--task-run-name", "takes-one") == ["waits", "takes-one"] * 2
    assert len(listed("--flow-run", "second", "--limit", "100")) == 18
    assert prefect("task-run", "ls", "--flow-run", "third").code == 1


@pytest.mark.parametrize("width", [80, 200])
def test_ls_fits(prefect: Any, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    edges("a-flow-run")
    monkeypatch.setattr(_output, "PIPE_WIDTH", width)
    lines = prefect("task-run", "ls").out.splitlines()
    assert lines[0].split() == ["ID", "Task", "Name", "State", "When", "Ran"]
    assert lines[1].split()[1:5] == ["sink", "broken", "✗", "Failed"]
    assert max(map(len, lines)) <= width
    assert len(lines) == 16


# --- inspect: edges -------------------------------------------------------------------------------------


def test_inputs_are_named_by_argument(prefect: Any) -> None:
    edges("e")
    both = shown(prefect, "takes-both")
    assert line(both, "first") == "source-2, source-3"
    assert line(both, "second") == "source-3"
    assert line(both, "name") == "a plain value"
    assert line(shown(prefect, "takes-one"), "first") == "source-2"
    assert line(shown(prefect, "waits"), "Waited for") == "source-4"


def test_many_inputs_of_one_task_are_counted(prefect: Any) -> None:
    edges("e")
    assert (
        line(shown(prefect, "takes-many"), "first") == "source ×10: source-0, source-1, source-2 and 7 more"
    )


def test_inputs_that_did_not_complete_come_first(prefect: Any) -> None:
    @flow
    def failing() -> None:
        states = [sink(name, return_state=True) for name in ("well", "broken")]
        sink.submit("waits for both", wait_for=states).wait()

    failing()
    (run,) = json.loads(prefect("task-run", "ls", "--state", "NotReady", "-o", "json").out)
    text = shown(prefect, run["id"])
    assert line(text, "Waited for") == "broken (Failed), well"
    assert line(text, "Started") == "never"
    assert "Upstream task run 'broken' did not reach" in text


def test_outputs_are_named_by_argument(prefect: Any) -> None:
    edges("e")
    (run,) = json.loads(
        prefect("task-run", "ls", "--task-run-name", "source-3", "--limit", "1", "-o", "json").out
    )
    (twin,) = [
        one["id"]
        for one in json.loads(prefect("task-run", "ls", "--task-run-name", "source-3", "-o", "json").out)
        if one["id"] != run["id"]
    ]
    text = shown(prefect, twin)
    assert "Its result went to" in text
    assert line(text, "takes-both") == "first, second"


def test_inputs_that_were_deleted_are_said_to_be(prefect: Any) -> None:
    kept: list[Any] = []

    @flow(flow_run_name="making")
    def making() -> None:
        kept.append(source(2, return_state=True))

    @flow(flow_run_name="taking")
    def taking() -> None:
        sink("takes", kept[0])

    making()
    taking()
    assert line(shown(prefect, "takes"), "first") == "source-2"
    assert prefect("flow-run", "delete", "making").code == 0
    assert str(line(shown(prefect, "takes"), "first")).startswith("a deleted run (")


def test_a_task_that_another_called_tells_its_caller(prefect: Any) -> None:
    @task(task_run_name="outer")
    def outer() -> None:
        sink("inner")

    @flow
    def calls() -> None:
        outer()

    calls()
    assert line(shown(prefect, "inner"), "Called by") == "outer"


def test_a_call_of_a_subflow_tells_for_what_it_stands(prefect: Any) -> None:
    @flow
    def main() -> None:
        edges("the-child")

    main()
    assert str(line(shown(prefect, "edges-0"), "Stands for")).startswith("the-child  ")


# --- inspect: the rest ----------------------------------------------------------------------------------


def test_facts_and_history(prefect: Any) -> None:
    edges("e")
    text = shown(prefect, "broken")
    assert text.startswith("Task run broken of task sink\n")
    assert line(text, "State") == "✗ Failed  ValueError: cannot sink"
    assert str(line(text, "Flow run")).startswith("e  ")
    assert re.search(r"✗ Failed   ValueError: cannot sink\n$", text)
    assert "Cache" not in text


def test_attempts_and_their_reasons(prefect: Any) -> None:
    tried: list[int] = []

    @task(retries=2, retry_delay_seconds=[0.001, 0.002], task_run_name="unsteady")
    def unsteady() -> None:
        tried.append(1)
        if len(tried) < 3:
            raise ConnectionError(f"no {len(tried)}")

    unsteady()
    text = shown(prefect, "unsteady")
    assert line(text, "Attempts") == "3 of at most 3, 1.0ms, 2.0ms apart"
    assert line(text, "Flow run") == "outside flows"
    assert re.findall(r"AwaitingRetry  (ConnectionError: no \d); due", text) == [
        "ConnectionError: no 1", "ConnectionError: no 2",
    ]  # fmt: skip


def test_json_has_the_edges_the_states_and_the_caching(prefect: Any) -> None:
    edges("e")
    told = json.loads(prefect("task-run", "inspect", "takes-one", "-o", "json").out)
    assert (told["name"], told["flow_run_name"], told["caching"]) == ("takes-one", "e", None)
    assert [run["name"] for run in told["upstream_runs"]] == ["source-2"]
    assert [state["name"] for state in told["states"]] == ["Pending", "Running", "Completed"]


def test_logs_are_those_of_the_task_run(prefect: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="prefect.task_runs")
    source(7)
    lines = prefect("task-run", "logs", "source-7").out.splitlines()
    assert re.search(r"\| INFO    \| Task run 'source-7' - making 7$", lines[0])
    assert json.loads(prefect("task-run", "logs", "source-7", "-n", "1", "-o", "json").out)[0]["task_run_id"]
    assert prefect("task-run", "logs", "source-7", "--head", "--tail").code == 1


# --- inspect: caching -----------------------------------------------------------------------------------


def test_the_first_run_of_a_task_misses(prefect: Any) -> None:
    cached("only", 1)
    text = shown(prefect, "only")
    assert str(line(text, "Cache")).startswith("miss: ")
    assert str(line(text, "Cache")).endswith("no earlier completed run of the task is recorded")
    assert "was" not in str(line(text, "input x"))


def test_a_miss_names_the_parts_that_differ_from_the_most_similar_run(prefect: Any) -> None:
    cached("near", 1, 2)
    cached("far", 8, 9)
    cached("asked", 1, 3)
    text = shown(prefect, "asked")
    assert line(text, "Cache") == "miss: different from near, the most similar earlier run: input y"
    assert ", was " in str(line(text, "input y"))
    assert ", was " not in str(line(text, "input x"))
    told = json.loads(prefect("task-run", "inspect", "asked", "-o", "json").out)["caching"]
    assert (told["outcome"], told["compared_with_name"], told["differing"]) == ("miss", "near", ["input y"])


def test_a_hit_names_the_run_that_made_the_result(prefect: Any) -> None:
    cached("maker", 1)
    cached("first-hit", 1)
    cached("asked", 1)
    text = shown(prefect, "asked")
    assert str(line(text, "State")).startswith("✓ Cached")
    assert str(line(text, "Cache")).endswith("made by maker")
    assert ", was " not in str(line(text, "input x"))


def test_a_miss_under_the_same_key_says_so(prefect: Any) -> None:
    cached("maker", 1)
    cached.with_options(refresh_cache=True)("asked", 1)
    assert line(shown(prefect, "asked"), "Cache") == (
        "miss: it was to be computed anew, although maker had the same key"
    )


# --- flow -----------------------------------------------------------------------------------------------


def test_flow_ls(prefect: Any) -> None:
    assert prefect("flow", "ls").out == "No flows found.\n"
    edges("one")

    @flow(name="other")
    def other() -> None:
        raise ValueError

    other(return_state=True)
    other(return_state=True)
    lines = prefect("flow", "ls").out.splitlines()
    assert lines[0].split() == ["ID", "Name", "Runs", "Last", "run", "When", "Created"]
    assert lines[1].split()[1:5] == ["other", "2", "✗", "Failed"]
    assert lines[2].split()[1:5] == ["edges", "1", "✓", "Completed"]
    (told,) = json.loads(prefect("flow", "ls", "--limit", "1", "-o", "json").out)
    assert (told["name"], told["runs"], told["last_run"]["state_type"]) == ("other", 2, "FAILED")

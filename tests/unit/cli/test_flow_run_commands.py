"""`prefect flow-run` on runs that the engine has recorded in this process."""

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from prefect import flow, tags, task
from prefect.cli import _output
from prefect.client.orchestration.local import close_stores, local_client
from prefect.context import FlowRunContext
from prefect.logging import get_run_logger
from prefect.schemas.bases import now, uuid7
from prefect.schemas.runs import FlowRun
from prefect.schemas.states import State, StateDetails, StateType
from prefect.server.models.transitions import create_flow_run


@pytest.fixture(autouse=True)
def store(home: Any) -> Iterator[None]:
    yield
    close_stores()


@task(retries=1)
def unsteady() -> int:
    if len(_attempts) % 2 == 0:
        _attempts.append(1)
        raise ConnectionError("nobody answered")
    _attempts.append(1)
    return 1


_attempts: list[int] = []


@task
def square(number: int) -> int:
    if number == 13:
        raise ValueError("unlucky")
    return number * number


@flow(flow_run_name="child-of-{number}")
def child(number: int) -> int:
    return square(number)


@flow(flow_run_name="{name}")
def parent(name: str, numbers: int = 20) -> str:
    get_run_logger().info("hello from the flow")
    unsteady()
    child(3)
    square.map(range(numbers)).wait()
    return "done"


@flow(flow_run_name="{name}")
def broken(name: str) -> None:
    get_run_logger().warning("about to break")
    raise RuntimeError("it broke")


@flow(flow_run_name="{name}")
def plain(name: str) -> str:
    return str(FlowRunContext.get().flow_run.id)


def recorded(name: str, due: datetime | None = None) -> FlowRun:
    """A scheduled run that nobody runs."""
    client = local_client()
    run = FlowRun(name=name, flow_id=client.flow_id("some flow"))
    state: State[Any] = State(
        type=StateType.SCHEDULED, state_details=StateDetails(scheduled_time=due or now())
    )
    create_flow_run(client.journal, run, state, begin=False)
    return run


def listed(prefect: Any, *args: str) -> list[str]:
    """The names of the runs that `ls` lists as JSON."""
    return [run["name"] for run in json.loads(prefect("flow-run", "ls", *args, "-o", "json").out)]


# --- ls -------------------------------------------------------------------------------------------------


def test_ls_of_an_empty_store(prefect: Any) -> None:
    assert prefect("flow-run", "ls") == (0, "No flow runs found.\n", "")
    assert prefect("flow-run", "ls", "-o", "json") == (0, "[]\n", "")


def test_ls_shows_the_latest_first(prefect: Any) -> None:
    first = plain("first")
    broken("second", return_state=True)
    lines = prefect("flow-run", "ls").out.splitlines()
    assert lines[0].split() == ["ID", "Flow", "Name", "State", "When", "Ran"]
    assert lines[1].split()[1:5] == ["broken", "second", "✗", "Failed"]
    assert lines[2].split()[:5] == [first, "plain", "first", "✓", "Completed"]
    assert "\x1b" not in "".join(lines)


def test_ls_filters(prefect: Any) -> None:
    for name in ("one", "two", "three"):
        plain(name)
    broken("four", return_state=True)
    assert listed(prefect) == ["four", "three", "two", "one"]
    assert listed(prefect, "--limit", "2") == ["four", "three"]
    assert listed(prefect, "--limit", "0") == []
    assert listed(prefect, "--flow-name", "broken") == ["four"]
    assert len(listed(prefect, "--flow-name", "broken", "--flow-name", "plain")) == 4
    assert listed(prefect, "--state", "failed") == ["four"]
    assert listed(prefect, "--state-type", "completed", "--limit", "1") == ["three"]
    assert len(listed(prefect, "--state-type", "FAILED", "--state-type", "COMPLETED")) == 4
    assert listed(prefect, "--state", "Completed", "--state-type", "FAILED") == []


def test_ls_of_an_unknown_state(prefect: Any) -> None:
    outcome = prefect("flow-run", "ls", "--state", "Dreaming")
    assert (outcome.code, outcome.out) == (0, "No flow runs found.\n")
    assert "'Dreaming'" in outcome.err
    outcome = prefect("flow-run", "ls", "--state-type", "dreaming")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("Invalid state type. Options are SCHEDULED, PENDING,")


def test_ls_as_json_has_every_field(prefect: Any) -> None:
    id = plain("one")
    (run,) = json.loads(prefect("flow-run", "ls", "-o", "json").out)
    assert list(run)[:2] == ["id", "name"]
    assert (run["id"], run["flow_name"], run["state"]["type"]) == (id, "plain", "COMPLETED")


def test_ls_in_little_room_shows_beginnings_of_ids_that_are_understood(
    prefect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        plain(f"run-with-a-rather-long-name-of-its-own-{number}")
    monkeypatch.setattr(_output, "PIPE_WIDTH", 80)
    lines = prefect("flow-run", "ls").out.splitlines()
    assert max(map(len, lines)) <= 80
    for line in lines[1:]:
        found = json.loads(prefect("flow-run", "inspect", line.split()[0], "-o", "json").out)
        assert found["name"].startswith("run-with-a-rather")


# --- finding --------------------------------------------------------------------------------------------


def test_a_run_is_found_by_id_beginning_and_name(prefect: Any) -> None:
    id = plain("unmistakable")
    for text in (id, id.upper(), id[:20], "unmistakable"):
        assert json.loads(prefect("flow-run", "inspect", text, "-o", "json").out)["id"] == id


def test_a_run_that_is_not_there(prefect: Any) -> None:
    for command in ("inspect", "logs", "delete"):
        outcome = prefect("flow-run", command, str(uuid7()))
        assert (outcome.code, outcome.out) == (1, "")
        assert "not found" in outcome.err
        assert "`prefect flow-run ls`" in outcome.err


def test_a_name_of_several_runs_is_answered_with_their_ids(prefect: Any) -> None:
    ids = [plain("twin") for _ in range(7)]
    outcome = prefect("flow-run", "inspect", "twin")
    assert (outcome.code, outcome.out) == (1, "")
    assert re.findall(r"^  (\S+)  twin  Completed$", outcome.err, re.MULTILINE) == ids[:1:-1]
    assert "and more" in outcome.err


def test_the_id_of_a_task_run_is_recognised(prefect: Any) -> None:
    parent("p", numbers=1)
    (run, *_) = json.loads(prefect("task-run", "ls", "-o", "json").out)
    outcome = prefect("flow-run", "inspect", run["id"])
    assert outcome.code == 1
    assert f"`prefect task-run inspect {run['id']}`" in outcome.err


# --- inspect --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [60, 80, 200])
def test_inspect_tells_the_story(prefect: Any, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    with tags("nightly"):
        parent("the-story")
    monkeypatch.setattr(_output, "PIPE_WIDTH", width)
    text = prefect("flow-run", "inspect", "the-story").out
    lines = text.splitlines()
    assert lines[0] == "Flow run the-story of flow parent"
    assert lines[1].split() == ["State", "✓", "Completed"]
    assert max(map(len, lines)) <= min(width, 120)
    assert not any(line != line.rstrip() for line in lines)
    assert "\x1b" not in text
    assert re.search(r"^Parameters +name = \"the-story\", numbers = 20$", text, re.MULTILINE)
    assert re.search(r"^Tags +nightly$", text, re.MULTILINE)
    assert re.search(r"^├─ unsteady-\w+ +✓ Completed, 1 retry", text, re.MULTILINE)
    assert re.search(r"^├─ child / child-of-3 +✓ Completed", text, re.MULTILINE)
    assert re.search(r"^│  └─ square-\w+ +✓ Completed", text, re.MULTILINE)
    assert re.search(r"^└─ square ×20 +✗ 1 Failed, 19 Completed", text, re.MULTILINE)
    assert re.search(r"^ +square-\w+: ValueError: unlucky$", text, re.MULTILINE)
    assert lines.index("Where the time went") < lines.index("History")
    assert re.search(r"^square +21 ", text, re.MULTILINE)
    assert re.search(r"▸ Running\n +\S+ +✓ Completed$", text.rstrip())


def test_inspect_says_why_a_run_failed(prefect: Any) -> None:
    broken("bad", return_state=True)
    lines = prefect("flow-run", "inspect", "bad").out.splitlines()
    assert lines[1].split(maxsplit=1)[1] == "✗ Failed  RuntimeError: it broke"
    assert lines[-1].endswith("✗ Failed   RuntimeError: it broke")


def test_inspect_of_a_subflow_tells_its_caller(prefect: Any) -> None:
    parent("caller", numbers=1)
    assert re.search(
        r"^Called by +caller  \S+$", prefect("flow-run", "inspect", "child-of-3").out, re.MULTILINE
    )


def test_inspect_as_json_has_the_tree_the_states_and_the_sums(prefect: Any) -> None:
    parent("p", numbers=3)
    told = json.loads(prefect("flow-run", "inspect", "p", "-o", "json").out)
    assert (told["name"], told["flow_name"], told["task_runs_omitted"]) == ("p", "parent", 0)
    assert [state["name"] for state in told["states"]] == ["Pending", "Running", "Completed"]
    subflows = [run["subflow_run"] for run in told["task_runs"] if run["subflow_run"]]
    assert [(run["name"], len(run["task_runs"])) for run in subflows] == [("child-of-3", 1)]
    assert {one["task"]: (one["runs"], one["retries"]) for one in told["tasks"]} == {
        "square": (4, 0), "unsteady": (1, 1),
    }  # fmt: skip
    assert sum(one["share"] for one in told["tasks"]) == pytest.approx(1)


def test_inspect_of_a_run_that_goes_on_names_its_process(prefect: Any) -> None:
    told: list[str] = []

    @flow(flow_run_name="going-on")
    def looks_at_itself() -> None:
        told.append(prefect("flow-run", "inspect", "going-on").out)

    looks_at_itself()
    assert re.search(r"^State +▸ Running$", told[0], re.MULTILINE)
    assert re.search(r"^Runs in +process \d+ on \S+$", told[0], re.MULTILINE)
    assert "has been running for" in told[0]


def test_inspect_of_a_run_that_waits_for_its_time(prefect: Any) -> None:
    recorded("later", due=now() + timedelta(hours=3))
    text = prefect("flow-run", "inspect", "later").out
    assert "It has not started." in text
    assert re.search(r"^Started +not yet; expected .*, in 2h$", text, re.MULTILINE)


def test_inspect_in_an_encoding_without_signs(prefect: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import io
    import sys

    plain("naïve ☃")
    stream = io.TextIOWrapper(io.BytesIO(), encoding="latin-1", newline="\n")
    monkeypatch.setattr(sys, "stdout", stream)
    prefect("flow-run", "inspect", "naïve ☃")
    stream.flush()
    text = stream.buffer.getvalue().decode("latin-1")
    assert "Flow run naïve ? of flow plain" in text
    assert "+ Completed" in text


def test_inspect_opens_the_ui_where_there_is_one(prefect: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import webbrowser

    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    id = plain("p")
    outcome = prefect("flow-run", "inspect", "p", "--web")
    assert (outcome.code, opened) == (1, [])
    assert "PREFECT_UI_URL" in outcome.err
    monkeypatch.setenv("PREFECT_UI_URL", "http://ui.example")
    assert prefect("flow-run", "inspect", "p", "--web").code == 0
    assert opened == [f"http://ui.example/runs/flow-run/{id}"]


# --- logs -----------------------------------------------------------------------------------------------


@pytest.fixture
def talkative(home: Any) -> None:
    run = recorded("talks")
    journal = local_client().journal
    for number in range(30):
        journal.record_log("prefect.flow_runs", 20, f"line {number:02}", now(), run.id, None)
    journal.flush()


def numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"line (\d\d)$", text, re.MULTILINE)]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), range(30)),
        (("--reverse",), range(29, -1, -1)),
        (("--head",), range(20)),
        (("--tail",), range(10, 30)),
        (("-h", "-n", "3"), range(3)),
        (("-t", "-n", "3"), range(27, 30)),
        (("-n", "3"), range(27, 30)),
        (("-n", "3", "-r"), range(29, 26, -1)),
        (("-h", "-n", "3", "-r"), range(2, -1, -1)),
        (("-n", "100"), range(30)),
    ],
)
@pytest.mark.parametrize("page", [1, 7, 500])
def test_logs_which_and_in_which_order(
    prefect: Any,
    talkative: None,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    expected: range,
    page: int,
) -> None:
    from prefect.cli import _run_logs

    monkeypatch.setattr(_run_logs, "_PAGE", page)
    text = prefect("flow-run", "logs", "talks", *options).out
    assert numbers(text) == list(expected)
    records = json.loads(prefect("flow-run", "logs", "talks", *options, "-o", "json").out)
    assert [record["message"] for record in records] == [f"line {number:02}" for number in expected]


def test_logs_of_a_flow_run_name_the_task_runs(prefect: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="prefect.flow_runs")
    caplog.set_level("INFO", logger="prefect.task_runs")
    parent("p", numbers=14)
    lines = prefect("flow-run", "logs", "p").out.splitlines()
    assert any(
        re.search(r"^\S+ \S+ \| INFO    \| Flow run 'p' - hello from the flow$", line) for line in lines
    )
    assert any(re.search(r"\| ERROR   \| Task run 'square-\w+' - Task run failed", line) for line in lines)


def test_logs_head_and_tail_exclude_each_other(prefect: Any, talkative: None) -> None:
    outcome = prefect("flow-run", "logs", "talks", "--head", "--tail")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == "Please provide either a `head` or `tail` option but not both.\n"
    assert prefect("flow-run", "logs", "talks", "-n", "0").code == 2


# --- delete ---------------------------------------------------------------------------------------------


def test_delete_removes_a_run(prefect: Any) -> None:
    id = plain("gone")
    plain("kept")
    assert prefect("flow-run", "delete", "gone").out == f"Successfully deleted flow run '{id}'.\n"
    assert listed(prefect) == ["kept"]
    assert prefect("flow-run", "delete", id).code == 1


def test_delete_of_a_run_that_goes_on_must_be_forced(prefect: Any) -> None:
    outcomes: list[Any] = []

    @flow(flow_run_name="going-on")
    def deletes_itself() -> None:
        outcomes.append(prefect("flow-run", "delete", "going-on"))
        outcomes.append(listed(prefect))

    deletes_itself()
    refused, names = outcomes
    assert (refused.code, refused.out, names) == (1, "", ["going-on"])
    assert "is running" in refused.err
    assert prefect("flow-run", "delete", "going-on", "--force").code == 0


def test_delete_asks_when_somebody_is_there(prefect: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import typer

    plain("p")
    monkeypatch.setattr(typer, "confirm", lambda question: False)
    assert prefect("--prompt", "flow-run", "delete", "p").code == 1
    assert prefect("--prompt", "flow-run", "delete", "p", "--yes").code == 0

"""Prefect 3.9 runs flows at our server; what became of them is asked of our API."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from original import needs_original, run_original
from prefect.client.orchestration import SyncPrefectClient
from prefect.schemas.filters import FlowFilter, FlowRunFilter, LogFilter
from prefect.schemas.runs import FlowRun, TaskRun
from prefect.schemas.states import TERMINAL_STATES
from prefect.testing.server import running_server

pytestmark = [pytest.mark.slow, needs_original]

PROGRAM = """
import threading, time
from prefect import flow, get_client, get_run_logger, pause_flow_run, task
from prefect.client.schemas.filters import FlowRunFilter
from prefect.testing.cli import invoke_and_assert

tries = {"task": 0, "flow": 0}

@task
def add(x, y=1):
    get_run_logger().info("adding to %s", x)
    return x + y

@task(retries=2)
def flaky_task():
    tries["task"] += 1
    if tries["task"] < 3:
        raise ConnectionError("not yet")

@task
def broken():
    raise ValueError("broken for good")

@flow
def child(n):
    return add(n)

@flow(log_prints=True)
def everything():
    print("printed by the flow")
    first = add(1)
    second = add.submit(first)
    mapped = add.map([10, 20, 30], second)
    flaky_task()
    return first + second.result() + sum(mapped.result()) + child(5)

@flow(retries=1)
def flaky():
    tries["flow"] += 1
    if tries["flow"] < 2:
        raise RuntimeError("once")

@flow
def failing():
    broken()

@flow
def pausing():
    pause_flow_run(timeout=200, poll_interval=1)
    return "resumed"

def resume():
    paused = FlowRunFilter(state={"name": {"any_": ["Paused"]}})
    with get_client(sync_client=True) as client:
        while not (runs := client.read_flow_runs(flow_run_filter=paused)):
            time.sleep(0.2)
        client.resume_flow_run(runs[0].id)

assert everything() == 80
flaky()
assert failing(return_state=True).is_failed()
threading.Thread(target=resume, daemon=True).start()
assert pausing() == "resumed"

with get_client(sync_client=True) as client:
    flow_id = client.read_flow_by_name("everything").id
    run = next(run for run in client.read_flow_runs() if run.flow_id == flow_id)
    for command, told in {
        "flow-run ls --limit 20": ["everything", "failing", "FAILED"],
        f"flow-run inspect {run.id}": [str(run.id), run.name],
        f"flow-run logs {run.id}": ["printed by the flow"],
    }.items():
        invoke_and_assert(command.split(), expected_code=0, expected_output_contains=told)
"""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SyncPrefectClient]:
    """Our client at our server, at which the program of the original has run."""
    directory = tmp_path_factory.mktemp("original")
    with running_server(f"sqlite:///{directory}/server.db") as url:
        run_original(directory, url, program=PROGRAM)
        with SyncPrefectClient(url) as client:
            yield client


def run_of(client: SyncPrefectClient, flow: str) -> FlowRun:
    (run,) = client.read_flow_runs(flow_filter=FlowFilter(name={"any_": [flow]}))
    return run


def task_runs_of(client: SyncPrefectClient, run: FlowRun) -> dict[str, list[TaskRun]]:
    """By the name of the task, in the order in which they began."""
    found: dict[str, list[TaskRun]] = {}
    for one in client.read_task_runs(flow_run_filter=FlowRunFilter(id={"any_": [run.id]})):
        found.setdefault(one.name.rsplit("-", 1)[0], []).append(one)
    return {name: sorted(runs, key=lambda run: run.start_time) for name, runs in found.items()}


def history_of(client: SyncPrefectClient, run: FlowRun) -> list[str | None]:
    return [state.name for state in client.read_flow_run_states(run.id)]


def test_a_flow_with_everything(client: SyncPrefectClient) -> None:
    run = run_of(client, "everything")
    assert (run.state_name, run.run_count) == ("Completed", 1)
    assert history_of(client, run) == ["Pending", "Running", "Completed"]
    tasks = task_runs_of(client, run)
    assert {name: len(runs) for name, runs in tasks.items()} == {"add": 5, "flaky_task": 1, "child": 1}
    assert {one.state_name for runs in tasks.values() for one in runs} == {"Completed"}
    assert all(one.start_time and one.end_time for runs in tasks.values() for one in runs)


def test_its_inputs_are_on_record(client: SyncPrefectClient) -> None:
    adds = task_runs_of(client, run_of(client, "everything"))["add"]
    mapped = [one for one in adds if one.task_inputs.get("y")]
    (upstream,) = {told.id for one in mapped for told in one.task_inputs["y"]}
    assert len(mapped) == 3
    assert upstream in {one.id for one in adds if one not in mapped}


def test_a_subflow_hangs_on_its_task_run(client: SyncPrefectClient) -> None:
    child, parent = run_of(client, "child"), run_of(client, "everything")
    (placeholder,) = task_runs_of(client, parent)["child"]
    assert child.parent_task_run_id == placeholder.id
    assert placeholder.state.state_details.child_flow_run_id == child.id
    assert (child.state_name, child.parameters) == ("Completed", {"n": 5})
    assert len(task_runs_of(client, child)["add"]) == 1


def test_retries_of_a_task(client: SyncPrefectClient) -> None:
    (flaky,) = task_runs_of(client, run_of(client, "everything"))["flaky_task"]
    names = [state.name for state in client.read_task_run_states(flaky.id)]
    assert names[:2] == ["Pending", "Running"]
    assert names[-1] == "Completed"
    assert names.count("Retrying") == 2
    assert flaky.run_count == 3


def test_retries_of_a_flow(client: SyncPrefectClient) -> None:
    run = run_of(client, "flaky")
    assert (run.state_name, run.run_count) == ("Completed", 2)
    history = history_of(client, run)
    assert history[-1] == "Completed"
    assert "AwaitingRetry" in history


def test_a_failure(client: SyncPrefectClient) -> None:
    run = run_of(client, "failing")
    assert run.state_name == "Failed"
    assert "broken for good" in run.state.message
    (broken,) = task_runs_of(client, run)["broken"]
    assert broken.state_name == "Failed"
    assert "broken for good" in broken.state.message


def test_a_pause_that_was_resumed(client: SyncPrefectClient) -> None:
    run = run_of(client, "pausing")
    assert run.state_name == "Completed"
    history = history_of(client, run)
    assert history == ["Pending", "Running", "Paused", "Running", "Completed"]


def test_logs(client: SyncPrefectClient) -> None:
    run = run_of(client, "everything")
    messages = [log.message for log in client.read_logs(LogFilter(flow_run_id={"any_": [run.id]}))]
    assert "printed by the flow" in messages
    assert sum(message.startswith("adding to") for message in messages) == 5


def test_nothing_is_left_open(client: SyncPrefectClient) -> None:
    assert all(run.state_type in TERMINAL_STATES for run in client.read_flow_runs())
    assert all(run.state_type in TERMINAL_STATES for run in client.read_task_runs())

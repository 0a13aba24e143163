"""Our engine and client at a server of Prefect 3.9: what a run has to say is there, in the API's own words.

Skipped where the original is not installed: PREFECT_ORIGINAL_PYTHON names the interpreter of its environment.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from prefect import flow, get_run_logger, runtime, task
from prefect.client.engine import close_clients, flush_clients
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.exceptions import ObjectUnsupported
from prefect.flow_runs import retry_flow_run
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.testing.utilities import prefect_test_harness

ORIGINAL_PYTHON = os.environ.get("PREFECT_ORIGINAL_PYTHON")
PATIENCE_SECONDS = 180.0

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not ORIGINAL_PYTHON, reason="PREFECT_ORIGINAL_PYTHON names no interpreter"),
]


def eventually(read: Callable[[], Any], enough: Callable[[Any], bool]) -> Any:
    """What is read once it is enough: that server records events in its own time."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        found = read()
        if enough(found):
            return found
        assert time.monotonic() < deadline, f"still {found!r}"
        time.sleep(0.2)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SyncPrefectClient]:
    """A client of ours at a server of the original; runs are recorded there meanwhile."""
    home = tmp_path_factory.mktemp("original")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}/api"
    process = _server(home, port)
    try:
        eventually(lambda: _answers(url, process), bool)
        with prefect_test_harness(), temporary_settings({PREFECT_API_URL: url}):
            with get_client(sync_client=True) as client:
                yield client
            close_clients()
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE_SECONDS)


def _server(home: Path, port: int) -> subprocess.Popen[bytes]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    environment = {**kept, "PREFECT_HOME": str(home), "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
    command = [str(ORIGINAL_PYTHON), "-m", "prefect", "server", "start", "--no-ui", "--port", str(port)]
    with (home / "log").open("wb") as log:
        return subprocess.Popen(command, env=environment, stdout=log, stderr=log)


def _answers(url: str, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "the original's server ended"
    try:
        return httpx.get(f"{url}/health", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


@task
def double(x: int) -> int:
    return 2 * x


@task(retries=1)
def flaky() -> str:
    if runtime.task_run.run_count == 1:
        raise ValueError("the first time")
    return "well"


@task
def broken() -> None:
    raise ValueError("always")


@flow
def inner(x: int) -> int:
    return double(x)


@flow(retries=1)
def outer(x: int) -> int:
    get_run_logger().info("x is %d", x)
    if runtime.flow_run.run_count == 1:
        raise ValueError("the first time")
    values = [future.result() for future in double.map([1, 2, 3])]
    assert flaky.submit().result() == "well"
    broken(return_state=True)
    return sum(values) + inner(x)


@pytest.fixture(scope="module")
def ran(client: SyncPrefectClient) -> Any:
    """The state that a flow has ended in."""
    state = outer(4, return_state=True)
    flush_clients()
    return state


def test_the_flow_run_is_there(client: SyncPrefectClient, ran: Any) -> None:
    assert ran.result() == 20
    run = client.read_flow_run(ran.state_details.flow_run_id)
    assert (run.state_name, run.run_count, run.parameters) == ("Completed", 2, {"x": 4})
    assert client.read_flow(run.flow_id).name == "outer"
    names = [state.name for state in client.read_flow_run_states(run.id)]
    assert names == ["Pending", "Running", "AwaitingRetry", "Running", "Completed"]


def test_the_task_runs_are_there(client: SyncPrefectClient, ran: Any) -> None:
    of_run = FlowRunFilter.model_validate({"id": {"any_": [ran.state_details.flow_run_id]}})

    def ends() -> list[tuple[str, str | None, int]]:
        runs = client.read_task_runs(flow_run_filter=of_run)
        return sorted((run.name.rpartition("-")[0], run.state_name, run.run_count) for run in runs)

    expected = [("broken", "Failed", 1), *3 * [("double", "Completed", 1)], ("flaky", "Completed", 2)]
    assert eventually(ends, lambda found: found == [*expected, ("inner", "Completed", 1)])
    [flaky_run] = [run for run in client.read_task_runs(flow_run_filter=of_run) if "flaky" in run.name]

    def history() -> list[str | None]:
        return [state.name for state in client.read_task_run_states(flaky_run.id)]

    assert eventually(history, lambda found: found == ["Pending", "Running", "Retrying", "Completed"])


def test_the_subflow_run_is_there(client: SyncPrefectClient, ran: Any) -> None:
    inside = {"parent_flow_run_id": {"any_": [ran.state_details.flow_run_id]}}
    [child] = client.read_flow_runs(flow_run_filter=FlowRunFilter.model_validate(inside))
    assert (child.state_name, child.parameters) == ("Completed", {"x": 4})


def test_the_logs_are_there(client: SyncPrefectClient, ran: Any) -> None:
    messages = eventually(
        lambda: {log.message for log in client.read_logs(limit=200)}, lambda found: "x is 4" in found
    )
    assert any(message.startswith("Beginning flow run") for message in messages)


def test_what_that_server_does_not_know_is_said(client: SyncPrefectClient, ran: Any) -> None:
    with pytest.raises(ObjectUnsupported, match="of another make"):
        retry_flow_run(ran.state_details.flow_run_id, outer)

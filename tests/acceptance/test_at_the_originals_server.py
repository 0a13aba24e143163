"""Our engine and client at a server of Prefect 3.9: what a run has to say is there, in the API's own words.

It records events in its own time: what is read is read until it is enough.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from original import needs_original, original_server
from prefect import flow, get_run_logger, runtime, task
from prefect.client.engine import close_clients, flush_clients
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.exceptions import ObjectUnsupported
from prefect.flow_runs import retry_flow_run
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.testing.utilities import prefect_test_harness
from processes import eventually

pytestmark = [pytest.mark.slow, needs_original]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SyncPrefectClient]:
    """A client of ours at a server of the original; runs are recorded there meanwhile."""
    with (
        original_server(tmp_path_factory.mktemp("original")) as url,
        prefect_test_harness(),
        temporary_settings({PREFECT_API_URL: url}),
    ):
        with get_client(sync_client=True) as client:
            yield client
        close_clients()


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

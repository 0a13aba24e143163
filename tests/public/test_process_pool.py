"""Tasks in processes of their own."""

import os
from typing import Any

import pytest

from prefect import flow, tags, task
from prefect.context import TagsContext
from prefect.task_runners import ProcessPoolTaskRunner

pytestmark = pytest.mark.slow


@task
def identity(x: Any) -> Any:
    return x


@task
def process_id() -> int:
    return os.getpid()


@task
def raises(x: int) -> None:
    raise ValueError(f"broken {x}")


@task
def current_tags() -> Any:
    return TagsContext.get().current_tags


@flow(task_runner=ProcessPoolTaskRunner(max_workers=1))
def in_processes() -> Any:
    failed = raises.submit(1)
    failed.wait()
    with tags("t"):
        seen_tags = current_tags.submit().result()
    return {
        "elsewhere": process_id.submit().result() != os.getpid(),
        "mapped": identity.map([1, 2]).result(),
        "chained": identity.submit(identity.submit(3)).result(),
        "failure": failed.state.name,
        "error": failed.result(raise_on_failure=False),
        "tags": seen_tags,
    }


def test_tasks_in_processes(store: Any) -> None:
    state = in_processes(return_state=True)
    result = state.result()
    error = result.pop("error")
    assert isinstance(error, ValueError)
    assert str(error) == "broken 1"
    assert result == {
        "elsewhere": True,
        "mapped": [1, 2],
        "chained": 3,
        "failure": "Failed",
        "tags": {"t"},
    }
    names = {run.state_name for run in store.task_runs(state.state_details.flow_run_id, 7)}
    assert names == {"Completed", "Failed"}


@pytest.mark.beyond_original("submitting raises an error of its own")
def test_a_failed_upstream_keeps_a_task_from_its_process() -> None:
    @flow(task_runner=ProcessPoolTaskRunner(max_workers=1))
    def parent() -> str:
        return identity.submit(raises.submit(2), return_state=True).name + "!"

    assert parent() == "NotReady!"

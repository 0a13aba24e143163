"""Prefect 3.9 as a client of our server: its worker, its blocks, its limits and its commands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from original import needs_original, run_original
from prefect.client.orchestration import SyncPrefectClient
from prefect.schemas.states import StateType
from prefect.schemas.work_pools import WorkPoolStatus
from prefect.testing.server import running_server

pytestmark = [pytest.mark.slow, needs_original]

Run = Callable[..., str]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of ours."""
    with running_server(f"sqlite:///{tmp_path_factory.mktemp('server')}/server.db") as url:
        yield url


@pytest.fixture
def run(url: str, tmp_path: Path) -> Run:
    """Runs the original at the server: arguments, or the text of a program; returns what it prints."""
    return partial(run_original, tmp_path, url)


@pytest.fixture
def client(url: str) -> Iterator[SyncPrefectClient]:
    with SyncPrefectClient(url) as client:
        yield client


def test_its_worker_runs_a_deployment(run: Run, tmp_path: Path, client: SyncPrefectClient) -> None:
    (tmp_path / "flows.py").write_text(
        "from prefect import flow, task\n"
        "@task\ndef add(x):\n    return x + 1\n"
        "@flow\ndef work(n: int = 1):\n    return add(n)\n"
    )
    run("work-pool", "create", "pool", "--type", "process")
    run(
        program="""
        import os
        from prefect import flow
        from prefect.deployments import run_deployment

        work = flow.from_source(source=os.getcwd(), entrypoint="flows.py:work")
        work.deploy(name="here", work_pool_name="pool", print_next_steps=False)
        run_deployment("work/here", parameters={"n": 4}, timeout=0)
        """
    )
    (waiting,) = client.read_flow_runs()
    assert (waiting.state_type, waiting.work_pool_name) == (StateType.SCHEDULED, "pool")
    run("worker", "start", "--pool", "pool", "--run-once", "--name", "w")
    ended = client.read_flow_run(waiting.id)
    assert (ended.state_type, ended.parameters) == (StateType.COMPLETED, {"n": 4})
    assert client.read_work_pool("pool").status is WorkPoolStatus.READY
    assert [one.name for one in client.read_workers_for_work_pool("pool")] == ["w"]
    assert [one.state_type for one in client.read_task_runs()] == [StateType.COMPLETED]


def test_its_blocks_are_saved_and_loaded(run: Run, client: SyncPrefectClient) -> None:
    printed = run(
        program="""
        from typing import Optional
        from prefect.blocks.core import Block
        from prefect.blocks.system import Secret
        from prefect.filesystems import LocalFileSystem
        from pydantic import SecretStr

        class Inner(Block):
            password: SecretStr

        class Outer(Block):
            inner: Inner
            other: Optional[Inner] = None

        Secret(value={"key": "hush"}).save("secret")
        LocalFileSystem(basepath="/srv").save("files")
        inner = Inner(password="hush")
        inner.save("inner")
        Outer(inner=inner, other=Inner(password="also")).save("outer")
        outer = Outer.load("outer")
        inner.password = SecretStr("new")
        inner.save("inner", overwrite=True)
        print(Secret.load("secret").get()["key"], LocalFileSystem.load("files").basepath)
        print(outer.inner.password.get_secret_value(), outer.other.password.get_secret_value())
        print(Block.load("outer/outer").inner.password.get_secret_value())
        try:
            inner.save("inner")
        except ValueError:
            print("taken")
        """
    )
    assert printed.split() == ["hush", "/srv", "hush", "also", "new", "taken"]
    shown = client.read_block_document_by_name("outer", "outer", include_secrets=False)
    assert shown.data["inner"]["password"] == "********"
    assert "hush" not in shown.model_dump_json()


def test_its_limits_hold(run: Run, client: SyncPrefectClient) -> None:
    printed = run(
        program="""
        from prefect import flow, get_client, task
        from prefect.concurrency.sync import concurrency, rate_limit

        with get_client(sync_client=True) as client:
            client.upsert_global_concurrency_limit_by_name("database", 1)
            client.upsert_global_concurrency_limit_by_name("rate", 2, slot_decay_per_second=1000.0)
            client.create_concurrency_limit("tagged", 1)
        inside = []

        @task(tags=["tagged"])
        def step(number):
            with get_client(sync_client=True) as client:
                inside.append(len(client.read_concurrency_limit_by_tag("tagged").active_slots))

        @flow
        def steps():
            with concurrency("database"), get_client(sync_client=True) as client:
                print(client.read_global_concurrency_limit_by_name("database").active_slots)
            for _ in range(4):
                rate_limit("rate")
            step.map([1, 2, 3]).wait()

        steps()
        print(inside)
        """
    )
    assert printed.splitlines() == ["1", "[1, 1, 1]"]
    assert client.read_global_concurrency_limit_by_name("database").active_slots == 0
    assert client.read_concurrency_limit_by_tag("tagged").active_slots == []


COMMANDS = """
    work-pool create commands --type process
    work-pool ls
    work-pool inspect commands
    work-pool pause commands
    work-pool resume commands
    work-pool set-concurrency-limit commands 4
    work-queue create first --pool commands --priority 1
    work-queue ls --pool commands
    variable set name 5
    variable get name
    block register -m prefect.blocks.system
    block type ls
    block ls
    gcl create limit --limit 3
    gcl inspect limit
    gcl disable limit
    gcl delete limit
    concurrency-limit create tag 2
    concurrency-limit inspect tag
    concurrency-limit reset tag
    concurrency-limit delete tag
    automation ls
"""


def test_its_commands_do_what_they_say(run: Run, client: SyncPrefectClient) -> None:
    # in one process: the original takes seconds to be loaded
    run(
        program=f"""
        from prefect.testing.cli import invoke_and_assert

        for command in {[command.split() for command in COMMANDS.strip().splitlines()]!r}:
            invoke_and_assert(command, expected_code=0)
        """
    )
    found = client.read_work_pool("commands")
    assert (found.concurrency_limit, found.is_paused) == (4, False)
    queues = client.read_work_queues(work_pool_name="commands")
    assert [(one.name, one.priority) for one in queues] == [("first", 1), ("default", 2)]
    variable = client.read_variable_by_name("name")
    assert variable is not None
    assert variable.value == 5
    assert "secret" in {one.slug for one in client.read_block_types()}
    assert "limit" not in {one.name for one in client.read_global_concurrency_limits()}

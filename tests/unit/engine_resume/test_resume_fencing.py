"""A process that was taken for dead and was not: what it goes on to do does not count."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from prefect import flow, task
from prefect._steps import run_blocking
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration.local import LocalClient, close_dead_runs, local_client
from prefect.engine.flow_run import FlowRunLife
from prefect.engine.resumption import past_of
from prefect.exceptions import Abort
from prefect.server.database.journal import Journal
from prefect.server.database.store import Store
from prefect.settings import get_current_settings

LastRun = Callable[[Any], Any]
Count = Callable[[str], int]


@pytest.fixture
def other_process() -> Iterator[LocalClient]:
    """The same store as another process on another host sees it."""
    journal = Journal(local_client().journal.location, "elsewhere|1|1|1")
    client = LocalClient(Store.over(journal))
    yield client
    client.close()


def expire_leases() -> None:
    """As if this process had been suspended for longer than its leases last, on a host that nobody can look into."""
    journal = local_client().journal
    with journal.transaction() as connection:
        connection.execute("UPDATE lease SET expires_at = 1, holder = 'suspended|1|1|1'")
    journal.holder = "suspended|1|1|1"
    journal._held_until = journal._held_until.replace(year=2000)


def resume_elsewhere(client: LocalClient, flow: Any, run: Any) -> None:
    close_dead_runs(client.journal)
    run = client.read_flow_run(run.id)
    assert run.state.is_crashed()
    run_blocking(FlowRunLife(flow, {}, client, run=run, resumption=past_of(run)).live())


def test_its_later_writes_are_refused_and_it_stops(
    notebook: Any, last_run: LastRun, count: Count, other_process: LocalClient
) -> None:
    @task(persist_result=True, cache_policy=NO_CACHE)
    def step(name: str) -> str:
        return notebook.compute(f"{name} {notebook.who}")  # type: ignore[no-any-return]

    @flow
    def main() -> None:
        who, notebook.who = notebook.who, "second"
        step("a")
        if who == "first":
            expire_leases()
            resume_elsewhere(other_process, main, last_run(main))
            notebook.who = "first again"
        step("b")
        step("c")

    notebook.who = "first"
    with pytest.raises(Abort, match="Another process"):
        main()
    assert notebook.done == {"a second": 1, "b second": 1, "c second": 1}
    assert last_run(main).state.is_completed()
    assert last_run(main).run_count == 2
    assert count("SELECT count(*) FROM task_run WHERE state_type != 'COMPLETED'") == 0


def test_the_result_of_a_step_under_way_does_not_replace_the_one_that_counts(
    notebook: Any, last_run: LastRun, other_process: LocalClient
) -> None:
    @task(persist_result=True, cache_policy=NO_CACHE)
    def step() -> str:
        who = notebook.who
        if who == "first":
            notebook.who = "second"
            expire_leases()
            resume_elsewhere(other_process, main, last_run(main))
        return who  # type: ignore[no-any-return]

    @flow
    def main() -> str:
        return step()

    notebook.who = "first"
    with pytest.raises(Abort):
        main()
    (file,) = Path(get_current_settings().results.local_storage_path).iterdir()
    assert file.is_file()
    assert last_run(main).state.is_completed()
    assert [run.state.result() for run in local_client().completed_task_runs(last_run(main).id)] == ["second"]


def test_a_flow_that_only_calls_functions_is_fenced_at_its_end(
    notebook: Any, last_run: LastRun, other_process: LocalClient
) -> None:
    @flow(persist_result=True)
    def main() -> str:
        who = notebook.who
        if who == "first":
            notebook.who = "second"
            expire_leases()
            resume_elsewhere(other_process, main, last_run(main))
        return who  # type: ignore[no-any-return]

    notebook.who = "first"
    with pytest.raises(Abort, match="superseded"):
        main()
    assert last_run(main).state.result() == "second"


def test_it_begins_no_subflow(
    notebook: Any, last_run: LastRun, count: Count, other_process: LocalClient
) -> None:
    @flow
    def child() -> None:
        notebook.compute(notebook.who)

    @flow
    def main() -> None:
        if notebook.who == "first":
            notebook.who = "second"
            expire_leases()
            resume_elsewhere(other_process, main, last_run(main))
            notebook.who = "first again"
        child()

    notebook.who = "first"
    with pytest.raises(Abort):
        main()
    assert notebook.done == {"second": 1}
    assert count("SELECT count(*) FROM flow_run") == 2

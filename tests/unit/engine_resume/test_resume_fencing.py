"""A process that was taken for dead and was not: what it goes on to do does not count."""

import asyncio
import contextvars
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from prefect import Flow, flow, task
from prefect._steps import run_awaiting, run_blocking, run_to_completion
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration.local import LocalClient, close_dead_runs, local_client
from prefect.context import FlowRunContext, TaskRunContext
from prefect.engine.flow_run import FlowRunLife
from prefect.engine.resumption import past_of
from prefect.exceptions import Abort
from prefect.server.database.journal import Journal
from prefect.server.database.store import Store
from prefect.settings import get_current_settings
from prefect.transactions import BaseTransaction, atransaction, transaction

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
    journal.leases._held_until = journal.leases._held_until.replace(year=2000)


def resume_elsewhere(client: LocalClient, flow: Any, run: Any) -> None:
    close_dead_runs(client.journal)
    run = client.read_flow_run(run.id)
    assert run.state.is_crashed()
    contextvars.copy_context().run(
        _live_apart, FlowRunLife, flow, {}, client, run=run, resumption=past_of(run)
    )


def _live_apart(life: Any, flow: Any, *args: Any, **options: Any) -> None:
    """Live a life as if nothing were around it, as in another process."""
    for context in (FlowRunContext, TaskRunContext, BaseTransaction):
        context.__var__.set(None)
    drive = (lambda steps: run_to_completion(run_awaiting(steps))) if flow.isasync else run_blocking
    drive(life(flow, *args, **options).live())


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


class Hooks:
    """Options for tasks whose hooks write down who called them."""

    def __init__(self, notebook: Any) -> None:
        self.notebook = notebook

    def note(self, kind: str) -> Callable[..., None]:
        return lambda *_: self.notebook.compute(f"{kind} {self.notebook.who}")

    def loses_its_run(self, flow: Any, run: Any, elsewhere: LocalClient) -> None:
        """The first process is taken for dead here; another one brings the run to its end."""
        if self.notebook.who == "first":
            expire_leases()
            self.notebook.who = "second"
            resume_elsewhere(elsewhere, flow, run)
            self.notebook.who = "first again"


@pytest.fixture
def hooks(notebook: Any) -> Hooks:
    notebook.who = "first"
    return Hooks(notebook)


class Blocks:
    """A flow that calls tasks in a transaction, in either colour, and does something before that ends."""

    def __init__(self, is_async: bool) -> None:
        self.is_async = is_async

    def run(self, flow: Any) -> Any:
        return asyncio.run(flow()) if self.is_async else flow()

    def flow(self, step: Any, then: Callable[[], None]) -> Flow[..., Any]:
        def main() -> None:
            with transaction():
                step()
                then()

        async def amain() -> None:
            async with atransaction():
                step()
                then()

        return Flow(amain if self.is_async else main, name="main")


@pytest.fixture(params=[False, True], ids=["blocking", "awaiting"])
def blocks(request: pytest.FixtureRequest) -> Blocks:
    return Blocks(request.param)


@pytest.mark.parametrize("error", [None, ValueError("after all")], ids=["ends well", "fails"])
def test_its_open_transactions_are_left_alone(
    notebook: Any,
    hooks: Hooks,
    blocks: Blocks,
    last_run: LastRun,
    other_process: LocalClient,
    error: Exception | None,
) -> None:
    """Neither stored nor taken back: the other process has done the same steps anew."""
    options = {"on_commit": [hooks.note("commit")], "on_rollback": [hooks.note("rollback")]}

    @task(persist_result=True, cache_policy=NO_CACHE, **options)
    def step() -> str:
        return notebook.who  # type: ignore[no-any-return]

    def then() -> None:
        hooks.loses_its_run(main, last_run(main), other_process)
        if error is not None and notebook.who == "first again":
            raise error

    main = blocks.flow(step, then)
    with pytest.raises(Abort, match="Another process"):
        blocks.run(main)
    assert notebook.done == {"commit second": 1}
    assert [run.state.result() for run in local_client().completed_task_runs(last_run(main).id)] == ["second"]


def test_a_transaction_around_its_flow_undoes_its_own(
    notebook: Any, hooks: Hooks, last_run: LastRun, other_process: LocalClient
) -> None:
    """It is the program's, not the run's; what the tasks of the run have staged in it is left alone."""

    @task(on_rollback=[hooks.note("rollback")])
    def step() -> None:
        pass

    @flow
    def main() -> None:
        step()
        hooks.loses_its_run(main, last_run(main), other_process)
        step()

    with pytest.raises(Abort), transaction() as around:
        around.stage(None, [lambda _: notebook.compute("rollback of the program")])
        main()
    assert notebook.done == {"rollback of the program": 1}


@pytest.mark.parametrize("error", [None, ValueError("after all")], ids=["ends well", "fails"])
def test_hooks_of_its_tasks_are_not_called(
    notebook: Any, hooks: Hooks, last_run: LastRun, other_process: LocalClient, error: Exception | None
) -> None:
    options = {"on_completion": [hooks.note("completion")], "on_failure": [hooks.note("failure")]}

    def condition(*_: Any) -> bool:
        hooks.note("condition")()
        return True

    @task(retries=1, retry_condition_fn=condition, **options)
    def step() -> None:
        hooks.loses_its_run(main, last_run(main), other_process)
        if error is not None and notebook.who == "first again":
            raise error

    @flow
    def main() -> None:
        step()

    with pytest.raises(Abort):
        main()
    assert notebook.done == {"completion second": 1}

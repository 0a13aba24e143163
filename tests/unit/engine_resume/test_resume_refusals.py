"""Runs that may not be run again, and two that want to run the same one."""

import threading
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from prefect import flow, task
from prefect.client.orchestration.local import local_client
from prefect.exceptions import Abort, MissingFlowError, ObjectNotFound
from prefect.flow_runs import fork_flow_run, plan_fork, retry_flow_run
from prefect.states import Cancelled, Cancelling, Paused

LastRun = Callable[[Any], Any]
Count = Callable[[str], int]


def test_a_cancelled_run_stays_cancelled(notebook: Any, last_run: LastRun) -> None:
    @flow
    def main() -> Any:
        notebook.compute("main")
        return Cancelled()

    main(return_state=True)
    run = last_run(main)
    with pytest.raises(Abort, match="is Cancelled"):
        retry_flow_run(run.id, main)
    assert notebook.times("main") == [1]
    assert last_run(main).state.is_cancelled()


def test_a_completed_run_with_a_stored_result_gives_that_and_runs_nothing(
    notebook: Any, last_run: LastRun
) -> None:
    @flow(persist_result=True)
    def main() -> str:
        return notebook.compute("main")  # type: ignore[no-any-return]

    main()
    run = last_run(main)
    assert retry_flow_run(run.id, main) == "main"
    assert retry_flow_run(run.id, main, return_state=True).is_completed()
    assert notebook.times("main") == [1]
    assert last_run(main).run_count == 1


def test_a_completed_run_whose_result_was_not_kept_runs_again(notebook: Any, last_run: LastRun) -> None:
    @task(persist_result=True)
    def step() -> str:
        return notebook.compute("step")  # type: ignore[no-any-return]

    @flow
    def main() -> str:
        return step()

    main()
    assert retry_flow_run(last_run(main).id, main) == "step"
    assert notebook.times("step") == [1]
    assert last_run(main).run_count == 2


@pytest.mark.parametrize("state", [Paused(timeout_seconds=60), Cancelling()])
def test_a_run_that_is_held_up_is_not_run_beside_itself(notebook: Any, last_run: LastRun, state: Any) -> None:
    @flow
    def main() -> None:
        if notebook.compute("main") and notebook.done["main"] == 1:
            client, run_id = local_client(), last_run(main).id
            client.propose_flow_run_state(run_id, state.model_copy(), force=True)
            notebook.found = retry_flow_run(run_id, main, return_state=True).name

    main(return_state=True)
    assert notebook.found in ("Paused", "Cancelling")
    assert notebook.times("main") == [1]


def test_a_run_that_goes_on_is_not_run_beside_itself(notebook: Any, last_run: LastRun) -> None:
    @flow
    def main() -> None:
        if notebook.compute("main") and notebook.done["main"] == 1:
            with pytest.raises(Abort, match="is Running"):
                retry_flow_run(last_run(main).id, main)

    main()
    assert notebook.times("main") == [1]


def test_of_two_that_resume_a_run_at_once_one_does(notebook: Any, last_run: LastRun) -> None:
    both_there = threading.Barrier(2)

    @flow
    def main() -> None:
        notebook.may_break()
        notebook.compute("main")
        refused.wait(60)

    with pytest.raises(ConnectionError):
        main()
    notebook.broken = False
    run, refused, refusals = last_run(main), threading.Event(), []

    def resume() -> None:
        both_there.wait()
        try:
            retry_flow_run(run.id, main)
        except Abort as error:
            refusals.append(str(error))
            refused.set()

    threads = [threading.Thread(target=resume) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert notebook.times("main") == [1]
    assert len(refusals) == 1
    assert "cannot be submitted again" in refusals[0]
    assert last_run(main).run_count == 2


def test_a_run_whose_process_died_since_the_store_was_opened_can_be_resumed(
    notebook: Any, last_run: LastRun
) -> None:
    @flow
    def main() -> None:
        if notebook.compute("main") and notebook.done["main"] == 1:
            with local_client().journal.transaction() as connection:
                (holder,) = connection.execute("SELECT holder FROM lease").fetchone()
                host, boot, _, _ = holder.split("|")
                # a number that no process has
                connection.execute("UPDATE lease SET holder = ?", (f"{host}|{boot}|99999999|1",))
            retry_flow_run(last_run(main).id, main)

    with pytest.raises(Abort):
        main()
    assert notebook.times("main") == [2]
    assert last_run(main).state.is_completed()


def test_a_run_that_is_not_there_is_said_so() -> None:
    for call in (retry_flow_run, fork_flow_run, plan_fork):
        with pytest.raises(ObjectNotFound):
            call(uuid4())
        with pytest.raises(ObjectNotFound, match="'nonsense' is not the id"):
            call("nonsense")


def test_a_flow_that_is_in_no_file_has_to_be_given(notebook: Any, last_run: LastRun) -> None:
    @flow
    def main() -> None:
        notebook.may_break()

    with pytest.raises(ConnectionError):
        main()
    with pytest.raises(MissingFlowError, match="defined inside a function, or typed into a prompt"):
        retry_flow_run(last_run(main).id)
    assert last_run(main).run_count == 1

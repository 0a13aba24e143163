"""Calls that a run leaves to task workers: not left to them twice."""

from collections.abc import Callable
from typing import Any

import pytest

from prefect import flow, task
from prefect.client.orchestration.local import local_client
from prefect.flow_runs import retry_flow_run
from prefect.schemas.states import StateType
from prefect.states import Failed

LastRun = Callable[[Any], Any]
Count = Callable[[str], int]


@task
def later(number: int) -> int:
    return number


def main_of(notebook: Any, numbers: Callable[[], list[int]] = lambda: [1, 2]) -> Any:
    @flow
    def main() -> list[Any]:
        futures = [later.delay(number) for number in numbers()]
        notebook.may_break()
        return [future.task_run_id for future in futures]

    return main


def test_a_deferred_call_is_not_deferred_again(notebook: Any, last_run: LastRun, count: Count) -> None:
    main = main_of(notebook)
    with pytest.raises(ConnectionError):
        main()
    notebook.broken = False
    ids = retry_flow_run(last_run(main).id, main)
    assert len(set(ids)) == 2
    assert count("SELECT count(*) FROM task_run") == 2


def test_a_call_with_other_arguments_is_another_one(notebook: Any, last_run: LastRun, count: Count) -> None:
    main = main_of(notebook, lambda: [1, 2] if notebook.broken else [0, 1, 2])
    with pytest.raises(ConnectionError):
        main()
    notebook.broken = False
    assert len(set(retry_flow_run(last_run(main).id, main))) == 3
    parameters = count("SELECT count(*) FROM task_run")
    assert parameters == 5  # each is at another place than before


def test_one_that_failed_is_deferred_again(notebook: Any, last_run: LastRun, count: Count) -> None:
    main = main_of(notebook)
    with pytest.raises(ConnectionError):
        main()
    client = local_client()
    with client.reading() as connection:
        ids = [row[0] for row in connection.exec_driver_sql("SELECT id FROM task_run ORDER BY id")]
    with client.journal.transaction() as connection:
        connection.execute(
            "UPDATE task_run SET state_type = ?, state_name = ? WHERE id = ?",
            (StateType.FAILED.value, Failed().name, ids[0]),
        )
    notebook.broken = False
    again = {one.bytes for one in retry_flow_run(last_run(main).id, main)}
    assert ids[1] in again
    assert ids[0] not in again


def test_from_a_task_on_calls_are_deferred_anew(notebook: Any, last_run: LastRun, count: Count) -> None:
    main = main_of(notebook)
    with pytest.raises(ConnectionError):
        main()
    notebook.broken = False
    retry_flow_run(last_run(main).id, main, from_task="later")
    assert count("SELECT count(*) FROM task_run") == 4

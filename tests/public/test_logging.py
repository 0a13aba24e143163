"""Loggers of runs, `log_prints`, and contexts without a run."""

import asyncio
import logging
import sys
from typing import Any

import pytest

from prefect import flow, get_run_logger, task
from prefect.exceptions import MissingContextError
from prefect.logging import disable_run_logger, get_logger


def test_a_flow_has_a_logger(records: Any) -> None:
    @flow
    def logs() -> None:
        get_run_logger().info("hello %s", "flow")

    logs()
    assert "hello flow" in records.messages("prefect.flow_runs")


def test_a_task_has_a_logger(records: Any) -> None:
    @task
    def logs() -> None:
        get_run_logger().warning("hello task")

    flow(lambda: (logs(), logs.submit().wait()), name="around")()
    assert records.messages("prefect.task_runs").count("hello task") == 2


def test_a_record_knows_its_run(records: Any) -> None:
    @flow(name="known")
    def logs() -> Any:
        get_run_logger().info("marked")

    state = logs(return_state=True)
    (record,) = [record for record in records.records if record.getMessage() == "marked"]
    assert str(record.flow_run_id) == str(state.state_details.flow_run_id)
    assert record.flow_name == "known"


def test_a_logger_may_carry_more(records: Any) -> None:
    @flow
    def logs() -> None:
        get_run_logger(extra_word="more").info("marked")

    logs()
    (record,) = [record for record in records.records if record.getMessage() == "marked"]
    assert record.extra_word == "more"


def test_there_is_no_run_logger_outside_a_run() -> None:
    with pytest.raises(MissingContextError):
        get_run_logger()


def test_run_loggers_can_be_silenced(records: Any) -> None:
    @task
    def logs() -> str:
        get_run_logger().info("silenced")
        return "done"

    with disable_run_logger():
        assert logs.fn() == "done"
    assert "silenced" not in records.messages("prefect.task_runs")


def test_other_loggers_are_children_of_prefect() -> None:
    assert get_logger("mine").name == "prefect.mine"
    assert get_logger().name == "prefect"


# --- prints ---------------------------------------------------------------------------------------------


@task
def prints(text: str = "printed") -> None:
    print(text, 1, sep="-")


def test_prints_are_left_alone_unless_told(records: Any, capsys: pytest.CaptureFixture[str]) -> None:
    flow(lambda: (print("from flow"), prints()), name="around")()
    assert capsys.readouterr().out.splitlines() == ["from flow", "printed-1"]
    assert "printed-1" not in records.messages("prefect.task_runs")


def test_prints_of_a_flow_are_logged(records: Any, capsys: pytest.CaptureFixture[str]) -> None:
    flow(lambda: print("from", "flow"), name="around", log_prints=True)()
    assert "from flow" in records.messages("prefect.flow_runs")
    (record,) = [record for record in records.records if record.getMessage() == "from flow"]
    assert record.levelno == logging.INFO


def test_prints_of_a_task_are_logged(records: Any) -> None:
    flow(lambda: prints.with_options(log_prints=True)(), name="around")()
    assert "printed-1" in records.messages("prefect.task_runs")


def test_tasks_take_over_what_their_flow_does(records: Any) -> None:
    flow(lambda: prints() or prints.submit("threaded").wait(), name="around", log_prints=True)()
    assert {"printed-1", "threaded-1"} <= set(records.messages("prefect.task_runs"))


def test_a_task_may_differ_from_its_flow(records: Any) -> None:
    flow(lambda: prints.with_options(log_prints=False)(), name="around", log_prints=True)()
    assert "printed-1" not in records.messages("prefect.task_runs")


def test_subflows_take_over_what_their_parent_does(records: Any) -> None:
    child = flow(lambda: print("from child"), name="child")
    flow(lambda: child(), name="parent", log_prints=True)()
    assert "from child" in records.messages("prefect.flow_runs")


def test_prints_of_async_flows_are_logged(records: Any) -> None:
    async def body() -> None:
        print("from async")

    asyncio.run(flow(body, name="around", log_prints=True)())
    assert "from async" in records.messages("prefect.flow_runs")


def test_prints_elsewhere_are_left_alone(records: Any, tmp_path: Any) -> None:
    target = tmp_path / "out.txt"

    def body() -> None:
        with target.open("w") as file:
            print("to file", file=file)
        print("to stderr", file=sys.stderr)

    flow(body, name="around", log_prints=True)()
    assert target.read_text() == "to file\n"
    assert "to file" not in records.messages("prefect.flow_runs")
    assert "to stderr" in records.messages("prefect.flow_runs")


def test_print_is_itself_again_afterwards(capsys: pytest.CaptureFixture[str]) -> None:
    flow(lambda: None, name="around", log_prints=True)()
    print("plain")
    assert "plain" in capsys.readouterr().out

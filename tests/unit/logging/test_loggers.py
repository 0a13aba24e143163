"""Loggers and run loggers: names, extras, silence."""

import logging
import uuid

import pytest

from prefect.exceptions import MissingContextError
from prefect.logging import LogEavesdropper, disable_run_logger, get_logger, get_run_logger
from prefect.logging.loggers import (
    PrefectLogAdapter,
    disable_logger,
    flow_run_logger,
    task_run_logger,
)


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        (None, "prefect"),
        ("a.b", "prefect.a.b"),
        ("prefect.a", "prefect.a"),
        ("prefectly", "prefect.prefectly"),
        ("prefect", "prefect.prefect"),
    ],
)
def test_loggers_live_below_prefect(asked, name):
    assert get_logger(asked).name == name


def test_a_logger_masks_once_however_often_it_is_asked_for():
    assert len(get_logger("asked-twice").filters) == 1
    assert len(get_logger("asked-twice").filters) == 1


def test_run_logger_outside_runs_says_what_to_do():
    with pytest.raises(MissingContextError, match="get_logger"):
        get_run_logger()


def test_run_logger_of_something_else_is_a_type_error():
    with pytest.raises(TypeError, match="'str'"):
        get_run_logger("context")


def test_run_logger_in_a_flow(runs):
    with runs.inside_flow():
        adapter = get_run_logger(stage="early")
    assert adapter.name == "prefect.flow_runs"
    assert adapter.extra == {
        "flow_run_name": "flow-run-1",
        "flow_run_id": str(runs.flow_run.id),
        "flow_name": "my-flow",
        "deployment_name": None,
        "stage": "early",
    }


def test_run_logger_in_a_task(runs):
    with runs.inside_task():
        adapter = get_run_logger()
    assert adapter.name == "prefect.task_runs"
    assert adapter.extra == {
        "task_run_id": str(runs.task_run.id),
        "flow_run_id": str(runs.flow_run.id),
        "task_run_name": "task-run-1",
        "task_name": "my-task",
        "flow_run_name": "flow-run-1",
        "flow_name": "my-flow",
    }


def test_names_nobody_gave_are_unknown(runs):
    assert task_run_logger(runs.task_run).extra["task_name"] == "<unknown>"
    run_id = uuid.uuid4()
    extra = flow_run_logger(flow_run_id=run_id).extra
    assert (extra["flow_run_id"], extra["flow_run_name"]) == (str(run_id), "<unknown>")


def test_flow_run_logger_needs_a_run():
    with pytest.raises(ValueError, match="flow_run_id"):
        flow_run_logger()


def test_extras_of_a_call_win_over_those_of_the_adapter():
    adapter = PrefectLogAdapter(logging.getLogger("x"), extra={"a": 1, "b": 1})
    assert adapter.process("m", {"extra": {"b": 2}}) == ("m", {"extra": {"a": 1, "b": 2}})
    assert PrefectLogAdapter(logging.getLogger("x")).process("m", {}) == ("m", {"extra": {}})


def test_child_adapters_keep_the_extras(runs):
    child = task_run_logger(runs.task_run).getChild("part", {"q": 1})
    assert isinstance(child, PrefectLogAdapter)
    assert child.name == "prefect.task_runs.part"
    assert child.extra["task_run_name"] == "task-run-1"
    assert child.extra["q"] == 1


def test_disabled_level_asks_for_no_extras(runs):
    adapter = flow_run_logger(runs.flow_run)
    adapter.debug("not at INFO")
    assert "extra" not in vars(adapter)


def test_disable_logger_gives_back_what_was():
    logger = logging.getLogger("prefect.sometimes-off")
    with disable_logger(logger.name):
        with disable_logger(logger.name):
            pass
        assert logger.disabled
    assert not logger.disabled


def test_disabled_run_logger_works_outside_runs():
    with disable_run_logger():
        logger = get_run_logger()
        assert not logger.isEnabledFor(logging.CRITICAL)
    with pytest.raises(MissingContextError):
        get_run_logger()


def test_disabled_run_logger_is_silent_in_runs(runs, rows):
    with runs.inside_flow(), disable_run_logger():
        get_run_logger().error("nobody hears this")
    assert rows == []


def test_eavesdropper_hears_the_logger_and_its_children():
    logger = logging.getLogger("prefect.overheard")
    with LogEavesdropper("prefect.overheard", level=logging.WARNING) as heard:
        logger.warning("one %s", 1)
        logger.getChild("kid").error("two")
        logger.info("below")
    logger.error("after")
    assert heard.text() == "[WARNING]: one 1\n[ERROR]: two"

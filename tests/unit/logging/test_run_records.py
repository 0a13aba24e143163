"""What lands in the record of a run, and what must not change because of it."""

import asyncio
import contextvars
import logging
import threading
import uuid

import pytest

from prefect.exceptions import MissingContextError
from prefect.logging import get_logger, get_run_logger
from prefect.logging.capture import run_logging
from prefect.logging.configuration import ensure_logging_setup
from prefect.logging.handlers import (
    APILogHandler,
    APILogWorker,
    emit_api_log,
    set_api_log_sink,
    set_log_sink,
)
from prefect.logging.loggers import flow_run_logger
from prefect.settings import (
    PREFECT_API_KEY,
    PREFECT_LOGGING_TO_API_ENABLED,
    PREFECT_LOGGING_TO_API_MAX_LOG_SIZE,
    PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW,
    temporary_settings,
)

library = logging.getLogger("some.library")


@pytest.fixture(autouse=True)
def _logging_is_set_up():
    ensure_logging_setup()


@pytest.fixture
def in_flow(runs, bare_root, rows):
    with run_logging(runs.flow_run.id), runs.inside_flow():
        yield


def said(rows):
    return [(row.name, row.level, row.message) for row in rows]


class Keeping(logging.Handler):
    """A handler of the user's own."""

    def __init__(self):
        super().__init__()
        self.messages = []

    def emit(self, record):
        self.messages.append(record.getMessage())


# -- whose record ------------------------------------------------------------------------------


def test_a_record_names_its_run(runs, rows):
    with runs.inside_task():
        get_run_logger().warning("hello %s", "you")
    (row,) = rows
    assert row[:3] == ("prefect.task_runs", logging.WARNING, "hello you")
    assert (row.flow_run_id, row.task_run_id) == (runs.flow_run.id, runs.task_run.id)
    assert row.timestamp.utcoffset().total_seconds() == 0


def test_any_logger_under_a_run_is_recorded_once(in_flow, runs, rows):
    library.info("from a library")
    get_logger("own").info("from below prefect")
    get_run_logger().info("from the run logger")
    get_run_logger().getChild("part").info("from its child")
    assert [row.message for row in rows] == [
        "from a library",
        "from below prefect",
        "from the run logger",
        "from its child",
    ]
    assert {row.flow_run_id for row in rows} == {runs.flow_run.id}


def test_the_innermost_run_gets_the_record(bare_root, runs, rows):
    with run_logging(runs.flow_run.id), runs.inside_task():
        library.info("in the task")
    assert rows[0].task_run_id == runs.task_run.id


def test_loggers_that_do_not_propagate_are_recorded(in_flow, rows):
    closed = logging.getLogger("closed.library")
    closed.propagate = False
    closed.info("still here")
    assert said(rows) == [("closed.library", logging.INFO, "still here")]


def test_levels_and_filters_of_a_logger_are_respected(in_flow, rows):
    quiet = logging.getLogger("quiet.library")
    quiet.setLevel(logging.ERROR)
    quiet.warning("no")
    choosy = logging.getLogger("choosy.library")
    choosy.addFilter(lambda record: "yes" in record.getMessage())
    choosy.info("no")
    choosy.info("yes")
    library.debug("no")
    assert [row.message for row in rows] == ["yes"]


def test_an_exception_is_recorded_with_its_traceback(in_flow, rows):
    try:
        raise LookupError("lost")
    except LookupError:
        library.exception("it failed")
    message = rows[0].message
    assert message.startswith("it failed\nTraceback")
    assert message.endswith("LookupError: lost")


def test_concurrent_runs_keep_their_records_apart(bare_root, runs, rows):
    others = [runs.new_flow_run(f"run-{number}") for number in range(8)]

    def one_run(flow_run):
        with run_logging(flow_run.id), runs.inside_flow(flow_run):
            library.info(flow_run.name)

    threads = [threading.Thread(target=one_run, args=(flow_run,)) for flow_run in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {(row.message, row.flow_run_id) for row in rows} == {(run.name, run.id) for run in others}


def test_runs_interleaved_in_one_event_loop_keep_their_records_apart(bare_root, runs, rows):
    first, second = runs.new_flow_run("first"), runs.new_flow_run("second")

    async def one_run(flow_run):
        with run_logging(flow_run.id), runs.inside_flow(flow_run):
            await asyncio.sleep(0)
            library.info(flow_run.name)
            await asyncio.sleep(0)

    async def both():
        await asyncio.gather(one_run(first), one_run(second))

    asyncio.run(both())
    assert {(row.message, row.flow_run_id) for row in rows} == {(run.name, run.id) for run in (first, second)}


def in_thread_of_the_users_own(fn, name=None):
    thread = threading.Thread(target=contextvars.Context().run, args=(fn,), name=name)
    thread.start()
    thread.join()


def test_a_thread_without_context_belongs_to_the_only_run(in_flow, runs, rows):
    in_thread_of_the_users_own(lambda: library.info("from a thread"))
    assert [(row.message, row.flow_run_id) for row in rows] == [("from a thread", runs.flow_run.id)]


def test_what_libraries_say_in_threads_of_ours_belongs_to_no_run(in_flow, rows):
    in_thread_of_the_users_own(lambda: library.info("a request was sent"), name="prefect-outbox")
    assert rows == []


def test_a_thread_without_context_belongs_to_none_of_several_runs(in_flow, runs, rows):
    with run_logging(uuid.uuid4()):
        in_thread_of_the_users_own(lambda: library.info("whose?"))
    assert rows == []


def test_our_own_background_threads_belong_to_no_run(in_flow, rows):
    in_thread_of_the_users_own(lambda: get_logger("writer").info("committed"))
    assert rows == []


# -- what people see stays ---------------------------------------------------------------------


def test_handlers_of_the_user_get_what_they_would_get_without_us(bare_root, runs, rows):
    keeping = Keeping()
    bare_root.addHandler(keeping)
    with run_logging(runs.flow_run.id), runs.inside_flow():
        library.info("below the root's level")
        library.warning("above")
    assert keeping.messages == ["above"]
    assert [row.message for row in rows] == ["below the root's level", "above"]


def test_configuring_logging_inside_a_run_works_and_stays(bare_root, runs, rows, stderr):
    with run_logging(runs.flow_run.id), runs.inside_flow():
        logging.basicConfig(format="MINE %(message)s", level=logging.INFO)
        library.info("shown")
        get_run_logger().info("shown too")
    assert stderr.getvalue() == "MINE shown\nMINE shown too\n"
    assert bare_root.level == logging.INFO
    assert len(rows) == 2


def test_root_level_is_given_back(bare_root, runs):
    with run_logging(runs.flow_run.id):
        with run_logging(uuid.uuid4()):
            assert bare_root.level == logging.INFO
        assert bare_root.level == logging.INFO
    assert bare_root.level == logging.WARNING


def test_without_any_handler_warnings_are_shown_in_our_format(in_flow, stderr):
    library.info("recorded only")
    library.warning("look here")
    assert stderr.getvalue().endswith("| WARNING | some.library - look here\n")
    assert stderr.getvalue().count("\n") == 1


def test_outside_runs_nothing_of_others_is_touched(bare_root, runs, rows):
    last_resort = logging.lastResort
    with run_logging(runs.flow_run.id):
        pass
    assert logging.lastResort is last_resort
    assert bare_root.handlers == []
    library.error("outside")
    assert rows == []


# -- what is left out --------------------------------------------------------------------------


def test_a_record_can_be_kept_out(in_flow, rows):
    get_run_logger().info("private", extra={"send_to_api": False})
    library.info("private", extra={"send_to_api": False})
    assert rows == []


def test_recording_can_be_switched_off(bare_root, runs, rows):
    switched_off = temporary_settings({PREFECT_LOGGING_TO_API_ENABLED: False})
    with switched_off, run_logging(runs.flow_run.id), runs.inside_flow():
        assert bare_root.level == logging.WARNING
        get_run_logger().info("seen, not kept")
        library.warning("seen, not kept")
    assert rows == []


def test_a_message_too_large_leaves_a_notice(in_flow, rows):
    with temporary_settings({PREFECT_LOGGING_TO_API_MAX_LOG_SIZE: 20}):
        get_run_logger().info("é" * 10)
        get_run_logger().info("é" * 11)
    kept, notice = rows
    assert kept.message == "é" * 10
    assert notice.level == logging.WARNING
    assert "22 bytes" in notice.message
    assert "PREFECT_LOGGING_TO_API_MAX_LOG_SIZE (20)" in notice.message


def test_credentials_are_masked(in_flow, rows):
    with temporary_settings({PREFECT_API_KEY: "pnu_very_secret"}):
        library.info("calling with %s", "pnu_very_secret")
        get_run_logger().info("and again pnu_very_secret", extra={})
    assert [row.message for row in rows] == ["calling with ********", "and again ********"]


@pytest.mark.parametrize("policy", ["warn", "error", "ignore"])
def test_run_records_outside_runs(policy, recwarn, rows):
    with temporary_settings({PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW: policy}):
        if policy == "error":
            with pytest.raises(MissingContextError, match=r"prefect\.flow_runs"):
                get_logger("prefect.flow_runs").info("whose?")
        else:
            get_logger("prefect.flow_runs").info("whose?")
    assert rows == []
    assert [warning.category for warning in recwarn] == ([UserWarning] if policy == "warn" else [])


def test_a_failing_sink_does_not_reach_user_code(in_flow, rows, monkeypatch):
    def broken(row):
        raise OSError("disk full")

    set_log_sink(broken)
    monkeypatch.setattr(logging, "raiseExceptions", False)
    get_run_logger().info("goes on")
    library.info("goes on")


# -- the other ways in -------------------------------------------------------------------------


def test_an_api_handler_on_a_logger_does_not_record_twice(in_flow, rows):
    extra = logging.getLogger("some.extra")
    handler = APILogHandler()
    extra.addHandler(handler)
    extra.info("once")
    extra.removeHandler(handler)
    assert len(rows) == 1


def test_records_travel_between_processes_as_dictionaries(runs, rows):
    sent = []
    set_api_log_sink(sent.append)
    flow_run_logger(runs.flow_run).info("over there")
    set_api_log_sink(None)
    assert rows == []
    emit_api_log(sent[0])
    APILogWorker.instance().send(sent[0])
    assert [row.message for row in rows] == ["over there"] * 2
    assert rows[0].flow_run_id == runs.flow_run.id
    assert rows[0].timestamp.isoformat() == sent[0]["timestamp"]


def test_flush_reaches_the_sink(rows):
    flushed = []
    set_log_sink(rows.append, flush=lambda: flushed.append(True))
    APILogHandler().flush()
    asyncio.run(APILogHandler.aflush())
    assert flushed == [True, True]

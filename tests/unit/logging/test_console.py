"""Lines on the console: form, colour, where they go."""

import io
import logging
import sys

import pytest

from prefect.logging import get_run_logger
from prefect.logging._patterns import LOG_FIRST_LETTERS, LOG_PATTERNS, painter, sgr
from prefect.logging.configuration import ensure_logging_setup
from prefect.logging.handlers import PrefectConsoleHandler
from prefect.settings import PREFECT_LOGGING_COLORS, PREFECT_LOGGING_MARKUP, temporary_settings


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    return Terminal()


def line_on(stream, message="Finished in state Completed()", level=logging.INFO, **options):
    handler = PrefectConsoleHandler(stream, **options)
    handler.setFormatter(logging.Formatter("12:00:00.000 | %(levelname)-7s | %(message)s"))
    handler.handle(logging.LogRecord("n", level, "f", 1, message, (), None))
    return stream.getvalue()


def test_run_lines_name_their_run(runs, bare_root, stderr):
    ensure_logging_setup()
    with runs.inside_flow():
        get_run_logger().info("hello")
    with runs.inside_task():
        get_run_logger().warning("hello")
    first, second = stderr.getvalue().splitlines()
    assert first.endswith(" | INFO    | Flow run 'flow-run-1' - hello")
    assert second.endswith(" | WARNING | Task run 'task-run-1' - hello")
    assert len(first.split(" | ")[0]) == len("12:34:56.789")


def test_a_run_logger_used_without_a_run_is_shown_plainly(bare_root, stderr, recwarn):
    ensure_logging_setup()
    logging.getLogger("prefect.flow_runs").info("hello", extra={"send_to_api": False})
    assert stderr.getvalue().endswith("prefect.flow_runs - hello\n")


def test_stderr_of_the_moment_is_used(bare_root, runs, monkeypatch):
    ensure_logging_setup()
    for _ in range(2):
        written = io.StringIO()
        monkeypatch.setattr(sys, "stderr", written)
        with runs.inside_flow():
            get_run_logger().info("hello")
        assert written.getvalue().endswith("hello\n")


def test_a_stream_set_later_is_kept(stderr):
    elsewhere = io.StringIO()
    handler = PrefectConsoleHandler()
    handler.setStream(elsewhere)
    handler.handle(logging.LogRecord("n", logging.INFO, "f", 1, "hello", (), None))
    assert (elsewhere.getvalue(), stderr.getvalue()) == ("hello\n", "")


def test_a_configured_root_logger_rules(bare_root, runs, stderr):
    ensure_logging_setup()
    theirs = io.StringIO()
    bare_root.addHandler(logging.StreamHandler(theirs))
    with runs.inside_flow():
        get_run_logger().info("hello")
    assert (theirs.getvalue(), stderr.getvalue()) == ("hello\n", "")


def test_files_get_no_escape_codes():
    assert line_on(io.StringIO()) == "12:00:00.000 | INFO    | Finished in state Completed()\n"


def test_terminals_get_colours(terminal):
    assert line_on(terminal, "see https://prefect.test for flow 'etl'") == (
        "12:00:00.000 | \x1b[36mINFO\x1b[0m    | see \x1b[94mhttps://prefect.test\x1b[0m "
        "for flow \x1b[1;35m'etl'\x1b[0m\n"
    )


@pytest.mark.parametrize("way", ["setting", "NO_COLOR", "dumb"])
def test_colours_can_be_refused(terminal, monkeypatch, way):
    if way == "NO_COLOR":
        monkeypatch.setenv("NO_COLOR", "1")
    if way == "dumb":
        monkeypatch.setenv("TERM", "dumb")
    with temporary_settings({PREFECT_LOGGING_COLORS: way != "setting"}):
        assert "\x1b" not in line_on(terminal)


def test_styles_may_be_any_of_rich(terminal):
    styled = line_on(terminal, styles={"log.completed_state": "bold #ff8800"})
    assert "\x1b[1;38;2;255;136;0mCompleted\x1b[0m" in styled


def test_a_highlighter_of_the_users_own(terminal):
    from rich.highlighter import RegexHighlighter

    class Numbers(RegexHighlighter):
        base_style = "mine."
        highlights = [r"(?P<number>\d{3,})"]  # noqa: RUF012

    styled = line_on(terminal, "row 12345", highlighter=Numbers, styles={"mine.number": "red"})
    assert styled.endswith("row \x1b[31m12345\x1b[0m\n")


@pytest.mark.parametrize(
    ("message", "plain"),
    [("[red]hot[/red] [1, 2]", "hot [1, 2]"), ("broken [/red]", "broken [/red]")],
)
def test_markup_is_understood_on_demand(message, plain):
    assert line_on(io.StringIO(), message).endswith(message + "\n")
    with temporary_settings({PREFECT_LOGGING_MARKUP: True}):
        assert line_on(io.StringIO(), message).endswith(plain + "\n")


def test_markup_is_coloured_on_terminals(terminal):
    with temporary_settings({PREFECT_LOGGING_MARKUP: True}):
        assert "\x1b[31mhot\x1b[0m" in line_on(terminal, "[red]hot[/red]")


@pytest.mark.parametrize(
    "line",
    [
        *(f"12:00:00.000 | {logging.getLevelName(level):7} | x" for level in (10, 20, 30, 40)),
        "12:00:00.000 | CRITICAL | x",
        "http://localhost:4200 https://example.test",
        "Flow run 'a' of flow 'b', task run 'c' of task 'd'",
        "Completed Cached Cancelled Cancelling Failed TimedOut Crashed",
    ],
)
def test_looking_at_first_letters_loses_no_match(line):
    groups = [name.partition(">")[0] for name in "".join(LOG_PATTERNS).split("(?P<")[1:]]
    codes = {name: f"<{name}>" for name in groups}
    slow, fast = painter(LOG_PATTERNS, codes), painter(LOG_PATTERNS, codes, LOG_FIRST_LETTERS)
    assert fast(line) == slow(line) != line


def test_unusual_styles_are_left_to_rich():
    assert sgr("bold red") == "\x1b[1;31m"
    assert sgr("color(208)") is None

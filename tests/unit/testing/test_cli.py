"""Running the command line inside a test."""

from pathlib import Path

import pytest

from prefect.testing.cli import check_contains, invoke_and_assert, temporary_console_width
from prefect.testing.utilities import prefect_test_harness


def test_a_command_and_what_it_says() -> None:
    with prefect_test_harness():
        result = invoke_and_assert("version", expected_output_contains=["Version:", "Python version:"])
    assert result.exit_code == 0
    assert result.exception is None


def test_the_exit_code_is_checked() -> None:
    with prefect_test_harness():
        result = invoke_and_assert(["no-such-command"], expected_code=2)
        assert "no-such-command" in result.stderr
        with pytest.raises(AssertionError, match="exited with 2 instead of 0"):
            invoke_and_assert(["no-such-command"])


def test_what_must_not_be_said() -> None:
    with prefect_test_harness():
        invoke_and_assert("version", expected_output_does_not_contain="Traceback")
        with pytest.raises(AssertionError, match="contains 'Python version:'"):
            invoke_and_assert("version", expected_output_does_not_contain="Python version:")


def test_lines_are_counted() -> None:
    with prefect_test_harness():
        lines = len(invoke_and_assert("version").output.splitlines())
        invoke_and_assert("version", expected_line_count=lines)
        with pytest.raises(AssertionError):
            invoke_and_assert("version", expected_line_count=lines + 1)


def test_space_at_ends_of_lines_does_not_count() -> None:
    with prefect_test_harness():
        result = invoke_and_assert("version")
    first, second = [line for line in result.output.splitlines() if line][:2]
    check_contains(result, f"{first}   \n{second}\n", should_contain=True)


def test_a_directory_to_run_in(tmp_path: Path) -> None:
    before = Path.cwd()
    with prefect_test_harness():
        invoke_and_assert("version", temp_dir=str(tmp_path))
    assert Path.cwd() == before


def test_the_width_of_a_console() -> None:
    from rich.console import Console

    console = Console(width=100)
    with temporary_console_width(console, 40):
        assert console.width == 40
    assert console.width == 100

"""Running the `prefect` command in this process, and checking what it said.

Not here: the commands (`prefect.cli`).
"""

from __future__ import annotations

import contextlib
import io
import shlex
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

__all__ = [
    "CliResult",
    "CliRunner",
    "CycloptsCliRunner",
    "CycloptsResult",
    "check_contains",
    "invoke_and_assert",
    "temporary_console_width",
]


@dataclass(frozen=True)
class CliResult:
    """What a command left behind.

    Attributes:
        output: everything it printed, in order.
        exception: what it raised instead of exiting; None usually.
    """

    exit_code: int
    stdout: str
    stderr: str
    output: str
    exception: BaseException | None = None


class CliRunner:
    """Runs commands in this process."""

    def invoke(self, args: str | Sequence[str], input: str | None = None) -> CliResult:
        """Run one command.

        Args:
            args: what follows `prefect`, as one line or as a list.
            input: what is typed in.
        """
        from prefect.cli import main

        out, err, both = io.StringIO(), io.StringIO(), io.StringIO()
        code, raised = 0, None
        with (
            contextlib.redirect_stdout(_Twice(out, both)),
            contextlib.redirect_stderr(_Twice(err, both)),
            _typed_in(input or ""),
        ):
            try:
                main(shlex.split(args) if isinstance(args, str) else list(args))
            except SystemExit as exit:
                code = exit.code if isinstance(exit.code, int) else int(exit.code is not None)
            except Exception as error:
                code, raised = 1, error
        return CliResult(code, out.getvalue(), err.getvalue(), both.getvalue(), raised)


# The names under which the documentation has them; they come from the command-line library of the original.
CycloptsCliRunner = CliRunner
CycloptsResult = CliResult


def invoke_and_assert(
    command: str | list[str],
    user_input: str | None = None,
    prompts_and_responses: list[tuple[str, str] | tuple[str, str, str]] | None = None,
    expected_output: str | None = None,
    expected_output_contains: str | Iterable[str] | None = None,
    expected_output_does_not_contain: str | Iterable[str] | None = None,
    expected_line_count: int | None = None,
    expected_code: int | None = 0,
    echo: bool = True,
    temp_dir: str | None = None,
) -> CliResult:
    """Run a command and check what it printed and its exit code.

    Args:
        command: what follows `prefect`.
        user_input: what is typed in.
        prompts_and_responses: instead: `(question, answer)` pairs, each answered in turn; a third item is the
            option that is expected to be chosen by the answer.
        expected_output: the whole output, apart from space around it.
        expected_output_contains: texts that must be in it.
        expected_output_does_not_contain: texts that must not be in it.
        expected_line_count: its number of lines.
        expected_code: the exit code; None: any.
        echo: print the output, for pytest to show when something fails.
        temp_dir: the directory to run in.

    Raises:
        AssertionError: something is not as expected.
    """
    if prompts_and_responses:
        assert not user_input, "Give `user_input` or `prompts_and_responses`, not both."
        user_input = "".join(f"{pair[1]}\n" for pair in prompts_and_responses)
    with contextlib.chdir(temp_dir) if temp_dir is not None else contextlib.nullcontext():
        result = CliRunner().invoke(command, user_input)
    if echo:
        sys.stdout.write(f"\n{result.output}")
    if expected_code is not None:
        assert result.exit_code == expected_code, _unexpected_code(result, expected_code)
    for pair in prompts_and_responses or ():
        check_contains(result, pair[0], should_contain=True)
        if len(pair) > 2:
            check_contains(result, pair[2], should_contain=True)
    if expected_output is not None:
        assert result.output.strip() == expected_output.strip()
    for text in _texts(expected_output_contains):
        check_contains(result, text, should_contain=True)
    for text in _texts(expected_output_does_not_contain):
        check_contains(result, text, should_contain=False)
    if expected_line_count is not None:
        assert len(result.output.splitlines()) == expected_line_count, result.output
    return result


def check_contains(cli_result: CliResult, content: str, should_contain: bool) -> None:
    """Check that a text is (or is not) in the output; space at the ends of lines does not count.

    Raises:
        AssertionError: it is not (or is).
    """
    output = "\n".join(line.rstrip() for line in cli_result.output.splitlines())
    wanted = "\n".join(line.rstrip() for line in content.strip().splitlines())
    if (wanted in output) is not should_contain:
        verb = "does not contain" if should_contain else "contains"
        raise AssertionError(f"The output {verb} {wanted!r}:\n{output}")


@contextmanager
def temporary_console_width(console: Any, width: int) -> Iterator[None]:
    """Give a rich console another width for the block."""
    before = console.width
    console.width = width
    try:
        yield
    finally:
        console.width = before


def _unexpected_code(result: CliResult, expected: int) -> str:
    raised = "" if result.exception is None else f" and raised {result.exception!r}"
    return f"The command exited with {result.exit_code} instead of {expected}{raised}:\n{result.output}"


def _texts(given: str | Iterable[str] | None) -> list[str]:
    return [] if given is None else [given] if isinstance(given, str) else list(given)


class _Twice(io.TextIOBase):
    """A stream that writes to two others."""

    def __init__(self, *streams: io.StringIO) -> None:
        self._streams = streams

    def write(self, text: str) -> int:
        for stream in self._streams:
            stream.write(text)
        return len(text)

    def writable(self) -> bool:
        return True


@contextmanager
def _typed_in(text: str) -> Iterator[None]:
    """Let the block read `text` from standard input; who asks for more gets the end of the file."""
    before, sys.stdin = sys.stdin, io.StringIO(text)
    try:
        yield
    finally:
        sys.stdin = before

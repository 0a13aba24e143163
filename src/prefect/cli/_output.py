"""How commands talk: text, tables, JSON, success, errors, questions.

Results go to standard output, errors to standard error. Here: the forms. Not here: what is said.
"""

from __future__ import annotations

import enum
import json
import sys
from collections.abc import Iterable, Sequence
from typing import IO, TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from prefect.settings import get_current_settings

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

PIPE_WIDTH = 200
"""Columns when the output is no terminal: wide enough that no id or name is cut in a file or a pipe."""


class OutputFormat(str, enum.Enum):
    """Machine-readable forms of output."""

    json = "json"


OutputOption = Annotated[
    OutputFormat | None, typer.Option("--output", "-o", help="Print as JSON, for programs to read.")
]
"""The `--output json` of commands that list or inspect: `def ls(output: OutputOption = None)`."""


def console(stderr: bool = False) -> Console:
    """Return a rich console that follows the settings `cli.colors` and `cli.wrap_lines`."""
    from rich.console import Console

    cli = get_current_settings().cli
    terminal = Console(
        stderr=stderr, highlight=False, no_color=not cli.colors or None, soft_wrap=not cli.wrap_lines
    )
    if not terminal.is_terminal:
        terminal.width = PIPE_WIDTH
    return terminal


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], title: str | None = None) -> Table:
    """Make a table; values that are None show as nothing, text is taken literally."""
    from rich.table import Table
    from rich.text import Text

    made = Table(*columns, title=title, title_justify="left", header_style="bold")
    for row in rows:
        made.add_row(
            *(cell if isinstance(cell, Text) else Text("" if cell is None else str(cell)) for cell in row)
        )
    return made


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], title: str | None = None) -> None:
    """Print a table to standard output."""
    console().print(table(columns, rows, title))


def print_json(value: Any) -> None:
    """Print a value as indented JSON; models, ids, times and the like in their JSON form."""
    typer.echo(json.dumps(value, indent=2, default=_json_value, ensure_ascii=False))


def _json_value(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if hasattr(value, "total_seconds"):
        return value.total_seconds()
    return str(value)


def print_lines(lines: Iterable[str]) -> None:
    """Print lines literally to standard output."""
    for line in lines:
        typer.echo(line)


def exit_with_error(message: str, code: int = 1) -> NoReturn:
    """Print a message to standard error and end the command, by default with exit code 1."""
    print_error(message)
    raise typer.Exit(code)


def print_error(message: str) -> None:
    """Print a message to standard error, red on terminals."""
    typer.secho(message, err=True, fg=_colour(typer.colors.RED, sys.stderr))


def exit_with_success(message: str) -> NoReturn:
    """Print a message to standard output and end the command with exit code 0."""
    print_success(message)
    raise typer.Exit(0)


def print_success(message: str) -> None:
    """Print a message to standard output, green on terminals."""
    typer.secho(message, fg=_colour(typer.colors.GREEN, sys.stdout))


def _colour(colour: str, stream: IO[str]) -> str | None:
    # An error about settings must be printable although there are none, so the stream is asked first.
    return colour if stream.isatty() and get_current_settings().cli.colors else None


def is_interactive() -> bool:
    """Whether questions may be asked: what `--prompt` or a setting says, else whether somebody is there."""
    prompt = get_current_settings().cli.prompt
    return sys.stdin.isatty() and sys.stdout.isatty() if prompt is None else prompt


def confirm(question: str, yes: bool = False) -> None:
    """Ask before something that cannot be undone, if there is somebody to ask; a no ends the command."""
    if not yes and is_interactive() and not typer.confirm(question):
        exit_with_error("Aborted; nothing was changed.")

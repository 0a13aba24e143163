"""The `prefect` command. `main` is its entry point; `root` holds the table of commands, one module per group.

The only room that imports a terminal library. Commands ask other rooms and print; they decide nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn


def main(args: Sequence[str] | None = None) -> NoReturn:
    """Run the command line, by default with the arguments of the process, and exit."""
    from prefect.cli.root import run

    run(args)

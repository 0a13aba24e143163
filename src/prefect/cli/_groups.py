"""Groups of commands: loaded when called, found in any letter case, helpful when called alone.

Here: what all groups have in common. Not here: any command, or which groups there are (see `root`).
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperGroup


class CommandGroup(TyperGroup):
    """A group whose commands may be written with `_` or `-`, in any case, and by hidden other names."""

    modules: ClassVar[dict[str, str]] = {}
    """Modules of commands that are loaded when they are called; each has a `typer.Typer` named `app`."""
    aliases: ClassVar[dict[str, str]] = {}
    """Hidden other names of commands."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the command of that name, loading its module when needed; None if there is none."""
        name = cmd_name.lower().replace("_", "-")
        name = self.aliases.get(name, name)
        command = super().get_command(ctx, name)
        if command is None and name in self.modules:
            command = typer.main.get_command(import_module(self.modules[name]).app)
            command.name = name
            self.add_command(command, name)
        return command

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names that help shows, sorted."""
        return sorted({*super().list_commands(ctx), *self.modules})

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Show the help of a group that is called alone; asking for help that way is no error."""
        if not args and not ctx.resilient_parsing:
            typer.echo(ctx.get_help(), color=ctx.color)
            ctx.exit(0)
        return super().parse_args(ctx, args)


def command_group(help: str, cls: type[CommandGroup] = CommandGroup) -> typer.Typer:
    """Return an empty group; commands join it with `@app.command()`."""
    app = typer.Typer(help=help, cls=cls, add_completion=False, rich_markup_mode=None)
    app.callback()(_nothing)  # without a callback, typer takes a group of one command for that command
    return app


def _nothing() -> None:
    pass


def single_command() -> typer.Typer:
    """Return the home of a command that stands alone on the first level, such as `prefect version`."""
    return typer.Typer(add_completion=False, rich_markup_mode=None)

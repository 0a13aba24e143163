"""The first level of `prefect`: the table of commands, the global options, and what becomes of errors."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Annotated, Any, ClassVar, NoReturn

import typer

from prefect.cli._groups import CommandGroup, command_group
from prefect.cli._output import exit_with_error, print_error
from prefect.exceptions import PrefectException
from prefect.settings import get_current_settings, temporary_settings, use_profile
from prefect.settings.context import settings_without_profile_values
from prefect.settings.errors import InvalidSettingError

COMMANDS = {
    "config": "prefect.cli.config",
    "events": "prefect.cli.events",
    "flow": "prefect.cli.flow",
    "flow-run": "prefect.cli.flow_run",
    "profile": "prefect.cli.profile",
    "result": "prefect.cli.result",
    "server": "prefect.cli.server",
    "task-run": "prefect.cli.task_run",
    "version": "prefect.cli.version",
}
"""Every command of the first level, with the module that has it; loaded when it is called."""

PLURALS = {
    "automations": "automation",
    "blocks": "block",
    "concurrency-limits": "concurrency-limit",
    "deployments": "deployment",
    "event": "events",
    "flow-runs": "flow-run",
    "flows": "flow",
    "gcl": "global-concurrency-limit",
    "profiles": "profile",
    "results": "result",
    "task-runs": "task-run",
    "work-pools": "work-pool",
    "work-queues": "work-queue",
}
"""Hidden other names of commands."""

MENDING = ("config", "profile", "version")
"""Commands that must work although the profile holds values that cannot be used: they help to mend it."""


class RootGroup(CommandGroup):
    """The first level."""

    modules: ClassVar[dict[str, str]] = COMMANDS
    aliases: ClassVar[dict[str, str]] = PLURALS

    def invoke(self, ctx: Any) -> Any:
        """Run the command; a server that is away or refuses ends it in words."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            from prefect.cli._server_client import trouble_with_server

            told = trouble_with_server(error)
            if told is None:
                raise
            exit_with_error(told)


app = command_group("Workflows in plain Python: recorded, resumable, explained.", cls=RootGroup)


def _print_version(value: bool) -> None:
    if value:
        from prefect.cli.version import installed_version

        typer.echo(installed_version())
        raise typer.Exit(0)


@app.callback()
def root(
    ctx: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version", "-v", is_eager=True, callback=_print_version, help="Print the version and exit."
        ),
    ] = False,
    profile: Annotated[
        str | None, typer.Option("--profile", "-p", help="Use this profile; it wins over the environment.")
    ] = None,
    prompt: Annotated[
        bool | None,
        typer.Option("--prompt/--no-prompt", help="Ask questions, or never do. Default: on terminals."),
    ] = None,
) -> None:
    """Put the settings of the command in force, for as long as it runs."""
    try:
        if profile is not None:
            _enter(ctx, use_profile(profile, override_environment_variables=True))
        get_current_settings()
    except InvalidSettingError as error:
        if (
            ctx.invoked_subcommand is None
            or PLURALS.get(ctx.invoked_subcommand, ctx.invoked_subcommand) not in MENDING
        ):
            raise
        ctx.obj = error
        _enter(ctx, settings_without_profile_values(profile))
    if prompt is not None:
        _enter(ctx, temporary_settings({"cli.prompt": prompt}))


def _enter(ctx: typer.Context, settings: AbstractContextManager[Any]) -> None:
    ctx.with_resource(settings)


def run(args: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit: 0 for success, 1 for errors, 2 for wrong usage."""
    command = typer.main.get_command(app)
    try:
        command.main(args=None if args is None else list(args), prog_name="prefect")
    except PrefectException as error:
        print_error(str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(0)

"""`prefect server database`: the schema of the store, changed when the operator says so.

Not here: the changes (`prefect.server.database.administration`, `new_revision`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from prefect.cli._groups import command_group
from prefect.cli._output import confirm, exit_with_error, is_interactive, print_lines, print_success
from prefect.settings import get_current_settings

if TYPE_CHECKING:
    from prefect.server.database.administration import Schema

app = command_group(
    "Change the schema of the store. A store is brought up to date by itself when it is opened."
)

YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run/--no-dry-run", help="Show which migrations would run, and change nothing.")
]


@app.command()
def upgrade(
    yes: YesOption = False,
    revision: Annotated[str, typer.Option("--revision", "-r", help="Up to which revision.")] = "head",
    dry_run: DryRunOption = False,
) -> None:
    """Bring the store to the current revision, or to another."""
    schema = _schema()
    if not _only_shown(schema, revision, dry_run, down=False):
        confirm(f"Upgrade {_name_of(schema)}?", yes)
        schema.upgrade_to(revision)
        _tell_revision(schema)


@app.command()
def downgrade(
    yes: YesOption = False,
    revision: Annotated[str, typer.Option("--revision", "-r", help="Back to which revision.")] = "-1",
    dry_run: DryRunOption = False,
) -> None:
    """Take the store back to an earlier revision; what only later ones can hold is lost."""
    schema = _schema()
    if not _only_shown(schema, revision, dry_run, down=True):
        _confirm_loss(f"Downgrade {_name_of(schema)}? What only later revisions can hold is lost.", yes)
        schema.downgrade_to(revision)
        _tell_revision(schema)


def _only_shown(schema: Schema, revision: str, dry_run: bool, down: bool) -> bool:
    """Show which migrations would run, if no more than that is wanted; whether it was."""
    if dry_run:
        print_lines(schema.steps_to(revision, down) or ["Nothing to do."])
    return dry_run


def _tell_revision(schema: Schema) -> None:
    print_success(f"The store is at revision {schema.revision() or 'base: it is empty'}.")


@app.command()
def reset(yes: YesOption = False) -> None:
    """Delete everything in the store."""
    schema = _schema()
    _confirm_loss(f"Delete every run, log and deployment in {_name_of(schema)}?", yes)
    schema.reset()
    print_success("The store is empty.")


@app.command()
def stamp(revision: Annotated[str, typer.Argument(help="The revision it is at.")]) -> None:
    """Write down at which revision the store is, without changing it."""
    schema = _schema()
    schema.stamp(revision)
    print_success(f"The store is said to be at revision {schema.revision()}.")


@app.command("revision")
def write_revision(
    message: Annotated[str, typer.Option("--message", "-m", help="What it changes, in a few words.")],
    autogenerate: Annotated[
        bool, typer.Option("--autogenerate/--no-autogenerate", help="Fill in what the tables have more.")
    ] = False,
) -> None:
    """Write a new migration into this checkout, for those who work on Prefect itself. No store is touched."""
    from prefect.server.database.new_revision import new_revision

    try:
        path = new_revision(message, autogenerate)
    except OSError as error:
        exit_with_error(
            f"Cannot write {error.filename}: {error.strerror}. Work in a checkout of the project."
        )
    print_success(f"Wrote {path}.")
    print_lines(["Add its number to REVISIONS in prefect/server/database/schema.py, then run `make schema`."])


def _schema() -> Schema:
    from prefect.server.database.administration import Schema
    from prefect.server.database.options import options_of

    settings = get_current_settings()
    url = settings.server.database.connection_url
    try:
        return Schema("" if url is None else url.get_secret_value(), options_of(settings))
    except ValueError as error:
        exit_with_error(str(error))


def _name_of(schema: Schema) -> str:
    """The database as it may be shown."""
    return f"the store {getattr(schema.database, 'location', None) or repr(schema.database)}"


def _confirm_loss(question: str, yes: bool) -> None:
    if not yes and not is_interactive():
        exit_with_error("This deletes records, and nobody is there to be asked: say --yes.")
    confirm(question, yes)

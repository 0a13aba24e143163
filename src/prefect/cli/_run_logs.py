"""The log records of a run: which, in which order, as lines or as JSON. Shared by flow runs and task runs."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any, Protocol
from uuid import UUID

import typer

from prefect.cli._output import OutputFormat, exit_with_error, print_json
from prefect.schemas.logs import Log

if TYPE_CHECKING:
    from prefect.cli._questions import Questions

_LINES = 20
_PAGE = 500

HeadOption = Annotated[bool, typer.Option("--head", "-h", help="Only the first records (20 unless -n says).")]
TailOption = Annotated[bool, typer.Option("--tail", "-t", help="Only the last records (20 unless -n says).")]
NumberOption = Annotated[
    int | None,
    typer.Option(
        "--num-logs", "-n", min=1, help="How many records; without --head, the last ones.", show_default=False
    ),
]
ReverseOption = Annotated[bool, typer.Option("--reverse", "-r", help="The latest record first.")]


class Names(Protocol):
    """Knows what task runs are called."""

    def task_run_names(self, ids: set[UUID]) -> dict[UUID, str]:
        """The names of task runs."""
        ...


FollowOption = Annotated[
    bool, typer.Option("--follow", "-f", help="Go on with what comes, until the run has ended.")
]


def print_logs(
    store: Questions,
    criteria: dict[str, Any],
    owner: str,
    head: bool,
    tail: bool,
    number: int | None,
    reverse: bool,
    output: OutputFormat | None,
) -> None:
    """Print log records.

    Args:
        criteria: which, as of a log filter.
        owner: the run they belong to where they name no task run: "Flow run 'name'".
        head, tail, number, reverse, output: the options of the command.
    """
    if head and tail:
        exit_with_error("Please provide either a `head` or `tail` option but not both.")
    if number is None and (head or tail):
        number = _LINES
    records = _chosen(store, criteria, head, number, reverse)
    if output:
        print_json(list(records))
        return
    names: dict[UUID, str] = {}
    page: list[Log] = []
    for record in records:
        page.append(record)
        if len(page) == _PAGE:
            print_page(store, page, owner, names)
            page = []
    print_page(store, page, owner, names)


def _chosen(
    store: Questions, criteria: dict[str, Any], head: bool, number: int | None, reverse: bool
) -> Iterator[Log]:
    """The records asked for, in the order asked for; few are held at a time unless few are asked for."""
    if number is None:
        return _pages(store, criteria, newest_first=reverse)
    records = list(_pages(store, criteria, newest_first=not head, most=number))
    return iter(records if reverse is not head else records[::-1])


def _pages(
    store: Questions, criteria: dict[str, Any], newest_first: bool, most: int | None = None
) -> Iterator[Log]:
    got = 0
    while most is None or got < most:
        wanted = _PAGE if most is None else min(_PAGE, most - got)
        page = store.logs(criteria, newest_first, wanted, got)
        yield from page
        got += len(page)
        if len(page) < wanted:
            return


def print_page(store: Names, page: list[Log], owner: str, names: dict[UUID, str]) -> None:
    """Print records as lines; `names` are those of the task runs known so far."""
    unknown = {record.task_run_id for record in page if record.task_run_id is not None} - names.keys()
    if unknown:
        names.update(store.task_run_names(unknown))
    for record in page:
        typer.echo(_line(record, owner, names))


def _line(record: Log, owner: str, names: dict[UUID, str]) -> str:
    at = record.timestamp.astimezone().strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    whose = owner
    if record.task_run_id is not None:
        whose = f"Task run {names.get(record.task_run_id, str(record.task_run_id))!r}"
    return f"{at} | {logging.getLevelName(record.level):7s} | {whose} - {record.message}"


def follow_logs(
    run: str, head: bool, tail: bool, number: int | None, reverse: bool, output: OutputFormat | None
) -> None:
    """Print the log of a flow run and go on with what comes, until it has ended or somebody has had enough.

    Args:
        run: its id or name.
        head, tail, number, reverse, output: the options of the command.
    """
    from prefect.cli._flow_run_source import FlowRunSource
    from prefect.cli._following import Follower
    from prefect.cli._server_client import command_client, tell_away
    from prefect.cli._store import flow_run_meant

    if head or reverse:
        exit_with_error("--follow prints what comes, as it comes: it goes with neither --head nor --reverse.")
    names: dict[UUID, str] = {}

    def show(records: list[Log]) -> None:
        if output:
            for record in records:
                typer.echo(record.model_dump_json())
        else:
            print_page(source, records, f"Flow run {source.run.name!r}", names)

    meant = flow_run_meant(run)
    # waiting for a server that is away is done here, where it can be told
    with command_client(max_retries=0) as client:
        source = FlowRunSource(client, meant)
        follower = Follower(source, show, away=tell_away)
        if tail or number is not None:
            latest = source.latest(number or _LINES)
            show(latest)
            follower.begin_after(latest)
        with suppress(KeyboardInterrupt):
            # that is one way to end it
            follower.run()

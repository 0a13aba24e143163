"""`prefect result`: the stored results of runs, read from the shell.

Not here: what a result is and where it lies (`prefect.results`), its facts in words (`_results`).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from prefect.cli import _results as results
from prefect.cli import _wording as words
from prefect.cli._groups import command_group
from prefect.cli._output import (
    OutputOption,
    exit_with_error,
    print_json,
    print_lines,
    print_success,
)
from prefect.cli._pruning import DryRunOption, OlderThanOption, YesOption, prune_results
from prefect.cli._run_lists import print_list
from prefect.cli._store import open_store
from prefect.schemas.bases import now
from prefect.schemas.runs import FlowRun, TaskRun

if TYPE_CHECKING:
    from prefect.schemas.results import ResultRecordMetadata
    from prefect.server.models.trees import FlowRunNode

app = command_group("Look at the results that runs have stored.")

_RUNS_LISTED = 200
_SIGNS = {results.STORED: "stored", results.GONE: "gone", results.ELSEWHERE: "in a block", results.NONE: "-"}
_SUMMARY = {
    results.STORED: "stored",
    results.GONE: "gone",
    results.ELSEWHERE: "in storage blocks (not looked for)",
    results.NONE: "without a result",
}

RawOption = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="Write the result to this file (- for standard output): bytes and text as they are, anything "
        "else as its serializer stored it.",
        show_default=False,
    ),
]
LimitOption = Annotated[int, typer.Option(min=1, help="How many task runs of each flow run at most.")]


@app.command()
def get(
    run: Annotated[
        str | None,
        typer.Argument(
            help="The id of a flow run or task run, the beginning of it, or the run's name.",
            show_default=False,
        ),
    ] = None,
    raw: RawOption = None,
    list_: Annotated[
        bool, typer.Option("--list", "-l", help="List the results of a flow run instead, as `ls` does.")
    ] = False,
    output: OutputOption = None,
) -> None:
    """Show the result of a flow run or task run: the value, and where and how it is stored.

    The value goes to standard output, what is known about it to standard error.
    """
    if list_:
        _list(run, _RUNS_LISTED, as_json=bool(output))
        return
    if run is None:
        exit_with_error(
            "Say which run's result: `prefect result get RUN`; `prefect result ls` lists them.", 2
        )
    with open_store() as store:
        found = store.find_run(run)
    facts = results.facts_of(found)
    if facts.metadata is None:
        exit_with_error(results.why_none(found))
    if raw is not None:
        _write_raw(facts, raw)
    elif output:
        print_json({**facts.as_json(), "value": _value(facts)})
    else:
        _print_value(_value(facts))
        typer.echo(results.told(facts, now()), err=True)


@app.command()
def ls(
    flow_run: Annotated[
        str | None,
        typer.Argument(
            help="The id of a flow run, the beginning of it, or its name. Default: the latest flow run.",
            show_default=False,
        ),
    ] = None,
    limit: LimitOption = _RUNS_LISTED,
    output: OutputOption = None,
) -> None:
    """List which runs inside a flow run have stored results, and whose results are gone."""
    _list(flow_run, limit, as_json=bool(output))


@app.command()
def prune(
    older_than: OlderThanOption = None,
    orphans: Annotated[
        bool,
        typer.Option(
            "--orphans",
            help="Also remove results in the local storage that no run in this store refers to, such as "
            "values of transactions. Not where another store uses the same directory.",
        ),
    ] = False,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    output: OutputOption = None,
) -> None:
    """Remove stored results of runs that ended long ago.

    What a run needs that goes on or can be resumed stays, and so does what lies in storage blocks.
    """
    prune_results(older_than, orphans, dry_run, yes, as_json=bool(output))


# --- get ------------------------------------------------------------------------------------------------


def _value(facts: results.ResultFacts) -> Any:
    """The stored value; ends the command when it cannot be had."""
    from prefect.exceptions import MissingResult, SerializationError
    from prefect.results import ResultRecord

    metadata, text = _stored_text(facts)
    try:
        return ResultRecord.from_text(metadata, text, metadata.storage_key).result
    except (MissingResult, SerializationError) as error:
        exit_with_error(
            f"{error}\n`prefect result get {facts.run.id} --raw FILE` gives what is stored, unread."
        )


def _stored_text(facts: results.ResultFacts) -> tuple[ResultRecordMetadata, bytes]:
    """What the serializer wrote; ends the command when it cannot be had."""
    from prefect._steps import run_blocking
    from prefect.exceptions import MissingResult
    from prefect.results.access import text_steps

    assert facts.metadata is not None
    try:
        return run_blocking(text_steps(facts.metadata))
    except (MissingResult, ValueError, OSError) as error:
        exit_with_error(f"The result of the {results.kind_of(facts.run)} {facts.run.name!r}: {error}")


def _print_value(value: Any) -> None:
    if isinstance(value, str):
        print_lines([value])
        return
    import pprint

    print_lines([pprint.pformat(value, width=100, compact=True, sort_dicts=False)])


def _write_raw(facts: results.ResultFacts, target: str) -> None:
    content = _raw_content(facts)
    if target == "-":
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    try:
        Path(target).write_bytes(content)
    except OSError as error:
        exit_with_error(f"Cannot write {target!r}: {error.strerror}.")
    print_success(f"Wrote {results.size_text(len(content))} to {target}.")


def _raw_content(facts: results.ResultFacts) -> bytes:
    from prefect.exceptions import MissingResult, SerializationError
    from prefect.results import ResultRecord

    metadata, text = _stored_text(facts)
    try:
        value: Any = ResultRecord.from_text(metadata, text).result
    except (MissingResult, SerializationError) as error:
        typer.echo(f"Not read, so written as it is stored. {error}", err=True)
        return text
    if isinstance(value, str):
        return value.encode()
    return bytes(value) if isinstance(value, bytes | bytearray) else text


# --- ls -------------------------------------------------------------------------------------------------


def _list(flow_run: str | None, limit: int, as_json: bool) -> None:
    with open_store() as store:
        root = store.latest_flow_run() if flow_run is None else store.find_flow_run(flow_run)
        if root is None:
            exit_with_error("There are no flow runs yet.")
        tree = store.flow_run_tree(root.id, limit)
    found = [results.facts_of(run) for node in tree.walk() for run in _runs_of(node)]
    if as_json:
        print_json([facts.as_json() for facts in found])
        return
    at = now()
    rows = [(facts.run.id, _cells(facts, at)) for facts in found]
    print_list(("Name", "State", "Result", "Size", "Serializer", "When"), rows, elastic=1)
    _print_summary(root, found, sum(node.omitted for node in tree.walk()))


def _runs_of(node: FlowRunNode) -> Iterator[FlowRun | TaskRun]:
    """The flow run and its task runs, without those that stand for subflows: these follow as flow runs."""
    yield node.run
    yield from (inside.run for inside in node.task_runs if inside.subflow is None)


def _cells(facts: results.ResultFacts, at: datetime) -> list[Any]:
    return [
        facts.run.name,
        words.state_text(facts.run.state_type, facts.run.state_name),
        _SIGNS[facts.presence],
        "" if facts.size_bytes is None else results.size_text(facts.size_bytes),
        facts.serializer,
        words.ago(facts.stored_at, at),
    ]


def _print_summary(root: FlowRun, found: list[results.ResultFacts], omitted: int) -> None:
    parts = []
    for presence, text in _SUMMARY.items():
        number = sum(facts.presence == presence for facts in found)
        if number:
            parts.append(f"{number:,} {text}")
    more = f"; {words.counted(omitted, 'task run')} not listed (--limit)" if omitted else ""
    print_lines([f"Flow run {root.name!r}: {', '.join(parts)}{more}."])

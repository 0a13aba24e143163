"""`prefect flow`: the flows that have been run, and how their last runs went."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from prefect.cli import _wording as words
from prefect.cli._groups import command_group
from prefect.cli._output import OutputOption, print_json, print_lines
from prefect.cli._run_lists import as_json, print_list
from prefect.cli._store import open_store
from prefect.schemas.bases import now

app = command_group("Look at flows.")


@app.command()
def ls(
    limit: Annotated[int, typer.Option(min=0, help="How many flows at most.")] = 15,
    output: OutputOption = None,
) -> None:
    """List flows, the newest first, each with its last run."""
    with open_store() as store:
        overviews = store.flows(limit)
    if output:
        print_json([as_json(one.flow, runs=one.runs, last_run=one.last_run) for one in overviews])
        return
    if not overviews:
        print_lines(["No flows found."])
        return
    at = now()
    rows: list[tuple[Any, list[Any]]] = []
    for one in overviews:
        last, state, when = one.last_run, words.state_text(None, None), ""
        if last is not None:
            state = words.state_text(last.state_type, last.state_name)
            when = words.ago(last.start_time or last.expected_start_time, at)
        runs = f"{one.runs:,}"
        rows.append(
            (one.flow.id, [one.flow.name, runs, state if last else "", when, words.ago(one.flow.created, at)])
        )
    print_list(("Name", "Runs", "Last run", "When", "Created"), rows, elastic=1)

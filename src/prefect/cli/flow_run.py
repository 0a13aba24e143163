"""`prefect flow-run`: the runs of flows, listed, explained, their logs, deleted.

Each command asks `_store` and hands the answer to a module that shows it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from prefect.cli import _run_facts as facts
from prefect.cli import _wording as words
from prefect.cli._flow_run_again import add_commands
from prefect.cli._flow_run_control import add_commands as add_control_commands
from prefect.cli._groups import command_group
from prefect.cli._output import (
    OutputOption,
    confirm,
    exit_with_error,
    print_json,
    print_lines,
    print_success,
)
from prefect.cli._page import Page, lines
from prefect.cli._pruning import DryRunOption, OlderThanOption, YesOption, prune_runs
from prefect.cli._run_lists import as_json, print_list, state_names, state_types
from prefect.cli._run_logs import (
    FollowOption,
    HeadOption,
    NumberOption,
    ReverseOption,
    TailOption,
    follow_logs,
    print_logs,
)
from prefect.cli._store import open_store
from prefect.schemas.bases import now

if TYPE_CHECKING:
    from prefect.server.models.stories import FlowRunStory
    from prefect.server.models.trees import FlowRunNode

app = command_group("Look at the runs of flows: what happened, when, and why.")

_TOLD_LABELS = {"prefect.forked-from": "Forked from", "prefect.flow.entrypoint": "Code"}

RunArgument = Annotated[
    str,
    typer.Argument(
        metavar="ID", help="The id of the run, the beginning of it, or the run's name.", show_default=False
    ),
]


@app.command()
def ls(
    flow_name: Annotated[
        list[str] | None, typer.Option(help="Only runs of this flow (repeatable).", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="How many runs at most.")] = 15,
    state: Annotated[
        list[str] | None,
        typer.Option(help="Only runs in the state of this name (repeatable).", show_default=False),
    ] = None,
    state_type: Annotated[
        list[str] | None,
        typer.Option(help="Only runs in a state of this type (repeatable).", show_default=False),
    ] = None,
    output: OutputOption = None,
) -> None:
    """List flow runs, the latest first."""
    types, names = state_types(state_type or []), state_names(state or [])
    with open_store() as store:
        runs = store.flow_runs(flow_name or [], types, names, limit)
        flows = store.flow_names({run.flow_id for run in runs})
    if output:
        print_json([as_json(run, flow_name=flows.get(run.flow_id)) for run in runs])
        return
    if not runs:
        print_lines(["No flow runs found."])
        return
    at = now()
    rows: list[tuple[Any, list[Any]]] = [
        (
            run.id,
            [
                flows.get(run.flow_id, ""),
                run.name,
                words.state_text(run.state_type, run.state_name),
                words.ago(run.start_time or run.expected_start_time, at),
                words.duration(run.estimated_run_time) if run.start_time else "",
            ],
        )
        for run in runs
    ]
    print_list(("Flow", "Name", "State", "When", "Ran"), rows, elastic=2)


@app.command()
def inspect(
    id: RunArgument,
    web: Annotated[bool, typer.Option("--web", help="Open the run in the UI instead.")] = False,
    output: OutputOption = None,
) -> None:
    """Tell what happened in a flow run, where its time went, and why."""
    with open_store() as store:
        run = store.find_flow_run(id)
        if web:
            open_in_ui("flow-run", run.id)
            return
        story = store.flow_run_story(run)
    if output:
        print_json(_story_as_json(story))
    else:
        _print_story(story)


@app.command()
def logs(
    id: RunArgument,
    head: HeadOption = False,
    num_logs: NumberOption = None,
    reverse: ReverseOption = False,
    tail: TailOption = False,
    follow: FollowOption = False,
    output: OutputOption = None,
) -> None:
    """Show the log records of a flow run and its task runs."""
    if follow:
        follow_logs(id, head, tail, num_logs, reverse, output)
        return
    with open_store() as store:
        run = store.find_flow_run(id)
        criteria = {"flow_run_id": {"any_": [run.id]}}
        print_logs(store, criteria, f"Flow run {run.name!r}", head, tail, num_logs, reverse, output)


@app.command()
def delete(
    id: RunArgument,
    force: Annotated[bool, typer.Option("--force", help="Also when a process still runs it.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
) -> None:
    """Delete a flow run with its task runs, states and logs. Runs of subflows stay."""
    with open_store() as store:
        run = store.find_flow_run(id)
        confirm(f"Delete flow run {run.name!r} ({run.id})?", yes)
        store.delete_flow_run(run.id, force)
    print_success(f"Successfully deleted flow run '{run.id}'.")


@app.command()
def prune(
    older_than: OlderThanOption = None,
    keep_results: Annotated[
        bool, typer.Option("--keep-results", help="Leave the stored results of removed runs alone.")
    ] = False,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    output: OutputOption = None,
) -> None:
    """Remove runs that ended long ago, with their task runs, states, logs and local results.

    What goes on or can be resumed stays, with all that it needs. Task runs outside of flows are removed too.
    """
    prune_runs(older_than, dry_run, yes, keep_results, as_json=bool(output))


add_commands(app)
add_control_commands(app)


def open_in_ui(kind: str, id: Any) -> None:
    """Show a run in a browser; ends the command when nobody knows where the UI is."""
    import webbrowser

    from prefect.utilities.urls import url_for

    url = url_for(kind, obj_id=id)
    if url is None:
        exit_with_error("There is no UI to open: no API URL is set. Set PREFECT_API_URL, or PREFECT_UI_URL.")
    webbrowser.open(url)
    print_success(f"Opened {url}.")


# --- inspect ----------------------------------------------------------------------------------------------


def _print_story(story: FlowRunStory) -> None:
    from prefect.cli._run_tree import rows_of
    from prefect.cli._time_spent import spent
    from prefect.cli._tree_drawing import draw

    page, at = Page(), now()
    title = f"Flow run {story.tree.run.name} of flow {story.tree.flow_name}"
    page.part(title, facts.facts_table(_facts(story, at)))
    page.part("", lines(draw(rows_of(story, at), page.width)))
    page.part("Where the time went", spent(story, page.width, at))
    page.part("History", facts.history_table(story.states, at))


def _facts(story: FlowRunStory, at: Any) -> Any:
    run = story.tree.run
    yield "State", facts.state_fact(run)
    yield "Started", facts.times_fact(run, at)
    if story.holder is not None:
        yield "Runs in", facts.holder_fact(story.holder)
    yield "Attempts", facts.attempts_fact(run)
    yield "Parameters", facts.parameters_fact(run.parameters)
    yield "Tags", ", ".join(run.tags)
    if story.caller is not None:
        yield "Called by", f"{story.caller.name}  {story.caller.id}"
    for label, title in _TOLD_LABELS.items():
        yield title, str(run.labels.get(label, ""))
    yield "ID", str(run.id)


def _story_as_json(story: FlowRunStory) -> dict[str, Any]:
    from prefect.cli._time_spent import task_times

    return {
        **_node_as_json(story.tree),
        "states": story.states,
        "busy_time": story.busy_time,
        "tasks": [vars(time) for time in task_times(story)],
    }


def _node_as_json(node: FlowRunNode) -> dict[str, Any]:
    task_runs = [
        as_json(one.run, subflow_run=None if one.subflow is None else _node_as_json(one.subflow))
        for one in node.task_runs
    ]
    return as_json(node.run, flow_name=node.flow_name, task_runs=task_runs, task_runs_omitted=node.omitted)

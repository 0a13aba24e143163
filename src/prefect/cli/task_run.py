"""`prefect task-run`: the runs of tasks, listed, explained, their logs.

Each command asks `_store` and hands the answer to a module that shows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from prefect.cli import _caching as caching
from prefect.cli import _run_facts as facts
from prefect.cli import _wording as words
from prefect.cli._groups import command_group
from prefect.cli._output import OutputOption, print_json, print_lines
from prefect.cli._page import Page
from prefect.cli._run_lists import as_json, print_list, state_names, state_types
from prefect.cli._run_logs import HeadOption, NumberOption, ReverseOption, TailOption, print_logs
from prefect.cli._store import open_store
from prefect.cli.flow_run import RunArgument, open_in_ui
from prefect.schemas.bases import now
from prefect.schemas.runs import RunInput
from prefect.schemas.states import StateType

if TYPE_CHECKING:
    from rich.text import Text

    from prefect.server.models.dependencies import Neighbour
    from prefect.server.models.stories import TaskRunStory

app = command_group("Look at the runs of tasks: what went in, what happened, and why.")

_NAMES_SHOWN = 3
_OWN_EDGES = {"__parents__": "Called by", "wait_for": "Waited for"}


@app.command()
def ls(
    flow_run: Annotated[
        str | None,
        typer.Option(
            help="Only the task runs of this flow run (id, beginning of it, or name).", show_default=False
        ),
    ] = None,
    task_run_name: Annotated[
        list[str] | None, typer.Option(help="Only runs of this name (repeatable).", show_default=False)
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
    """List task runs, the latest first."""
    types, names = state_types(state_type or []), state_names(state or [])
    with open_store() as store:
        around = None if flow_run is None else store.find_flow_run(flow_run).id
        runs = store.task_runs(around, task_run_name or [], types, names, limit)
    if output:
        print_json([as_json(run) for run in runs])
        return
    if not runs:
        print_lines(["No task runs found."])
        return
    at = now()
    rows: list[tuple[Any, list[Any]]] = [
        (
            run.id,
            [
                words.task_label(run.task_key, run.name, run.dynamic_key),
                run.name,
                words.state_text(run.state_type, run.state_name),
                words.ago(run.start_time or run.expected_start_time, at),
                words.duration(run.estimated_run_time) if run.start_time else "",
            ],
        )
        for run in runs
    ]
    print_list(("Task", "Name", "State", "When", "Ran"), rows, elastic=2)


@app.command()
def inspect(
    id: RunArgument,
    web: Annotated[bool, typer.Option("--web", help="Open the run in the UI instead.")] = False,
    output: OutputOption = None,
) -> None:
    """Tell what went into a task run, what happened, and why."""
    with open_store() as store:
        run = store.find_task_run(id)
        if web:
            open_in_ui("task-run", run.id)
            return
        story = store.task_run_story(run)
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
    output: OutputOption = None,
) -> None:
    """Show the log records of a task run."""
    with open_store() as store:
        run = store.find_task_run(id)
        criteria = {"task_run_id": {"any_": [run.id]}}
        print_logs(store, criteria, f"Task run {run.name!r}", head, tail, num_logs, reverse, output)


# --- inspect ----------------------------------------------------------------------------------------------


def _print_story(story: TaskRunStory) -> None:
    page, at, run = Page(), now(), story.run
    names = {str(one.id): one.name for one in story.upstreams.values()}
    label = words.task_label(run.task_key, run.name, run.dynamic_key)
    page.part(f"Task run {run.name} of task {label}", facts.facts_table(_facts(story, at, names)))
    if edges := list(_edges(story)):
        page.part("Inputs", facts.facts_table(edges))
    if story.dependents:
        went_to = ((one.name, ", ".join(one.arguments)) for one in story.dependents)
        page.part("Its result went to", facts.facts_table(went_to))
    if (explanation := caching.explain(story)) is not None and explanation.parts:
        page.part("Parts of the cache key", facts.facts_table(caching.parts_lines(explanation)))
    page.part("History", facts.history_table(story.states, at, names))


def _facts(
    story: TaskRunStory, at: datetime, names: dict[str, str]
) -> Iterator[tuple[str, Text | str | None]]:
    run = story.run
    yield "State", facts.state_fact(run, names)
    yield "Started", facts.times_fact(run, at)
    yield "Attempts", facts.attempts_fact(run)
    if (explanation := caching.explain(story)) is not None:
        yield "Cache", caching.sentence(explanation)
    yield (
        "Flow run",
        "outside flows" if story.flow_run is None else f"{story.flow_run.name}  {story.flow_run.id}",
    )
    if story.subflow is not None:
        yield "Stands for", f"{story.subflow.name}  {story.subflow.id}"
    for name, title in _OWN_EDGES.items():
        yield title, _sources(run.task_inputs.get(name, []), story)
    yield "Tags", ", ".join(run.tags)
    yield "ID", str(run.id)


def _edges(story: TaskRunStory) -> Iterator[tuple[str, str]]:
    """Each parameter with the runs whose results went into it."""
    for name, inputs in story.run.task_inputs.items():
        if name not in _OWN_EDGES:
            yield name, _sources(inputs, story) or "a plain value"


def _sources(inputs: Iterable[RunInput], story: TaskRunStory) -> str:
    """The runs among inputs by name; of many runs of one task, their number."""
    groups: dict[str, list[Neighbour]] = {}
    others: list[str] = []
    for one in inputs:
        id = getattr(one, "id", None)
        if id is None:
            others.append(_other_input(one))
        elif (run := story.upstreams.get(id)) is None:
            others.append(f"a deleted run ({id})")
        else:
            groups.setdefault(_label(run), []).append(run)
    parts = [_group(label, runs) for label, runs in groups.items()]
    return "; ".join([*parts, *others])


def _group(label: str, runs: Sequence[Neighbour]) -> str:
    """Runs of one task, those that did not complete first."""
    ordered = sorted(runs, key=lambda run: run.state_type is StateType.COMPLETED)
    names = [
        run.name if run.state_type is StateType.COMPLETED else f"{run.name} ({run.state_name})"
        for run in ordered
    ]
    number = f"{label} ×{len(runs):,}: " if len(runs) > _NAMES_SHOWN else ""
    return f"{number}{words.joined(names, _NAMES_SHOWN)}"


def _label(run: Neighbour) -> str:
    return words.task_label(run.task_key, run.name, run.dynamic_key) if run.task_key else "flow runs"


def _other_input(one: RunInput) -> str:
    name, kind = getattr(one, "name", None), getattr(one, "type", None)
    return f"parameter {name}" if name else f"a constant of type {kind}"


def _story_as_json(story: TaskRunStory) -> dict[str, Any]:
    return as_json(
        story.run,
        flow_run_name=None if story.flow_run is None else story.flow_run.name,
        subflow_run_id=None if story.subflow is None else story.subflow.id,
        states=story.states,
        upstream_runs=[vars(one) for one in story.upstreams.values()],
        downstream_runs=[vars(one) for one in story.dependents],
        caching=caching.as_json(caching.explain(story)),
    )

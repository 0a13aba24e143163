"""Where the time of a flow run went: task by task how often, how long, how long waiting, and the slowest run.

Not here: adding up (`server/models/breakdowns`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from prefect.cli import _wording as words
from prefect.schemas.states import StateType

if TYPE_CHECKING:
    from rich.console import RenderableType

    from prefect.server.models.breakdowns import TaskSums
    from prefect.server.models.stories import FlowRunStory

_MOST_TASKS_SHOWN = 15
_BAR_WIDTH = 12
_WIDTH_FOR_BARS = 100
_ZERO = timedelta(0)
_WORTH_TELLING = timedelta(milliseconds=1)
_WORTH_TELLING_SHARE = 0.02
_AT_ONCE = 1.2
"""How many tasks there must be at a time, on average, for that to be told."""


@dataclass
class TaskTime:
    """The runs of one task in a whole tree. `share`: of the time that all tasks ran."""

    task: str
    runs: int = 0
    run_time: timedelta = _ZERO
    waiting_time: timedelta = _ZERO
    retries: int = 0
    cached: int = 0
    slowest: str = ""
    slowest_id: Any = None
    slowest_run_time: timedelta = _ZERO
    share: float = 0.0


def task_times(story: FlowRunStory) -> list[TaskTime]:
    """Each task of a tree with its sums, the one that ran longest first. Calls of subflows are no tasks."""
    times: dict[str, TaskTime] = {}
    for sums in (one for of_flow_run in story.sums.values() for one in of_flow_run if not one.is_subflow):
        label = words.task_label(sums.task_key, sums.slowest_name, sums.slowest_dynamic_key)
        _add(times.setdefault(sums.task_key, TaskTime(label)), sums)
    total = sum((time.run_time for time in times.values()), _ZERO)
    for time in times.values():
        time.share = time.run_time / total if total else 0.0
    return sorted(times.values(), key=lambda time: -time.run_time)


def _add(time: TaskTime, sums: TaskSums) -> None:
    time.runs += sums.number
    time.run_time += sums.run_time
    time.waiting_time += sums.waiting_time
    time.retries += sums.retries
    time.cached += sums.counts.get((StateType.COMPLETED, "Cached"), 0)
    if time.slowest_id is None or sums.slowest_run_time > time.slowest_run_time:
        time.slowest, time.slowest_id = sums.slowest_name, sums.slowest_id
        time.slowest_run_time = sums.slowest_run_time


def spent(story: FlowRunStory, width: int, now: datetime) -> RenderableType:
    """Where the time went: a sentence, and the tasks as a table that fits the width."""
    from rich.console import Group

    times = task_times(story)
    sentence = summary(story, times, now)
    return Group(sentence, table_of(times, width)) if times else Group(sentence)


def summary(story: FlowRunStory, times: list[TaskTime], now: datetime) -> str:
    """How long it took, how much of that tasks were under way, and what else there was."""
    run = story.tree.run
    begin = run.expected_start_time or run.start_time
    if run.start_time is None or begin is None:
        return "It has not started."
    end = run.end_time if run.state is not None and run.state.is_final() and run.end_time else now
    whole, busy = end - begin, min(story.busy_time, end - run.start_time)
    before = run.start_time - begin
    parts = (
        (before, "before it started"),
        (busy, "with tasks under way"),
        (run.estimated_run_time - busy, "in the flow's own code"),
        (whole - before - run.estimated_run_time, "between attempts"),
    )
    told = [
        f"{words.duration(length)} {where}"
        for length, where in parts
        if length > _WORTH_TELLING and length > _WORTH_TELLING_SHARE * whole
    ]
    text = f"{words.duration(whole)} in all{': ' if told else ''}{', '.join(told)}."
    ran = sum((time.run_time for time in times), _ZERO)
    if busy and ran > _AT_ONCE * busy:
        text += f" Tasks ran for {words.duration(ran)} together, {ran / busy:.1f} at a time."
    return text


def table_of(times: list[TaskTime], width: int) -> RenderableType:
    """The table; columns that would be empty for every task are left out."""
    from rich.table import Table
    from rich.text import Text

    waited = any(time.waiting_time > _WORTH_TELLING for time in times)
    retried, cached = any(time.retries for time in times), any(time.cached for time in times)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bright_black", pad_edge=False)
    table.add_column("Task", no_wrap=True, overflow="ellipsis", max_width=max(width // 3, 16))
    for name in ("Runs", "Ran", "Share"):
        table.add_column(name, justify="right", no_wrap=True)
    bars = width >= _WIDTH_FOR_BARS
    if bars:
        table.add_column("", width=_BAR_WIDTH)
    for name, shown in (("Waited", waited), ("Retries", retried), ("Cached", cached)):
        if shown:
            table.add_column(name, justify="right", no_wrap=True)
    table.add_column("Slowest", no_wrap=True, overflow="ellipsis")
    for time in times[:_MOST_TASKS_SHOWN]:
        cells: list[Text | str] = [
            Text(time.task),
            f"{time.runs:,}",
            words.duration(time.run_time),
            f"{time.share:.0%}",
        ]
        if bars:
            cells.append(Text("━" * round(time.share * _BAR_WIDTH), style="cyan"))
        cells += [words.duration(time.waiting_time)] * waited
        cells += [_or_nothing(time.retries)] * retried + [_or_nothing(time.cached)] * cached
        slowest = Text(f"{words.duration(time.slowest_run_time):>6}")
        if time.runs > 1:
            slowest.append(f" {time.slowest}", style="bright_black")
        table.add_row(*cells, slowest)
    if len(times) > _MOST_TASKS_SHOWN:
        table.add_row(
            Text(f"and {words.counted(len(times) - _MOST_TASKS_SHOWN, 'more task')}", style="bright_black")
        )
    return table


def _or_nothing(number: int) -> str:
    return f"{number:,}" if number else ""

"""The live display of running flows on a terminal: which tasks run, how many are done, a bar for each map.

Fed by the engine through `prefect.engine.observer`. Counting is cheap and happens in the
threads that report; painting is the business of one thread, ten times a second, and only that thread ever
loads rich. Flows that end within half a second show nothing.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prefect.cli._live_region import LiveRegion
from prefect.cli._wording import counted
from prefect.engine.observer import set_observer
from prefect.schemas.states import TERMINAL_STATES, StateType

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

_PAINTINGS_PER_SECOND = 10
_SECONDS_BEFORE_FIRST_PAINTING = 0.5
_MOST_TASKS_SHOWN = 8
_BAR_WIDTH = 30

_WAITING = frozenset({StateType.SCHEDULED, StateType.PENDING, StateType.PAUSED})
_RUNNING = frozenset({StateType.RUNNING, StateType.CANCELLING})
_FAILED = frozenset({StateType.FAILED, StateType.CRASHED, StateType.CANCELLED})


@dataclass
class TaskCounts:
    """How many runs of one task there are in each state type, and how many its maps announced."""

    by_type: dict[StateType, int] = field(default_factory=dict)
    expected: int | None = None

    def among(self, types: frozenset[StateType]) -> int:
        """The number of runs in any of `types`."""
        return sum(count for kind, count in self.by_type.items() if kind in types)

    @property
    def done(self) -> int:
        """The number of completed runs."""
        return self.by_type.get(StateType.COMPLETED, 0)

    @property
    def is_active(self) -> bool:
        """Whether something is running, waiting or still to be made."""
        open_runs = self.among(_RUNNING) + self.among(_WAITING)
        return open_runs > 0 or self.done + self.among(_FAILED) < (self.expected or 0)


@dataclass
class Progress:
    """What is known at one moment: names of flow runs under way, and counts by task name."""

    flow_runs: list[str]
    tasks: dict[str, TaskCounts]
    elapsed_seconds: float


class ProgressDisplay:
    """Counts what the engine reports and shows it until stopped."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # In the order they began: a dictionary serves as an ordered set.
        self._flow_runs: dict[str, None] = {}
        self._tasks: dict[str, TaskCounts] = {}
        self._started = time.monotonic()
        self._stopping = threading.Event()
        self._region = LiveRegion(sys.stderr)
        self._painter = threading.Thread(
            target=self._paint_until_stopped, name="prefect-progress", daemon=True
        )

    # -- the port --------------------------------------------------------------------------------

    def on_flow_state(self, flow_run_name: str, before: StateType | None, after: StateType) -> None:
        """See `Observer`."""
        with self._lock:
            if after in TERMINAL_STATES:
                self._flow_runs.pop(flow_run_name, None)
            else:
                self._flow_runs[flow_run_name] = None

    def on_task_state(self, task_name: str, before: StateType | None, after: StateType) -> None:
        """See `Observer`."""
        with self._lock:
            counts = self._counts_of(task_name).by_type
            if before is not None:
                counts[before] = counts.get(before, 0) - 1
            counts[after] = counts.get(after, 0) + 1

    def on_tasks_expected(self, task_name: str, number: int) -> None:
        """See `Observer`."""
        with self._lock:
            counts = self._counts_of(task_name)
            counts.expected = (counts.expected or 0) + number

    def _counts_of(self, task_name: str) -> TaskCounts:
        counts = self._tasks.get(task_name)
        if counts is None:
            counts = self._tasks[task_name] = TaskCounts()
        return counts

    # -- showing ---------------------------------------------------------------------------------

    def start(self) -> None:
        """Watch runs, and show their progress from now on."""
        self._previous = set_observer(self)
        self._region.open()
        self._painter.start()

    def stop(self) -> None:
        """Stop watching, and remove the display from the terminal."""
        set_observer(self._previous)
        self._stopping.set()
        self._region.close()

    def progress(self) -> Progress:
        """What has been counted so far."""
        with self._lock:
            tasks = {
                name: TaskCounts(dict(counts.by_type), counts.expected)
                for name, counts in self._tasks.items()
            }
            return Progress(list(self._flow_runs), tasks, time.monotonic() - self._started)

    def _paint_until_stopped(self) -> None:
        pause = _SECONDS_BEFORE_FIRST_PAINTING
        while not self._stopping.wait(pause):
            pause = 1 / _PAINTINGS_PER_SECOND
            # A display that fails must not end the run it shows, nor bury its output under tracebacks.
            try:
                self._region.paint(render(self.progress(), *self._region.size()))
            except Exception:
                return


# -- what is shown -------------------------------------------------------------------------------


def render(progress: Progress, columns: int, lines: int) -> list[str]:
    """The display as lines for a terminal of that size, with escape codes; never higher than half of it."""
    import io

    from rich.console import Console, Group

    room = max(1, min(_MOST_TASKS_SHOWN, lines // 2 - 3))
    shown, rest = _most_interesting(progress.tasks, room)
    parts: list[Text | Table] = [_flow_line(progress), _task_table(shown)]
    if rest:
        parts.append(_line_of_others(rest))
    console = Console(
        file=io.StringIO(),
        force_terminal=True,
        width=columns - 1,
        no_color=bool(os.environ.get("NO_COLOR")),
        highlight=False,
    )
    with console.capture() as written:
        console.print(Group(*parts))
    return written.get().rstrip("\n").split("\n")


def _most_interesting(
    tasks: Mapping[str, TaskCounts], room: int
) -> tuple[dict[str, TaskCounts], list[TaskCounts]]:
    """As many tasks as there is room for, those going on first, in the order they appeared; the others."""
    chosen = sorted(tasks, key=lambda name: not tasks[name].is_active)[:room]
    shown = {name: counts for name, counts in tasks.items() if name in chosen}
    return shown, [counts for name, counts in tasks.items() if name not in chosen]


def _flow_line(progress: Progress) -> Text:
    from rich.text import Text

    minutes, seconds = divmod(int(progress.elapsed_seconds), 60)
    hours, minutes = divmod(minutes, 60)
    line = Text(f"{hours}:{minutes:02}:{seconds:02}", style="dim", no_wrap=True, overflow="ellipsis")
    if progress.flow_runs:
        line.append(f"  Flow run {progress.flow_runs[0]!r}", style="not dim magenta")
    if len(progress.flow_runs) > 1:
        line.append(f" and {len(progress.flow_runs) - 1} more")
    return line


def _task_table(tasks: Mapping[str, TaskCounts]) -> Table:
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, overflow="ellipsis", max_width=40)
    table.add_column(width=_BAR_WIDTH, no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis")
    for name, counts in tasks.items():
        ended = counts.done + counts.among(_FAILED)
        size = counts.expected
        # More runs than mapped items: the task is called outside its maps too, and a bar would lie.
        bar = ProgressBar(total=size, completed=ended, width=_BAR_WIDTH) if size and ended <= size else ""
        table.add_row(Text(name, style="" if counts.is_active else "dim"), bar, _figures(counts))
    return table


def _figures(counts: TaskCounts) -> Text:
    from rich.text import Text

    of_all = f"/{counts.expected:,}" if counts.expected else ""
    parts = [(f"{counts.done:,}{of_all} done", "green" if counts.done else "dim")]
    for number, word, style in (
        (counts.among(_RUNNING), "running", "blue"),
        (counts.among(_FAILED), "failed", "red"),
        (counts.among(_WAITING), "waiting", "dim"),
    ):
        if number:
            parts.append((f"  {number:,} {word}", style))
    return Text.assemble(*parts, no_wrap=True, overflow="ellipsis")


def _line_of_others(others: list[TaskCounts]) -> Text:
    from rich.text import Text

    done = sum(counts.done for counts in others)
    failed = sum(counts.among(_FAILED) for counts in others)
    text = f"{counted(len(others), 'more task')}: {counted(done, 'run')} done"
    text += f", {failed:,} failed" if failed else ""
    return Text(text, style="dim", no_wrap=True, overflow="ellipsis")

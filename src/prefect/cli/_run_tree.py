"""The rows of a flow run's tree: what is shown of it, and what is put together into one line.

A task with many runs is one row with counts by state and the reasons of those that did not complete. Not
here: reading the tree, and how rows are drawn (`_tree_drawing`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from prefect.cli import _wording as words
from prefect.schemas.states import StateType

if TYPE_CHECKING:
    from rich.text import Text

    from prefect.schemas.runs import FlowRun, TaskRun
    from prefect.server.models.breakdowns import TaskSums
    from prefect.server.models.stories import FlowRunStory
    from prefect.server.models.trees import FlowRunNode, TaskRunNode

MOST_RUNS_SHOWN_SINGLY = 5
"""A task with more runs than this in one flow run is one row."""

_REASONS_SHOWN = 3


class Span(NamedTuple):
    """A stretch of a run's life. `is_run`: it ran; otherwise it waited."""

    begin: datetime
    end: datetime
    is_run: bool


@dataclass
class Row:
    """One line of the tree.

    Attributes:
        name: of a run, or of a task and the number of its runs.
        flow_name: of the flow, if the row is a flow run.
        state: as it is shown.
        style: the colour of its bar.
        took: how long it ran; for several runs, from the first start to the last end; None: not started.
        spans: where it lies on the timeline.
        reasons: why it is not (yet) Completed.
        children: the rows inside it.
    """

    name: str
    state: Text
    style: str
    took: timedelta | None
    spans: list[Span]
    flow_name: str = ""
    reasons: list[str] = field(default_factory=list)
    children: list[Row] = field(default_factory=list)


def rows_of(story: FlowRunStory, now: datetime) -> Row:
    """The tree of a flow run as rows. `now`: up to when what goes on is counted."""
    return _Planter(story, now).flow_run(story.tree)


class _Planter:
    def __init__(self, story: FlowRunStory, now: datetime) -> None:
        self._story = story
        self._now = now
        self._names = {str(node.run.id): node.run.name for node in story.tree.walk()}
        for flow_run in story.tree.walk():
            self._names |= {str(node.run.id): node.run.name for node in flow_run.task_runs}

    def flow_run(self, node: FlowRunNode) -> Row:
        row = self._single(node.run)
        row.flow_name = node.flow_name
        row.children = list(self._inside(node))
        return row

    def _inside(self, node: FlowRunNode) -> Iterator[Row]:
        """The task runs of a flow run, in the order in which they were called."""
        runs: dict[str, list[TaskRunNode]] = {}
        for task_run in node.task_runs:
            runs.setdefault(task_run.run.task_key, []).append(task_run)
        rows: list[tuple[datetime, Row]] = []
        singles: list[TaskRunNode] = []
        for sums in self._story.sums[node.run.id]:
            of_task = runs.get(sums.task_key, [])
            if sums.number <= MOST_RUNS_SHOWN_SINGLY and len(of_task) == sums.number:
                singles += of_task
            else:
                rows.append((sums.first_start or self._now, self._several(sums, of_task)))
        rows += self._nested(singles)
        for _, row in sorted(rows, key=lambda pair: pair[0]):
            yield row

    def _nested(self, nodes: list[TaskRunNode]) -> Iterator[tuple[datetime, Row]]:
        """Runs shown singly, each with when it was called; runs that a task called are put under it."""
        rows = {node.run.id: self._task_run(node) for node in nodes}
        for node in nodes:
            callers = [edge.id for edge in node.run.task_inputs.get("__parents__", []) if hasattr(edge, "id")]
            caller = next((rows[id] for id in callers if id in rows), None)
            if caller is not None:
                caller.children.append(rows[node.run.id])
            else:
                yield node.run.expected_start_time or self._now, rows[node.run.id]

    def _task_run(self, node: TaskRunNode) -> Row:
        return self.flow_run(node.subflow) if node.subflow is not None else self._single(node.run)

    def _single(self, run: FlowRun | TaskRun) -> Row:
        state = words.state_text(run.state_type, run.state_name)
        if run.run_count > 1:
            state.append(f", {words.counted(run.run_count - 1, 'retry')}", style="yellow")
        message = run.state.message if run.state is not None else None
        told = run.state_type is not StateType.COMPLETED and message
        return Row(
            name=run.name,
            state=state,
            style=_style(run.state_type),
            took=run.estimated_run_time if run.start_time is not None else None,
            spans=self._spans(run),
            reasons=[words.reason(message, self._names)] if told else [],
        )

    def _spans(self, run: FlowRun | TaskRun) -> list[Span]:
        """Waiting and running in turn: from the states where they were read, else from the run's times."""
        is_over = run.state is not None and run.state.is_final()
        end = run.end_time if is_over and run.end_time is not None else self._now
        states = self._story.states if run.id == self._story.tree.run.id else self._story.retried.get(run.id)
        if states:
            until = [*(state.timestamp for state in states[1:]), end]
            return [
                Span(state.timestamp, stop, state.is_running())
                for state, stop in zip(states, until, strict=True)
                if not state.is_final()
            ]
        begin, start = run.expected_start_time, run.start_time
        spans = [Span(begin, start or end, False)] if begin is not None else []
        return spans if start is None else [*spans, Span(start, end, True)]

    def _several(self, sums: TaskSums, nodes: list[TaskRunNode]) -> Row:
        """All runs of a task in one row."""
        label = words.task_label(sums.task_key, sums.slowest_name, sums.slowest_dynamic_key)
        state = words.counts_text(sums.counts)
        most_urgent = min((type for type, _ in sums.counts), key=words.urgency)
        if sums.retries:
            state.append(f", {words.counted(sums.retries, 'retry')}", style="yellow")
        end = sums.last_end or self._now
        begin = sums.first_start or end
        return Row(
            name=f"{label} ×{sums.number:,}",
            state=state,
            style=_style(most_urgent),
            took=end - begin,
            spans=[Span(begin, end, True)],
            reasons=self._reasons([node.subflow.run if node.subflow else node.run for node in nodes]),
        )

    def _reasons(self, runs: list[Any]) -> list[str]:
        """Why runs did not complete: each reason once, with the runs it is the reason of."""
        by_reason: dict[str, list[Any]] = {}
        for run in runs:
            if run.state is not None and run.state.message and run.state_type is not StateType.COMPLETED:
                by_reason.setdefault(words.reason(run.state.message, self._names), []).append(run)
        ordered = sorted(by_reason.items(), key=lambda item: words.urgency(item[1][0].state_type))
        lines = [
            f"{words.joined([run.name for run in of], 2)}: {why}" for why, of in ordered[:_REASONS_SHOWN]
        ]
        if len(ordered) > _REASONS_SHOWN:
            lines.append(f"and {words.counted(len(ordered) - _REASONS_SHOWN, 'other reason')}")
        return lines


def _style(type: StateType | None) -> str:
    return "bright_black" if type is None else words.STYLES[type]

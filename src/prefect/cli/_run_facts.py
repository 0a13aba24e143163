"""What is told about one run above and below its tree: facts, parameters, the history of its states.

Not here: the tree (`_run_tree`), where its time went (`_time_spent`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from prefect.cli import _wording as words
from prefect.schemas.states import State, StateType

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

    from prefect.schemas.runs import FlowRun, TaskRun

_LONGEST_PARAMETER = 200


def facts_table(facts: Iterable[tuple[str, Text | str | None]]) -> RenderableType:
    """Names and values, one a line; what is empty is left out."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="bright_black", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts:
        if value:
            table.add_row(name, value if isinstance(value, Text) else Text(value))
    return table


def state_fact(run: FlowRun | TaskRun, names: Mapping[str, str] | None = None) -> Text:
    """The state of a run, with its reason."""
    text = words.state_text(run.state_type, run.state_name)
    if run.state is not None and run.state.message:
        text.append(f"  {words.reason(run.state.message, names)}", style="default")
    return text


def times_fact(run: FlowRun | TaskRun, now: datetime) -> str:
    """When a run started and how long it took, or for how long it has been waiting."""
    if run.start_time is None:
        if run.expected_start_time is None:
            return "not yet"
        if run.state is not None and (run.state.is_final() or run.state.name == "NotReady"):
            return "never"
        expected = run.expected_start_time
        return f"not yet; expected {words.moment_text(expected)}, {words.ago(expected, now)}"
    started = f"{words.moment_text(run.start_time)}, {words.ago(run.start_time, now)}"
    ran = words.duration(run.estimated_run_time)
    goes_on = run.state is None or not run.state.is_final()
    return f"{started}; {'has been running for' if goes_on else 'ran for'} {ran}"


def attempts_fact(run: FlowRun | TaskRun) -> str | None:
    """The number of attempts, when there was more than one or more were allowed."""
    allowed = run.empirical_policy.retries
    if run.run_count <= 1 and not allowed:
        return None
    text = f"{run.run_count}" if allowed is None else f"{run.run_count} of at most {allowed + 1}"
    delay = run.empirical_policy.retry_delay
    return text if not delay else f"{text}, {_delays(delay)} apart"


def _delays(delay: float | Sequence[float]) -> str:
    if isinstance(delay, Sequence):
        return words.joined([words.duration(timedelta(seconds=one)) for one in delay], 5)
    return words.duration(timedelta(seconds=delay))


def holder_fact(holder: str) -> str:
    """The process that a lease names."""
    host, _, rest = holder.partition("|")
    pid = rest.split("|")[1:2]
    return f"process {pid[0]} on {host}" if pid else holder


def parameters_fact(parameters: Mapping[str, Any]) -> str:
    """Parameters as they would be written in a call; long values are cut."""
    lines = []
    for name, value in parameters.items():
        text = json.dumps(value, ensure_ascii=False, default=str)
        shown = text if len(text) <= _LONGEST_PARAMETER else f"{text[: _LONGEST_PARAMETER - 1]}…"
        lines.append(f"{name} = {shown}")
    short = ", ".join(lines)
    return short if len(short) <= 60 else "\n".join(lines)


def history_table(
    states: Sequence[State[Any]], now: datetime, names: Mapping[str, str] | None = None
) -> RenderableType:
    """Every state a run has been in: when, for how long, why."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bright_black", pad_edge=False)
    table.add_column("At", no_wrap=True)
    table.add_column("For", justify="right", no_wrap=True)
    table.add_column("State", no_wrap=True)
    table.add_column("Reason", overflow="fold")
    day = None
    for index, state in enumerate(states):
        at = state.timestamp.astimezone()
        shown = at.strftime("%H:%M:%S.%f")[:-3]
        if at.date() != day:
            shown, day = f"{at.date()} {shown}", at.date()
        until = states[index + 1].timestamp if index + 1 < len(states) else None
        length = words.duration((until or now) - state.timestamp)
        table.add_row(
            Text(shown, justify="right"),
            "" if until is None and state.is_final() else length,
            words.state_text(state.type, state.name),
            Text(_why(state, names)),
        )
    return table


def _why(state: State[Any], names: Mapping[str, str] | None) -> str:
    parts = [words.reason(state.message, names)] if state.message else []
    due = state.state_details.scheduled_time
    if state.type is StateType.SCHEDULED and due is not None:
        parts.append(f"due {due.astimezone().strftime('%H:%M:%S.%f')[:-3]}")
    return "; ".join(parts)

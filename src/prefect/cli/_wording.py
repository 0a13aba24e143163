"""How runs are put into words: times, durations, numbers, states, names of tasks.

Pure functions from values to text. Not here: tables and trees.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from prefect.schemas.states import StateType

if TYPE_CHECKING:
    from rich.text import Text

SYMBOLS = {
    StateType.SCHEDULED: "○",
    StateType.PENDING: "○",
    StateType.RUNNING: "▸",
    StateType.COMPLETED: "✓",
    StateType.FAILED: "✗",
    StateType.CRASHED: "✗",
    StateType.CANCELLED: "■",
    StateType.CANCELLING: "■",
    StateType.PAUSED: "‖",
}
STYLES = {
    StateType.SCHEDULED: "yellow",
    StateType.PENDING: "yellow",
    StateType.RUNNING: "blue",
    StateType.COMPLETED: "green",
    StateType.FAILED: "red",
    StateType.CRASHED: "magenta",
    StateType.CANCELLED: "bright_black",
    StateType.CANCELLING: "bright_black",
    StateType.PAUSED: "yellow",
}

_SECOND, _MINUTE, _HOUR, _DAY = 1, 60, 3600, 86_400
_DAYS_TOLD_AS_AGE = 30
_CODE_HASH = re.compile(r"-[0-9a-f]{8}$")
_PREFIXES = re.compile(r"^(Task|Flow) run encountered an exception:? ")
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


# --- times ----------------------------------------------------------------------------------------------


def duration(length: timedelta) -> str:
    """A length of time to about three digits: 46µs, 9.4ms, 0.82s, 12.3s, 3m 05s, 2h 04m, 3d 4h."""
    seconds = length.total_seconds()
    if seconds < 0.0009995:
        return f"{round(seconds * 1e6)}µs" if seconds > 0 else "0s"
    if seconds < 0.0995:
        return f"{seconds * 1e3:.1f}ms" if seconds < 0.00995 else f"{seconds * 1e3:.0f}ms"
    if seconds < 9.995:
        return f"{seconds:.2f}s"
    if seconds < 59.95:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    if whole < _HOUR:
        return f"{whole // _MINUTE}m {whole % _MINUTE:02}s"
    if whole < _DAY:
        return f"{whole // _HOUR}h {whole % _HOUR // _MINUTE:02}m"
    return f"{whole // _DAY}d {whole % _DAY // _HOUR}h"


def ago(moment: datetime | None, now: datetime) -> str:
    """How long ago, or in how long: "12s ago", "in 3m"; the date when that is more than a month."""
    if moment is None:
        return ""
    seconds = int((now - moment).total_seconds())
    size = abs(seconds)
    if size >= _DAYS_TOLD_AS_AGE * _DAY:
        return moment.astimezone().date().isoformat()
    unit, letter = next(
        (unit, letter)
        for unit, letter in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "m"), (_SECOND, "s"))
        if size >= unit or unit == _SECOND
    )
    told = f"{size // unit}{letter}"
    if size == 0:
        return "just now"
    return f"{told} ago" if seconds > 0 else f"in {told}"


def moment_text(moment: datetime) -> str:
    """A moment in local time, to the second."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


# --- numbers and names ----------------------------------------------------------------------------------


def counted(number: int, noun: str) -> str:
    """A number with its noun: "1 run", "300 runs", "1,000 retries"."""
    if number != 1:
        noun = f"{noun[:-1]}ies" if noun.endswith("ry") else f"{noun}s"
    return f"{number:,} {noun}"


def task_label(task_key: str, run_name: str, dynamic_key: str) -> str:
    """The name of a task, from one of its runs: as the default names of runs tell it, else from its key."""
    ending = f"-{dynamic_key[:3]}"
    if dynamic_key and run_name.endswith(ending) and len(run_name) > len(ending):
        return run_name.removesuffix(ending)
    return _CODE_HASH.sub("", task_key)


def joined(words: list[str], most: int) -> str:
    """The first of the words, and how many more there are."""
    shown = ", ".join(words[:most])
    return shown if len(words) <= most else f"{shown} and {len(words) - most:,} more"


# --- states ---------------------------------------------------------------------------------------------


def state_text(type: StateType | None, name: str | None) -> Text:
    """A state with its sign, in its colour."""
    from rich.text import Text

    if type is None:
        return Text("○ no state", style="bright_black")
    return Text(f"{SYMBOLS[type]} {name or type.value.capitalize()}", style=STYLES[type])


def counts_text(counts: Mapping[tuple[StateType, str], int]) -> Text:
    """How many are in each state, those that need attention first: "✗ 2 Failed, 298 Completed"."""
    from rich.text import Text

    order = list(_BY_URGENCY)
    parts = sorted(counts.items(), key=lambda item: (order.index(item[0][0]), -item[1]))
    texts = [Text(f"{number:,} {name}", style=STYLES[type]) for (type, name), number in parts]
    worst = parts[0][0][0]
    return Text.assemble((f"{SYMBOLS[worst]} ", STYLES[worst]), Text(", ").join(texts))


_BY_URGENCY = (
    StateType.CRASHED,
    StateType.FAILED,
    StateType.CANCELLED,
    StateType.CANCELLING,
    StateType.PAUSED,
    StateType.RUNNING,
    StateType.PENDING,
    StateType.SCHEDULED,
    StateType.COMPLETED,
)


def urgency(type: StateType | None) -> int:
    """The place of a type among the types, those that need attention first."""
    return _BY_URGENCY.index(type or StateType.PENDING)


def reason(message: str | None, names: Mapping[str, str] | None = None) -> str:
    """The message of a state without what its name says already, and with names for ids where known."""
    text = _PREFIXES.sub("", " ".join((message or "").split()))
    known = names or {}
    return _UUID.sub(lambda match: known.get(match[0], match[0]), text)

"""Letters that a server does not take for something in them: sent in parts, so that only that is not recorded.

Also here: how what is not recorded is named. Not here: making letters (`letters`), whether they are kept (`dispatch`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from prefect.client.engine.line import Refused
from prefect.client.engine.spool import Letter
from prefect.logging import get_logger

FOR_ITS_CONTENT = frozenset({400, 409, 413, 422, 500})
"""So a server answers that does not like something in a message, and may take the rest of it."""
_MOST_REFUSED = 20
"""So many parts of a letter are looked for that are refused; a server that refuses more does not like any of it."""


def send_in_parts(
    letter: Letter, send: Callable[[Letter], object], give_up: Callable[[Letter, Refused], object]
) -> None:
    """Send a letter; if it is refused for something in it, its halves in its place, and so on, in order.

    Args:
        send: sends one.
        give_up: is told of what is refused and cannot be cut.

    Raises:
        Exception: what `send` raises but for refusals. What was sent is sent again then, with the whole letter.
    """
    waiting, refused = [letter], 0
    while waiting:
        part = waiting.pop()
        try:
            send(part)
        except Refused as error:
            may_cut = error.status in FOR_ITS_CONTENT and refused < _MOST_REFUSED
            halves = halves_of(part) if may_cut else []
            waiting += reversed(halves)
            if not halves:
                refused += 1
                give_up(part, error)


# --- cutting --------------------------------------------------------------------------------------------


def halves_of(letter: Letter) -> list[Letter]:
    """What a letter says as two letters, in order; none if it says one thing only."""
    body: Any = orjson.loads(letter.body) if letter.body else None
    bodies: list[Any] = []
    if isinstance(body, list):
        bodies = _halves(body)
    elif _is_batch(body):
        bodies = [{**body, **lines} for lines in _halves_of_batch(body)]
    return [letter._replace(body=orjson.dumps(half)) for half in bodies]


def _is_batch(body: Any) -> bool:
    return isinstance(body, dict) and body.keys() >= {"runs", "states", "logs"}


def _halves_of_batch(batch: dict[str, Any]) -> list[dict[str, Any]]:
    """First the log apart from the runs, then runs, then the states of one run, or lines of the log."""
    runs, states, logs = batch["runs"], batch["states"], batch["logs"]
    if runs and logs:
        return [{"logs": []}, {"runs": [], "states": []}]
    if len(runs) > 1:
        middle = len(runs) // 2
        return [_of_runs(batch, 0, middle), _of_runs(batch, middle, len(runs))]
    return [{"states": half} for half in _halves(states)] or [{"logs": half} for half in _halves(logs)]


def _of_runs(batch: dict[str, Any], start: int, end: int) -> dict[str, Any]:
    """Some of a batch's runs, with their states, each of which begins with the number of its run."""
    states = [[run - start, *state] for run, *state in batch["states"] if start <= run < end]
    return {"runs": batch["runs"][start:end], "states": states}


def _halves(lines: list[Any]) -> list[list[Any]]:
    middle = len(lines) // 2
    return [lines[:middle], lines[middle:]] if middle else []


# --- naming ---------------------------------------------------------------------------------------------


def report_refusal(letter: Letter, reason: str) -> None:
    """Say that a letter will never be stored, and why."""
    get_logger("engine").error(
        "The server refuses what a run has to say (%s), and it is not recorded: %s", _named(letter), reason
    )


def _named(letter: Letter) -> str:
    body: Any = orjson.loads(letter.body) if letter.body else None
    if not _is_batch(body):
        return f"{letter.method} {letter.path}"
    runs, states, logs = body["runs"], body["states"], body["logs"]
    if len(runs) == 1:
        # a line of a run begins with its id, the moment it was made, and its name; the fourth of a state is its name
        id, _, name, *_ = runs[0]
        return f"task run {name!r} ({id}): {', '.join(state[3] or state[2] for state in states)}"
    told = {"task runs": runs, "states": states, "log lines": logs}
    return ", ".join(f"{len(lines)} {kind}" for kind, lines in told.items() if lines)

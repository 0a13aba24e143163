"""Lists of runs and flows as tables that fit: ids are cut on narrow terminals, as far as they stay unique.

Also here: the state options that lists have in common. Not here: reading what is listed.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from uuid import UUID

import typer

from prefect.cli._output import exit_with_error
from prefect.cli._page import Page
from prefect.schemas.states import StateType

if TYPE_CHECKING:
    from rich.text import Text

WHOLE_ID = 36
_WIDTH_FOR_WHOLE_IDS = 110
_SHORTEST_ID = 13
"""Of a time-ordered id, the part that says the millisecond."""

_GAP = 2
_NARROWEST = 8
_NUMBERS = ("Ran", "Runs")

_STATE_NAMES = (
    "Scheduled", "Late", "Resuming", "AwaitingRetry", "AwaitingConcurrencySlot", "Pending", "NotReady",
    "Paused", "Suspended", "Running", "Retrying", "Completed", "Cached", "RolledBack", "Cancelled",
    "Cancelling", "Crashed", "Failed", "TimedOut",
)  # fmt: skip


def print_list(
    columns: Sequence[str], rows: Sequence[tuple[UUID, Sequence[Text | str]]], elastic: int
) -> None:
    """Print a table of things with ids.

    Args:
        columns: the names of the columns after the id.
        rows: the id and the cells of each.
        elastic: so many columns, the first, give way when there is not enough room.
    """
    from rich.table import Table
    from rich.text import Text

    page = Page(widest=None)
    length = WHOLE_ID if page.width >= _WIDTH_FOR_WHOLE_IDS else unique_length([id for id, _ in rows])
    cells = [[cell if isinstance(cell, Text) else Text(cell) for cell in row] for _, row in rows]
    needs = [max(len(name), *(row[number].cell_len for row in cells)) for number, name in enumerate(columns)]
    room = page.width - length - (len(columns) + 1) * _GAP - sum(needs[elastic:])
    widths = fitted(needs[:elastic], room) + needs[elastic:]
    table = Table(box=None, padding=(0, _GAP, 0, 0), header_style="bright_black", pad_edge=False)
    table.add_column("ID", no_wrap=True, width=length)
    for name, width in zip(columns, widths, strict=True):
        justify: Any = "right" if name in _NUMBERS else "left"
        table.add_column(name, no_wrap=True, overflow="ellipsis", width=width, justify=justify)
    for (id, _), row in zip(rows, cells, strict=True):
        table.add_row(str(id)[:length], *row)
    page.print(table)


def fitted(needs: Sequence[int], room: int) -> list[int]:
    """Widths no larger than needed that fit the room: the widest give way first, down to a least width."""
    widths = list(needs)
    while sum(widths) > room and max(widths) > _NARROWEST:
        widths[widths.index(max(widths))] -= 1
    return widths


def unique_length(ids: Sequence[UUID]) -> int:
    """How much of each id must be shown to tell them apart; they can be given back in that form."""
    texts = sorted({str(id) for id in ids})
    needed = _SHORTEST_ID
    for one, other in pairwise(texts):
        while one[:needed] == other[:needed]:
            needed += 1
    # a dash at the end would look like an accident
    return needed + 1 if texts and texts[0][needed - 1] == "-" else needed


# --- states to choose from ------------------------------------------------------------------------------


def state_types(texts: Sequence[str]) -> list[StateType]:
    """The state types that were named, in any letter case; ends the command for another name."""
    try:
        return [StateType(text.upper()) for text in texts]
    except ValueError:
        exit_with_error(f"Invalid state type. Options are {', '.join(type.value for type in StateType)}.")


def state_names(texts: Sequence[str]) -> list[str]:
    """The state names that were given, in any letter case; unknown ones are kept, with a warning."""
    known = {name.lower(): name for name in _STATE_NAMES}
    names = []
    for text in texts:
        name = known.get(text.lower().replace(" ", ""))
        if name is None:
            typer.echo(
                f"No state of Prefect's own is called {text!r}; looking for it all the same.", err=True
            )
        names.append(name or text)
    return names


def as_json(run: Any, **more: Any) -> dict[str, Any]:
    """A run or flow as JSON says it, with what else is known."""
    fields = run.model_dump(mode="json")
    return {"id": fields["id"], "name": fields["name"], **fields, **more}

"""Drawing a tree of rows: guides, aligned columns, a timeline, and the reasons beneath.

Not here: what the rows are (`_run_tree`).
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from prefect.cli import _wording as words

if TYPE_CHECKING:
    from rich.text import Text

    from prefect.cli._run_tree import Row

_GAP = 2
_TOOK_WIDTH = 7
_NARROWEST_TIMELINE = 10
_WIDEST_TIMELINE = 40
_WIDEST_STATE_SHARE = 0.42
_MOST_REASON_LINES = 3
_MOST_LINES_OF_SEVERAL = 2


class _Line(NamedTuple):
    """A row with the guides before it and those before what is beneath it."""

    guides: str
    below: str
    row: Row


class _Widths(NamedTuple):
    name: int
    state: int
    timeline: int


def draw(root: Row, width: int) -> Iterator[Text]:
    """The lines of a tree, each at most `width` columns."""
    from rich.text import Text

    lines = list(_with_guides(root, "", ""))
    widths = _widths(lines, width)
    moments = [moment for span in root.spans for moment in span[:2]]
    whole = (min(moments), max(moments)) if moments else None
    for line in lines:
        yield _row(line, widths, whole)
        room = max(width - len(line.below) - 3, 20)
        most = _MOST_REASON_LINES if len(line.row.reasons) == 1 else _MOST_LINES_OF_SEVERAL
        for reason in line.row.reasons:
            for part in textwrap.wrap(reason, room, max_lines=most, placeholder=" …"):
                yield Text.assemble((line.below, "bright_black"), (f"   {part}", line.row.style))


def _with_guides(row: Row, guides: str, below: str) -> Iterator[_Line]:
    yield _Line(guides, below + ("│" if row.children else " "), row)
    for child in row.children:
        last = child is row.children[-1]
        yield from _with_guides(child, below + ("└─ " if last else "├─ "), below + ("   " if last else "│  "))


def _widths(lines: list[_Line], width: int) -> _Widths:
    """The columns: names and states as wide as they are, within bounds; the timeline takes what is left."""
    state = min(max(line.row.state.cell_len for line in lines), int(width * _WIDEST_STATE_SHARE))
    names = max(len(line.guides) + _name(line.row).cell_len for line in lines)
    room = width - state - _TOOK_WIDTH - 2 * _GAP
    timeline = room - names - _GAP
    if timeline < _NARROWEST_TIMELINE:
        return _Widths(min(names, room), state, 0)
    return _Widths(names, state, min(timeline, _WIDEST_TIMELINE))


def _row(line: _Line, widths: _Widths, whole: tuple[datetime, datetime] | None) -> Text:
    from rich.text import Text

    row, gap = line.row, " " * _GAP
    name = Text.assemble((line.guides, "bright_black"), _name(row))
    name.truncate(widths.name, overflow="ellipsis", pad=True)
    state = row.state.copy()
    state.truncate(widths.state, overflow="ellipsis", pad=True)
    took = "" if row.took is None else words.duration(row.took)
    text = Text.assemble(name, gap, state, gap, f"{took:>{_TOOK_WIDTH}}")
    if widths.timeline and whole is not None and whole[0] < whole[1]:
        text.append(gap)
        text.append_text(_timeline(row, widths.timeline, *whole))
    text.rstrip()
    return text


def _name(row: Row) -> Text:
    from rich.text import Text

    if row.flow_name:
        return Text.assemble((row.flow_name, "bold"), (" / ", "bright_black"), row.name)
    return Text(row.name)


def _timeline(row: Row, width: int, begin: datetime, end: datetime) -> Text:
    """Where a row lies between the begin and the end of the whole; each stretch of running is seen."""
    from rich.text import Text

    cells: list[tuple[str, str]] = [(" ", "")] * width

    def column(moment: datetime) -> int:
        return min(max(int((moment - begin) / (end - begin) * width), 0), width - 1)

    for span in sorted(row.spans, key=lambda span: span.is_run):
        cell = ("━", row.style) if span.is_run else ("╌", "bright_black")
        first, last = column(span.begin), column(span.end)
        cells[first : last + 1] = [cell] * (last + 1 - first)
    return Text.assemble(*cells)

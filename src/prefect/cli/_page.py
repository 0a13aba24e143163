"""What a command prints for people to read: titled parts, as wide as there is room, nothing trailing.

Output that cannot show the signs used here (a pipe in an old encoding) gets plain ones of the same width. Not
here: JSON, errors, questions (`_output`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from prefect.cli._output import console

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

WIDEST = 120
"""Columns that are used at most, however wide the terminal is; lists may take more."""

_PLAIN = str.maketrans("✓✗▸○■‖━╌│├└─×µ…·", "+x>o#=#.||`-xu..")


class Page:
    """Prints to standard output. `width` is how much room there is, in columns."""

    def __init__(self, widest: int | None = WIDEST) -> None:
        self._console = console()
        self._is_begun = False
        self.width = self._console.width if widest is None else min(self._console.width, widest)

    def part(self, title: str, content: RenderableType) -> None:
        """Print a title and what belongs to it, apart from what was printed before."""
        from rich.text import Text

        if self._is_begun:
            self.print("")
        self._is_begun = True
        if title:
            self.print(Text(title, style="bold"))
        self.print(content)

    def print(self, content: RenderableType) -> None:
        """Print something, line by line, without the spaces that would trail."""
        from rich.segment import Segment

        options = self._console.options.update(width=self.width)
        for segments in self._console.render_lines(content, options, pad=False):
            texts = [(self._readable(segment.text), segment.style) for segment in segments]
            while texts and not texts[-1][0].strip():
                texts.pop()
            if texts:
                texts[-1] = texts[-1][0].rstrip(), texts[-1][1]
            made = [Segment(text, style) for text, style in texts]
            self._console.print(_Segments([*made, Segment.line()]))

    def _readable(self, text: str) -> str:
        encoding = self._console.encoding or "ascii"
        try:
            text.encode(encoding)
        except UnicodeEncodeError:
            return text.translate(_PLAIN).encode(encoding, "replace").decode(encoding)
        return text


class _Segments:
    """Segments that are printed as they are."""

    def __init__(self, segments: list[object]) -> None:
        self._segments = segments

    def __rich_console__(self, console: object, options: object) -> Iterable[object]:
        return self._segments


def lines(texts: Iterable[Text]) -> RenderableType:
    """Lines as one thing to print."""
    from rich.console import Group

    return Group(*texts)

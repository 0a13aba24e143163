"""The patterns of `prefect.logging._patterns` as rich highlighters, for people's own logging configurations.

The only module of logging that imports rich; writing a log line does not go through here.
"""

from __future__ import annotations

from typing import ClassVar

from rich.highlighter import RegexHighlighter

from prefect.logging._patterns import (
    LEVEL_PATTERNS,
    LOG_PATTERNS,
    NAME_PATTERNS,
    STATE_PATTERNS,
    URL_PATTERNS,
)


class LevelHighlighter(RegexHighlighter):
    """Highlights level names."""

    base_style = "level."
    highlights: ClassVar[list[str]] = LEVEL_PATTERNS


class UrlHighlighter(RegexHighlighter):
    """Highlights URLs, local ones apart from those on the web."""

    base_style = "url."
    highlights: ClassVar[list[str]] = URL_PATTERNS


class NameHighlighter(RegexHighlighter):
    """Highlights names of flows, tasks and their runs."""

    base_style = "name."
    highlights: ClassVar[list[str]] = NAME_PATTERNS


class StateHighlighter(RegexHighlighter):
    """Highlights names of final states."""

    base_style = "state."
    highlights: ClassVar[list[str]] = STATE_PATTERNS


class PrefectConsoleHighlighter(RegexHighlighter):
    """Everything that is highlighted in a log line on the console."""

    base_style = "log."
    highlights: ClassVar[list[str]] = LOG_PATTERNS


def style_code(style: str) -> str:
    """The escape code that starts a rich style, such as ``"bold red3"`` or ``"#ff8800"``."""
    from rich.style import Style

    return Style.parse(style).render("\0").partition("\0")[0]


def markup_to_text(message: str, colored: bool) -> str:
    """`message` with rich markup turned into escape codes, or removed."""
    from rich.errors import MarkupError
    from rich.text import Text

    try:
        text = Text.from_markup(message)
    except MarkupError:
        return message
    if not colored:
        return text.plain
    import io

    from rich.console import Console

    console = Console(file=io.StringIO(), force_terminal=True, color_system="truecolor", highlight=False)
    with console.capture() as written:
        console.print(text, end="", soft_wrap=True)
    return written.get()

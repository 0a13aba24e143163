"""The console handler: finished lines to stderr, coloured when that is a terminal."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from typing import Any, TextIO

from prefect.logging._defaults import DEFAULT_STYLES
from prefect.logging._patterns import LOG_FIRST_LETTERS, LOG_PATTERNS, painter, sgr


class PrefectConsoleHandler(logging.StreamHandler[TextIO]):
    """
    Writes records to the console.

    Colours are used on terminals unless PREFECT_LOGGING_COLORS is off or ``NO_COLOR`` is set; rich markup in
    messages is understood if PREFECT_LOGGING_MARKUP is on.

    Args:
        stream: where to write; by default whatever `sys.stderr` is at the moment of writing.
        highlighter: a rich ``RegexHighlighter`` class that says what stands out; the default marks levels,
            URLs, names and states.
        styles: rich style texts by style name (``"log.error_level": "red"``); joined with the defaults.
        level: the lowest level that is written.
    """

    def __init__(
        self,
        stream: TextIO | None = None,
        highlighter: type[Any] | None = None,
        styles: dict[str, str] | None = None,
        level: int | str = logging.NOTSET,
    ) -> None:
        self._fixed_stream = stream
        super().__init__(stream)
        self.setLevel(level)
        self._patterns: list[str] = LOG_PATTERNS if highlighter is None else list(highlighter.highlights)
        self._prefix: str = "log." if highlighter is None else highlighter.base_style
        self._styles = {**DEFAULT_STYLES, **(styles or {})}
        self._painter: Callable[[str], str] | None = None
        self._painter_made_for: tuple[object, object] | None = None

    @property
    def stream(self) -> TextIO:
        return self._fixed_stream or sys.stderr

    @stream.setter
    def stream(self, stream: TextIO | None) -> None:
        # The base class stores the stderr of the moment; only a stream chosen later by setStream is kept.
        if stream is not sys.stderr:
            self._fixed_stream = stream

    def emit(self, record: logging.LogRecord) -> None:
        try:
            stream = self.stream
            if stream is None:
                return
            line = self.format(record)
            paint, markup = self._presentation(stream)
            if markup:
                from prefect.logging.highlighters import markup_to_text

                line = markup_to_text(line, colored=paint is not None)
            if paint is not None:
                line = paint(line)
            stream.write(line + self.terminator)
            stream.flush()
        except RecursionError:
            raise
        except Exception:
            self.handleError(record)

    def _presentation(self, stream: TextIO) -> tuple[Callable[[str], str] | None, bool]:
        """How lines look on this stream under the current settings: painter, and whether markup counts."""
        from prefect.settings import get_current_settings

        chosen = get_current_settings().logging
        if self._painter_made_for is None or (
            self._painter_made_for[0] is not stream or self._painter_made_for[1] is not chosen
        ):
            self._painter = self._make_painter() if chosen.colors and _shows_colours(stream) else None
            self._painter_made_for = (stream, chosen)
        return self._painter, chosen.markup

    def _make_painter(self) -> Callable[[str], str]:
        codes: dict[str, str] = {}
        for name, style in self._styles.items():
            if name.startswith(self._prefix):
                codes[name.removeprefix(self._prefix)] = sgr(style) or _code_of_unusual(style)
        first_letters = LOG_FIRST_LETTERS if self._patterns is LOG_PATTERNS else None
        return painter(self._patterns, codes, first_letters)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {'stderr' if self._fixed_stream is None else self._fixed_stream!r}>"


def _code_of_unusual(style: str) -> str:
    from prefect.logging.highlighters import style_code

    return style_code(style)


def _shows_colours(stream: TextIO) -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    isatty = getattr(stream, "isatty", None)
    return bool(isatty and isatty()) and os.environ.get("TERM") != "dumb"

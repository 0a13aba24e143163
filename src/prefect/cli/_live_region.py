"""Some lines at the bottom of a terminal that change in place while other output scrolls above them.

How: below the cursor lie one empty line and the region, and the cursor always rests at the start of the
empty line. So whoever writes, writes above the region; all that is needed before is to erase what is below
the cursor, which the wrapped `sys.stdout` and `sys.stderr` do. Output that bypasses them (other processes,
streams that a handler took hold of earlier) lands on the empty line and is not torn either, as long as it
is one line between two paintings.

Not here: what the lines say (`prefect.cli._progress`).
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterable
from typing import Any, TextIO, cast

_ERASE_BELOW = "\x1b[J"
_USUAL_SIZE = (80, 24)


class LiveRegion:
    """The region at the bottom of the terminal that `terminal` writes to."""

    def __init__(self, terminal: TextIO) -> None:
        self._terminal = terminal
        self._lock = threading.RLock()
        self._painted = False
        self._in_mid_line = False
        self._is_open = False
        self._wrapped: dict[str, tuple[TextIO, TextIO]] = {}

    def open(self) -> None:
        """Wrap those standard streams that are terminals."""
        self._is_open = True
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)
            if stream.isatty():
                wrapper = cast(TextIO, _WritesAbove(stream, self))
                self._wrapped[name] = (wrapper, stream)
                setattr(sys, name, wrapper)

    def close(self) -> None:
        """Erase the region for good and give the streams back, except where others have replaced them."""
        with self._lock:
            self._is_open = False
            self._erase()
            for name, (wrapper, stream) in self._wrapped.items():
                if getattr(sys, name) is wrapper:
                    setattr(sys, name, stream)
            self._wrapped = {}

    def size(self) -> tuple[int, int]:
        """Columns and lines of the terminal."""
        try:
            columns, lines = os.get_terminal_size(self._terminal.fileno())
        except (OSError, ValueError):
            return _USUAL_SIZE
        # Some pseudo-terminals do not know their size and say nothing.
        return (columns, lines) if columns and lines else _USUAL_SIZE

    def paint(self, lines: list[str]) -> None:
        """Show `lines`, which must be narrower than the terminal; not while a written line is unfinished."""
        with self._lock:
            if self._in_mid_line or not self._is_open:
                return
            below = "".join(f"\n{line}" for line in lines)
            self._terminal.write(f"{_ERASE_BELOW}{below}\x1b[{len(lines)}A\r")
            self._terminal.flush()
            self._painted = True

    def write_above(self, stream: TextIO, text: str) -> int:
        """Write somebody's text to their stream; the region comes back with the next painting."""
        with self._lock:
            self._erase()
            written = stream.write(text)
            if text:
                self._in_mid_line = not text.endswith("\n")
            return written

    def _erase(self) -> None:
        if self._painted:
            self._terminal.write(_ERASE_BELOW)
            self._terminal.flush()
            self._painted = False


class _WritesAbove:
    """A standard stream whose text appears above the region. Otherwise it is the stream it wraps."""

    def __init__(self, stream: TextIO, region: LiveRegion) -> None:
        self._stream = stream
        self._region = region

    def write(self, text: str) -> int:
        return self._region.write_above(self._stream, text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

"""A file as an answer: made piece by piece while it is sent, so that its size is bounded by nothing.

Not here: what is in it, how it is sent (`server/api`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True)
class Download:
    """A file that is made while it is read.

    Attributes:
        name: of the file.
        media_type: of its content.
        parts: its content, once.
    """

    name: str
    media_type: str
    parts: Iterator[bytes]

    @property
    def disposition(self) -> str:
        """How a header says that it is to be kept under its name (RFC 6266), whatever is in the name."""
        return f"attachment; filename*=UTF-8''{quote(self.name, safe='')}"

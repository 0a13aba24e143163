"""Stored results as files of this machine: which files are records, how large, and removing them.

For whoever looks after a store. Not here: reading and writing results (`store`, `access`), which of them may
be removed (`server/models/retention`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

_HEAD_BYTES = 8_192
_RECORD_START = b'{"metadata":'


class ResultFile(NamedTuple):
    """A file that holds a result record."""

    path: Path
    size_bytes: int
    written: datetime


def records_in(directory: Path) -> Iterator[ResultFile]:
    """The files in a directory, at any depth, that are result records; all others are passed over."""
    for folder, _, names in os.walk(directory):
        for name in names:
            path = Path(folder, name)
            try:
                if _is_record(path):
                    known = path.stat()
                    yield ResultFile(path, known.st_size, datetime.fromtimestamp(known.st_mtime, UTC))
            except OSError:  # it has just gone, or is not for us to read
                continue


def remove_files(paths: Iterable[str | Path]) -> tuple[int, int]:
    """Remove files of results; how many there were and their bytes. Those that are not there are passed over.

    Raises:
        OSError: a file cannot be removed, because of missing permission for instance.
    """
    number = size = 0
    for path in paths:
        try:
            known = os.stat(path)
            os.unlink(path)
        except FileNotFoundError:
            continue
        number, size = number + 1, size + known.st_size
    return number, size


def sizes_of(paths: Iterable[str | Path]) -> tuple[int, int]:
    """How many of the files there are, and their bytes."""
    number = size = 0
    for path in paths:
        try:
            size += os.stat(path).st_size
        except OSError:
            continue
        number += 1
    return number, size


def _is_record(path: Path) -> bool:
    """Whether a file is a record and says itself that it belongs in its place."""
    with open(path, "rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head.startswith(_RECORD_START):
        return False
    try:
        text = head[len(_RECORD_START) :].decode("utf-8", "ignore")
        metadata, _ = json.JSONDecoder().raw_decode(text.lstrip())
    except ValueError:
        return False
    key = metadata.get("storage_key") if isinstance(metadata, dict) else None
    return isinstance(key, str) and "serializer" in metadata and os.path.basename(key) == path.name

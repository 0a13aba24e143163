"""Writing the little TOML that profiles need: tables of plain values. Reading is the standard library's."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from prefect.settings.spelling import to_text

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def toml_text(contents: Mapping[str, Any]) -> str:
    """Spell nested mappings as TOML; values of None are left out."""
    return "\n".join(_lines(contents, ())).lstrip("\n") + "\n"


def write_atomically(path: Path, text: str) -> None:
    """Replace a file in one step, so that nobody ever reads half of it. A new file is its owner's alone.

    Where the path is a link, what it leads to is replaced.
    """
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _lines(table: Mapping[str, Any], parents: tuple[str, ...]) -> Iterator[str]:
    subtables = {key: value for key, value in table.items() if isinstance(value, Mapping)}
    for key, value in table.items():
        if value is not None and key not in subtables:
            yield f"{_key(key)} = {_value(value)}"
    for key, value in subtables.items():
        names = (*parents, _key(key))
        if any(not isinstance(item, Mapping) for item in value.values()) or not value:
            yield f"\n[{'.'.join(names)}]"
        yield from _lines(value, names)


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _string(key)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    return _string(value if isinstance(value, str) else to_text(value, reveal=True))


def _string(text: str) -> str:
    # A JSON string is a TOML basic string, but for the one control character JSON leaves alone.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")

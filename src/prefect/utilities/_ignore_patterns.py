"""Patterns as in `.gitignore`: which paths they exclude."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple


class _Rule(NamedTuple):
    path: re.Pattern[str]
    excludes: bool
    only_folders: bool


class IgnorePatterns:
    """The rules in lines of an ignore file; the last one that matches a path decides."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._rules = [rule for line in lines if (rule := _rule(line)) is not None]

    def exclude(self, path: str, is_folder: bool) -> bool:
        """Whether a path is excluded. It is relative to the ignore file and has slashes on every system."""
        for rule in reversed(self._rules):
            if (is_folder or not rule.only_folders) and rule.path.fullmatch(path):
                return rule.excludes
        return False


def _rule(line: str) -> _Rule | None:
    pattern = line.rstrip("\r\n")
    # Blanks at the end do not count unless a backslash says so.
    pattern = re.sub(r"(?<!\\) +$", "", pattern)
    if not pattern or pattern.startswith("#"):
        return None
    excludes = not pattern.startswith("!")
    if not excludes:
        pattern = pattern[1:]
    if pattern.startswith(("\\#", "\\!")):
        pattern = pattern[1:]
    only_folders = pattern.endswith("/")
    pattern = pattern.rstrip("/")
    # A slash at the start or inside ties the pattern to the place of the ignore file.
    anchored = "/" in pattern
    regex = _regex(pattern.lstrip("/"))
    if not pattern.strip("/"):
        return None
    return _Rule(re.compile(regex if anchored else f"(?:.*/)?{regex}"), excludes, only_folders)


_TOKENS = re.compile(
    r"(?P<any_folders>(?:^|(?<=/))\*\*/)|(?P<everything>\*\*$)|(?P<star>\*+)|(?P<one>\?)"
    r"|\[(?P<negated>[!^]?)(?P<set>\]?[^\]]*)\]|\\(?P<escaped>.)|(?P<text>.)"
)


def _regex(pattern: str) -> str:
    parts = []
    for token in _TOKENS.finditer(pattern):
        if token["any_folders"]:
            parts.append("(?:.*/)?")
        elif token["everything"]:
            parts.append(".*")
        elif token["star"]:
            parts.append("[^/]*")
        elif token["one"]:
            parts.append("[^/]")
        elif token["set"]:
            members = token["set"].replace("\\", "\\\\").replace("]", "\\]")
            parts.append(f"(?!/)[{'^' if token['negated'] else ''}{members}]")
        else:
            parts.append(re.escape(token["escaped"] or token["text"]))
    return "".join(parts)

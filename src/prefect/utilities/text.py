"""Shortening and matching text."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def truncated_to(length: int, value: str | None) -> str:
    """`value` with its middle left out so that `length` characters of it remain, if that makes it shorter."""
    if not value:
        return ""
    half = length // 2
    shortened = f"{value[:half]}...{len(value) - length} additional characters...{value[len(value) - half :]}"
    return shortened if len(value) > length and len(shortened) < len(value) else value


def fuzzy_match_string(
    word: str, possibilities: Iterable[str], *, n: int = 1, cutoff: float = 0.6
) -> str | None:
    """The one of `possibilities` closest to `word`, or None if none is close.

    Args:
        word: what was written.
        possibilities: what may have been meant.
        n: how many close ones to consider.
        cutoff: how similar is close, from 0 to 1.
    """
    return next(iter(difflib.get_close_matches(word, possibilities, n=n, cutoff=cutoff)), None)

"""Names for runs nobody named, and secrets made unreadable."""

from __future__ import annotations

import os
import random
from typing import Any

from prefect.utilities._words import ADJECTIVES, NOUNS

OBFUSCATED_PREFIX = "****"

IGNORE_LIST = {
    "beaver",
    "booby",
    "chubby",
    "curvy",
    "demonic",
    "fat",
    "flashy",
    "flat",
    "funky",
    "gay",
    "godlike",
    "heretic",
    "juicy",
    "kickass",
    "nippy",
    "sexy",
    "sloppy",
    "thick",
}
"""Words that no generated name contains."""

# Its own generator: names must neither repeat under a user's `random.seed` nor disturb what follows it.
_random = random.Random()
os.register_at_fork(after_in_child=_random.seed)

_SHOWN_LENGTH = 8
_TAIL_LENGTH = 4
_HIDDEN_AT_LEAST = 10


def generate_slug(n_words: int) -> str:
    """A random name of `n_words` lowercase words joined by dashes: adjectives, then a noun.

    Raises:
        ValueError: `n_words` is less than one.
    """
    if n_words < 1:
        raise ValueError(f"A name has at least one word, got n_words={n_words}.")
    return "-".join([*(_random.choice(ADJECTIVES) for _ in range(n_words - 1)), _random.choice(NOUNS)])


def obfuscate_string(s: str, show_tail: bool = False) -> str:
    """Asterisks of fixed length; with `show_tail`, ending in the last few characters of a long string."""
    tail = s[_HIDDEN_AT_LEAST:][-_TAIL_LENGTH:] if show_tail else ""
    return tail.rjust(_SHOWN_LENGTH, "*")


def obfuscate(s: Any, show_tail: bool = False) -> str:
    """`obfuscate_string` of the text of any object; what a pydantic secret hides is looked at."""
    hidden = getattr(s, "get_secret_value", None)
    return obfuscate_string(str(hidden() if callable(hidden) else s), show_tail=show_tail)

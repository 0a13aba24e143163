"""How long nobody tries again after an attempt to write has failed. Not here: what is tried (`journal`)."""

from __future__ import annotations

import time

_REST_OF_ATTEMPTS, _LONGEST_REST_SECONDS = 10, 5.0
"""Nobody tries for so many times as long as the last attempt took, up to a bound."""


class Backoff:
    """Most of the time is not to go into attempts: the longer each takes, the longer the rest after it.

    Args:
        shortest_seconds: the least rest.
    """

    def __init__(self, shortest_seconds: float) -> None:
        self._shortest_seconds = shortest_seconds
        self._until = 0.0

    def failed(self, began: float) -> None:
        """An attempt has failed that began at a moment of `time.monotonic()`."""
        ended = time.monotonic()
        rest = max(self._shortest_seconds, _REST_OF_ATTEMPTS * (ended - began))
        self._until = ended + min(_LONGEST_REST_SECONDS, rest)

    @property
    def seconds_left(self) -> float:
        """How long it makes no sense to try again."""
        return max(0.0, self._until - time.monotonic())

"""Doing something anew that the database gave up, or that met a broken connection.

Of two transactions that wait for each other PostgreSQL gives one up, and a server that is restarted breaks every
connection: neither is the fault of what was asked. Not here: which errors pass (`postgres_pool`, `engine`).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TypeVar

from prefect._clock import clock
from prefect.exceptions import StoreError, StoreUnavailableError

R = TypeVar("R")

MOST_CONFLICTS = 20
"""So often something is given up for others before that is said."""

_SHORTEST_SECONDS, _DOUBLINGS = 0.001, 7
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.05, 2.0


def repeated(do: Callable[[], R], patience_seconds: float = 0.0, may_be_done_twice: bool = False) -> R:
    """What `do` returns, which is called anew when it failed for reasons that pass.

    Args:
        do: something in transactions of its own.
        patience_seconds: how long to wait for a database that is out of reach; a broken connection is replaced
            once in any case.
        may_be_done_twice: doing it once more changes nothing: it is repeated, too, when it is not known whether
            it was done.

    Raises:
        StoreError: it failed to the end.
    """
    conflicts, waited, pause = 0, -1.0, _FIRST_PAUSE_SECONDS
    while True:
        try:
            return do()
        except StoreError as error:
            if not (error.passes or (error.is_unsure and may_be_done_twice)):
                raise
            if not isinstance(error, StoreUnavailableError):
                conflicts += 1
                if conflicts >= MOST_CONFLICTS:
                    raise
                # not all at the same moment again
                clock().sleep(random.uniform(0, _SHORTEST_SECONDS * 2 ** min(conflicts, _DOUBLINGS)))
            elif waited < 0:
                waited = 0.0
            elif waited >= patience_seconds:
                raise
            else:
                clock().sleep(pause)
                waited += pause
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

"""How long to wait before trying again: pure arithmetic over the options of a task.

Not here: whether to try again (`task_run`; for flow runs `server/orchestration`).
"""

from __future__ import annotations

import random
from collections.abc import Sequence


def retry_delay_seconds(
    delays: float | Sequence[float] | None,
    attempt: int,
    jitter_factor: float | None = None,
    draw: float | None = None,
) -> float:
    """Seconds between the failure of an attempt and the next one.

    Args:
        delays: one delay for all, or one for each retry (the last repeats).
        attempt: number of the attempt that failed, from 1.
        jitter_factor: the delay is drawn evenly from delay x (1 ± factor), never below 0.
        draw: a number from 0 to 1 in place of chance.
    """
    if not delays:
        return 0.0
    if isinstance(delays, Sequence):
        delay = float(delays[min(attempt, len(delays)) - 1])
    else:
        delay = float(delays)
    if not jitter_factor or not delay:
        return delay
    chance = random.random() if draw is None else draw
    return max(0.0, delay * (1 + jitter_factor * (2 * chance - 1)))

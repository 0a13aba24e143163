"""Random intervals, so that what repeats does not do so in step with others."""

from __future__ import annotations

import math
import random


def poisson_interval(average_interval: float, lower: float = 0, upper: float = 1) -> float:
    """A random time to the next event, when events come at random on average every `average_interval`.

    Args:
        average_interval: in any unit, which is that of the result.
        lower: lowest quantile to draw from, 0 to 1.
        upper: highest quantile to draw from, 0 to 1.
    """
    # Quantile 1 is infinitely far away.
    survival = max(1 - random.uniform(lower, upper), 1e-10)
    return -math.log(survival) * average_interval


def exponential_cdf(x: float, average_interval: float) -> float:
    """The chance that the next event comes within `x`."""
    return 1 - math.exp(-x / average_interval)


def lower_clamp_multiple(k: float) -> float:
    """Which multiple of the average to clamp at from below, to keep the average when clamped at `k` above.

    Exponential times between a and b averages have an average of 1 when a·exp(-a) = b·exp(-b).
    """
    target = k * math.exp(-k)
    # x·exp(-x) rises up to 1 and falls from there: the other solution is on the other side of 1.
    inner, outer = (1.0, 0.0) if k >= 1 else (1.0, 750.0)
    for _ in range(60):
        middle = (inner + outer) / 2
        if middle * math.exp(-middle) > target:
            inner = middle
        else:
            outer = middle
    return (inner + outer) / 2


def clamped_poisson_interval(average_interval: float, clamping_factor: float = 0.3) -> float:
    """A random time to the next event, at most `1 + clamping_factor` averages, the average kept.

    Raises:
        ValueError: `clamping_factor` is not positive.
    """
    if clamping_factor <= 0:
        raise ValueError(f"`clamping_factor` must be > 0, got {clamping_factor}.")
    if average_interval <= 0:
        return 0.0
    upper = 1 + clamping_factor
    return poisson_interval(
        average_interval,
        lower=exponential_cdf(lower_clamp_multiple(upper), 1),
        upper=exponential_cdf(upper, 1),
    )


def bounded_poisson_interval(lower_bound: float, upper_bound: float) -> float:
    """A random time to the next event between two bounds; short times are a little more likely."""
    average = (lower_bound + upper_bound) / 2
    if average <= 0:
        return 0.0
    return poisson_interval(
        average, lower=exponential_cdf(lower_bound, average), upper=exponential_cdf(upper_bound, average)
    )

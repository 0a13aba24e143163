"""How long a task waits before it is tried again."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefect.engine.retries import retry_delay_seconds


@pytest.mark.parametrize(
    ("delays", "expected"),
    [
        (None, [0, 0, 0]),
        (0, [0, 0, 0]),
        ([], [0, 0, 0]),
        (2.5, [2.5, 2.5, 2.5]),
        ([1, 2], [1, 2, 2]),
        ((4,), [4, 4, 4]),
        ([0, 3], [0, 3, 3]),
    ],
)
def test_one_delay_for_all_or_one_for_each(delays: Any, expected: list[float]) -> None:
    assert [retry_delay_seconds(delays, attempt) for attempt in (1, 2, 3)] == expected


@pytest.mark.parametrize(
    ("factor", "draw", "expected"),
    [(None, 1, 10), (0, 1, 10), (0.5, 0, 5), (0.5, 0.5, 10), (0.5, 1, 15), (3, 0, 0), (3, 1, 40)],
)
def test_jitter_is_drawn_evenly_around_the_delay(factor: Any, draw: float, expected: float) -> None:
    assert retry_delay_seconds(10, 1, factor, draw) == expected


@given(delay=st.floats(0, 1e6), factor=st.floats(0, 100), draw=st.floats(0, 1), attempt=st.integers(1, 100))
def test_jitter_stays_within_its_bounds(delay: float, factor: float, draw: float, attempt: int) -> None:
    drawn = retry_delay_seconds([delay], attempt, factor, draw)
    assert max(0, delay * (1 - factor)) * 0.999 <= drawn <= delay * (1 + factor) * 1.001


def test_chance_draws_when_nobody_else_does() -> None:
    random.seed(1)
    drawn = {retry_delay_seconds(10, 1, 0.5) for _ in range(100)}
    assert len(drawn) > 90
    assert min(drawn) < 7 < 13 < max(drawn)

"""Real processes, killed at random moments; resumed until they come to their end."""

from __future__ import annotations

import os

import pytest

from simulation.kills import kill_at_random


def test_a_dozen_kills() -> None:
    kill_at_random(seed=1, kills=12)


@pytest.mark.slow
def test_hundreds_of_kills() -> None:
    kill_at_random(seed=int(os.environ.get("TESTS_SEED", "2")), kills=300)

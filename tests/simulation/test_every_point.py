"""Each kind of task, in a process to which something happens at its n-th point, for every n."""

from __future__ import annotations

import os

import pytest

from simulation.machine import Workshop
from simulation.mortality import Fate
from simulation.play import LATE, PROMPT, WRITERS, die_everywhere, stall_everywhere
from simulation.scenarios import SCENARIOS

_STRIDE = 12
_FIRST = 1 + int(os.environ.get("TESTS_SEED", "0")) % _STRIDE


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_process_may_die_at_any_point(scenario: str, writer: str, workshop: Workshop) -> None:
    assert die_everywhere(scenario, writer, workshop) > 10


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_process_may_be_taken_for_dead_at_any_point_and_go_on(scenario: str, workshop: Workshop) -> None:
    assert stall_everywhere(scenario, LATE, workshop) > 10


@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_process_that_resumes_may_die_at_any_point(scenario: str, workshop: Workshop) -> None:
    points = die_everywhere(scenario, PROMPT, workshop)
    for point in range(_FIRST, points + 1, _STRIDE):
        die_everywhere(scenario, PROMPT, workshop, before=(Fate(dies_at=point),))

"""Each kind of task, in a process to which something happens at its n-th point.

At every n of the slow tests. The quick ones try one point in `_SAMPLED`: a promise that is broken is mostly broken
at many points. TESTS_SEED names others than usual.
"""

from __future__ import annotations

import os

import pytest

from simulation.machine import Workshop
from simulation.mortality import Fate
from simulation.play import LATE, PROMPT, WRITERS, die_everywhere, stall_everywhere
from simulation.scenarios import SCENARIOS

_SEED = int(os.environ.get("TESTS_SEED", "0"))
_SAMPLED = 7
"""A prime number: what a program does again and again is met at another of its points each time."""
_RESUMED = 12
_FEW, _MANY = 2, 10


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_process_may_die(scenario: str, writer: str, workshop: Workshop) -> None:
    tried = die_everywhere(scenario, writer, workshop, first=1 + _SEED % _SAMPLED, stride=_SAMPLED)
    assert tried >= _FEW


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_process_may_be_taken_for_dead_and_go_on(scenario: str, workshop: Workshop) -> None:
    tried = stall_everywhere(scenario, LATE, workshop, first=1 + _SEED % _SAMPLED, stride=_SAMPLED)
    assert tried >= _FEW


@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_process_may_die_at_any_point(scenario: str, workshop: Workshop) -> None:
    """With the prompt writer it does so in the last test of this module, before anybody resumes."""
    assert die_everywhere(scenario, LATE, workshop) > _MANY


@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_process_may_be_taken_for_dead_at_any_point_and_go_on(scenario: str, workshop: Workshop) -> None:
    assert stall_everywhere(scenario, LATE, workshop) > _MANY


@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_process_that_resumes_may_die_at_any_point(scenario: str, workshop: Workshop) -> None:
    points = die_everywhere(scenario, PROMPT, workshop)
    assert points > _MANY
    for point in range(1 + _SEED % _RESUMED, points + 1, _RESUMED):
        die_everywhere(scenario, PROMPT, workshop, before=(Fate(dies_at=point),))

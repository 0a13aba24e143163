"""Programs made by chance, whose processes die at points chosen by chance, several in a row."""

from __future__ import annotations

import os
import random

import pytest

from simulation.machine import Workshop
from simulation.mortality import Fate
from simulation.play import Play, perform

_PLAYS = 4
_MOST_DEATHS = 4
_FIRST_SEED = int(os.environ.get("TESTS_SEED", "0"))
"""Where the seeds begin: give another one to play programs that nobody has seen yet."""
_FEW = 12
_SHARES, _SHARE = 6, 50


def play_random(seed: int, workshop: Workshop) -> None:
    """Play the program of a seed once to its end, to know how many points it has, and then with deaths."""
    chance = random.Random(-seed)
    whole = Play(f"random-{seed}", str(seed))
    [process] = perform(whole, workshop)
    for _ in range(_PLAYS):
        points = [chance.randint(1, len(process.points)) for _ in range(chance.randint(1, _MOST_DEATHS))]
        *earlier, last = points
        fates = (*map(Fate, earlier), Fate(dies_at=last) if chance.random() < 2 / 3 else Fate(stalls_at=last))
        perform(whole._replace(fates=fates), workshop)


@pytest.mark.parametrize("seed", range(_FEW))
def test_the_processes_of_a_program_may_die_again_and_again(seed: int, workshop: Workshop) -> None:
    play_random(_FIRST_SEED + seed, workshop)


@pytest.mark.slow
@pytest.mark.parametrize("share", range(_SHARES))
def test_the_processes_of_many_programs_may_die(share: int, workshop: Workshop) -> None:
    """The few of the quick test among them."""
    first = _FIRST_SEED + _SHARE * share
    for seed in range(first, first + _SHARE):
        play_random(seed, workshop)

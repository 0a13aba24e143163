"""The same deaths, with the runs recorded in PostgreSQL: several transactions, and a pipeline in each.

A play takes several times as long there: every third point is tried.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from simulation.machine import Workshop
from simulation.mortality import mortal_processes
from simulation.play import LATE, WRITERS, die_everywhere, stall_everywhere

STRIDE = 3
FEW = 5
SCENARIOS = ["plain", "persisted", "nested_flows"]


@pytest.fixture(scope="module")
def workshop(postgres_store: str) -> Iterator[Workshop]:
    with mortal_processes():
        made = Workshop(postgres_store)
        yield made
        made.close()


@pytest.mark.slow
@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_process_may_die_at_any_point(scenario: str, writer: str, workshop: Workshop) -> None:
    assert die_everywhere(scenario, writer, workshop, stride=STRIDE) > FEW


@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_process_may_be_taken_for_dead_at_any_point_and_go_on(scenario: str, workshop: Workshop) -> None:
    assert stall_everywhere(scenario, LATE, workshop, stride=STRIDE) > FEW

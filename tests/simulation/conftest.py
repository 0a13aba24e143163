"""A workshop in which machines are made whose processes can die."""

from collections.abc import Iterator

import pytest

from simulation.machine import Workshop
from simulation.mortality import mortal_processes


@pytest.fixture(scope="module")
def workshop() -> Iterator[Workshop]:
    with mortal_processes():
        made = Workshop()
        yield made
        made.close()

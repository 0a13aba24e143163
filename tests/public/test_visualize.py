"""`flow.visualize`: what it refuses, whatever is installed."""

import pytest

from prefect import flow, task
from prefect.utilities.visualization import VisualizationUnsupportedError


@task
def one(x: int = 0) -> int:
    return 1


@pytest.mark.beyond_original("the error speaks of a missing task runner instead")
@pytest.mark.parametrize("kind", ["submit", "map"])
def test_submitted_tasks_cannot_be_drawn(kind: str) -> None:
    @flow
    def parent() -> None:
        if kind == "submit":
            one.submit()
        else:
            one.map([1])

    with pytest.raises(VisualizationUnsupportedError):
        parent.visualize()

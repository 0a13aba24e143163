# mypy: disable-error-code="empty-body"
"""The operation on the states that runs have been in lately, for whoever wants to offer them to choose from."""

from typing import Annotated

from pydantic import Field

from prefect.schemas.operations.declaring import operation, wire
from prefect.schemas.responses import ObservedState
from prefect.schemas.sorting import ObservedStateSort

Part = Annotated[str, Field(max_length=100)]


@operation("GET", "/observed-states", tag="Observed States")
def read_observed_states(
    query: Part | None = None,
    order_by: ObservedStateSort = ObservedStateSort.LAST_SEEN_DESC,
    limit: Annotated[int, wire(at_least=1, at_most=200)] = 200,
) -> list[ObservedState]:
    """The types and names of states that the latest runs have been in.

    Args:
        query: only those whose name holds this text, whatever its case.
    """

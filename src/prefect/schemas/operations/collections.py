# mypy: disable-error-code="empty-body"
"""Operations on what integrations offer, as views that tools show."""

from typing import Any

from prefect.schemas.operations.declaring import operation


@operation("GET", "/collections/views/{view}")
def read_collection_view(view: str) -> dict[str, Any]:
    """A view: `aggregate-worker-metadata`, `aggregate-block-metadata`, `aggregate-flow-metadata`, `demo-flows`.

    Raises:
        ObjectNotFound: there is no such view.
    """

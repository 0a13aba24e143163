# mypy: disable-error-code="empty-body"
"""Operations on where results are kept when nothing else is said, as the server remembers it."""

from typing import Annotated

from prefect.schemas.configuration import ServerDefaultResultStorage, ServerDefaultResultStorageUpdate
from prefect.schemas.operations.declaring import operation, wire


@operation("GET", "/admin/storage", tag="Admin")
def read_server_default_result_storage() -> ServerDefaultResultStorage:
    """The block that results are kept in when nothing else is said."""


@operation("PUT", "/admin/storage", tag="Admin")
def update_server_default_result_storage(
    storage: Annotated[ServerDefaultResultStorageUpdate, wire(whole=True)],
) -> ServerDefaultResultStorage:
    """Keep results in that block when nothing else is said.

    Raises:
        ObjectNotFound: there is no such block.
    """


@operation("DELETE", "/admin/storage", status=204, tag="Admin")
def clear_server_default_result_storage() -> None:
    """Let results be kept where each process says."""

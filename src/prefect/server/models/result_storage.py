"""The block that results are kept in when nothing else is said. Not here: blocks, keeping results."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from prefect.schemas.bases import now, uuid7
from prefect.schemas.configuration import ServerDefaultResultStorage
from prefect.server.database.tables import block_document, configuration
from prefect.server.models.absent import absent

_KEY = "default_result_storage"
_OURS = configuration.c.key == _KEY


def read_default(connection: sa.Connection) -> ServerDefaultResultStorage:
    """The block that was chosen, if it is still there."""
    value = connection.execute(sa.select(configuration.c.value).where(_OURS)).scalar()
    id = UUID(value["block_document_id"]) if value else None
    return ServerDefaultResultStorage(
        default_result_storage_block_id=id if _is_there(connection, id) else None
    )


def choose_default(connection: sa.Connection, block_document_id: UUID) -> ServerDefaultResultStorage:
    """Choose a block.

    Raises:
        ObjectNotFound: there is no such block.
    """
    if not _is_there(connection, block_document_id):
        raise absent("block document", block_document_id)
    clear_default(connection)
    moment, value = now(), {"block_document_id": str(block_document_id)}
    row = {"id": uuid7(), "created": moment, "updated": moment, "key": _KEY, "value": value}
    connection.execute(sa.insert(configuration).values(row))
    return ServerDefaultResultStorage(default_result_storage_block_id=block_document_id)


def clear_default(connection: sa.Connection) -> None:
    """Choose none."""
    connection.execute(sa.delete(configuration).where(_OURS))


def _is_there(connection: sa.Connection, id: UUID | None) -> bool:
    query = sa.select(block_document.c.id).where(block_document.c.id == id)
    return id is not None and connection.execute(query).first() is not None

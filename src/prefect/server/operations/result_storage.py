"""What operations on the default storage of results do."""

from __future__ import annotations

import sqlalchemy as sa

from prefect.schemas.configuration import ServerDefaultResultStorage, ServerDefaultResultStorageUpdate
from prefect.server.models import result_storage
from prefect.server.operations.doing import reads, writes


@reads
def read_server_default_result_storage(connection: sa.Connection) -> ServerDefaultResultStorage:
    return result_storage.read_default(connection)


@writes
def update_server_default_result_storage(
    connection: sa.Connection, storage: ServerDefaultResultStorageUpdate
) -> ServerDefaultResultStorage:
    return result_storage.choose_default(connection, storage.default_result_storage_block_id)


@writes
def clear_server_default_result_storage(connection: sa.Connection) -> None:
    result_storage.clear_default(connection)

"""What questions to the API itself are answered."""

from __future__ import annotations

import sqlalchemy as sa

from prefect.schemas.operations.server import SPOKEN_VERSION
from prefect.server.operations.doing import Store, on_store, reads


@on_store
def hello(store: Store) -> str:
    return "👋"


@reads
def read_health(connection: sa.Connection) -> bool:
    return connection.execute(sa.select(sa.literal(1))).scalar() == 1


@on_store
def api_version(store: Store) -> str:
    return SPOKEN_VERSION

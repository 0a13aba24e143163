"""The service that registers the block types that are always there. Not here: which those are (`system_blocks`)."""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError

from prefect.schemas.operations import OPERATIONS
from prefect.server.database.store import Store
from prefect.server.models.system_blocks import system_blocks_are_installed
from prefect.server.operations import do
from prefect.server.services.service import Service

_SOON_SECONDS = 1.0
_DAY_SECONDS = 86_400.0


class BlockRegistrar(Service):
    """Registers block types when the server starts, where they are not registered yet."""

    name = "block-registrar"

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._store = store

    def step(self) -> float:
        """Look, and register what is missing."""
        with self._store.reading() as connection:
            if system_blocks_are_installed(connection):
                return _DAY_SECONDS
        try:
            do(self._store, OPERATIONS["install_system_block_types"]())
        except IntegrityError:
            # another server did the same at the same moment; all of ours was undone
            return _SOON_SECONDS
        return _DAY_SECONDS

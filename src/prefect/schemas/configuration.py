"""What a server keeps about itself: key-value configuration, CSRF tokens, where results go by default."""

from typing import Any
from uuid import UUID

from prefect.schemas.bases import ObjectBaseModel, PrefectBaseModel
from prefect.types import DateTime


class Configuration(ObjectBaseModel):
    """A mapping under a key."""

    key: str
    value: dict[str, Any]


class CsrfToken(ObjectBaseModel):
    """A token a client sends back with each change, against forged requests."""

    token: str
    client: str
    expiration: DateTime


class ServerDefaultResultStorage(PrefectBaseModel):
    """The block that stores results of runs which name no storage of their own."""

    default_result_storage_block_id: UUID | None = None


class ServerDefaultResultStorageUpdate(PrefectBaseModel):
    """A new choice of that block."""

    default_result_storage_block_id: UUID

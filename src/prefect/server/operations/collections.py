"""What operations on what integrations offer do."""

from __future__ import annotations

from typing import Any

from prefect.server.models import collections
from prefect.server.operations.doing import on_store


@on_store
def read_collection_view(store: object, view: str) -> dict[str, Any]:
    return collections.read_collection_view(view)

"""Clients of the records: `get_client()`, and the two classes it makes.

Without an API URL they work in this process, on the store that the settings name. Not here: the operations
(`prefect.schemas.operations`), what they do (`server/operations`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

if TYPE_CHECKING:
    from prefect.client.orchestration.clients import PrefectClient, SyncPrefectClient
    from prefect.client.orchestration.transport import Transport

__all__ = ["PrefectClient", "SyncPrefectClient", "get_client"]


@overload
def get_client(
    httpx_settings: dict[str, Any] | None = None, sync_client: Literal[False] = False
) -> PrefectClient: ...
@overload
def get_client(
    httpx_settings: dict[str, Any] | None = None, *, sync_client: Literal[True]
) -> SyncPrefectClient: ...
@overload
def get_client(httpx_settings: dict[str, Any] | None, sync_client: Literal[True]) -> SyncPrefectClient: ...
def get_client(
    httpx_settings: dict[str, Any] | None = None, sync_client: bool = False
) -> PrefectClient | SyncPrefectClient:
    """A client of the API that the settings name; without one, of the store that runs are recorded in.

    Args:
        httpx_settings: options for the HTTP client, on top of what the settings say.
        sync_client: a client of blocking calls instead of coroutines.
    """
    from prefect.client.orchestration.clients import PrefectClient, SyncPrefectClient

    client = SyncPrefectClient if sync_client else PrefectClient
    return client.over(_transport(httpx_settings))


def _transport(httpx_settings: dict[str, Any] | None) -> Transport:
    from prefect.settings import get_current_settings

    settings = get_current_settings()
    if settings.api.url is None:
        from prefect.client.orchestration.local_operations import LocalTransport

        return LocalTransport()
    from prefect.client.orchestration.http import shared_transport, transport_to

    if httpx_settings:
        return transport_to(settings.api.url, httpx_settings)
    return shared_transport(settings, settings.api.url)


def __getattr__(name: str) -> Any:
    if name in ("PrefectClient", "SyncPrefectClient"):
        from prefect.client.orchestration import clients

        return getattr(clients, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""`PrefectClient` and `SyncPrefectClient`: every operation as a method, in two colours from one declaration.

Type checkers and editors know the methods from `clients.pyi`, which `stubs` writes. Not here: choosing a
transport (`get_client`), what travels (`transport`).
"""

from __future__ import annotations

import asyncio
from typing import Self

from prefect._steps import run_awaiting, run_blocking
from prefect.client.orchestration._base import BaseClient
from prefect.client.orchestration._making import awaiting, blocking
from prefect.client.orchestration._records import ServerMethods


class SyncPrefectClient(BaseClient, colour=blocking):
    """The API in blocking calls: `with get_client(sync_client=True) as client: ...`"""

    def __enter__(self) -> Self:
        if self._enter():
            run_blocking(ServerMethods.raise_for_api_version_mismatch_once(self))
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._left = True
        if self._owns_transport:
            self._transport.close()


class PrefectClient(BaseClient, colour=awaiting):
    """The API in coroutines: `async with get_client() as client: ...`"""

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        if self._enter():
            await run_awaiting(ServerMethods.raise_for_api_version_mismatch_once(self))
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._left = True
        if self._owns_transport:
            await self._transport.close_async()

    _loop: asyncio.AbstractEventLoop | None = None

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The event loop in which the client was entered."""
        return self._loop

    def __enter__(self) -> None:
        raise RuntimeError(
            "The client's methods are coroutines: use `async with`, or get_client(sync_client=True)."
        )

    def __exit__(self, *exc_info: object) -> None:
        raise AssertionError("a client that cannot be entered cannot be left")

"""The transport without a wire: operations are done in this process, on the store that the settings name.

With `local`, the only place on the SDK's side that opens the brain. Not here: what an operation does
(`server/operations`).
"""

from __future__ import annotations

import asyncio
from typing import TypeVar

from prefect.client.orchestration.local import local_client
from prefect.schemas.operations import Request, Response
from prefect.server.operations import do

R = TypeVar("R")


class LocalTransport:
    """Carries requests out at once. The store is looked up for each, so that settings in force count."""

    url: str | None = None
    is_checked = True

    def perform(self, request: Request[R]) -> R:
        result = do(local_client().store, request)
        if request.operation.result is not Response:
            return result
        from prefect.client.orchestration.http import response_of

        return response_of(request.operation, result)  # type: ignore[return-value]

    async def perform_async(self, request: Request[R]) -> R:
        # a thread, not the loop: a store that another process writes is waited for
        return await asyncio.to_thread(self.perform, request)

    def close(self) -> None:
        """Nothing to give up: the store belongs to the process."""

    async def close_async(self) -> None:
        """Nothing to give up."""

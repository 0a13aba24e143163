"""The transport without a wire: operations are done in this process, on the store that the settings name.

With `local`, the only place on the SDK's side that opens the brain. Not here: what an operation does
(`server/operations`).
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any, TypeVar

from prefect._steps import Life
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

    def exchange(self, method: str, path: str, options: dict[str, Any]) -> Life[Response]:
        return (yield _Exchange(method, path, options))  # type: ignore[no-any-return]

    def close(self) -> None:
        """Nothing to give up: the store belongs to the process."""

    async def close_async(self) -> None:
        """Nothing to give up."""


class _Exchange:
    """A step: one request, answered as a server would answer it."""

    __slots__ = ("_asked",)

    def __init__(self, method: str, path: str, options: dict[str, Any]) -> None:
        self._asked = (method, path, options)

    def block(self) -> Any:
        from prefect.client.orchestration.http import answered_in_process
        from prefect.server.api.in_process import answer_to

        return answered_in_process(partial(answer_to, local_client().store), *self._asked)

    async def wait(self) -> Any:
        return await asyncio.to_thread(self.block)

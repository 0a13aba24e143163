"""Where runs made here are recorded, and asking there. Not here: recording (`prefect.client.engine`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from prefect._colours import InThread
from prefect._steps import Call, Step
from prefect.context import FlowRunContext

if TYPE_CHECKING:
    from prefect.client.engine.protocol import EngineClient


def recording_client(around: FlowRunContext | None = None) -> EngineClient:
    """The client of the flow run around (default: around the caller), else the one that the settings name.

    Raises:
        prefect.exceptions.StoreError: the store cannot be opened; the error says why and what to do.
    """
    context = around or FlowRunContext.get()
    if context is not None and context.client is not None and context.client.usable():
        return context.client  # type: ignore[no-any-return]
    from prefect.client.engine import engine_client

    return engine_client()


def asking(client: EngineClient, fn: Callable[..., Any], *args: Any) -> Step:
    """A step: call a method of the client, beside the event loop where that may take a while."""
    return InThread(fn, *args) if client.is_slow else Call(fn, args)


class InApi:
    """A step: an operation of the API, in process or at the server that the settings name."""

    __slots__ = ("_args", "_operation")

    def __init__(self, operation: str, *args: Any) -> None:
        self._operation = operation
        self._args = args

    def block(self) -> Any:
        from prefect.client.orchestration import get_client

        with get_client(sync_client=True) as client:
            return getattr(client, self._operation)(*self._args)

    async def wait(self) -> Any:
        from prefect.client.orchestration import get_client

        async with get_client() as client:
            return await getattr(client, self._operation)(*self._args)

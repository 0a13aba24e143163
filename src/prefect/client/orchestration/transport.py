"""The port that clients speak through: a transport takes a request and brings its result.

There are two: in this process (`local`) and over HTTP (`http`). Both raise the same errors for what the API
refuses. Not here: either of them.
"""

from __future__ import annotations

from typing import Any, Generic, Protocol, TypeVar

from prefect._steps import Life
from prefect.schemas.operations import Request, Response

R = TypeVar("R")


class Transport(Protocol):
    """Carries requests out, in either colour. May be shared by clients and threads.

    Attributes:
        url: of the server; None in this process.
        is_checked: the server is known to be one that this client understands.
    """

    url: str | None
    is_checked: bool

    def perform(self, request: Request[R]) -> R:
        """What the operation returns.

        Raises:
            ObjectNotFound, ObjectAlreadyExists: the API says so.
        """
        ...

    async def perform_async(self, request: Request[R]) -> R:
        """The same without holding up the event loop."""
        ...

    def exchange(self, method: str, path: str, options: dict[str, Any]) -> Life[Response]:
        """As steps: send a request as it is told, and return the answer.

        Args:
            path: below the API's URL, escaped.
            options: what `httpx` takes of a request: params, json, content, headers, ...

        Raises:
            PrefectHTTPStatusError: the API refuses.
        """
        ...

    def close(self) -> None:
        """Give up what blocking calls hold on to."""
        ...

    async def close_async(self) -> None:
        """Give up what the running event loop holds on to."""
        ...


class Ask(Generic[R]):
    """A step: one request."""

    __slots__ = ("request", "transport")

    def __init__(self, transport: Transport, request: Request[R]) -> None:
        self.transport = transport
        self.request = request

    def block(self) -> R:
        return self.transport.perform(self.request)

    async def wait(self) -> R:
        return await self.transport.perform_async(self.request)


class Asking:
    """What methods written as steps may do: ask for operations."""

    _transport: Transport

    def _ask(self, request: Request[R]) -> Life[R]:
        result: Any = yield Ask(self._transport, request)
        return result  # type: ignore[no-any-return]

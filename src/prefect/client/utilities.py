"""A client where one is needed and none was given. Not here: clients (`prefect.client.orchestration`)."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

if TYPE_CHECKING:
    from prefect.client.orchestration import PrefectClient

P = ParamSpec("P")
R = TypeVar("R")


def get_or_create_client(client: PrefectClient | None = None) -> tuple[PrefectClient, bool]:
    """The client that was given, or a new one; and whether it was given, hence is entered and left elsewhere."""
    if client is not None:
        return client, True
    from prefect.client.orchestration import get_client

    return get_client(), False


def client_injector(
    func: Callable[Concatenate[PrefectClient, P], Coroutine[Any, Any, R]],
) -> Callable[P, Coroutine[Any, Any, R]]:
    """The function without its first parameter, a client: each call gets one of its own."""

    @wraps(func)
    async def with_client(*args: P.args, **kwargs: P.kwargs) -> R:
        client, _ = get_or_create_client()
        async with client:
            return await func(client, *args, **kwargs)

    return with_client


def inject_client(fn: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, Coroutine[Any, Any, R]]:
    """A function whose parameter `client` may be left out or None: the call then gets a client of its own."""

    signature = inspect.signature(fn)

    @wraps(fn)
    async def with_client(*args: P.args, **kwargs: P.kwargs) -> R:
        bound = signature.bind_partial(*args, **kwargs)
        client, is_given = get_or_create_client(bound.arguments.get("client"))
        async with AsyncExitStack() as stack:
            if not is_given:
                await stack.enter_async_context(client)
            bound.arguments["client"] = client
            return await fn(*bound.args, **bound.kwargs)

    return with_client
